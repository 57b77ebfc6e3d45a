#include "gateway/ops/call_history.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>

namespace gw::ops {
namespace {

using testing::HasSubstr;
using testing::SizeIs;

class Written final : public CdrWriter {
 public:
  void record(Cdr cdr) override { records.push_back(std::move(cdr)); }
  void reopen() override { ++reopened; }
  std::vector<Cdr> records;
  int reopened = 0;
};

std::vector<std::string> calls_of(Store& store, const std::string& user) {
  std::promise<std::vector<std::string>> promise;
  store.calls_of(user, 0, 10, [&](auto result) { promise.set_value(*result); });
  return promise.get_future().get();
}

TEST(CallHistory, a_call_is_kept_once_for_each_user_in_it_and_handed_on) {
  const auto store = std::move(*Store::open(":memory:", Log{}));
  Written file;
  CallHistory history(file, *store);
  Cdr cdr;
  cdr.call_id = "0123456789abcdef";
  cdr.started = WallTime(1s);
  cdr.source = "user:alice";
  for (const char* party : {"user:alice", "user:8:acs:a_b", "phone:101"}) {
    CdrLeg leg;
    leg.party = party;
    cdr.legs.push_back(leg);
  }
  history.record(cdr);
  history.reopen();
  ASSERT_THAT(calls_of(*store, "alice"), SizeIs(1));
  EXPECT_THAT(calls_of(*store, "alice")[0], HasSubstr("0123456789abcdef"));
  EXPECT_THAT(calls_of(*store, "8:acs:a_b"), SizeIs(1));
  EXPECT_THAT(calls_of(*store, "101"), SizeIs(0));
  EXPECT_THAT(file.records, SizeIs(1));
  EXPECT_EQ(file.reopened, 1);
}

}  // namespace
}  // namespace gw::ops
