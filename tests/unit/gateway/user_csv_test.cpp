#include "gateway/ops/user_csv.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace gw::ops {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::SizeIs;

std::string why(std::string_view text) {
  const auto read = read_users(text, "US");
  return read ? "read" : read.error().detail;
}

TEST(UserCsv, what_is_written_is_read_again) {
  config::User carol;
  carol.name = "carol";
  carol.email = "carol@example.com";
  carol.display_name = "Carol \"C\" Jones,\nCEO";
  carol.extension = "203";
  carol.numbers = {"+14255550102", "+14255550103"};
  carol.alternate_caller_ids = {"+14255550100"};
  carol.id = "8:acs:f0000000-0000-4000-8000-00000000000a_a11ce000-0000-4000-8000-000000000001";
  config::User dave;
  dave.name = "dave";
  const auto read = read_users(write_users({carol, dave}), "US");
  ASSERT_TRUE(read) << read.error().detail;
  ASSERT_THAT(*read, SizeIs(2));
  EXPECT_EQ(read->front().display_name, carol.display_name);
  EXPECT_EQ(read->front().email, carol.email);
  EXPECT_EQ(read->front().extension, "203");
  EXPECT_EQ(read->front().numbers, carol.numbers);
  EXPECT_EQ(read->front().alternate_caller_ids, carol.alternate_caller_ids);
  EXPECT_EQ(read->front().id, carol.id);
  EXPECT_EQ(read->back().name, "dave");
  EXPECT_TRUE(read->back().numbers.empty());
}

TEST(UserCsv, takes_columns_in_any_order_and_numbers_as_people_write_them) {
  const auto read =
      read_users("\xef\xbb\xbfnumbers,name\r\n(425)555-0102;+442071234567,carol\r\n\r\n", "US");
  ASSERT_TRUE(read) << read.error().detail;
  ASSERT_THAT(*read, SizeIs(1));
  EXPECT_THAT(read->front().numbers, ElementsAre("+14255550102", "+442071234567"));
}

TEST(UserCsv, the_echo_user_is_one_too) {
  const auto read = read_users("name,id\necho,8:echo123\n", "US");
  ASSERT_TRUE(read) << read.error().detail;
  EXPECT_EQ(read->front().id, "8:echo123");
}

TEST(UserCsv, names_the_line_that_is_wrong) {
  EXPECT_THAT(why(""), HasSubstr("line 1: the header line is missing"));
  EXPECT_THAT(why("name,colour\n"), HasSubstr("no column \"colour\""));
  EXPECT_THAT(why("name,name\n"), HasSubstr("stands twice"));
  EXPECT_THAT(why("name,email\ncarol\n"), HasSubstr("line 2: not as many cells"));
  EXPECT_THAT(why("name,email\ncarol,\n,x\n"), HasSubstr("line 3: the name is missing"));
  EXPECT_THAT(why("name\n\"carol\n"), HasSubstr("line 2: a quote is not closed"));
  EXPECT_THAT(why("name\n\"carol\"x\n"), HasSubstr("line 2: text after"));
  EXPECT_THAT(why("name,display_name\n\"a\",\"two\nlines\"\nb\n"),
              HasSubstr("line 4: not as many"));
  EXPECT_THAT(why("name,numbers\ncarol,12\n"), HasSubstr("line 2: \"12\" is no phone number"));
  EXPECT_THAT(why("name,id\ncarol,alice\n"), HasSubstr("is no identity"));
}

}  // namespace
}  // namespace gw::ops
