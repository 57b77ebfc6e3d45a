#pragma once

#include "base/clock.h"
#include "media/media_types.h"

namespace gw::media {

// What the E-model (ITU-T G.107) needs to know of one stream.
struct StreamQuality {
  Codec codec = Codec::Pcmu;
  double loss = 0;         // 0..1, packets too late among them.
  double burst_ratio = 1;  // 1 = random; more = in bursts.
  Duration delay{0};       // Mouth to ear, one way.
};

// The transmission rating R, 0..93.2 with everything else at the defaults of G.107 table 2: a phone
// without echo in a quiet room.
double transmission_rating(const StreamQuality& quality);

// R as a mean opinion score, 1..4.5 (G.107 annex B).
double mean_opinion_score(double rating);

// What a gateway can say of the way from mouth to ear: half the round trip, a receiver's buffer of
// twice the jitter, a packet's length at either end.
Duration one_way_delay(Duration round_trip, Duration jitter);

}  // namespace gw::media
