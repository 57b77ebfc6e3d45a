#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

namespace gw {

// Randomness comes in from outside, so that tests can fix it. Implementations may be used by any
// thread.
class Random {
 public:
  virtual ~Random() = default;
  virtual void fill(std::span<std::byte> out) = 0;

  uint32_t u32();
  uint64_t u64();
  std::string hex(size_t bytes);          // 2 * bytes characters of 0-9a-f.
  std::string alphanumeric(size_t size);  // A-Za-z0-9, about 5.95 bits a character.
  std::string uuid();                     // RFC 4122 version 4.
};

// The kernel's generator.
class SystemRandom final : public Random {
 public:
  void fill(std::span<std::byte> out) override;
};

}  // namespace gw
