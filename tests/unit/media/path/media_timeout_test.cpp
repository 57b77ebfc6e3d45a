#include <gtest/gtest.h>

#include "media/path/media_port.h"
#include "tests/unit/media/path/two_ports.h"

namespace gw::media {
namespace {

using Kind = TwoPorts::Kind;

TEST(MediaTimeout, is_told_once_and_again_after_a_return) {
  TwoPorts world;
  world.start(Codec::Pcmu, Codec::Pcmu);
  world.talk(world.a, 0, payload_of(1));
  world.advance(29s);
  EXPECT_TRUE(world.of<MediaTimedOut>().empty());
  world.advance(60s);
  ASSERT_EQ(1u, world.of<MediaTimedOut>().size());
  EXPECT_EQ(PortId{1}, world.of<MediaTimedOut>()[0].port);
  world.talk(world.a, 0, payload_of(1));
  world.advance(31s);
  EXPECT_EQ(2u, world.of<MediaTimedOut>().size());
}

// livekit/sip#812: the call is killed because the other side is silent.
TEST(MediaTimeout, held_and_muted_legs_do_not_time_out) {
  TwoPorts world;
  world.start(Codec::Pcmu, Codec::Pcmu);
  world.talk(world.a, 0, payload_of(1));
  world.talk(world.b, 0, payload_of(1));
  world.a.port.set_held(true, world.clock.now());
  world.b.port.set_muted(true, world.clock.now());
  world.advance(10min);
  EXPECT_TRUE(world.of<MediaTimedOut>().empty());
  world.a.port.set_held(false, world.clock.now());
  world.advance(29s);
  EXPECT_TRUE(world.of<MediaTimedOut>().empty());
  world.advance(2s);
  EXPECT_EQ(1u, world.of<MediaTimedOut>().size());
}

TEST(MediaTimeout, browser_without_a_microphone_is_not_missed_and_neither_is_who_hears_it) {
  TwoPorts world(Kind::Browser, Kind::Phone);
  world.start(Codec::Opus, Codec::Pcmu);
  for (int i = 0; i < 600; ++i) {
    world.talk(world.b, 0, payload_of(1));
    world.advance(1s);
  }
  EXPECT_TRUE(world.of<MediaTimedOut>().empty());
  world.a.port.on_lost(world.clock.now());  // Its ICE consent ended.
  EXPECT_EQ(1u, world.of<MediaTimedOut>().size());
}

TEST(MediaTimeout, silent_phone_is_not_missed_while_it_gives_signs_of_life) {
  TwoPorts world;
  world.start(Codec::Pcmu, Codec::Pcmu);
  world.talk(world.a, 0, payload_of(1));
  std::array<std::byte, 256> report;
  const size_t n = wire::write_rtcp(report, {55, std::nullopt, {}, "peer", false});
  for (int i = 0; i < 60; ++i) {
    world.talk(world.b, 0, payload_of(1));
    if (i % 2 == 0) {
      world.a.port.on_rtcp(std::span(report).first(n), world.clock.now());
    } else {
      world.a.port.on_alive(world.clock.now());
    }
    world.advance(20s);
  }
  EXPECT_TRUE(world.of<MediaTimedOut>().empty());
  world.talk(world.b, 0, payload_of(1));
  world.advance(29s);
  ASSERT_EQ(1u, world.of<MediaTimedOut>().size());
  EXPECT_EQ(PortId{1}, world.of<MediaTimedOut>()[0].port);
}

TEST(MediaTimeout, phone_that_holds_or_is_only_sent_to_is_not_missed_until_it_may_speak_again) {
  for (const bool holds : {true, false}) {
    TwoPorts world;
    world.start(Codec::Pcmu, Codec::Pcmu);
    world.talk(world.a, 0, payload_of(1));
    auto p = TwoPorts::parameters(Codec::Pcmu);
    p.remote_held = holds;
    p.direction = holds ? Direction::RecvOnly : Direction::SendOnly;
    world.negotiate(world.a, p);
    for (int i = 0; i < 60; ++i) {
      world.talk(world.b, 0, payload_of(1));
      world.advance(20s);
    }
    EXPECT_TRUE(world.of<MediaTimedOut>().empty());
    world.negotiate(world.a, TwoPorts::parameters(Codec::Pcmu));
    world.talk(world.b, 0, payload_of(1));
    world.advance(29s);
    EXPECT_TRUE(world.of<MediaTimedOut>().empty());
    world.talk(world.b, 0, payload_of(1));
    world.advance(2s);
    ASSERT_EQ(1u, world.of<MediaTimedOut>().size());
    EXPECT_EQ(PortId{1}, world.of<MediaTimedOut>()[0].port);
  }
}

}  // namespace
}  // namespace gw::media
