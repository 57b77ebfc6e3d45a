#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <span>

#include "base/net.h"
#include "base/result.h"
#include "media/transport/counters.h"
#include "media/transport/transport.h"

namespace gw::media {

class SendBatch;

// One bound UDP socket. Made on the signalling thread, read and written by the worker that owns it.
class UdpSocket final : public DatagramSink {
 public:
  struct Options {
    int dscp = 46;
    int receive_buffer = 0;       // Bytes to ask for; 0 = the system's default.
    bool count_overflow = false;  // SO_RXQ_OVFL.
  };

  // Port 0 takes a free one.
  static Result<std::unique_ptr<UdpSocket>> bind(const SocketAddress& address,
                                                 const Options& options);
  ~UdpSocket() override;
  UdpSocket(const UdpSocket&) = delete;
  UdpSocket& operator=(const UdpSocket&) = delete;

  void send(std::span<const std::byte> datagram, const SocketAddress& to) override;  // Packet path.

  int fd() const { return fd_; }
  const SocketAddress& address() const { return address_; }
  int receive_buffer() const;  // What the kernel granted.
  void count_in(MediaCounters* counters) { counters_ = counters; }
  // What is sent leaves with the worker's turn; null: at once. The batch is flushed before another
  // one is set and before the socket goes.
  void leave_by(SendBatch* batch) { batch_ = batch; }

 private:
  UdpSocket(int fd, const SocketAddress& address) : fd_(fd), address_(address) {}

  const int fd_;
  const SocketAddress address_;
  MediaCounters* counters_ = nullptr;
  SendBatch* batch_ = nullptr;
};

// By a bound socket, whosever it is; counts into `counters`, if any. Any thread. Packet path.
void send_datagram(int fd, std::span<const std::byte> datagram, const SocketAddress& to,
                   MediaCounters* counters);

// Takes many datagrams by one recvmmsg() into packets of the pool. Owned by a worker.
class ReceiveBatch {
 public:
  static constexpr size_t kMost = 32;

  explicit ReceiveBatch(PacketPool& pool);

  // The packets that came, at most `most`; those that nobody moves out are used again. Packet path.
  std::span<PacketPtr> receive(const UdpSocket& socket, size_t most, MediaCounters& counters);

 private:
  struct Control {
    alignas(8) std::array<std::byte, 64> bytes;
  };

  void note_overflow(const msghdr& header, const UdpSocket& socket, MediaCounters& counters);

  PacketPool& pool_;
  std::array<PacketPtr, kMost> packets_;
  std::array<mmsghdr, kMost> headers_{};
  std::array<iovec, kMost> vectors_{};
  std::array<Control, kMost> controls_{};
  uint32_t overflow_seen_ = 0;
  int overflow_fd_ = -1;
};

}  // namespace gw::media
