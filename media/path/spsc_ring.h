#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>

namespace gw::media {

// Values from one thread to one other: bounded, no lock, no allocation after it was made.
template <class T, size_t kSlots>
class SpscRing {
 public:
  // The writer's thread; false: it is full.
  bool push(const T& value) {
    const uint64_t tail = tail_.load(std::memory_order_relaxed);
    if (tail - head_.load(std::memory_order_acquire) == kSlots) return false;
    slots_[tail % kSlots] = value;
    tail_.store(tail + 1, std::memory_order_release);
    return true;
  }

  // The reader's thread; false: it is empty.
  bool pop(T& out) {
    const uint64_t head = head_.load(std::memory_order_relaxed);
    if (head == tail_.load(std::memory_order_acquire)) return false;
    out = slots_[head % kSlots];
    head_.store(head + 1, std::memory_order_release);
    return true;
  }

 private:
  const std::unique_ptr<std::array<T, kSlots>> storage_ = std::make_unique<std::array<T, kSlots>>();
  std::array<T, kSlots>& slots_ = *storage_;
  alignas(64) std::atomic<uint64_t> head_{0};  // The reader's.
  alignas(64) std::atomic<uint64_t> tail_{0};  // The writer's.
};

}  // namespace gw::media
