#pragma once

#include <memory>

#include "media/codec/codec.h"

namespace gw::media {

// A narrowband codec that takes or gives 16 kHz: resampled by a half-band filter on the way. Only
// where a wideband mixer needs it; a relay runs at the narrowband leg's rate.
std::unique_ptr<AudioEncoder> at_doubled_rate(std::unique_ptr<AudioEncoder> narrow);
std::unique_ptr<AudioDecoder> at_doubled_rate(std::unique_ptr<AudioDecoder> narrow);

}  // namespace gw::media
