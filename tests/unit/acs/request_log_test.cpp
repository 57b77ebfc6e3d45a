#include "acs/edge/request_log.h"

#include <gtest/gtest.h>

namespace gw::acs::edge {
namespace {

using Seen = RequestLog::Seen;

class RequestLogTest : public testing::Test {
 protected:
  uint32_t answered(uint32_t id, uint64_t last_event) {
    const RequestLog::Begun begun = log_.begin(id);
    EXPECT_EQ(Seen::Fresh, begun.seen);
    log_.finish(begun.ticket, "answer to " + std::to_string(id), last_event);
    return begun.ticket;
  }

  RequestLog log_;
};

TEST_F(RequestLogTest, answer_goes_when_the_device_has_what_left_after_it) {
  answered(1, 4);
  answered(2, 5);
  log_.acknowledge(5);
  EXPECT_EQ(Seen::Answered, log_.begin(2).seen);
  EXPECT_EQ(Seen::Fresh, log_.begin(1).seen);
}

TEST_F(RequestLogTest, event_before_the_answer_proves_nothing) {
  answered(1, 4);
  log_.acknowledge(4);
  EXPECT_EQ(Seen::Answered, log_.begin(1).seen);
}

TEST_F(RequestLogTest, what_the_next_socket_carries_proves_nothing_of_the_last_ones_answers) {
  const uint32_t ticket = answered(1, 4);
  log_.socket_changed();
  log_.acknowledge(9);
  EXPECT_EQ(Seen::Answered, log_.begin(1).seen);
  EXPECT_EQ("answer to 1", log_.tell_again(ticket, 9));
  log_.acknowledge(10);
  EXPECT_EQ(Seen::Fresh, log_.begin(1).seen);
}

TEST_F(RequestLogTest, request_that_waits_is_not_forgotten) {
  const RequestLog::Begun begun = log_.begin(1);
  log_.acknowledge(100);
  EXPECT_EQ(Seen::Pending, log_.begin(1).seen);
  log_.finish(begun.ticket, "late", 100);
  EXPECT_EQ(Seen::Answered, log_.begin(1).seen);
}

TEST_F(RequestLogTest, without_any_acknowledgement_the_oldest_go) {
  for (uint32_t id = 1; id <= 65; ++id) answered(id, 0);
  EXPECT_EQ(Seen::Fresh, log_.begin(1).seen);
  EXPECT_EQ(Seen::Answered, log_.begin(2).seen);
}

}  // namespace
}  // namespace gw::acs::edge
