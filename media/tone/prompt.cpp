#include "media/tone/prompt.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>
#include <vector>

#include "media/codec/codec.h"
#include "media/codec/filter_design.h"

namespace gw::media {
namespace {

struct Note {
  double hertz;
  Duration at;
};

// C major, upwards.
constexpr std::array<Note, 4> kNotes{
    {{523.25, 0ms}, {659.26, 180ms}, {783.99, 360ms}, {1046.5, 540ms}}};
constexpr Duration kLength = 1400ms;
constexpr double kNotePeak = 7000;     // About -13 dBFS a note; notes overlap.
constexpr double kDecay = 5.5;         // 1/s: a bell.
constexpr double kNoteAttack = 0.008;  // Seconds.
constexpr double kReleaseFrom = 1.25;  // Fades to nothing by the end.

double bell(double hertz, double t) {
  const double envelope = std::min(t / kNoteAttack, 1.0) * std::exp(-kDecay * t);
  const double w = 2 * std::numbers::pi * hertz * t;
  return envelope * (std::sin(w) + 0.3 * std::sin(2 * w) * std::exp(-kDecay * t));
}

std::vector<int16_t> render() {
  const double length = std::chrono::duration<double>(kLength).count();
  std::vector<int16_t> out(static_cast<size_t>(length * kNarrowband));
  for (size_t i = 0; i < out.size(); ++i) {
    const double t = static_cast<double>(i) / kNarrowband;
    double sum = 0;
    for (const Note& note : kNotes) {
      const double since = t - std::chrono::duration<double>(note.at).count();
      if (since > 0) sum += bell(note.hertz, since);
    }
    const double release = std::clamp((length - t) / (length - kReleaseFrom), 0.0, 1.0);
    out[i] = to_pcm(kNotePeak * sum * release);
  }
  return out;
}
static_assert(kLength <= Prompt::kMaxLength);

}  // namespace

Prompt::Prompt() {
  static const std::vector<int16_t> kSamples = render();
  samples_ = kSamples;
}

bool Prompt::read(std::span<int16_t> out) {
  if (done()) {
    std::ranges::fill(out, int16_t{0});
    return false;
  }
  const size_t count = std::min(out.size(), samples_.size() - position_);
  std::copy_n(samples_.begin() + static_cast<ptrdiff_t>(position_), count, out.begin());
  std::fill(out.begin() + static_cast<ptrdiff_t>(count), out.end(), int16_t{0});
  position_ += count;
  return true;
}

}  // namespace gw::media
