#include "media/path/quality.h"

#include <algorithm>
#include <cmath>

namespace gw::media {
namespace {

constexpr double kBestRating = 93.2;  // Ro - Is with the defaults of G.107 table 2.
constexpr Duration kPackets = 40ms;   // Collected at one end, played at the other.

// The equipment impairment Ie and the packet-loss robustness Bpl (ITU-T G.113 appendix I).
struct Equipment {
  double impairment = 0;
  double robustness = 25.1;  // G.711 with the concealment of its appendix I, random loss.
};

Equipment equipment_of(Codec codec) {
  // G.113 has no figures for Opus. In its own tests the speech modes beside G.711 lose nothing
  // without loss, and FEC and concealment hide somewhat more.
  if (codec == Codec::Opus) return {0, 30};
  return {};
}

// G.107 7.4, Idd: nothing under 100 ms, 24 points at 400 ms.
double delay_impairment(Duration delay) {
  const double ms = std::chrono::duration<double, std::milli>(delay).count();
  if (ms <= 100) return 0;
  const double x = std::log2(ms / 100);
  return 25 * (std::pow(1 + std::pow(x, 6), 1.0 / 6) -
               3 * std::pow(1 + std::pow(x / 3, 6), 1.0 / 6) + 2);
}

// G.107 7.5, Ie,eff.
double equipment_impairment(const StreamQuality& quality) {
  const Equipment equipment = equipment_of(quality.codec);
  const double percent = 100 * std::clamp(quality.loss, 0.0, 1.0);
  const double bursts = std::max(1.0, quality.burst_ratio);
  return equipment.impairment +
         (95 - equipment.impairment) * percent / (percent / bursts + equipment.robustness);
}

}  // namespace

double transmission_rating(const StreamQuality& quality) {
  const double rating =
      kBestRating - delay_impairment(quality.delay) - equipment_impairment(quality);
  return std::clamp(rating, 0.0, 100.0);
}

double mean_opinion_score(double rating) {
  if (rating <= 0) return 1;
  if (rating >= 100) return 4.5;
  // The polynomial dips under 1 for the smallest ratings.
  return std::max(1.0, 1 + 0.035 * rating + rating * (rating - 60) * (100 - rating) * 7e-6);
}

Duration one_way_delay(Duration round_trip, Duration jitter) {
  return round_trip / 2 + 2 * jitter + kPackets;
}

}  // namespace gw::media
