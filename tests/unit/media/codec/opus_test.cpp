#include "media/codec/opus.h"

#include <gtest/gtest.h>
#include <opus.h>

#include <vector>

#include "tests/unit/support/bytes.h"
#include "tests/unit/support/fixed_random.h"
#include "tests/unit/support/tone.h"

namespace gw::media {
namespace {

using Payload = std::vector<std::byte>;

Payload encode(AudioEncoder& encoder, std::span<const int16_t> pcm) {
  Payload out(kMaxEncodedFrame);
  out.resize(encoder.encode(pcm, out));
  return out;
}

TEST(Opus, a_tone_survives_at_its_level_in_every_frame_size) {
  for (const size_t frame : {80u, 160u, 320u, 480u}) {
    const auto encoder = make_encoder(Codec::Opus, kNarrowband);
    const auto decoder = make_decoder(Codec::Opus, kNarrowband);
    const auto sound = test::tone(600, 8000, 9600);
    std::vector<int16_t> heard;
    for (size_t at = 0; at < sound.size(); at += frame) {
      const Payload payload = encode(*encoder, std::span(sound).subspan(at, frame));
      ASSERT_FALSE(payload.empty());
      EXPECT_EQ(decoder->samples_in(payload), frame);
      std::vector<int16_t> pcm(frame);
      ASSERT_EQ(decoder->decode(payload, pcm), frame);
      heard.insert(heard.end(), pcm.begin(), pcm.end());
    }
    const auto settled = std::span(heard).subspan(4800);
    EXPECT_NEAR(test::peak_at(settled, 600), 8000, 1600) << frame;
    EXPECT_LT(test::peak_at(settled, 1400), 400) << frame;
  }
}

TEST(Opus, keeps_to_its_bit_rate) {
  OpusSettings settings;
  settings.bitrate = 24000;
  const auto encoder = make_encoder(Codec::Opus, kNarrowband, settings);
  test::FixedRandom random;
  size_t total = 0;
  for (int i = 0; i < 100; ++i) {
    std::array<int16_t, 160> noise;
    for (int16_t& s : noise) s = static_cast<int16_t>(random.u32() % 8000) - 4000;
    total += encode(*encoder, noise).size();
  }
  EXPECT_NEAR(static_cast<double>(total * 8) / 2, 24000, 4000);
}

TEST(Opus, a_browsers_48_khz_stream_decodes_at_8_khz) {
  OpusEncoder* raw = opus_encoder_create(48000, 2, OPUS_APPLICATION_AUDIO, nullptr);
  ASSERT_NE(raw, nullptr);
  const auto decoder = make_decoder(Codec::Opus, kNarrowband);
  std::vector<int16_t> heard;
  for (size_t frame = 0; frame < 30; ++frame) {
    std::vector<int16_t> stereo(2 * 960);
    for (size_t i = 0; i < 960; ++i) {
      const double t = static_cast<double>(frame * 960 + i) / 48000;
      const double s = 8000 * std::sin(2 * std::numbers::pi * 600 * t);
      stereo[2 * i] = stereo[2 * i + 1] = static_cast<int16_t>(s);
    }
    Payload payload(1276);
    const int size = opus_encode(raw, stereo.data(), 960,
                                 reinterpret_cast<unsigned char*>(payload.data()), 1276);
    ASSERT_GT(size, 0);
    payload.resize(static_cast<size_t>(size));
    std::array<int16_t, 160> pcm;
    ASSERT_EQ(decoder->decode(payload, pcm), 160u);
    heard.insert(heard.end(), pcm.begin(), pcm.end());
  }
  opus_encoder_destroy(raw);
  EXPECT_NEAR(test::peak_at(std::span(heard).subspan(1600), 600), 8000, 800);
}

TEST(Opus, a_lost_frame_is_concealed_and_long_loss_fades) {
  const auto encoder = make_encoder(Codec::Opus, kNarrowband);
  const auto decoder = make_decoder(Codec::Opus, kNarrowband);
  const auto sound = test::tone(300, 8000, 3200);
  std::array<int16_t, 160> pcm;
  for (size_t at = 0; at < sound.size(); at += 160) {
    decoder->decode(encode(*encoder, std::span(sound).subspan(at, 160)), pcm);
  }
  ASSERT_EQ(decoder->conceal(pcm), 160u);
  EXPECT_GT(test::rms(pcm), 2000);
  for (int i = 0; i < 50; ++i) decoder->conceal(pcm);
  EXPECT_LT(test::rms(pcm), 300);
}

// Speech-like: pitch pulses through a resonance, so that SILK spends its redundancy.
std::vector<int16_t> vowel(size_t samples) {
  std::vector<int16_t> out(samples);
  double a = 0, b = 0;
  for (size_t i = 0; i < samples; ++i) {
    const double x = i % 67 == 0 ? 12000 : 0;
    const double y = x + 1.6 * a - 0.81 * b;
    b = a;
    a = y;
    out[i] = static_cast<int16_t>(std::clamp(y / 4, -30000.0, 30000.0));
  }
  return out;
}

double difference(std::span<const int16_t> a, std::span<const int16_t> b) {
  std::vector<int16_t> d(a.size());
  for (size_t i = 0; i < a.size(); ++i) d[i] = static_cast<int16_t>((a[i] - b[i]) / 2);
  return test::rms(d);
}

TEST(Opus, fec_restores_a_frame_that_concealment_cannot_know) {
  // The lost frame is the first of a new sound: only the successor's redundancy can tell of it.
  OpusSettings settings;
  settings.fec = true;
  const auto encoder = make_encoder(Codec::Opus, kNarrowband, settings);
  encoder->set_expected_loss(20);
  const auto with_fec = make_decoder(Codec::Opus, kNarrowband);
  const auto without = make_decoder(Codec::Opus, kNarrowband);
  const auto whole = make_decoder(Codec::Opus, kNarrowband);
  std::vector<int16_t> sound(1600, 0);
  const auto voice = vowel(1600);
  sound.insert(sound.end(), voice.begin(), voice.end());
  std::vector<Payload> packets;
  for (size_t at = 0; at < sound.size(); at += 160) {
    packets.push_back(encode(*encoder, std::span(sound).subspan(at, 160)));
  }
  constexpr size_t kLost = 11;
  std::array<int16_t, 160> truth, recovered, concealed;
  for (size_t i = 0; i < kLost; ++i) {
    whole->decode(packets[i], truth);
    with_fec->decode(packets[i], recovered);
    without->decode(packets[i], concealed);
  }
  whole->decode(packets[kLost], truth);
  ASSERT_EQ(with_fec->recover(packets[kLost + 1], recovered, 0), 160u);
  ASSERT_EQ(without->conceal(concealed), 160u);
  EXPECT_GT(test::rms(truth), 200);
  EXPECT_LT(difference(truth, recovered), difference(truth, concealed));
}

// The LBRR flag of a mono SILK frame: the bit behind its VAD bit (RFC 6716 4.2.3).
bool has_redundancy(const Payload& payload) {
  return payload.size() > 1 && (std::to_integer<unsigned>(payload[1]) & 0x40) != 0;
}

size_t frames_with_redundancy(AudioEncoder& encoder) {
  // Syllables of 100 ms: to a voice detector, one long vowel is noise.
  const auto sound = vowel(800);
  const std::vector<int16_t> pause(800, 0);
  size_t count = 0;
  for (int syllable = 0; syllable < 10; ++syllable) {
    for (const auto* part : {&sound, &pause}) {
      for (size_t at = 0; at < part->size(); at += 160) {
        count += has_redundancy(encode(encoder, std::span(*part).subspan(at, 160)));
      }
    }
  }
  return count;
}

TEST(Opus, fec_comes_and_goes_with_reported_loss) {
  const auto encoder = make_encoder(Codec::Opus, kNarrowband);
  EXPECT_EQ(frames_with_redundancy(*encoder), 0u);
  encoder->set_expected_loss(4);
  EXPECT_EQ(frames_with_redundancy(*encoder), 0u);
  encoder->set_expected_loss(10);
  EXPECT_GT(frames_with_redundancy(*encoder), 20u);
  encoder->set_expected_loss(4);  // Not off and on with every report.
  EXPECT_GT(frames_with_redundancy(*encoder), 20u);
  encoder->set_expected_loss(1);
  frames_with_redundancy(*encoder);
  EXPECT_EQ(frames_with_redundancy(*encoder), 0u);
}

TEST(Opus, redundancy_is_seen_in_every_frame_size) {
  for (const bool fec : {false, true}) {
    for (const Duration length : {10ms, 20ms, 40ms, 60ms}) {
      OpusSettings settings;
      settings.fec = fec;
      const auto encoder = make_encoder(Codec::Opus, kNarrowband, settings);
      const auto decoder = make_decoder(Codec::Opus, kNarrowband);
      const size_t samples = samples_for(length, kNarrowband);
      std::array<std::byte, kMaxEncodedFrame> out;
      size_t seen = 0;
      for (size_t f = 0; f < 40; ++f) {
        const auto pcm =
            test::tone(180 + 40 * static_cast<double>(f % 3), 9000, samples, f * samples);
        const size_t size = encoder->encode(pcm, out);
        seen += decoder->restores(std::span(out).first(size)) ? 1 : 0;
      }
      if (fec) {
        EXPECT_GT(seen, 20u) << length.count();
      } else {
        EXPECT_EQ(0u, seen) << length.count();
      }
    }
  }
}

TEST(Opus, recover_without_redundancy_conceals) {
  const auto encoder = make_encoder(Codec::Opus, kNarrowband);
  const auto decoder = make_decoder(Codec::Opus, kNarrowband);
  const auto sound = test::tone(300, 8000, 1600);
  std::array<int16_t, 160> pcm;
  Payload payload;
  for (size_t at = 0; at < sound.size(); at += 160) {
    payload = encode(*encoder, std::span(sound).subspan(at, 160));
    decoder->decode(payload, pcm);
  }
  EXPECT_EQ(decoder->recover(payload, pcm, 0), 160u);
  EXPECT_GT(test::rms(pcm), 2000);
  EXPECT_EQ(decoder->recover({}, pcm, 0), 160u);
}

TEST(Opus, refuses_what_is_no_frame) {
  const auto encoder = make_encoder(Codec::Opus, kNarrowband);
  const auto decoder = make_decoder(Codec::Opus, kNarrowband);
  std::array<int16_t, 161> odd{};
  std::array<std::byte, 1276> room;
  EXPECT_EQ(encoder->encode(odd, room), 0u);
  EXPECT_EQ(encoder->encode({}, room), 0u);
  std::array<int16_t, 160> pcm;
  EXPECT_EQ(decoder->decode({}, pcm), 0u);
  EXPECT_EQ(opus_samples({}, kNarrowband), 0u);
  EXPECT_EQ(opus_samples(test::bytes({0x03, 0x3f}), kNarrowband), 0u);  // 63 frames.
  // A packet longer than the room is refused, not cut.
  const auto big = make_encoder(Codec::Opus, kNarrowband);
  std::vector<int16_t> sixty(480, 100);
  Payload payload(1276);
  payload.resize(big->encode(sixty, payload));
  EXPECT_EQ(decoder->decode(payload, pcm), 0u);
}

TEST(Opus, random_payloads_never_crash) {
  test::FixedRandom random;
  const auto decoder = make_decoder(Codec::Opus, kNarrowband);
  std::array<int16_t, kMaxFrameSamples> pcm;
  for (int i = 0; i < 3000; ++i) {
    Payload payload(random.u32() % 100);
    random.fill(payload);
    EXPECT_LE(decoder->decode(payload, pcm), pcm.size());
    if (i % 3 == 0) decoder->recover(payload, std::span(pcm).first(160), 0);
    if (i % 7 == 0) decoder->conceal(std::span(pcm).first(160));
  }
}

TEST(Codec, names_and_numbers_are_those_of_the_registry) {
  EXPECT_EQ(descriptor(Codec::Pcmu).static_payload_type, 0);
  EXPECT_EQ(descriptor(Codec::Pcma).static_payload_type, 8);
  EXPECT_EQ(descriptor(Codec::Opus).rtp_clock, 48000u);
  EXPECT_EQ(rtp_units(160, kNarrowband, 48000), 960u);
  EXPECT_EQ(rtp_units(160, kNarrowband, 8000), 160u);
  EXPECT_EQ(codec_named("OPUS"), Codec::Opus);
  EXPECT_EQ(codec_named("pcmu"), Codec::Pcmu);
  EXPECT_FALSE(codec_named("G729"));
  EXPECT_FALSE(codec_named(""));
}

}  // namespace
}  // namespace gw::media
