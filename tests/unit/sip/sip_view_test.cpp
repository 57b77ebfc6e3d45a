#include "sip/sip_view.h"

#include <gtest/gtest.h>

namespace gw::sip {
namespace {

TEST(LastingPhrase, stays_where_it_is_and_is_kept_once) {
  const char* first = nullptr;
  {
    const std::string gone = "Gone Fishing";
    first = lasting_phrase(480, gone);
  }
  EXPECT_STREQ("Gone Fishing", first);
  EXPECT_EQ(first, lasting_phrase(486, "Gone Fishing"));
  EXPECT_STREQ("Busy Here", lasting_phrase(486, ""));
}

TEST(LastingPhrase, of_a_peer_that_makes_up_ever_new_ones_is_the_status_own_in_the_end) {
  const char* last = nullptr;
  for (int i = 0; i < 1000; ++i) last = lasting_phrase(603, "Reason " + std::to_string(i));
  EXPECT_STREQ(sip_status_phrase(603), last);
  EXPECT_STREQ("Reason 0", lasting_phrase(603, "Reason 0"));
}

}  // namespace
}  // namespace gw::sip
