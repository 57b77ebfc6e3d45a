// Three parties and more: who hears whom, how loud, and that nothing breaks when parties come and
// go.
#include <gtest/gtest.h>

#include <algorithm>
#include <numbers>
#include <set>

#include "media/codec/opus.h"
#include "tests/unit/media/path/conference_rig.h"

namespace gw::media {
namespace {

using Leg = ConferenceRig::Leg;

class MixerTest : public ::testing::Test {
 protected:
  static constexpr double kPeak = 2000;

  void converse(size_t parties, double peak) {
    for (size_t i = 0; i < parties; ++i) {
      world_.add_and_join();
      ConferenceRig::say(*world_.legs[i], 300 + 90.0 * static_cast<double>(i), peak);
    }
    world_.advance(2s);
  }
  Leg& leg(size_t i) { return *world_.legs[i]; }
  // RTP of one line: nothing is missing and nothing comes twice. Its first packets may be silence,
  // until somebody speaks.
  static void expect_unbroken(const Leg& leg, uint32_t units = 160) {
    const auto& out = leg.transport.rtp_out;
    for (size_t i = 11; i < out.size(); ++i) {
      ASSERT_EQ(static_cast<uint16_t>(out[i - 1].header.sequence + 1), out[i].header.sequence) << i;
      ASSERT_EQ(out[i - 1].header.timestamp + units, out[i].header.timestamp) << i;
      ASSERT_EQ(out[0].header.ssrc, out[i].header.ssrc);
      ASSERT_FALSE(out[i].header.marker) << i;
    }
  }
  static std::vector<std::byte> payloads(const Leg& leg) {
    std::vector<std::byte> all;
    for (const auto& sent : leg.transport.rtp_out) {
      all.insert(all.end(), sent.payload.begin(), sent.payload.end());
    }
    return all;
  }

