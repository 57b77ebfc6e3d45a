#include "media/path/speech_meter.h"

namespace gw::media {
namespace {

constexpr double kFullScale = 32768.0 * 32768.0;
constexpr double kOn = kFullScale * 1e-5;     // -50 dB.
constexpr double kOff = kFullScale * 3.2e-6;  // -55 dB.
constexpr double kSmoothing = 0.1;

}  // namespace

void SpeechMeter::measure(std::span<const int16_t> pcm) {
  int64_t sum = 0;
  for (const int16_t sample : pcm) sum += static_cast<int64_t>(sample) * sample;
  take(pcm.empty() ? 0 : static_cast<double>(sum) / static_cast<double>(pcm.size()));
}

void SpeechMeter::take(double energy) {
  level_ += (energy - level_) * kSmoothing;
  quiet_ = energy < kOff ? quiet_ + 1 : 0;
  if (energy >= kOn) active_ = true;
  if (quiet_ >= kHangover) active_ = false;
}

}  // namespace gw::media
