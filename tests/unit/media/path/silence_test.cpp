// Silence: comfort noise in and out (RFC 3389), Opus DTX, digital silence.
#include <gtest/gtest.h>

#include <cmath>

#include "tests/unit/media/path/two_ports.h"
#include "tests/unit/support/tone.h"

namespace gw::media {
namespace {

using Kind = TwoPorts::Kind;

wire::StreamParameters with_noise(Codec codec) {
  auto p = TwoPorts::parameters(codec);
  p.noise = wire::NegotiatedNoise{13, 13};
  return p;
}

wire::StreamParameters with_dtx() {
  auto p = TwoPorts::parameters(Codec::Opus);
  p.codecs.front().dtx = true;
  return p;
}

void say_noise(TwoPorts& world, TwoPorts::Leg& leg, NoiseLevel level) {
  const std::array<std::byte, 1> payload{std::byte{level}};
  world.receive(leg, 13, payload, leg.sequence++, leg.timestamp);
}

void speak(TwoPorts& world, TwoPorts::Leg& leg, size_t frames) {
  std::array<std::byte, 160> codes;
  for (size_t i = 0; i < frames; ++i) {
    g711_encode(Law::Mu, test::tone(1000, 8000, 160, i * 160), codes);
    world.talk(leg, 0, codes);
    world.advance(20ms);
  }
}

// What is heard of the audio that was sent, as a noise level.
double level_of(const std::vector<FakeTransport::Sent>& sent, Codec codec, size_t skip = 5) {
  const auto decoder = make_decoder(codec, natural_rate(codec));
  std::vector<int16_t> all;
  std::array<int16_t, kMaxFrameSamples> pcm;
  size_t n = 0;
  for (const auto& s : sent) {
    if (s.header.payload_type != descriptor(codec).payload_type) continue;
    const size_t samples = decoder->decode(s.payload, pcm);
    if (n++ >= skip) all.insert(all.end(), pcm.begin(), pcm.begin() + static_cast<long>(samples));
  }
  return noise_level_of(all);
}

TEST(SilenceOnTheWay, noise_is_passed_as_a_level_between_legs_that_take_it) {
  TwoPorts world;
  world.negotiate(world.a, with_noise(Codec::Pcmu));
  world.negotiate(world.b, with_noise(Codec::Pcma));
  world.wire_up();
  speak(world, world.a, 10);
  world.b.transport.rtp_out.clear();
  say_noise(world, world.a, 62);
  world.advance(3s);
  const auto& out = world.b.transport.rtp_out;
  ASSERT_GE(out.size(), 3u);
  EXPECT_LE(out.size(), 5u);  // At once, then once a second.
  for (const auto& s : out) {
    EXPECT_EQ(13, s.header.payload_type);
    EXPECT_EQ(std::vector<std::byte>{std::byte{62}}, s.payload);
  }
  EXPECT_NEAR(8000, out[2].header.timestamp - out[1].header.timestamp, 200);
  world.a.timestamp += 8000 * 3;
  speak(world, world.a, 2);
  EXPECT_EQ(8, out.back().header.payload_type);
  EXPECT_TRUE(out[out.size() - 2].header.marker);
  for (size_t i = 1; i < out.size(); ++i) {
    EXPECT_EQ(static_cast<uint16_t>(out[i - 1].header.sequence + 1), out[i].header.sequence);
  }
}

TEST(SilenceOnTheWay, noise_is_made_for_legs_that_do_not_take_it_every_ptime) {
  for (const Codec codec : {Codec::Pcmu, Codec::Pcma, Codec::G722, Codec::Opus}) {
    TwoPorts world(Kind::Phone, codec == Codec::Opus ? Kind::Browser : Kind::Phone);
    world.negotiate(world.a, with_noise(Codec::Pcmu));
    world.negotiate(world.b, TwoPorts::parameters(codec));
    world.wire_up();
    speak(world, world.a, 10);
    world.b.transport.rtp_out.clear();
    say_noise(world, world.a, 50);
    world.advance(2s);
    EXPECT_NEAR(100, static_cast<double>(world.b.transport.rtp_out.size()), 2) << to_string(codec);
    EXPECT_NEAR(50, level_of(world.b.transport.rtp_out, codec), 3) << to_string(codec);
    world.b.transport.rtp_out.clear();
    say_noise(world, world.a, 60);
    world.advance(2s);
    EXPECT_NEAR(60, level_of(world.b.transport.rtp_out, codec, 20), 3) << to_string(codec);
  }
}

TEST(SilenceOnTheWay, a_peer_with_dtx_is_sent_little) {
  TwoPorts world(Kind::Phone, Kind::Browser);
  world.negotiate(world.a, with_noise(Codec::Pcmu));
  world.negotiate(world.b, with_dtx());
  world.wire_up();
  speak(world, world.a, 10);
  world.b.transport.rtp_out.clear();
  say_noise(world, world.a, 50);
  world.advance(5s);
  const auto& out = world.b.transport.rtp_out;
  EXPECT_LT(out.size(), 40u);
  EXPECT_GT(out.size(), 20u);
  for (size_t i = 1; i < out.size(); ++i) {
    EXPECT_EQ(static_cast<uint16_t>(out[i - 1].header.sequence + 1), out[i].header.sequence);
  }
}

TEST(SilenceOnTheWay, digital_silence_is_told_to_a_leg_that_takes_noise) {
  TwoPorts world(Kind::Phone, Kind::Browser);
  world.negotiate(world.a, with_noise(Codec::Pcmu));
  world.negotiate(world.b, TwoPorts::parameters(Codec::Opus));
  world.wire_up();
  const auto encoder = make_encoder(Codec::Opus, kNarrowband);
  const std::vector<int16_t> silence(160);
  std::array<std::byte, kMaxEncodedFrame> opus;
  for (int i = 0; i < 150; ++i) {
    const size_t n = encoder->encode(silence, opus);
    world.talk(world.b, 111, std::span(opus).first(n), 960);
    world.advance(20ms);
    if (i == 30) world.a.transport.rtp_out.clear();
  }
  const auto& out = world.a.transport.rtp_out;
  EXPECT_LT(out.size(), 5u);
  for (const auto& s : out) {
    EXPECT_EQ(13, s.header.payload_type);
    EXPECT_EQ(std::vector<std::byte>{std::byte{kNoNoise}}, s.payload);
  }
}

TEST(SilenceOnTheWay, dtx_of_a_browser_becomes_noise_packets_for_a_phone_that_takes_them) {
  TwoPorts world(Kind::Phone, Kind::Browser);
  world.negotiate(world.a, with_noise(Codec::Pcmu));
  world.negotiate(world.b, TwoPorts::parameters(Codec::Opus));
  world.wire_up();
  const auto encoder = make_encoder(Codec::Opus, kNarrowband, {.dtx = true});
  NoiseGenerator room;
  std::vector<int16_t> pcm(160);
  std::array<std::byte, kMaxEncodedFrame> opus;
  bool active = true;
  for (int i = 0; i < 250; ++i) {
    room.generate(60, pcm);
    const size_t n = encoder->encode(pcm, opus);
    if (i == 150) world.a.transport.rtp_out.clear();
    // Browsers send the first frame of a gap, which is empty, and none of the others.
    if (const bool was_active = std::exchange(active, n > 2); active || was_active) {
      world.talk(world.b, 111, std::span(opus).first(n), 960);
    } else {
      world.b.timestamp += 960;
    }
    world.advance(20ms);
  }
  size_t noise = 0;
  for (const auto& s : world.a.transport.rtp_out) {
    if (s.header.payload_type != 13) continue;
    ++noise;
    EXPECT_NEAR(60, std::to_integer<int>(s.payload.at(0)), 6);
  }
  EXPECT_GE(noise, 2u);
  EXPECT_LT(world.a.transport.rtp_out.size(), 40u);
}

TEST(SilenceOnTheWay, a_leg_that_takes_noise_is_told_of_a_mute_and_not_sent_silence) {
  TwoPorts world;
  world.negotiate(world.a, with_noise(Codec::Pcmu));
  world.negotiate(world.b, TwoPorts::parameters(Codec::Pcmu));
  world.wire_up();
  speak(world, world.b, 10);
  world.b.port.set_muted(true, world.clock.now());
  world.a.transport.rtp_out.clear();
  world.advance(5s);
  const auto& out = world.a.transport.rtp_out;
  EXPECT_GE(out.size(), 4u);
  EXPECT_LE(out.size(), 6u);
  for (const auto& s : out) EXPECT_EQ(13, s.header.payload_type);
}

TEST(SilenceOnTheWay, a_phone_that_told_of_its_silence_once_is_not_missed_soon) {
  TwoPorts world;
  world.negotiate(world.a, with_noise(Codec::Pcmu));
  world.negotiate(world.b, with_noise(Codec::Pcmu));
  world.wire_up();
  speak(world, world.a, 5);
  speak(world, world.b, 5);
  say_noise(world, world.a, 60);
  say_noise(world, world.b, 60);
  world.advance(100s);
  EXPECT_TRUE(world.of<MediaTimedOut>().empty());
  world.advance(100s);
  EXPECT_EQ(2u, world.of<MediaTimedOut>().size());
}

TEST(SilenceOnTheWay, noise_that_was_not_negotiated_is_dropped) {
  TwoPorts world;
  world.start(Codec::Pcmu, Codec::Pcmu);
  say_noise(world, world.a, 60);
  EXPECT_EQ(1u, world.counters.discarded[static_cast<size_t>(Discard::PayloadType)].get());
}

}  // namespace
}  // namespace gw::media
