#pragma once

#include "base/clock.h"
#include "media/media_types.h"

namespace gw::media {

struct StreamQuality {
  Codec codec = Codec::Pcmu;
  double loss = 0;  // 0..1
  Duration jitter{0};
  Duration round_trip{0};
};

// Listening quality as a mean opinion score, 1..4.5, from the E-model (ITU-T G.107) with the
// impairments that a gateway sees.
double mean_opinion_score(const StreamQuality& quality);

}  // namespace gw::media
