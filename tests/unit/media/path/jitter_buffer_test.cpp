#include "media/path/jitter_buffer.h"

#include <gtest/gtest.h>

#include <vector>

#include "tests/unit/support/manual_clock.h"

namespace gw::media {
namespace {

constexpr Playout kAdaptive{Playout::Mode::Adaptive};

class JitterBufferTest : public ::testing::Test {
 protected:
  // Seconds of packets, each delayed by up to `jitter`, that are played as `sound`.
  void run(int seconds, Duration jitter, int16_t sound = 0) {
    const std::vector<int16_t> pcm(160, sound);
    for (int i = 0; i < seconds * 50; ++i, ++n_) {
      const Duration delay = jitter * (n_ * 37 % 101) / 100;
      clock_.advance_to(start_ + 20ms * n_ + delay);
      buffer_.on_arrival(n_ * 160, 8000, clock_.now());
      buffer_.on_played(pcm, clock_.now());
    }
  }
  test::ManualClock clock_;
  const TimePoint start_ = clock_.now();
  JitterBuffer buffer_;
  int64_t n_ = 0;
};

TEST_F(JitterBufferTest, clean_stream_and_jitter_under_thirty_ms_cost_no_delay) {
  buffer_.set_playout(kAdaptive);
  run(10, 0ms);
  EXPECT_EQ(0ms, buffer_.target());
  run(10, 28ms);
  EXPECT_EQ(0ms, buffer_.target());
  EXPECT_FALSE(buffer_.waits());
}

TEST_F(JitterBufferTest, grows_within_two_seconds_to_what_the_jitter_needs) {
  buffer_.set_playout(kAdaptive);
  run(2, 60ms);
  EXPECT_GE(buffer_.target(), 50ms);
  EXPECT_LE(buffer_.target(), 60ms);
  EXPECT_TRUE(buffer_.waits());
}

TEST_F(JitterBufferTest, never_grows_beyond_its_cap) {
  buffer_.set_playout(kAdaptive);
  run(20, 400ms);
  EXPECT_EQ(120ms, buffer_.target());
}

TEST_F(JitterBufferTest, one_late_packet_is_no_jitter) {
  buffer_.set_playout(kAdaptive);
  run(3, 0ms);
  clock_.advance_to(start_ + 20ms * n_ + 100ms);
  buffer_.on_arrival(n_++ * 160, 8000, clock_.now());
  run(3, 0ms);
  EXPECT_EQ(0ms, buffer_.target());
}

TEST_F(JitterBufferTest, shrinks_slowly_and_only_while_nobody_speaks) {
  buffer_.set_playout(kAdaptive);
  run(5, 80ms);
  const Duration grown = buffer_.target();
  ASSERT_GE(grown, 70ms);
  run(30, 0ms, 5000);
  EXPECT_EQ(grown, buffer_.target());
  run(1, 0ms);
  EXPECT_GE(buffer_.target(), grown - 30ms);
  run(10, 0ms);
  EXPECT_EQ(0ms, buffer_.target());
}

TEST_F(JitterBufferTest, off_measures_nothing_and_fixed_stays) {
  run(5, 80ms);
  EXPECT_EQ(0ms, buffer_.target());
  buffer_.set_playout({Playout::Mode::Fixed, 40ms});
  run(5, 0ms);
  EXPECT_EQ(40ms, buffer_.target());
  run(5, 100ms);
  EXPECT_EQ(40ms, buffer_.target());
}

TEST_F(JitterBufferTest, drift_is_no_jitter) {
  for (const int ppm : {-300, 300}) {
    JitterBuffer buffer;
    buffer.set_playout(kAdaptive);
    for (int64_t n = 0; n < 50 * 600; ++n) {
      const TimePoint arrival = start_ + n * (Duration(20ms) + Duration(20ms) * ppm / 1'000'000);
      buffer.on_arrival(n * 160, 8000, arrival);
    }
    EXPECT_EQ(0ms, buffer.target()) << ppm;
  }
}

TEST(SourceClockTest, quickest_packet_decides_and_is_forgotten) {
  SourceClock clock;
  const TimePoint t{1h};
  EXPECT_EQ(0ms, clock.observe(0, 8000, t));
  EXPECT_EQ(10ms, clock.observe(160, 8000, t + 30ms));
  EXPECT_EQ(0ms, clock.observe(320, 8000, t + 35ms));
  EXPECT_EQ(t + 55ms, clock.earliest(480, 8000));
  // The way became longer by 50 ms: after two spans that is the quickest.
  Duration last{0};
  for (int64_t n = 3; n < 3 + 50 * 11; ++n) {
    last = clock.observe(n * 160, 8000, t + n * 20ms + 45ms);
  }
  EXPECT_EQ(0ms, last);
}

TEST(SourceClockTest, clock_that_stood_still_is_no_lateness) {
  SourceClock clock;
  const TimePoint t{1h};
  clock.observe(0, 8000, t);
  EXPECT_EQ(0ms, clock.observe(160, 8000, t + 30s));
  EXPECT_EQ(t + 30s + 20ms, clock.earliest(320, 8000));
}

TEST(SourceClockTest, positions_of_weeks_do_not_overflow) {
  SourceClock clock;
  const TimePoint t{1h};
  const int64_t far = int64_t{1} << 40;
  clock.observe(far, 8000, t);
  EXPECT_EQ(t + 20ms, clock.earliest(far + 160, 8000));
}

}  // namespace
}  // namespace gw::media
