#include "base/text.h"

#include <gtest/gtest.h>

namespace gw {
namespace {

TEST(Text, only_ascii_letters_have_a_case) {
  EXPECT_EQ(lower_case("SIP/2.0 [Z`@] \xC3\x84"), "sip/2.0 [z`@] \xC3\x84");
  EXPECT_TRUE(same_letters("Content-Type", "content-TYPE"));
  EXPECT_FALSE(same_letters("@", "`"));
  EXPECT_FALSE(same_letters("\xC3\x84", "\xC3\xA4"));
}

TEST(Text, a_prefix_is_no_longer_than_its_text) {
  EXPECT_TRUE(begins_with_letters("REPLACES: x", "replaces:"));
  EXPECT_FALSE(begins_with_letters("REPLACE", "replaces:"));
  EXPECT_FALSE(same_letters("ab", "abc"));
}

TEST(Text, what_is_trimmed_keeps_the_blanks_within) {
  EXPECT_EQ(trimmed(" \t a b \r\n"), "a b");
  EXPECT_EQ(trimmed("a"), "a");
  EXPECT_EQ(trimmed(" \r\n "), "");
  EXPECT_EQ(trimmed(""), "");
}

TEST(Text, what_is_joined_has_nothing_around_it) {
  EXPECT_EQ(joined({}, ", "), "");
  EXPECT_EQ(joined({"a"}, ", "), "a");
  EXPECT_EQ(joined({"a", "", "c"}, ", "), "a, , c");
}

}  // namespace
}  // namespace gw
