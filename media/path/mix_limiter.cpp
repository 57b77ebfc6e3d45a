#include "media/path/mix_limiter.h"

#include <algorithm>
#include <array>
#include <cstdlib>

namespace gw::media {
namespace {

constexpr size_t kBlocks = 8;  // 2.5 ms each.
constexpr float kTop = 32767;
constexpr float kRelease = 1.006F;  // A block: 6 dB in 300 ms.

int32_t peak_of(std::span<const int32_t> sum) {
  int32_t peak = 0;
  for (const int32_t sample : sum) peak = std::max(peak, std::abs(sample));
  return peak;
}

int16_t narrowed(float sample) {
  return static_cast<int16_t>(std::clamp(sample, -32768.0F, 32767.0F));
}

}  // namespace

void MixLimiter::process(std::span<const int32_t> sum, std::span<int16_t> out) {
  const size_t length = sum.size() / kBlocks;
  std::array<float, kBlocks> most;  // The gain that a block bears.
  bool fits = gain_ >= 1;
  for (size_t b = 0; b < kBlocks; ++b) {
    const int32_t peak = peak_of(sum.subspan(b * length, length));
    most[b] = peak > static_cast<int32_t>(kTop) ? kTop / static_cast<float>(peak) : 1;
    fits = fits && most[b] >= 1;
  }
  if (fits) {
    std::ranges::transform(sum, out.begin(), [](int32_t s) { return static_cast<int16_t>(s); });
    return;
  }
  for (size_t b = 0; b < kBlocks; ++b) {
    // At its end a block has come down to what its successor bears. What the last block of the
    // frame before could not know is met within a quarter of the first.
    const float from = gain_;
    const float next = b + 1 < kBlocks ? most[b + 1] : 1;
    const float to = std::min({gain_ * kRelease, most[b], next, 1.0F});
    const size_t ramp = from > most[b] ? length / 4 : length;
    for (size_t i = 0; i < length; ++i) {
      const float done = i + 1 >= ramp ? 1 : static_cast<float>(i + 1) / static_cast<float>(ramp);
      const size_t at = b * length + i;
      out[at] = narrowed(static_cast<float>(sum[at]) * (from + (to - from) * done));
    }
    gain_ = to;
  }
}

}  // namespace gw::media
