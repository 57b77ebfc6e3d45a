// The rate of a wiring: what the source's codec holds, and no more than the other leg can hear.
#include <gtest/gtest.h>

#include <cmath>

#include "tests/unit/media/path/two_ports.h"
#include "tests/unit/support/tone.h"

namespace gw::media {
namespace {

using Kind = TwoPorts::Kind;

// Somebody who speaks a tone in a codec, 20 ms at a time.
class Speaker {
 public:
  explicit Speaker(Codec codec)
      : codec_(codec), encoder_(make_encoder(codec, natural_rate(codec))) {}

  void say(TwoPorts& world, TwoPorts::Leg& leg, double hertz, size_t frames) {
    const uint32_t rate = encoder_->rate();
    const size_t samples = samples_for(20ms, rate);
    for (size_t i = 0; i < frames; ++i, ++said_) {
      std::array<std::byte, kMaxEncodedFrame> out;
      const auto pcm = test::tone(hertz, 6000, samples, said_ * samples, rate);
      const size_t size = encoder_->encode(pcm, out);
      world.talk(leg, descriptor(codec_).payload_type, std::span(out).first(size),
                 rtp_units(samples, rate, descriptor(codec_).rtp_clock));
      world.advance(20ms);
    }
  }

 private:
  const Codec codec_;
  const std::unique_ptr<AudioEncoder> encoder_;
  size_t said_ = 0;
};

// What the leg's peer hears, in dB beside what was said, after the codecs have settled.
double heard_level(const TwoPorts::Leg& leg, Codec codec, double hertz, size_t skip = 10) {
  const uint32_t rate = natural_rate(codec);
  const auto decoder = make_decoder(codec, rate);
  std::vector<int16_t> all;
  std::array<int16_t, kMaxFrameSamples> pcm;
  for (const auto& sent : leg.transport.rtp_out) {
    if (sent.header.payload_type != descriptor(codec).payload_type) continue;
    const size_t n = decoder->decode(sent.payload, pcm);
    all.insert(all.end(), pcm.begin(), pcm.begin() + static_cast<ptrdiff_t>(n));
  }
  const size_t from = std::min(all.size(), skip * samples_for(20ms, rate));
  return 20 * std::log10(test::peak_at(std::span(all).subspan(from), hertz, rate) / 6000);
}

TEST(Rates, g722_and_opus_carry_wideband_both_ways) {
  TwoPorts world(Kind::Browser, Kind::Phone);
  world.start(Codec::Opus, Codec::G722);
  Speaker browser(Codec::Opus), phone(Codec::G722);
  for (int i = 0; i < 50; ++i) {
    browser.say(world, world.a, 5000, 1);
    phone.say(world, world.b, 5000, 1);
  }
  EXPECT_NEAR(0, heard_level(world.a, Codec::Opus, 5000), 1.5);
  EXPECT_NEAR(0, heard_level(world.b, Codec::G722, 5000), 1.5);
}

TEST(Rates, every_pair_of_codecs_keeps_level_and_timeline) {
  for (const Codec from : {Codec::Pcmu, Codec::Pcma, Codec::G722, Codec::Opus}) {
    for (const Codec to : {Codec::Pcmu, Codec::Pcma, Codec::G722, Codec::Opus}) {
      TwoPorts world(Kind::Browser, Kind::Browser);
      world.start(from, to);
      Speaker(from).say(world, world.a, 1000, 50);
      EXPECT_NEAR(0, heard_level(world.b, to, 1000), 0.5)
          << to_string(from) << " to " << to_string(to);
      const auto& out = world.b.transport.rtp_out;
      ASSERT_EQ(50u, out.size());
      for (size_t i = 1; i < out.size(); ++i) {
        EXPECT_EQ(descriptor(to).rtp_clock / 50,
                  out[i].header.timestamp - out[i - 1].header.timestamp);
      }
    }
  }
}

TEST(Rates, an_opus_peer_that_plays_8_khz_is_prepared_for_no_more) {
  TwoPorts world;
  world.negotiate(world.a, TwoPorts::parameters(Codec::Opus));
  EXPECT_EQ(kWideband, world.a.port.best_rate());
  auto narrow = TwoPorts::parameters(Codec::Opus);
  narrow.codecs.front().max_playback_rate = 8000;
  world.negotiate(world.a, narrow);
  EXPECT_EQ(kNarrowband, world.a.port.best_rate());
}

TEST(Rates, another_codec_in_mid_call_keeps_the_timeline_and_marks_the_beginning) {
  TwoPorts world(Kind::Browser, Kind::Phone);
  world.start(Codec::Opus, Codec::G722);
  Speaker wide(Codec::G722), narrow(Codec::Pcmu);
  wide.say(world, world.b, 1000, 20);
  const auto before = world.a.transport.rtp_out.back();
  world.negotiate(world.b, TwoPorts::parameters(Codec::Pcmu));
  world.a.transport.rtp_out.clear();
  narrow.say(world, world.b, 1000, 30);
  const auto& after = world.a.transport.rtp_out;
  ASSERT_EQ(30u, after.size());
  EXPECT_TRUE(after.front().header.marker);
  EXPECT_FALSE(after[1].header.marker);
  EXPECT_EQ(static_cast<uint16_t>(before.header.sequence + 1), after.front().header.sequence);
  EXPECT_EQ(960u, after.front().header.timestamp - before.header.timestamp);
  EXPECT_NEAR(0, heard_level(world.a, Codec::Opus, 1000), 0.5);
}

TEST(Rates, a_second_codec_is_decoded_at_the_rate_of_the_first) {
  TwoPorts world(Kind::Browser, Kind::Phone);
  world.negotiate(world.a, TwoPorts::parameters(Codec::Opus));
  auto both = TwoPorts::parameters(Codec::Pcmu);
  both.codecs.push_back({Codec::G722, 9, 9});
  world.negotiate(world.b, both);
  world.wire_up();
  Speaker narrow(Codec::Pcmu), wide(Codec::G722);
  narrow.say(world, world.b, 1000, 20);
  world.a.transport.rtp_out.clear();
  wide.say(world, world.b, 1000, 30);
  EXPECT_EQ(30u, world.a.transport.rtp_out.size());
  EXPECT_NEAR(0, heard_level(world.a, Codec::Opus, 1000), 0.5);
}

TEST(Rates, a_codec_that_passed_before_is_decoded_again_when_it_passes_no_more) {
  TwoPorts world;
  world.start(Codec::G722, Codec::G722);
  Speaker phone(Codec::G722);
  phone.say(world, world.a, 1000, 10);
  for (const Codec other : {Codec::Pcmu, Codec::G722, Codec::Opus, Codec::Pcma}) {
    world.negotiate(world.b, TwoPorts::parameters(other));
    world.b.transport.rtp_out.clear();
    phone.say(world, world.a, 1000, 30);
    EXPECT_NEAR(0, heard_level(world.b, other, 1000), 0.5) << to_string(other);
  }
}

TEST(Rates, silence_that_fills_a_g722_leg_is_silent) {
  TwoPorts world;
  world.start(Codec::G722, Codec::G722);
  Speaker(Codec::G722).say(world, world.b, 1000, 20);
  world.a.transport.rtp_out.clear();
  const auto decoder = make_decoder(Codec::G722, kWideband);
  std::array<int16_t, 320> pcm;
  world.advance(2s);
  const auto& out = world.a.transport.rtp_out;
  ASSERT_GT(out.size(), 80u);
  for (const auto& sent : out) {
    ASSERT_EQ(160u, sent.payload.size());
    ASSERT_EQ(320u, decoder->decode(sent.payload, pcm));
  }
  EXPECT_LT(test::rms(pcm), 12);
}

TEST(Rates, tones_of_ours_sound_the_same_on_a_wideband_leg) {
  TwoPorts world(Kind::Phone, Kind::Browser);
  world.start(Codec::G722, Codec::Opus);
  Speaker(Codec::Opus).say(world, world.b, 1000, 10);  // The encoder is at 16 kHz now.
  world.advance(2s);                                   // Nothing is concealed any more.
  world.a.port.set_ringback(true, world.clock.now());
  world.a.transport.rtp_out.clear();
  world.advance(1s);
  const double ringback = heard_level(world.a, Codec::G722, 440);
  TwoPorts narrow;
  narrow.start(Codec::G722, Codec::G722);
  narrow.a.port.set_ringback(true, narrow.clock.now());
  narrow.advance(1s);
  EXPECT_NEAR(heard_level(narrow.a, Codec::G722, 440), ringback, 0.5);
  EXPECT_GT(ringback, -30);
}

}  // namespace
}  // namespace gw::media
