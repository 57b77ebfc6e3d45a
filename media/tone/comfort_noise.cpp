#include "media/tone/comfort_noise.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <vector>

#include "base/assert.h"
#include "media/codec/codec.h"

namespace gw::media {
namespace {

constexpr double kOverload = 32768;  // The RMS of 0 dBov.

double rms_of(NoiseLevel level) {
  return kOverload * std::pow(10.0, -static_cast<double>(level) / 20);
}

// ---- Opus ----

constexpr NoiseLevel kLoudest = 24, kQuietest = 78, kStep = 3;
constexpr size_t kLevels = (kQuietest - kLoudest) / kStep + 1;
constexpr size_t kTurns = 8;
constexpr size_t kSettle = 12;  // Frames until an encoder has found its gains.

using Frames = std::array<std::vector<std::byte>, kTurns>;

struct Encoded {
  Frames frames;
  NoiseLevel heard = kNoNoise;  // Of what a decoder makes of them.
};

Encoded encoded(NoiseLevel level) {
  const auto encoder = make_encoder(Codec::Opus, kNarrowband, {.bitrate = 12000});
  const auto decoder = make_decoder(Codec::Opus, kNarrowband);
  GW_ASSERT(encoder && decoder);
  NoiseGenerator noise;
  std::array<int16_t, kSamplesPer20Ms> pcm;
  std::array<int16_t, kTurns * kSamplesPer20Ms> heard;
  std::array<std::byte, kMaxEncodedFrame> out;
  Encoded result;
  for (size_t i = 0; i < kSettle + kTurns; ++i) {
    noise.generate(level, pcm);
    const auto frame = std::span(out).first(encoder->encode(pcm, out));
    GW_ASSERT(decoder->decode(frame, pcm) == pcm.size());
    if (i < kSettle) continue;
    result.frames[i - kSettle].assign(frame.begin(), frame.end());
    std::ranges::copy(pcm, heard.begin() + static_cast<ptrdiff_t>((i - kSettle) * pcm.size()));
  }
  result.heard = noise_level_of(heard);
  return result;
}

// Opus makes noise some 4 dB quieter than it was, so it is said louder.
Frames frames_of(NoiseLevel level) {
  const NoiseLevel heard = encoded(level).heard;
  return encoded(static_cast<NoiseLevel>(std::clamp(2 * level - heard, 0, 127))).frames;
}

std::array<Frames, kLevels> all_frames() {
  std::array<Frames, kLevels> all;
  for (size_t i = 0; i < kLevels; ++i) {
    all[i] = frames_of(static_cast<NoiseLevel>(kLoudest + i * kStep));
  }
  return all;
}

}  // namespace

NoiseLevel noise_level_of(std::span<const int16_t> pcm) {
  double sum = 0;
  for (const int16_t s : pcm) sum += static_cast<double>(s) * s;
  if (sum == 0) return kNoNoise;
  const double rms = std::sqrt(sum / static_cast<double>(pcm.size()));
  const double level = -20 * std::log10(rms / kOverload);
  return static_cast<NoiseLevel>(std::lrint(std::clamp<double>(level, 0, kNoNoise)));
}

void NoiseGenerator::generate(NoiseLevel level, std::span<int16_t> out) {
  if (level >= kNoNoise) {
    std::ranges::fill(out, int16_t{0});
    return;
  }
  // A flat distribution from -a to a has an RMS of a / sqrt(3).
  const double peak = std::min(rms_of(level) * std::sqrt(3.0), 32767.0);
  for (int16_t& sample : out) {
    state_ ^= state_ << 13;  // xorshift32
    state_ ^= state_ >> 17;
    state_ ^= state_ << 5;
    sample = static_cast<int16_t>(std::lrint(static_cast<int32_t>(state_) / 2147483648.0 * peak));
  }
}

std::span<const std::byte> opus_noise(NoiseLevel level, unsigned turn) {
  static const std::array<Frames, kLevels> kFrames = all_frames();
  const NoiseLevel within = std::clamp(level, kLoudest, kQuietest);
  return kFrames[static_cast<size_t>(within - kLoudest + kStep / 2) / kStep][turn % kTurns];
}

}  // namespace gw::media
