#pragma once

#include <sys/socket.h>
#include <sys/uio.h>

#include <array>
#include <cstddef>
#include <memory>
#include <span>

#include "base/net.h"
#include "media/transport/counters.h"
#include "media/transport/packet.h"

namespace gw::media {

// What a worker's turn sends, kept until the turn ends or kMost datagrams wait, then sent in one
// go: to each socket in order, by one system call a socket. Between two datagrams that are sent one
// by one lies an encoder's time, in which whoever receives them falls asleep; waking it costs the
// sender more than the datagram does. Owned by the MediaWorker, its thread. Packet path.
class SendBatch {
 public:
  static constexpr size_t kMost = 16;

  SendBatch();
  SendBatch(const SendBatch&) = delete;
  SendBatch& operator=(const SendBatch&) = delete;

  // `fd` must stay open until flush(). Counts into `counters`, if any, when it is sent.
  void add(int fd, std::span<const std::byte> datagram, const SocketAddress& to,
           MediaCounters* counters);
  void flush();
  bool empty() const { return size_ == 0; }

 private:
  struct Slot {
    int fd = -1;  // -1: was sent.
    MediaCounters* counters = nullptr;
    SocketAddress to;
    size_t size = 0;
    std::array<std::byte, Packet::kMaxDatagram + Packet::kTailRoom> bytes;
  };

  void send_all_of(int fd, size_t first);

  std::unique_ptr<std::array<Slot, kMost>> slots_;
  size_t size_ = 0;
};

}  // namespace gw::media
