#pragma once

#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "base/random.h"

namespace gw::test {

// Neighbouring ports of loopback that no other test or benchmark of this machine uses while we
// live. The range below the kernel's own is dealt out in slices, and whoever listens for TCP on a
// slice's last port owns it: tests/e2e/lib/ports.mjs does the same. (A port that was only looked at
// may be somebody else's a moment later: media ports open and close with every call.)
class PortSlice {
  static constexpr size_t kFirst = 10'000, kEnd = 32'000, kSlice = 500,
                          kCount = (kEnd - kFirst) / kSlice;

 public:
  static constexpr size_t kMost = kCount * kSlice - 1;

  // At least `wanted` ports, the first of them even; nothing when no such run of slices is free.
  static std::optional<PortSlice> take(size_t wanted) {
    const size_t needed = wanted / kSlice + 1;  // The last port is the owner's.
    SystemRandom random;
    const size_t begin = random.u32() % kCount;
    for (size_t i = 0; i < kCount; ++i) {
      PortSlice slice(kFirst + (begin + i) % kCount * kSlice);
      while (slice.owners_.size() < needed && slice.grow()) {
      }
      if (slice.owners_.size() == needed) return slice;
    }
    return std::nullopt;
  }

  PortSlice(PortSlice&& other) noexcept
      : low_(other.low_), owners_(std::exchange(other.owners_, {})) {}
  PortSlice& operator=(PortSlice&&) = delete;
  ~PortSlice() {
    for (const int fd : owners_) ::close(fd);
  }

  uint16_t low() const { return static_cast<uint16_t>(low_); }
  uint16_t high() const { return static_cast<uint16_t>(low_ + owners_.size() * kSlice - 2); }

 private:
  explicit PortSlice(size_t low) : low_(low) {}

  bool grow() {
    const size_t last = low_ + (owners_.size() + 1) * kSlice - 1;
    if (last >= kEnd) return false;
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(static_cast<uint16_t>(last));
    const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0) return false;
    const int on = 1;
    ::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (::bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
        ::listen(fd, 1) != 0) {
      ::close(fd);
      return false;
    }
    owners_.push_back(fd);
    return true;
  }

  size_t low_;
  std::vector<int> owners_;  // One a slice.
};

}  // namespace gw::test
