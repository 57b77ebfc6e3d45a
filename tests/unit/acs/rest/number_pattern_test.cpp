#include "acs/rest/number_pattern.h"

#include <gtest/gtest.h>

namespace gw::test {
namespace {

using acs::rest::matches_in_bounded_time;

TEST(NumberPattern, patterns_of_numbers_are_taken) {
  for (const char* pattern :
       {"^\\+[1-9][0-9]{3,23}$", "^\\+1425(\\d{7})$", "^\\+(1|44)\\d+$", "^\\+?1?(\\d{3})?\\d{7}$",
        "^(?:\\+1)?(206|425)", "[(*+]", "\\(\\d*\\)*", "", "^\\d{10}$", "\\d+?"}) {
    EXPECT_TRUE(matches_in_bounded_time(pattern)) << pattern;
  }
}

TEST(NumberPattern, what_could_take_hours_is_not) {
  for (const char* pattern :
       {"(\\d*)*x", "(\\d+)+$", "(1|1)*x", "((\\d*))+x", "(\\d?){40}x", "(\\d*){30}x", "(a(b|c))*",
        "\\d*\\d*\\d*\\d*x", "1?1?1?1?1?1?1?1?1?", "\\d{1,99999}", "\\d{99999}", "(((\\d{1,3})))*",
        "(?:\\d+)*", "(\\d)\\1", "\\44444444444444444444", ")", "{3}",
        "((((((((((((((((((((((((((((((((((((((((1"}) {
    EXPECT_FALSE(matches_in_bounded_time(pattern)) << pattern;
  }
}

}  // namespace
}  // namespace gw::test
