#include "media/path/phase.h"

#include <gtest/gtest.h>

#include <array>

#include "tests/unit/media/path/conference_rig.h"

namespace gw::media {
namespace {

TEST(Phase, a_tick_comes_within_twenty_milliseconds_and_at_its_place) {
  for (uint64_t number = 0; number < 500; ++number) {
    const TimePoint now = TimePoint(1h) + std::chrono::microseconds(number * 777);
    const TimePoint tick = next_tick_of(number, now);
    EXPECT_GE(tick, now);
    EXPECT_LT(tick, now + 20ms);
    EXPECT_EQ(phase_of(number), tick.time_since_epoch() % 20ms);
    EXPECT_EQ(tick, next_tick_of(number, tick));
    EXPECT_EQ(tick + 20ms, next_tick_of(number, tick + 1us));
  }
}

TEST(Phase, hundred_owners_in_a_row_fill_the_tick_evenly) {
  for (const uint64_t first : {1u, 1000u, 123456u}) {
    std::array<int, 20> in_millisecond{};
    for (uint64_t number = first; number < first + 100; ++number) {
      ++in_millisecond.at(static_cast<size_t>(to_ms(phase_of(number))));
    }
    for (const int count : in_millisecond) {
      EXPECT_GE(count, 3);
      EXPECT_LE(count, 7);
    }
  }
}

// Hundred conferences that begin in the same instant, as when a worker's calls move to another.
TEST(Phase, conferences_that_begin_together_do_not_tick_together) {
  ConferenceRig world;
  std::vector<std::unique_ptr<MediaSession>> sessions;
  std::array<int, 20> in_millisecond{};
  for (uint64_t number = 1; number <= 100; ++number) {
    sessions.push_back(std::make_unique<MediaSession>(SessionId{number}, world.earliest, world));
    for (int i = 0; i < 3; ++i) {
      ConferenceRig::Leg& leg = world.add();
      sessions.back()->join(leg.id, leg.port, world.clock.now());
    }
    const TimePoint tick = sessions.back()->deadline().due();
    EXPECT_GE(tick, world.clock.now() + 20ms);
    EXPECT_LT(tick, world.clock.now() + 40ms);
    ++in_millisecond.at(static_cast<size_t>(to_ms(tick.time_since_epoch() % 20ms)));
  }
  for (const int count : in_millisecond) {
    EXPECT_GE(count, 3);
    EXPECT_LE(count, 7);
  }
  for (const auto& session : sessions) session->part(world.clock.now());
}

}  // namespace
}  // namespace gw::media
