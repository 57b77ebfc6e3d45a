#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

namespace gw::acs::streaming {

// An unmixed stream as one party hears it: the sound of each participant, summed. Frames have no
// common clock, so what the participants of the last round say makes the next: it is complete, and
// leaves at once, when each of them was heard again, or when one of them is heard twice because
// another fell silent. With one participant nothing waits. Owned by a MediaStream; Asio thread.
class ParticipantMix {
 public:
  static constexpr size_t kMostParticipants = 8;  // The service sends the four loudest.

  using Play = std::function<void(std::span<const int16_t>)>;
  explicit ParticipantMix(Play play) : play_(std::move(play)) {}

  void hear(const std::string& participant, std::span<const int16_t> pcm);
  void clear();

 private:
  void close_round();

  const Play play_;
  std::vector<std::string> expected_;  // Of the last round,
  std::vector<std::string> heard_;     // of this one.
  std::vector<int32_t> sum_;
  std::vector<int16_t> out_;
};

}  // namespace gw::acs::streaming