  ConferenceRig world_;
};

// Phones and browsers, in turn, in every codec that either speaks.
struct Spoken {
  Codec codec;
  bool phone;
};
constexpr std::array<Spoken, 8> kParties{{{Codec::Pcmu, true},
                                          {Codec::Opus, false},
                                          {Codec::G722, true},
                                          {Codec::Pcma, true},
                                          {Codec::Opus, true},
                                          {Codec::Pcmu, false},
                                          {Codec::G722, false},
                                          {Codec::Pcma, false}}};

class MixerOf : public MixerTest, public ::testing::WithParamInterface<size_t> {
 protected:
  // What a codec alone does to a second and a half of this.
  static std::vector<int16_t> through(Codec codec, uint32_t encoded_at, uint32_t decoded_at,
                                      std::span<const int16_t> pcm) {
    const auto encoder = make_encoder(codec, encoded_at);
    const auto decoder = make_decoder(codec, decoded_at);
    std::vector<int16_t> out;
    std::array<int16_t, kMaxFrameSamples> frame;
    std::array<std::byte, kMaxEncodedFrame> coded;
    const size_t step = samples_for(20ms, encoded_at);
    for (size_t at = 0; at + step <= pcm.size(); at += step) {
      const size_t size = encoder->encode(pcm.subspan(at, step), coded);
      const size_t n = decoder->decode(std::span(coded).first(size), frame);
      out.insert(out.end(), frame.begin(), frame.begin() + static_cast<ptrdiff_t>(n));
    }
    return out;
  }
  // A listener's last second behind a mixer that only adds: each voice through its speaker's codec,
  // the sum of the others' through the listener's.
  std::vector<int16_t> ideal(size_t listener, const std::vector<std::vector<int16_t>>& voices) {
    std::vector<int16_t> sum(voices.front().size());
    for (size_t i = 0; i < sum.size(); ++i) {
      int32_t all = 0;
      for (size_t j = 0; j < voices.size(); ++j) all += j == listener ? 0 : voices[j][i];
      sum[i] = static_cast<int16_t>(std::clamp(all, -32768, 32767));
    }
    auto heard = through(leg(listener).codec, kWideband, leg(listener).rate(), sum);
    heard.erase(heard.begin(), heard.end() - leg(listener).rate());
    return heard;
  }
};

// What codecs do to a chord is not the mixer's doing: Opus, which models one voice, moves the
// tones of 31 by some dB. So where Opus is on the way, a tone may be as far from its level as the
// codecs alone bring the worst of them, and 1 dB.
TEST_P(MixerOf, phones_and_browsers_each_hear_all_others_at_their_level_and_not_themselves) {
  const size_t parties = GetParam();
  const double peak = std::min(kPeak, 30000.0 / static_cast<double>(parties));
  for (size_t i = 0; i < parties; ++i) {
    const Spoken& spoken = kParties[i % kParties.size()];
    world_.join(world_.add(spoken.codec, spoken.phone));
    ConferenceRig::say(leg(i), 300 + 90.0 * static_cast<double>(i), peak);
  }
  world_.advance(2s);
  std::vector<std::vector<int16_t>> voices;
  for (size_t i = 0; i < parties; ++i) {
    const uint32_t rate = leg(i).rate();
    voices.push_back(through(leg(i).codec, rate, kWideband,
                             test::tone(leg(i).hertz, peak, rate + rate / 2, 0, rate)));
  }
  for (size_t i = 0; i < parties; ++i) {
    SCOPED_TRACE(std::string(to_string(leg(i).codec)) + " of " + std::to_string(i));
    const auto sound = ConferenceRig::last_second(leg(i));
    const auto wanted = ideal(i, voices);
    ASSERT_EQ(leg(i).rate(), sound.size());
    const auto level_of = [&](const std::vector<int16_t>& in, size_t speaker) {
      return ConferenceRig::level(leg(i), in, leg(speaker).hertz, peak);
    };
    const auto by_opus = [&](size_t speaker) {
      return leg(i).codec == Codec::Opus || leg(speaker).codec == Codec::Opus;
    };
    double exact = 0, opus = 0;
    for (size_t j = 0; j < parties; ++j) {
      if (i == j) continue;
      double& worst = by_opus(j) ? opus : exact;
      worst = std::max(worst, std::abs(level_of(wanted, j)));
    }
    EXPECT_LT(exact, 0.5);
    EXPECT_LT(opus, 6) << "so coarse that nothing is shown";
    for (size_t j = 0; j < parties; ++j) {
      if (i == j) continue;
      EXPECT_NEAR(level_of(sound, j), 0, by_opus(j) ? opus + 1 : 1) << i << " hears " << j;
    }
    // The noise of the codecs where its own tone would be.
    const double noise = std::max(-30.0, level_of(wanted, i) + 6);
    EXPECT_LT(level_of(sound, i), std::min(noise, -15.0)) << i << " hears itself";
  }
}
INSTANTIATE_TEST_SUITE_P(Parties, MixerOf, ::testing::Values(3, 8, 32));

TEST_F(MixerTest, full_scale_tones_of_32_are_brought_down_together_and_not_clipped) {
  converse(32, 32000);
  const auto sound = ConferenceRig::last_second(leg(0));
  double tones = 0, least = 1e9, most = 0;
  for (size_t j = 1; j < 32; ++j) {
    const double peak = test::peak_at(sound, leg(j).hertz);
    tones += peak * peak / 2;
    least = std::min(least, peak);
    most = std::max(most, peak);
  }
  EXPECT_LT(20 * std::log10(most / least), 2);
  // What clipping or wrapping makes lies between the tones; a gain that moves lies close to them.
  const double all = std::pow(test::rms(sound), 2);
  EXPECT_GT(tones / all, 0.7);
  double between = 0;
  for (size_t j = 1; j < 31; ++j) {
    between = std::max(between, test::peak_at(sound, leg(j).hertz + 45));
  }
  EXPECT_LT(20 * std::log10(between / most), -20);
}

TEST_F(MixerTest, a_third_party_makes_a_mixer_of_the_relay_without_a_click_or_a_gap) {
  Leg& a = world_.add_and_join();
  Leg& b = world_.add_and_join();
  ConferenceRig::say(a, 440, 8000);
  ConferenceRig::say(b, 620, 8000);
  world_.advance(1s);
  EXPECT_FALSE(world_.session.mixes());
  Leg& c = world_.add_and_join();
  world_.advance(1s);
  EXPECT_TRUE(world_.session.mixes());
  for (const auto& [speaker, listener] : {std::pair(&a, &b), std::pair(&b, &a)}) {
    SCOPED_TRACE(listener->id.value);
    expect_unbroken(*listener);
    // Bit for bit what was said; the very first packet may be silence.
    auto got = payloads(*listener);
    got.erase(got.begin(), got.begin() + 320);
    ASSERT_GT(got.size(), 15000u);
    const auto& said = speaker->codes;
    EXPECT_NE(said.end(), std::search(said.begin(), said.end(), got.begin(), got.end()));
    const auto& out = listener->transport.rtp_out;
    Duration longest{0};
    for (size_t i = 1; i < out.size(); ++i) longest = std::max(longest, out[i].at - out[i - 1].at);
    EXPECT_LE(longest, 46ms);
  }
  const auto sound = ConferenceRig::last_second(c);
  EXPECT_NEAR(ConferenceRig::level(c, sound, 440, 8000), 0, 1);
  EXPECT_NEAR(ConferenceRig::level(c, sound, 620, 8000), 0, 1);
}

TEST_F(MixerTest, a_third_party_does_not_break_what_is_transcoded) {
  Leg& a = world_.add_and_join(Codec::Pcmu);
  Leg& b = world_.add_and_join(Codec::Opus);
  ConferenceRig::say(a, 440, 8000);
  ConferenceRig::say(b, 440, 8000);
  world_.advance(1s);
  world_.add_and_join(Codec::Pcma);
  world_.advance(1s);
  for (Leg* listener : {&a, &b}) {
    SCOPED_TRACE(listener->id.value);
    expect_unbroken(*listener, listener == &a ? 160 : 960);
    auto sound = ConferenceRig::heard(*listener);
    sound.erase(sound.begin(), sound.begin() + listener->rate() / 2);
    // A break in a tone shows as energy beside it.
    const double tone = test::peak_at(sound, 440, listener->rate());
    EXPECT_NEAR(20 * std::log10(tone / 8000), 0, 1);
    EXPECT_GT(tone * tone / 2 / std::pow(test::rms(sound), 2), 0.98);
  }
}

TEST_F(MixerTest, two_that_remain_are_relayed_again_after_two_seconds) {
  Leg& a = world_.add_and_join();
  Leg& b = world_.add_and_join();
  Leg& c = world_.add_and_join();
  ConferenceRig::say(a, 440, 8000);
  ConferenceRig::say(b, 620, 8000);
  world_.advance(1s);
  world_.leave(c);
  world_.advance(1900ms);
  EXPECT_TRUE(world_.session.mixes());
  world_.advance(1200ms);
  EXPECT_FALSE(world_.session.mixes());
  world_.advance(500ms);
  // A relay sends a packet on when it comes, and as it comes.
  const auto& out = b.transport.rtp_out;
  EXPECT_EQ(
      a.phase_ms,
      to_ms(out.back().at - (world_.clock.now() - std::chrono::milliseconds(world_.now_ms))) % 20);
  EXPECT_TRUE(std::equal(out.back().payload.rbegin(), out.back().payload.rend(), a.codes.rbegin()));
  for (size_t i = 1; i < out.size(); ++i) {
    ASSERT_EQ(static_cast<uint16_t>(out[i - 1].header.sequence + 1), out[i].header.sequence);
    ASSERT_EQ(out[i - 1].header.timestamp + 160, out[i].header.timestamp);
    ASSERT_LE(out[i].at - out[i - 1].at, 45ms);
  }
}

// What waited of an uneven packet when the mixer ended leaves in a short one: sample by sample,
// what is heard is what was said.
TEST_F(MixerTest, nothing_is_cut_when_a_mixer_becomes_a_relay) {
  for (const Duration ptime : {10ms, 20ms, 30ms}) {
    SCOPED_TRACE(to_ms(ptime));
    ConferenceRig world;
    Leg& a = world.add_and_join();
    Leg& b = world.add_and_join();
    Leg& c = world.add_and_join();
    a.ptime = ptime;
    a.phase_ms = static_cast<int>(7 % to_ms(ptime));
    ConferenceRig::say(a, 440, 8000);
    ConferenceRig::say(b, 620, 8000);
    world.advance(1s);
    const auto settled = static_cast<ptrdiff_t>(payloads(b).size());
    world.leave(c);
    world.advance(4s);
    ASSERT_FALSE(world.session.mixes());
    auto got = payloads(b);
    got.erase(got.begin(), got.begin() + settled);
    ASSERT_GT(got.size(), 30000u);
    EXPECT_NE(a.codes.end(), std::search(a.codes.begin(), a.codes.end(), got.begin(), got.end()));
    const auto& out = b.transport.rtp_out;
    for (size_t i = 11; i < out.size(); ++i) {
      const auto units = static_cast<uint32_t>(out[i - 1].payload.size());
      ASSERT_EQ(out[i - 1].header.timestamp + units, out[i].header.timestamp) << i;
      ASSERT_EQ(static_cast<uint16_t>(out[i - 1].header.sequence + 1), out[i].header.sequence) << i;
      ASSERT_FALSE(out[i].header.marker) << i;
    }
  }
}

TEST_F(MixerTest, opus_goes_on_without_a_gap_when_a_mixer_becomes_a_relay) {
  Leg& a = world_.add_and_join(Codec::Opus);
  Leg& b = world_.add_and_join(Codec::Opus);
  Leg& c = world_.add_and_join(Codec::Opus);
  a.ptime = 10ms;
  a.phase_ms = 3;
  ConferenceRig::say(a, 440, 8000);
  world_.advance(1s);
  world_.leave(c);
  world_.advance(4s);
  ASSERT_FALSE(world_.session.mixes());
  const auto& out = b.transport.rtp_out;
  for (size_t i = 51; i < out.size(); ++i) {
    const auto units = static_cast<uint32_t>(opus_samples(out[i - 1].payload, 48000));
    ASSERT_EQ(out[i - 1].header.timestamp + units, out[i].header.timestamp) << i;
    ASSERT_FALSE(out[i].header.marker) << i;
  }
  auto sound = ConferenceRig::heard(b);
  sound.erase(sound.begin(), sound.begin() + b.rate());
  // Its phase moves, because one coder less looks ahead, and for a few milliseconds a decoder
  // blends what two coders said; but nowhere is there a hole.
  const double said = 8000 / std::numbers::sqrt2;
  double least = said, most = said;
  for (size_t at = 0; at + 80 <= sound.size(); at += 80) {  // 5 ms, 2.2 periods.
    const double heard = test::rms(std::span(sound).subspan(at, 80));
    least = std::min(least, heard);
    most = std::max(most, heard);
  }
  EXPECT_GT(20 * std::log10(least / said), -10);
  EXPECT_LT(20 * std::log10(most / said), 3);
}

TEST_F(MixerTest, who_comes_back_within_two_seconds_finds_the_mixer) {
  for (int i = 0; i < 3; ++i) world_.add_and_join();
  world_.advance(1s);
  world_.leave(leg(2));
  world_.advance(1500ms);
  world_.join(leg(2));
  world_.advance(1500ms);
  EXPECT_TRUE(world_.session.mixes());
  world_.leave(leg(2));
  world_.advance(1500ms);
  EXPECT_TRUE(world_.session.mixes());
}

TEST_F(MixerTest, a_muted_party_is_not_heard_and_hears_on) {
  converse(3, kPeak);
  leg(0).port.set_muted(true, world_.clock.now());
  world_.advance(1500ms);
  EXPECT_LT(ConferenceRig::level(leg(1), ConferenceRig::last_second(leg(1)), leg(0).hertz, kPeak),
            -40);
  EXPECT_NEAR(ConferenceRig::level(leg(1), ConferenceRig::last_second(leg(1)), leg(2).hertz, kPeak),
              0, 1);
  EXPECT_NEAR(ConferenceRig::level(leg(0), ConferenceRig::last_second(leg(0)), leg(1).hertz, kPeak),
              0, 1);
}

TEST_F(MixerTest, a_held_party_is_out_of_the_mix_and_the_others_go_on) {
  converse(3, kPeak);
  leg(0).port.set_held(true, world_.clock.now());
  world_.advance(1500ms);
  const size_t before = leg(0).transport.rtp_out.size();
  world_.advance(500ms);
  EXPECT_EQ(before, leg(0).transport.rtp_out.size());
  const auto sound = ConferenceRig::last_second(leg(1));
  EXPECT_LT(ConferenceRig::level(leg(1), sound, leg(0).hertz, kPeak), -40);
  EXPECT_NEAR(ConferenceRig::level(leg(1), sound, leg(2).hertz, kPeak), 0, 1);
  leg(0).port.set_held(false, world_.clock.now());
  world_.advance(1500ms);
  EXPECT_NEAR(ConferenceRig::level(leg(0), ConferenceRig::last_second(leg(0)), leg(2).hertz, kPeak),
              0, 1);
}

TEST_F(MixerTest, keys_of_one_reach_every_other_once) {
  for (int i = 0; i < 3; ++i) world_.add_and_join();
  world_.advance(200ms);
  TelephoneEvent key{.event = 5, .duration = 800};
  world_.receive(leg(0), 101, key.bytes(), 8000);
  world_.advance(20ms);
  key.end = true;
  for (int i = 0; i < 3; ++i) world_.receive(leg(0), 101, key.bytes(), 8000);
  world_.advance(600ms);
  for (size_t i = 0; i < 3; ++i) {
    std::set<uint32_t> keys;
    for (const auto& sent : leg(i).transport.rtp_out) {
      if (sent.header.payload_type == 101) keys.insert(sent.header.timestamp);
    }
    EXPECT_EQ(i == 0 ? 0u : 1u, keys.size()) << i;
  }
}

TEST_F(MixerTest, the_mix_is_wideband_as_soon_as_one_can_hear_it) {
  Leg& narrow = world_.add_and_join(Codec::Pcmu);
  Leg& wide = world_.add_and_join(Codec::G722);
  Leg& speaker = world_.add_and_join(Codec::G722);
  ConferenceRig::say(speaker, 5000, 4000);
  ConferenceRig::say(narrow, 1000, 4000);
  world_.advance(2s);
  const auto sound = ConferenceRig::last_second(wide);
  EXPECT_NEAR(ConferenceRig::level(wide, sound, 5000, 4000), 0, 1);
  EXPECT_NEAR(ConferenceRig::level(wide, sound, 1000, 4000), 0, 1);
  // What G.711 cannot hold does not come back as another tone.
  EXPECT_LT(test::peak_at(ConferenceRig::last_second(narrow), 3000), 100);
  EXPECT_NEAR(ConferenceRig::level(speaker, ConferenceRig::last_second(speaker), 1000, 4000), 0, 1);
}

TEST_F(MixerTest, listeners_of_one_codec_are_told_by_one_encoder) {
  for (int i = 0; i < 6; ++i) world_.add_and_join(i == 0 ? Codec::Pcmu : Codec::Opus);
  ConferenceRig::say(leg(0), 700, 8000);
  world_.advance(2s);
  const auto& first = leg(1).transport.rtp_out;
  for (size_t i = 2; i < 6; ++i) {
    const auto& out = leg(i).transport.rtp_out;
    ASSERT_EQ(first.back().payload, out.back().payload);
    EXPECT_NE(first.back().header.ssrc, out.back().header.ssrc);
    expect_unbroken(leg(i), 960);
  }
}

TEST_F(MixerTest, a_listener_who_begins_to_speak_hears_no_break) {
  for (int i = 0; i < 6; ++i) world_.add_and_join(i == 0 ? Codec::Pcmu : Codec::Opus);
  ConferenceRig::say(leg(0), 700, 8000);
  world_.advance(2s);
  ConferenceRig::say(leg(1), 440, 8000);  // It led.
  ConferenceRig::say(leg(3), 520, 8000);  // It followed.
  world_.advance(500ms);
  ASSERT_NE(leg(1).transport.rtp_out.back().payload, leg(2).transport.rtp_out.back().payload);
  // Each hears a tone that goes on: nothing beside the tones that were said.
  for (const size_t i : {1u, 2u, 3u}) {
    const auto sound = ConferenceRig::heard(leg(i));
    const size_t rate = leg(i).rate();
    const size_t around = 2 * rate;
    for (size_t from = around - rate / 5; from + rate / 10 <= around + rate / 5;
         from += rate / 10) {
      const auto part = std::span(sound).subspan(from, rate / 10);
      EXPECT_NEAR(20 * std::log10(test::peak_at(part, 700, static_cast<double>(rate)) / 8000), 0, 1)
          << i << " at " << from;
    }
  }
}

TEST_F(MixerTest, the_leader_of_a_group_may_leave) {
  for (int i = 0; i < 6; ++i) world_.add_and_join(i == 0 ? Codec::Pcmu : Codec::Opus);
  ConferenceRig::say(leg(0), 700, 8000);
  world_.advance(1s);
  world_.leave(leg(1));
  world_.advance(1s);
  EXPECT_EQ(leg(2).transport.rtp_out.back().payload, leg(5).transport.rtp_out.back().payload);
  const auto sound = ConferenceRig::heard(leg(2));
  const auto all = std::span(sound).subspan(leg(2).rate() / 2);
  const double tone = test::peak_at(all, 700, leg(2).rate());
  EXPECT_GT(tone * tone / 2 / std::pow(test::rms(all), 2), 0.98);
}

TEST_F(MixerTest, each_who_speaks_is_told_of_once_and_again_when_it_ends) {
  for (int i = 0; i < 3; ++i) world_.add_and_join();
  const auto told = [&](size_t i) {
    std::vector<bool> changes;
    for (const auto& event : world_.of<SpeakingChanged>()) {
      if (event.port == leg(i).id) changes.push_back(event.speaks);
    }
    return changes;
  };
  ConferenceRig::say(leg(0), 500, 2000);
  world_.advance(1s);
  EXPECT_EQ(std::vector<bool>{true}, told(0));
  EXPECT_TRUE(world_.session.speaks(leg(0).id));
  EXPECT_FALSE(world_.session.speaks(leg(1).id));
  ConferenceRig::say(leg(1), 700, 300);  // Softer, at the same time.
  world_.advance(1s);
  EXPECT_EQ(std::vector<bool>{true}, told(0));
  EXPECT_EQ(std::vector<bool>{true}, told(1));
  ConferenceRig::say(leg(0), 500, 0);
  world_.advance(300ms);
  EXPECT_EQ(std::vector<bool>{true}, told(0)) << "a pause between words ends nothing";
  world_.advance(1s);
  EXPECT_EQ((std::vector<bool>{true, false}), told(0));
  EXPECT_EQ(std::vector<bool>{true}, told(1));
  EXPECT_TRUE(told(2).empty());
}

TEST_F(MixerTest, of_two_who_are_left_nobody_is_said_to_speak) {
  for (int i = 0; i < 3; ++i) world_.add_and_join();
  ConferenceRig::say(leg(0), 500, 2000);
  world_.advance(1s);
  world_.leave(leg(2));
  world_.advance(4s);
  ASSERT_FALSE(world_.session.mixes());
  ASSERT_EQ(2u, world_.of<SpeakingChanged>().size());
  EXPECT_FALSE(world_.of<SpeakingChanged>()[1].speaks);
}

TEST_F(MixerTest, noise_of_those_who_say_nothing_is_left_out_of_a_large_conference) {
  for (int i = 0; i < 6; ++i) world_.add_and_join();
  ConferenceRig::say(leg(0), 500, 8000);
  ConferenceRig::say(leg(1), 900, 60);
  world_.advance(2s);
  EXPECT_LT(test::peak_at(ConferenceRig::last_second(leg(0)), 900), 5);
  world_.leave(leg(5));
  world_.leave(leg(4));
  world_.advance(2s);
  EXPECT_GT(test::peak_at(ConferenceRig::last_second(leg(0)), 900), 40);
}

TEST_F(MixerTest, a_merged_conversation_goes_on_without_a_gap) {
  MediaSession other{SessionId{2}, world_.earliest, world_};
  Leg& a = world_.add_and_join();
  Leg& b = world_.add_and_join();
  Leg& c = world_.add();
  Leg& d = world_.add();
  other.join(c.id, c.port, world_.clock.now());
  other.join(d.id, d.port, world_.clock.now());
  for (size_t i = 0; i < 4; ++i)
    ConferenceRig::say(leg(i), 400 + 200.0 * static_cast<double>(i), 4000);
  world_.advance(1s);
  world_.session.take_over(other, world_.clock.now());
  EXPECT_EQ(0u, other.size());
  EXPECT_EQ(4u, world_.session.size());
  world_.advance(1500ms);
  for (Leg* listener : {&a, &b, &c, &d}) {
    expect_unbroken(*listener);
    const auto sound = ConferenceRig::last_second(*listener);
    for (const auto& speaker : world_.legs) {
      if (speaker.get() == listener) continue;
      EXPECT_NEAR(ConferenceRig::level(*listener, sound, speaker->hertz, 4000), 0, 1);
    }
  }
}

TEST_F(MixerTest, a_loop_that_stood_still_leaves_a_gap_and_no_burst) {
  converse(3, kPeak);
  const size_t before = leg(0).transport.rtp_out.size();
  world_.clock.advance(1s);
  world_.run_timers();
  EXPECT_LE(leg(0).transport.rtp_out.size() - before, 3u);  // The port bridged the pause by one.
}

}  // namespace
}  // namespace gw::media
