#include "sip/refer_subscription.h"

#include <gtest/gtest.h>

namespace gw::sip {
namespace {

TEST(ReferSubscription, tells_from_100_to_the_final_status_one_after_the_other) {
  ReferSubscription subscription(std::nullopt, true);
  EXPECT_TRUE(subscription.tell(100));
  const auto first = subscription.next();
  ASSERT_TRUE(first);
  EXPECT_EQ(first->body, "SIP/2.0 100 Trying\r\n");
  EXPECT_EQ(first->headers, "Event: refer\r\nSubscription-State: active;expires=180\r\n");
  EXPECT_TRUE(subscription.tell(180));
  EXPECT_FALSE(subscription.next()) << "one is under way";
  subscription.answered(200);
  EXPECT_EQ(subscription.next()->body, "SIP/2.0 180 Ringing\r\n");
  subscription.answered(200);
  EXPECT_TRUE(subscription.tell(200));
  const auto last = subscription.next();
  EXPECT_EQ(last->headers, "Event: refer\r\nSubscription-State: terminated;reason=noresource\r\n");
  EXPECT_FALSE(subscription.over());
  subscription.answered(200);
  EXPECT_TRUE(subscription.over());
}

TEST(ReferSubscription, a_status_that_nobody_heard_gives_way_to_the_next_and_a_final_one_stays) {
  ReferSubscription subscription(7, true);
  subscription.tell(100);
  subscription.next();
  EXPECT_TRUE(subscription.tell(180));
  EXPECT_TRUE(subscription.tell(486));
  EXPECT_FALSE(subscription.tell(200)) << "nothing follows the final status";
  subscription.answered(200);
  const auto last = subscription.next();
  ASSERT_TRUE(last);
  EXPECT_EQ(last->body, "SIP/2.0 486 Busy Here\r\n");
  EXPECT_TRUE(last->headers.starts_with("Event: refer;id=7\r\n"));
}

TEST(ReferSubscription, a_peer_that_refuses_a_notify_hears_no_more) {
  ReferSubscription subscription(std::nullopt, true);
  subscription.tell(100);
  subscription.next();
  subscription.answered(481);
  subscription.tell(200);
  EXPECT_FALSE(subscription.next());
  EXPECT_TRUE(subscription.over());
}

TEST(ReferSubscription, a_peer_that_wants_silence_has_it) {
  ReferSubscription subscription(std::nullopt, false);
  EXPECT_TRUE(subscription.tell(100));
  EXPECT_TRUE(subscription.tell(200));
  EXPECT_FALSE(subscription.next());
  EXPECT_TRUE(subscription.over());
}

}  // namespace
}  // namespace gw::sip
