#include "acs/streaming/participant_mix.h"

#include <algorithm>
#include <limits>
#include <utility>

namespace gw::acs::streaming {

void ParticipantMix::hear(const std::string& participant, std::span<const int16_t> pcm) {
  const auto in_this_round = [this](const std::string& one) {
    return std::ranges::find(heard_, one) != heard_.end();
  };
  if (in_this_round(participant) || heard_.size() >= kMostParticipants) close_round();
  heard_.push_back(participant);
  if (sum_.size() < pcm.size()) sum_.resize(pcm.size());
  for (size_t i = 0; i < pcm.size(); ++i) sum_[i] += pcm[i];
  const bool complete = std::ranges::all_of(expected_, in_this_round);
  if (complete) close_round();
}

void ParticipantMix::close_round() {
  if (heard_.empty()) return;
  out_.resize(sum_.size());
  std::ranges::transform(sum_, out_.begin(), [](int32_t sample) {
    return static_cast<int16_t>(std::clamp<int32_t>(sample, std::numeric_limits<int16_t>::min(),
                                                    std::numeric_limits<int16_t>::max()));
  });
  sum_.clear();
  expected_ = std::exchange(heard_, {});
  play_(out_);
}

void ParticipantMix::clear() {
  sum_.clear();
  heard_.clear();
  expected_.clear();
}

}  // namespace gw::acs::streaming
