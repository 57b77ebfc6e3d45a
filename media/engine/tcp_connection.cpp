#include "media/engine/tcp_connection.h"

#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

namespace gw::media {

TcpConnection::TcpConnection(int fd, const SocketAddress& peer, MediaCounters& counters)
    : fd_(fd), peer_(peer), counters_(&counters) {}

TcpConnection::~TcpConnection() {
  ::close(fd_);
}

bool TcpConnection::read() {
  if (begin_ > 0) {
    std::copy(input_.begin() + static_cast<ptrdiff_t>(begin_),
              input_.begin() + static_cast<ptrdiff_t>(end_), input_.begin());
    end_ -= begin_;
    begin_ = 0;
  }
  if (end_ == input_.size()) return true;
  const ssize_t n = ::recv(fd_, input_.data() + end_, input_.size() - end_, MSG_DONTWAIT);
  if (n < 0) return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR;
  end_ += static_cast<size_t>(n);
  counters_->octets_in.add(static_cast<uint64_t>(n));
  return n > 0;
}

TcpConnection::Frame TcpConnection::next(Packet& packet) {
  const std::span<const std::byte> stream = std::span(input_).subspan(begin_, end_ - begin_);
  const auto size = wire::frame_size(stream);
  if (!size) return Frame::None;
  if (*size > Packet::kMaxDatagram) return Frame::TooLong;
  if (stream.size() < wire::kFrameHeader + *size) return Frame::None;
  packet.clear();
  std::ranges::copy(stream.subspan(wire::kFrameHeader, *size), packet.room().begin());
  packet.resize(*size);
  packet.from = peer_;
  begin_ += wire::kFrameHeader + *size;
  counters_->packets_in.add();
  return Frame::Whole;
}

void TcpConnection::send(std::span<const std::byte> datagram, const SocketAddress&) {
  if (datagram.size() + wire::kFrameHeader > kLargest || !flush()) {
    counters_->tcp_dropped.add();
    return;
  }
  std::array<std::byte, wire::kFrameHeader> header;
  wire::write_frame_header(header, static_cast<uint16_t>(datagram.size()));
  std::array<iovec, 2> parts{
      {{header.data(), header.size()}, {const_cast<std::byte*>(datagram.data()), datagram.size()}}};
  msghdr message{};
  message.msg_iov = parts.data();
  message.msg_iovlen = parts.size();
  const ssize_t n = ::sendmsg(fd_, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
  if (n < 0) {
    const bool full = errno == EAGAIN || errno == EWOULDBLOCK;
    return (full ? counters_->tcp_dropped : counters_->send_failed).add();
  }
  counters_->packets_out.add();
  counters_->octets_out.add(datagram.size());
  size_t sent = static_cast<size_t>(n);
  for (const iovec& part : parts) {
    const std::span all(static_cast<const std::byte*>(part.iov_base), part.iov_len);
    const auto unsent = all.subspan(std::min(sent, all.size()));
    sent -= std::min(sent, all.size());
    std::ranges::copy(unsent, rest_.begin() + static_cast<ptrdiff_t>(rest_end_));
    rest_end_ += unsent.size();
  }
}

bool TcpConnection::flush() {
  if (rest_begin_ == rest_end_) return true;
  const ssize_t n =
      ::send(fd_, rest_.data() + rest_begin_, rest_end_ - rest_begin_, MSG_DONTWAIT | MSG_NOSIGNAL);
  if (n > 0) rest_begin_ += static_cast<size_t>(n);
  if (rest_begin_ < rest_end_) return false;
  rest_begin_ = rest_end_ = 0;
  return true;
}

}  // namespace gw::media
