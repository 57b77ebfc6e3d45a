#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "base/clock.h"

namespace gw::media {

// The echo user's greeting: a short melody, made when the first one is asked for and shared by all.
// 8 kHz.
class Prompt {
 public:
  static constexpr Duration kMaxLength = 2s;

  Prompt();
  // Fills all of `out` (silence after the end); false when the prompt was over already. Packet
  // path.
  bool read(std::span<int16_t> out);
  bool done() const { return position_ >= samples_.size(); }

 private:
  std::span<const int16_t> samples_;
  size_t position_ = 0;
};

}  // namespace gw::media
