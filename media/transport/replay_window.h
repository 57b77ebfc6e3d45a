#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace gw::media {

// Which packet indices were seen of late (RFC 3711 3.3.2). `kBits` is a power of two.
template <size_t kBits>
class ReplayWindow {
 public:
  // Never seen, and not too old to know. Packet path.
  bool fresh(uint64_t index) const {
    if (!started_ || index > newest_) return true;
    return newest_ - index < kBits && !bit(index);
  }
  // It was authentic. Packet path.
  void accept(uint64_t index) {
    if (!started_ || index > newest_) {
      // What the window moves over has not been seen.
      const uint64_t from = started_ ? newest_ + 1 : index;
      if (!started_ || index - newest_ >= kBits) {
        words_.fill(0);
      } else {
        for (uint64_t i = from; i <= index; ++i) set(i, false);
      }
      newest_ = index;
      started_ = true;
    }
    set(index, true);
  }
  bool started() const { return started_; }
  uint64_t newest() const { return newest_; }

 private:
  bool bit(uint64_t index) const { return (words_[index % kBits / 64] >> (index % 64) & 1) != 0; }
  void set(uint64_t index, bool value) {
    uint64_t& word = words_[index % kBits / 64];
    const uint64_t mask = uint64_t{1} << (index % 64);
    word = value ? word | mask : word & ~mask;
  }

  std::array<uint64_t, kBits / 64> words_{};
  uint64_t newest_ = 0;
  bool started_ = false;
};

}  // namespace gw::media
