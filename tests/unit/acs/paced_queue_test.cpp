// Sound leaves one frame in 20 ms, however it came; what a fast clock piles up is left out.
#include "acs/streaming/paced_queue.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "acs/streaming/media_stream.h"
#include "tests/unit/support/manual_clock.h"

namespace gw::acs::streaming {
namespace {

class PacedQueueTest : public ::testing::Test {
 protected:
  std::vector<int16_t> loud(size_t samples) const { return std::vector<int16_t>(samples, 5000); }
  // Everything that is due now.
  size_t pull() {
    PcmFrame frame;
    size_t count = 0;
    while (queue_.pull(frame, clock_.now())) {
      ++count;
      last_ = frame;
    }
    return count;
  }
  test::ManualClock clock_;
  PacedQueue queue_{16000, 500};
  PcmFrame last_;
  uint64_t read_ = 0;
};

// What an hour of a writer whose clock is off by `ppm` does to a queue whose reader takes what is
// due.
struct Hour {
  Hour(PacedQueue queue_, uint32_t rate, double ppm) : queue(std::move(queue_)) {
    const auto period = Duration(static_cast<int64_t>(20e6 * (1 - ppm * 1e-6)));
    const std::vector<int16_t> pcm(rate / 50, 5000);
    test::ManualClock clock;
    const TimePoint end = clock.now() + std::chrono::hours(1);
    TimePoint writes = clock.now();
    PcmFrame frame;
    while (clock.now() < end) {
      const auto due = queue.due();
      clock.advance_to(due ? std::min(*due, writes) : writes);
      if (clock.now() >= writes) {
        queue.push(pcm, clock.now());
        ++written;
        writes += period;
      }
      most = std::max(most, queue.frames());
      while (queue.pull(frame, clock.now())) ++read;
    }
  }

