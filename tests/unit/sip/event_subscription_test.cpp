#include "sip/event_subscription.h"

#include <gtest/gtest.h>

#include "tests/unit/support/manual_clock.h"

namespace gw::sip {
namespace {

class EventSubscriptions : public ::testing::Test {
 protected:
  std::optional<EventSubscription::Notify> next() { return subscription.next(clock.now()); }
  void passes(Duration time) { clock.advance(time); }
  // The first NOTIFY is over.
  void begun() {
    ASSERT_TRUE(next());
    subscription.answered(200);
  }

  test::ManualClock clock;
  EventSubscription subscription{clock.now() + 60s};
};

TEST_F(EventSubscriptions, the_first_notify_goes_at_once_and_says_how_long) {
  const auto first = next();
  ASSERT_TRUE(first);
  EXPECT_EQ(first->state, "active;expires=60");
  EXPECT_EQ(first->version, 0u);
  EXPECT_FALSE(next()) << "one is under way";
  subscription.answered(200);
  EXPECT_FALSE(next()) << "nothing is new";
}

TEST_F(EventSubscriptions, what_changes_while_one_is_under_way_is_one_notify_after_it) {
  ASSERT_TRUE(next());
  subscription.changed();
  subscription.changed();
  EXPECT_FALSE(next());
  subscription.answered(200);
  EXPECT_EQ(next()->version, 1u);
  subscription.answered(200);
  EXPECT_FALSE(next());
}

TEST_F(EventSubscriptions, a_line_that_changes_all_the_time_is_told_once_a_second_after_a_burst) {
  int sent = 0;
  for (int i = 0; i < 100; ++i) {
    subscription.changed();
    if (next()) ++sent;
    subscription.answered(200);
    passes(100ms);
  }
  EXPECT_EQ(sent, 13) << "four at once, then nine in ten seconds";
}

TEST_F(EventSubscriptions, what_is_kept_back_is_due_later_and_goes_then) {
  for (int i = 0; i < 4; ++i) {
    subscription.changed();
    ASSERT_TRUE(next());
    subscription.answered(200);
  }
  subscription.changed();
  EXPECT_FALSE(next());
  EXPECT_EQ(subscription.due(), clock.now() + 1s);
  passes(1s);
  EXPECT_TRUE(next());
}

TEST_F(EventSubscriptions, a_refresh_is_answered_with_a_notify_that_waits_for_nothing) {
  for (int i = 0; i < 4; ++i) {
    subscription.changed();
    ASSERT_TRUE(next());
    subscription.answered(200);
  }
  passes(500ms);
  subscription.extend(clock.now() + 90s);
  EXPECT_EQ(next()->state, "active;expires=90");
}

TEST_F(EventSubscriptions, ends_by_itself_with_reason_timeout) {
  begun();
  EXPECT_EQ(subscription.due(), clock.now() + 60s);
  passes(60s);
  const auto last = next();
  ASSERT_TRUE(last);
  EXPECT_EQ(last->state, "terminated;reason=timeout");
  EXPECT_TRUE(last->last);
  EXPECT_FALSE(subscription.over());
  subscription.answered(200);
  EXPECT_TRUE(subscription.over());
  EXPECT_FALSE(next());
}

TEST_F(EventSubscriptions, asked_for_no_time_it_is_a_fetch_one_notify_and_over) {
  EventSubscription fetch(clock.now());
  EXPECT_EQ(fetch.next(clock.now())->state, "terminated;reason=timeout");
  fetch.answered(200);
  EXPECT_TRUE(fetch.over());
}

TEST_F(EventSubscriptions, an_end_waits_for_the_notify_that_is_under_way) {
  ASSERT_TRUE(next());
  subscription.end("noresource");
  EXPECT_FALSE(next());
  subscription.answered(200);
  EXPECT_EQ(next()->state, "terminated;reason=noresource");
}

TEST_F(EventSubscriptions, a_notify_that_fails_ends_it_without_another) {
  ASSERT_TRUE(next());
  subscription.changed();
  subscription.answered(481);
  EXPECT_TRUE(subscription.over());
  EXPECT_FALSE(next());
}

}  // namespace
}  // namespace gw::sip
