#include "media/tone/clip.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <numeric>

#include "media/codec/codec.h"
#include "media/wire/wav.h"

namespace gw::media {
namespace {

constexpr int kZeroCrossings = 16;  // Each side of the kernel, at the lower of the two rates.

// Blackman, over -1..1.
double window(double x) {
  if (std::abs(x) >= 1) return 0;
  const double phase = std::numbers::pi * (x + 1);
  return 0.42 - 0.5 * std::cos(phase) + 0.08 * std::cos(2 * phase);
}

double sinc(double x) {
  if (std::abs(x) < 1e-9) return 1;
  return std::sin(std::numbers::pi * x) / (std::numbers::pi * x);
}

// One row of taps for each place between two samples that an output sample can fall on.
struct Kernel {
  Kernel(uint32_t from, uint32_t to) {
    const uint32_t common = std::gcd(from, to);
    up = to / common;
    down = from / common;
    const double scale = std::min(1.0, static_cast<double>(to) / from);
    reach = static_cast<int>(std::ceil(kZeroCrossings / scale));
    const size_t taps = 2 * static_cast<size_t>(reach);
    rows.resize(up * taps);
    for (uint32_t phase = 0; phase < up; ++phase) {
      const double offset = static_cast<double>(phase) / up;
      double sum = 0;
      for (size_t i = 0; i < taps; ++i) {
        const double x = static_cast<double>(i) - reach + 1 - offset;
        const double tap = scale * sinc(scale * x) * window(x / reach);
        rows[phase * taps + i] = static_cast<float>(tap);
        sum += tap;
      }
      for (size_t i = 0; i < taps; ++i) rows[phase * taps + i] /= static_cast<float>(sum);
    }
  }

  uint32_t up = 1, down = 1;
  int reach = 0;
  std::vector<float> rows;
};

}  // namespace

std::vector<int16_t> resampled(std::span<const int16_t> pcm, uint32_t from, uint32_t to) {
  if (from == to) return {pcm.begin(), pcm.end()};
  const Kernel kernel(from, to);
  const auto size = static_cast<int64_t>(pcm.size());
  const size_t taps = 2 * static_cast<size_t>(kernel.reach);
  std::vector<int16_t> out(pcm.size() * kernel.up / kernel.down);
  for (size_t n = 0; n < out.size(); ++n) {
    const uint64_t place = static_cast<uint64_t>(n) * kernel.down;
    const auto at = static_cast<int64_t>(place / kernel.up);
    const float* row = &kernel.rows[place % kernel.up * taps];
    const int64_t first = at - kernel.reach + 1;
    float sum = 0;
    for (size_t i = 0; i < taps; ++i) {
      const int64_t index = first + static_cast<int64_t>(i);
      if (index >= 0 && index < size)
        sum += row[i] * static_cast<float>(pcm[static_cast<size_t>(index)]);
    }
    out[n] = static_cast<int16_t>(std::lrintf(std::clamp(sum, -32768.0f, 32767.0f)));
  }
  return out;
}

std::span<const int16_t> Clip::at(uint32_t rate) const {
  return rate == kWideband ? std::span(wide) : std::span(narrow);
}

Duration Clip::length() const {
  return std::chrono::nanoseconds(1s) * static_cast<int64_t>(narrow.size()) / kNarrowband;
}

Result<ClipPtr> read_clip(std::span<const std::byte> file) {
  constexpr uint32_t kFastest = 48000;
  const auto most =
      static_cast<size_t>(std::chrono::duration_cast<std::chrono::seconds>(kLongestClip).count());
  const auto wav = wire::parse_wav(file, most * kFastest);
  if (!wav) return tl::unexpected(wav.error());
  if (wav->samples.size() > most * wav->rate) {
    return fail(ErrorCode::InvalidArgument, "the WAV file is longer than ten minutes");
  }
  auto clip = std::make_shared<Clip>();
  clip->narrow = resampled(wav->samples, wav->rate, kNarrowband);
  clip->wide = resampled(wav->samples, wav->rate, kWideband);
  return ClipPtr(std::move(clip));
}

}  // namespace gw::media
