#pragma once

#include <sys/eventfd.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cstdint>
#include <span>

#include "base/assert.h"
#include "base/ids.h"
#include "media/path/spsc_ring.h"

namespace gw::media {

// 20 ms of sound at 16 or 24 kHz.
struct PcmFrame {
  static constexpr size_t kMostSamples = 480;
  std::array<int16_t, kMostSamples> samples;
  size_t size = 0;
  bool silent = false;
  PortId from;  // Whose it is, when every participant is told apart; none = everybody's.

  std::span<const int16_t> pcm() const { return std::span(samples).first(size); }
};

// A call's sound on its way to the thread that streams it, and back: with the datagrams of moved
// calls the only sound that changes threads. Shared by a StreamPort, on its worker, and by whoever
// streams. Both ways are bounded; what finds them full is lost, and counted.
class PcmStream {
 public:
  explicit PcmStream(uint32_t rate) : rate_(rate), fd_(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {
    GW_ASSERT(rate == 16000 || rate == 24000);
    GW_ASSERT(fd_ >= 0);
  }
  ~PcmStream() { ::close(fd_); }
  PcmStream(const PcmStream&) = delete;
  PcmStream& operator=(const PcmStream&) = delete;

  uint32_t rate() const { return rate_; }

  // ---- The worker. Packet path. ----
  void say(const PcmFrame& frame) {
    if (!said_.push(frame)) return void(lost_.fetch_add(1, std::memory_order_relaxed));
    const uint64_t one = 1;
    [[maybe_unused]] const auto n = ::write(fd_, &one, sizeof one);
  }
  bool next_heard(PcmFrame& frame) { return heard_.pop(frame); }
  // Whether what was heard before is to be forgotten. Once a wish.
  bool take_flush() { return flush_.exchange(false, std::memory_order_acq_rel); }

  // ---- Who streams. ----
  int fd() const { return fd_; }  // Readable when something was said.
  bool next_said(PcmFrame& frame) {
    if (said_.pop(frame)) return true;
    uint64_t ignored = 0;
    [[maybe_unused]] const auto n = ::read(fd_, &ignored, sizeof ignored);
    return said_.pop(frame);  // It may have come between the two.
  }
  void hear(const PcmFrame& frame) {
    if (!heard_.push(frame)) lost_.fetch_add(1, std::memory_order_relaxed);
  }
  void flush() { flush_.store(true, std::memory_order_release); }

  uint64_t lost() const { return lost_.load(std::memory_order_relaxed); }

 private:
  const uint32_t rate_;
  const int fd_;
  SpscRing<PcmFrame, 128> said_;  // Half a second of five who are told apart.
  SpscRing<PcmFrame, 32> heard_;
  std::atomic<bool> flush_{false};
  std::atomic<uint64_t> lost_{0};
};

}  // namespace gw::media
