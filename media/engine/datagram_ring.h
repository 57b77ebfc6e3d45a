#pragma once

#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdint>
#include <memory>

#include "base/assert.h"
#include "base/ids.h"
#include "media/engine/packet_pool.h"

namespace gw::media {

// Datagrams that came by one worker's socket, on their way to a transport that another worker
// carries by now: the only packets that change threads. One thread pushes, one drains; bounded, no
// lock, no allocation. Shared by the two workers.
class DatagramRing {
 public:
  static constexpr size_t kSlots = 256;  // 2.5 s of one browser, 10 ms of 250.

  DatagramRing() : fd_(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) { GW_ASSERT(fd_ >= 0); }
  ~DatagramRing() { ::close(fd_); }
  DatagramRing(const DatagramRing&) = delete;
  DatagramRing& operator=(const DatagramRing&) = delete;

  // Whose socket; false: it is full. Packet path.
  bool push(PortId port, const Packet& packet) {
    const uint64_t tail = tail_.load(std::memory_order_relaxed);
    if (tail - head_.load(std::memory_order_acquire) == kSlots) return false;
    Slot& slot = slots_[tail % kSlots];
    slot.port = port;
    slot.packet.clear();
    slot.packet.from = packet.from;
    std::ranges::copy(packet.data(), slot.packet.room().begin());
    slot.packet.resize(packet.size());
    tail_.store(tail + 1, std::memory_order_release);
    const uint64_t one = 1;
    [[maybe_unused]] const auto n = ::write(fd_, &one, sizeof one);
    return true;
  }

  // Hands every waiting datagram, copied into a packet of `pool`, to `take(port, packet)`. What
  // finds the pool empty is lost. Packet path.
  template <class F>
  void drain(PacketPool& pool, F&& take) {
    uint64_t ignored = 0;
    [[maybe_unused]] const auto n = ::read(fd_, &ignored, sizeof ignored);
    const uint64_t tail = tail_.load(std::memory_order_acquire);
    for (uint64_t head = head_.load(std::memory_order_relaxed); head != tail; ++head) {
      const Slot& slot = slots_[head % kSlots];
      PacketPtr packet = pool.take();
      const PortId port = slot.port;
      if (packet) {
        packet->from = slot.packet.from;
        std::ranges::copy(slot.packet.data(), packet->room().begin());
        packet->resize(slot.packet.size());
      }
      head_.store(head + 1, std::memory_order_release);
      if (packet) take(port, packet);
    }
  }

  int fd() const { return fd_; }

 private:
  struct Slot {
    PortId port;
    Packet packet;
  };

  const int fd_;
  const std::unique_ptr<std::array<Slot, kSlots>> storage_ =
      std::make_unique<std::array<Slot, kSlots>>();
  std::array<Slot, kSlots>& slots_ = *storage_;
  alignas(64) std::atomic<uint64_t> head_{0};  // The reader's.
  alignas(64) std::atomic<uint64_t> tail_{0};  // The writer's.
};

}  // namespace gw::media
