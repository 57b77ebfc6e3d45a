#pragma once

#include <array>
#include <cstddef>
#include <span>

#include "base/clock.h"
#include "base/net.h"
#include "media/transport/counters.h"
#include "media/transport/packet.h"
#include "media/transport/transport.h"
#include "media/wire/framing.h"

namespace gw::media {

// One browser's TCP connection: packets framed by RFC 4571, both ways. Nothing is queued: what the
// kernel does not take is lost, as on any network. Owned by IceTcp; the worker's thread. No
// allocation after construction.
class TcpConnection final : public DatagramSink {
 public:
  enum class Frame { None, Whole, TooLong };

  // Takes over `fd`, which does not block.
  TcpConnection(int fd, const SocketAddress& peer, MediaCounters& counters);
  ~TcpConnection() override;
  TcpConnection(const TcpConnection&) = delete;
  TcpConnection& operator=(const TcpConnection&) = delete;

  // Takes what has arrived, as far as there is room; false: the peer is gone. Packet path.
  bool read();
  // The next whole frame of what was read. Packet path.
  Frame next(Packet& packet);

  void send(std::span<const std::byte> datagram, const SocketAddress& to) override;  // Packet path.
  bool is_stream() const override { return true; }

  // The rest of a frame waits for the peer to read; true when nothing waits any more.
  bool flush();

  int fd() const { return fd_; }
  void count_in(MediaCounters& counters) { counters_ = &counters; }
  const SocketAddress& peer() const { return peer_; }

 private:
  static constexpr size_t kInput = 4096;  // At least one frame.
  static constexpr size_t kLargest = wire::kFrameHeader + Packet::kMaxDatagram + Packet::kTailRoom;

  const int fd_;
  const SocketAddress peer_;
  MediaCounters* counters_;  // Of the worker that has it.

  std::array<std::byte, kInput> input_;
  size_t begin_ = 0, end_ = 0;
  // Of the one frame that the kernel took in part: a stream cannot leave it out.
  std::array<std::byte, kLargest> rest_;
  size_t rest_begin_ = 0, rest_end_ = 0;
};

}  // namespace gw::media
