#pragma once

#include <optional>
#include <vector>

#include "gateway/config/config.h"

namespace gw::policy {

// What a user's leg takes of the codecs that its browser offers, best first. `other`: what the
// other party speaks, or will most likely speak; none when it speaks none (an application).
//
// "auto": the same as the other party, so that packets pass as they are; else Opus. "opus": Opus,
// so that what a user's network loses is restored by FEC, at ten times the cost. "g711": G.711, by
// the other party's law when it has one.
std::vector<media::Codec> codecs_for_user(config::RouteMedia wish,
                                          std::optional<media::Codec> other);

}  // namespace gw::policy
