#include "media/path/loss_bursts.h"

#include <gtest/gtest.h>

#include <string_view>

#include "tests/unit/support/fixed_random.h"

namespace gw::media {
namespace {

// "R12 L3" = twelve received, three lost.
void play(LossBursts& bursts, std::string_view text) {
  while (!text.empty()) {
    const bool received = text.front() == 'R';
    int count = 0;
    size_t i = 1;
    for (; i < text.size() && text[i] >= '0' && text[i] <= '9'; ++i)
      count = count * 10 + (text[i] - '0');
    for (int n = 0; n < count; ++n) bursts.note(received);
    text.remove_prefix(std::min(text.size(), i + 1));
  }
}

TEST(LossBursts, a_clean_stream_is_one_gap) {
  LossBursts bursts;
  play(bursts, "R1000");
  const auto s = bursts.summary();
  EXPECT_EQ(s.burst_density, 0);
  EXPECT_EQ(s.burst_packets, 0);
  EXPECT_EQ(s.gap_density, 0);
  EXPECT_EQ(s.gap_packets, 1000);
  EXPECT_EQ(s.burst_ratio, 1);
}

TEST(LossBursts, losses_far_apart_are_no_burst) {
  LossBursts bursts;
  play(bursts, "R50 L1 R16 L1 R20 L1 R50");
  const auto s = bursts.summary();
  EXPECT_EQ(s.burst_packets, 0);
  EXPECT_NEAR(s.gap_density, 3.0 / 139, 1e-9);
}

// Two losses with fewer than 16 packets between them are one burst from the first to the last.
TEST(LossBursts, a_burst_reaches_from_its_first_loss_to_its_last) {
  LossBursts bursts;
  play(bursts, "R100 L2 R3 L1 R4 L3 R100");
  const auto s = bursts.summary();
  EXPECT_EQ(s.burst_packets, 13);
  EXPECT_NEAR(s.burst_density, 6.0 / 13, 1e-9);
  EXPECT_EQ(s.gap_density, 0);
  EXPECT_EQ(s.gap_packets, 200);
}

TEST(LossBursts, fifteen_received_between_losses_keep_a_burst_together_and_sixteen_end_it) {
  LossBursts together, apart;
  play(together, "R50 L1 R15 L1 R50");
  play(apart, "R50 L1 R16 L1 R50");
  EXPECT_EQ(together.summary().burst_packets, 17);
  EXPECT_EQ(apart.summary().burst_packets, 0);
}

TEST(LossBursts, several_bursts_have_a_mean_length) {
  LossBursts bursts;
  play(bursts, "R100 L4 R100 L8 R100 L1 R100");
  const auto s = bursts.summary();
  EXPECT_EQ(s.burst_packets, 6);
  EXPECT_EQ(s.burst_density, 1);
  EXPECT_NEAR(s.gap_density, 1.0 / 401, 1e-9);
  EXPECT_NEAR(s.gap_packets, 200.5, 1e-9);
}

TEST(LossBursts, random_loss_has_a_burst_ratio_of_one_and_runs_have_more) {
  test::FixedRandom random;
  LossBursts scattered, runs;
  for (int i = 0; i < 100000; ++i) scattered.note(random.u32() % 20 != 0);
  EXPECT_NEAR(scattered.summary().burst_ratio, 1, 0.03);
  for (int i = 0; i < 1000; ++i) play(runs, "R95 L5");
  EXPECT_NEAR(runs.summary().burst_ratio, 5 * 0.95, 1e-6);
}

}  // namespace
}  // namespace gw::media
