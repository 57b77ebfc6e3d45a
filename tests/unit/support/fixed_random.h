#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "base/random.h"

namespace gw::test {

// The same "random" bytes on every run.
class FixedRandom final : public Random {
 public:
  explicit FixedRandom(uint64_t seed = 1) : state_(seed * 0x9e3779b97f4a7c15ULL + 1) {}
  void fill(std::span<std::byte> out) override {
    for (std::byte& b : out) {
      state_ ^= state_ << 13;
      state_ ^= state_ >> 7;
      state_ ^= state_ << 17;
      b = static_cast<std::byte>(state_ >> 32);
    }
  }

 private:
  uint64_t state_;
};

}  // namespace gw::test