  PacedQueue queue;
  uint64_t written = 0, read = 0;
  size_t most = 0;  // That ever waited.
};

TEST_F(PacedQueueTest, a_frame_that_comes_in_time_leaves_at_once) {
  for (int i = 0; i < 100; ++i) {
    queue_.push(loud(320), clock_.now());
    EXPECT_EQ(pull(), 1u);
    clock_.advance(20ms);
  }
}

TEST_F(PacedQueueTest, an_answer_given_in_one_go_takes_its_time) {
  queue_.push(loud(320 * 100), clock_.now());
  for (int i = 0; i < 100; ++i) {
    EXPECT_EQ(pull(), 1u) << i;
    EXPECT_EQ(pull(), 0u);
    clock_.advance(20ms);
  }
  EXPECT_EQ(pull(), 0u);
  EXPECT_EQ(queue_.left_out(), 0u);
}

TEST_F(PacedQueueTest, portions_of_any_size_become_frames) {
  for (const size_t portion : {100, 220, 640, 1, 319}) {
    queue_.push(loud(portion), clock_.now());
  }
  EXPECT_EQ(queue_.frames(), 4u);
  for (int i = 0; i < 4; ++i) {
    EXPECT_EQ(pull(), 1u);
    EXPECT_EQ(last_.size, 320u);
    clock_.advance(20ms);
  }
}

TEST_F(PacedQueueTest, the_end_of_what_was_said_is_filled_up_and_said) {
  queue_.push(loud(100), clock_.now());
  EXPECT_EQ(pull(), 0u);
  ASSERT_TRUE(queue_.due());
  clock_.advance_to(*queue_.due());
  ASSERT_EQ(pull(), 1u);
  EXPECT_EQ(last_.samples[99], 5000);
  EXPECT_EQ(last_.samples[100], 0);
  EXPECT_FALSE(queue_.due());
}

TEST_F(PacedQueueTest, what_does_not_fit_is_lost_from_the_oldest_on) {
  PacedQueue small(16000, 5);
  for (int16_t i = 1; i <= 8; ++i) small.push(std::vector<int16_t>(320, i), clock_.now());
  EXPECT_EQ(small.frames(), 5u);
  EXPECT_EQ(small.lost(), 3u);
  PcmFrame frame;
  ASSERT_TRUE(small.pull(frame, clock_.now()));
  EXPECT_EQ(frame.samples[0], 4);
}

TEST_F(PacedQueueTest, stop_audio_leaves_nothing) {
  queue_.push(loud(3300), clock_.now());
  queue_.clear();
  clock_.advance(1s);
  EXPECT_EQ(pull(), 0u);
  EXPECT_FALSE(queue_.due());
}

TEST_F(PacedQueueTest, a_late_reader_is_not_given_a_burst) {
  queue_.push(loud(320 * 10), clock_.now());
  EXPECT_EQ(pull(), 1u);
  clock_.advance(300ms);
  EXPECT_EQ(pull(), 1u);
}

TEST_F(PacedQueueTest, a_clock_that_is_fast_by_100_ppm_does_not_pile_up_in_an_hour) {
  const Hour hour(queue_, 16000, 100);
  EXPECT_LE(hour.most, PacedQueue::kComfortable + 3);
  EXPECT_EQ(hour.queue.lost(), 0u);
  // An hour of 100 ppm is 18 frames; those that may wait are not left out.
  EXPECT_GE(hour.queue.left_out(), 10u);
  EXPECT_LE(hour.queue.left_out(), 19u);
  EXPECT_EQ(hour.written, hour.read + hour.queue.left_out() + hour.queue.frames());
}

TEST_F(PacedQueueTest, a_clock_that_is_slow_by_100_ppm_loses_nothing) {
  const Hour hour(queue_, 16000, -100);
  EXPECT_LE(hour.most, 2u);
  EXPECT_EQ(hour.queue.left_out(), 0u);
  EXPECT_EQ(hour.queue.lost(), 0u);
  EXPECT_EQ(hour.written, hour.read + hour.queue.frames());
}

// The queue that a stream sends from.
TEST(QueueToPeer, in_an_hour_of_clocks_that_differ_by_100_ppm_it_never_holds_more_than_two_frames) {
  for (const uint32_t rate : {16000u, 24000u}) {
    for (const double ppm : {100.0, -100.0}) {
      SCOPED_TRACE(testing::Message() << rate << " Hz, " << ppm << " ppm");
      const Hour hour(queue_to_peer(rate), rate, ppm);
      EXPECT_LE(hour.most, 2u);
      EXPECT_EQ(hour.queue.lost(), 0u);
      // An hour of 100 ppm is 18 frames: too many for a slower reader, and too few for a faster
      // one.
      EXPECT_GE(hour.queue.left_out(), ppm > 0 ? 16u : 0u);
      EXPECT_LE(hour.queue.left_out(), ppm > 0 ? 18u : 0u);
      EXPECT_EQ(hour.written, hour.read + hour.queue.left_out() + hour.queue.frames());
    }
  }
}

TEST_F(PacedQueueTest, an_answer_ahead_of_time_is_not_taken_for_a_fast_clock) {
  // Ten answers of 4 s, each in one go, 6 s apart.
  for (int answer = 0; answer < 10; ++answer) {
    queue_.push(loud(320 * 200), clock_.now());
    for (int i = 0; i < 300; ++i) {
      read_ += pull();
      clock_.advance(20ms);
    }
  }
  EXPECT_EQ(read_, 2000u);
  EXPECT_EQ(queue_.left_out(), 0u);
}

TEST_F(PacedQueueTest, of_a_writer_that_paces_itself_nothing_stands_for_good) {
  PacedQueue queue(16000, 5, 0);
  PcmFrame frame;
  // A stall of 60 ms, and then as before.
  for (int i = 0; i < 3; ++i) queue.push(loud(320), clock_.now());
  size_t standing = 0;
  for (int i = 0; i < 100; ++i) {
    queue.push(loud(320), clock_.now());
    EXPECT_TRUE(queue.pull(frame, clock_.now()));
    standing = queue.frames();
    clock_.advance(20ms);
  }
  EXPECT_EQ(standing, 0u);
  EXPECT_EQ(queue.left_out(), 3u);
}

TEST_F(PacedQueueTest, what_is_left_out_is_a_pause_where_there_is_one) {
  // 100 ms stand in the queue for good; every second has a pause.
  queue_.push(loud(320 * 5), clock_.now());
  bool loud_lost = false;
  uint64_t before = 0, loud_read = 0, loud_written = 5;
  for (int i = 0; i < 2000; ++i) {
    const bool pause = i % 50 >= 40;
    queue_.push(pause ? std::vector<int16_t>(320, 0) : loud(320), clock_.now());
    loud_written += pause ? 0 : 1;
    if (pull() == 1 && !last_.silent) ++loud_read;
    clock_.advance(20ms);
    before = queue_.left_out();
  }
  clock_.advance(1s);
  while (queue_.frames() > 0) {
    if (pull() == 1 && !last_.silent) ++loud_read;
    clock_.advance(20ms);
  }
  loud_lost = loud_read != loud_written;
  EXPECT_GE(before, 1u);
  EXPECT_FALSE(loud_lost);
}

}  // namespace
}  // namespace gw::acs::streaming
