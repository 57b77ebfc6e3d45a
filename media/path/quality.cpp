#include "media/path/quality.h"

#include <algorithm>

namespace gw::media {

double mean_opinion_score(const StreamQuality& quality) {
  using Milliseconds = std::chrono::duration<double, std::milli>;
  // A receiver's buffer adds about twice the jitter to the way.
  const double delay =
      Milliseconds(quality.round_trip).count() / 2 + 2 * Milliseconds(quality.jitter).count() + 20;
  const double delay_impairment = 0.024 * delay + (delay > 177.3 ? 0.11 * (delay - 177.3) : 0.0);
  // G.113: packet-loss robustness with concealment; G.711 appendix I 25.1, Opus hides more.
  const double robustness = quality.codec == Codec::Opus ? 30.0 : 25.1;
  const double percent = 100 * std::clamp(quality.loss, 0.0, 1.0);
  const double loss_impairment = 95 * percent / (percent + robustness);
  const double r = std::clamp(93.2 - delay_impairment - loss_impairment, 0.0, 100.0);
  return 1 + 0.035 * r + r * (r - 60) * (100 - r) * 7e-6;
}

}  // namespace gw::media
