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
  bool next_heard(PcmFrame& frame) {
    if (!heard_.pop(frame)) return false;
    ++taken_;
    return true;
  }
  // Whether what was heard so far is to be forgotten, once a wish; what of it still waits here is
  // gone. `scratch` is the caller's.
  bool take_flush(PcmFrame& scratch) {
    const uint64_t until = flush_until_.load(std::memory_order_acquire);
    if (until == flushed_) return false;
    flushed_ = until;
    while (taken_ < until && next_heard(scratch)) continue;
    return true;
  }

  // ---- Who streams. ----
  int fd() const { return fd_; }  // Readable when something was said.
  bool next_said(PcmFrame& frame) {
    if (said_.pop(frame)) return true;
    uint64_t ignored = 0;
    [[maybe_unused]] const auto n = ::read(fd_, &ignored, sizeof ignored);
    return said_.pop(frame);  // It may have come between the two.
  }
  void hear(const PcmFrame& frame) {
    if (!heard_.push(frame)) return void(lost_.fetch_add(1, std::memory_order_relaxed));
    ++given_;
  }
  // What was given before is not to be heard any more.
  void flush() { flush_until_.store(given_, std::memory_order_release); }

  uint64_t lost() const { return lost_.load(std::memory_order_relaxed); }

 private:
  const uint32_t rate_;
  const int fd_;
  SpscRing<PcmFrame, 128> said_;  // Half a second of five who are told apart.
  SpscRing<PcmFrame, 32> heard_;
  uint64_t given_ = 0;                // Who streams.
  uint64_t taken_ = 0, flushed_ = 0;  // The worker.
  std::atomic<uint64_t> flush_until_{0}, lost_{0};
};

}  // namespace gw::media
