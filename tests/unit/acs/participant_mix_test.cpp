#include "acs/streaming/participant_mix.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace gw::acs::streaming {
namespace {

using ::testing::ElementsAre;

class ParticipantMixTest : public ::testing::Test {
 protected:
  void say(const std::string& who, int16_t sample) {
    const std::vector<int16_t> frame(2, sample);
    mix_.hear(who, frame);
  }

  std::vector<int16_t> heard_;  // The first sample of each frame.
  ParticipantMix mix_{[this](std::span<const int16_t> pcm) { heard_.push_back(pcm[0]); }};
};

TEST_F(ParticipantMixTest, one_participant_is_heard_at_once) {
  for (const int16_t sample : {1, 2, 3}) {
    say("a", sample);
    EXPECT_EQ(heard_.back(), sample);
  }
  EXPECT_EQ(heard_.size(), 3u);
}

TEST_F(ParticipantMixTest, two_are_heard_together_in_as_many_frames_as_each_of_them_says) {
  say("a", 1);
  say("b", 20);  // Comes to the next round of a's.
  for (int i = 0; i < 10; ++i) {
    say("a", 1);
    say("b", 20);
  }
  EXPECT_LE(heard_.size(), 12u);
  EXPECT_EQ(heard_.back(), 21);
}

TEST_F(ParticipantMixTest, who_falls_silent_stops_nobody) {
  for (int i = 0; i < 3; ++i) {
    say("a", 1);
    say("b", 20);
  }
  heard_.clear();
  for (int i = 0; i < 5; ++i) say("a", 3);
  EXPECT_EQ(heard_.size(), 5u);
  EXPECT_EQ(heard_.back(), 3);
}

TEST_F(ParticipantMixTest, loud_voices_are_held_at_full_scale) {
  say("a", 30'000);
  say("b", 30'000);
  say("a", 30'000);
  EXPECT_EQ(heard_.back(), 32'767);
}

TEST_F(ParticipantMixTest, more_than_the_service_sends_are_left_out) {
  say("x", 0);
  heard_.clear();
  for (int i = 0; i < 40; ++i) say(std::to_string(i), 1);
  say("x", 0);
  EXPECT_LE(heard_.back(), static_cast<int16_t>(ParticipantMix::kMostParticipants));
}

TEST_F(ParticipantMixTest, a_new_connection_waits_for_nobody_of_the_old_one) {
  say("a", 1);
  say("b", 2);
  mix_.clear();
  heard_.clear();
  say("c", 5);
  EXPECT_THAT(heard_, ElementsAre(5));
}

}  // namespace
}  // namespace gw::acs::streaming
