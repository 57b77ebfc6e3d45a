#include "media/engine/udp_socket.h"

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "media/engine/send_batch.h"

namespace gw::media {

Result<std::unique_ptr<UdpSocket>> UdpSocket::bind(const SocketAddress& address,
                                                   const Options& options) {
  const int family = address.v6() ? AF_INET6 : AF_INET;
  const int fd = ::socket(family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return fail(ErrorCode::Io, std::string("no UDP socket: ") + std::strerror(errno));
  const int one = 1;
  if (address.v6()) ::setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof one);
  if (::bind(fd, address.data(), address.size()) != 0) {
    const int error = errno;
    ::close(fd);
    return fail(error == EADDRINUSE ? ErrorCode::Conflict : ErrorCode::Io,
                "could not bind " + address.to_string() + ": " + std::strerror(error));
  }
  // Asked, not demanded: containers may forbid any of these.
  const int class_of_service = options.dscp << 2;
  if (address.v6()) {
    ::setsockopt(fd, IPPROTO_IPV6, IPV6_TCLASS, &class_of_service, sizeof class_of_service);
  } else {
    ::setsockopt(fd, IPPROTO_IP, IP_TOS, &class_of_service, sizeof class_of_service);
  }
  if (options.receive_buffer > 0) {
    const int size = options.receive_buffer;
    if (::setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof size) != 0) {
      ::setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
    }
    ::setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
  }
  if (options.count_overflow) ::setsockopt(fd, SOL_SOCKET, SO_RXQ_OVFL, &one, sizeof one);

  sockaddr_storage bound{};
  socklen_t size = sizeof bound;
  ::getsockname(fd, reinterpret_cast<sockaddr*>(&bound), &size);
  const SocketAddress local(reinterpret_cast<const sockaddr*>(&bound), size);
  return std::unique_ptr<UdpSocket>(new UdpSocket(fd, local));
}

UdpSocket::~UdpSocket() {
  ::close(fd_);
}

int UdpSocket::receive_buffer() const {
  int granted = 0;
  socklen_t size = sizeof granted;
  ::getsockopt(fd_, SOL_SOCKET, SO_RCVBUF, &granted, &size);
  return granted / 2;  // The kernel doubles it for its own bookkeeping.
}

void UdpSocket::send(std::span<const std::byte> datagram, const SocketAddress& to) {
  if (batch_ != nullptr) return batch_->add(fd_, datagram, to, counters_);
  send_datagram(fd_, datagram, to, counters_);
}

void send_datagram(int fd, std::span<const std::byte> datagram, const SocketAddress& to,
                   MediaCounters* counters) {
  // What the kernel will not take now is lost, as on any network.
  const ssize_t sent = ::sendto(fd, datagram.data(), datagram.size(), MSG_DONTWAIT | MSG_NOSIGNAL,
                                to.data(), to.size());
  if (counters == nullptr) return;
  if (sent < 0) return counters->send_failed.add();
  counters->packets_out.add();
  counters->octets_out.add(static_cast<uint64_t>(sent));
}

ReceiveBatch::ReceiveBatch(PacketPool& pool) : pool_(pool) {
  for (size_t i = 0; i < kMost; ++i) {
    packets_[i] = pool_.take();
    msghdr& header = headers_[i].msg_hdr;
    header.msg_iov = &vectors_[i];
    header.msg_iovlen = 1;
    header.msg_control = controls_[i].bytes.data();
  }
}

std::span<PacketPtr> ReceiveBatch::receive(const UdpSocket& socket, size_t most,
                                           MediaCounters& counters) {
  size_t ready = 0;
  for (; ready < std::min(most, kMost); ++ready) {
    PacketPtr& packet = packets_[ready];
    if (!packet) packet = pool_.take();
    if (!packet) break;
    packet->clear();
    msghdr& header = headers_[ready].msg_hdr;
    vectors_[ready] = {packet->room().data(), Packet::kMaxDatagram};
    header.msg_name = packet->from.data();
    header.msg_namelen = SocketAddress::capacity();
    header.msg_controllen = sizeof(Control);
    header.msg_flags = 0;
  }
  if (ready == 0) {
    counters.discard(Discard::Overload);
    return {};
  }
  const int n =
      ::recvmmsg(socket.fd(), headers_.data(), static_cast<unsigned>(ready), MSG_DONTWAIT, nullptr);
  if (n <= 0) return {};
  size_t kept = 0;
  for (size_t i = 0; i < static_cast<size_t>(n); ++i) {
    const mmsghdr& header = headers_[i];
    counters.packets_in.add();
    counters.octets_in.add(header.msg_len);
    note_overflow(header.msg_hdr, socket, counters);
    if ((header.msg_hdr.msg_flags & MSG_TRUNC) != 0) {
      counters.discard(Discard::Malformed);
      continue;
    }
    packets_[i]->resize(header.msg_len);
    std::swap(packets_[kept++], packets_[i]);
  }
  return std::span(packets_).first(kept);
}

void ReceiveBatch::note_overflow(const msghdr& header, const UdpSocket& socket,
                                 MediaCounters& counters) {
  for (const cmsghdr* c = CMSG_FIRSTHDR(&header); c != nullptr;
       c = CMSG_NXTHDR(const_cast<msghdr*>(&header), const_cast<cmsghdr*>(c))) {
    if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SO_RXQ_OVFL) continue;
    uint32_t total = 0;
    std::memcpy(&total, CMSG_DATA(c), sizeof total);
    if (overflow_fd_ == socket.fd() && total != overflow_seen_) {
      counters.socket_overflow.add(total - overflow_seen_);
    }
    overflow_fd_ = socket.fd();
    overflow_seen_ = total;
  }
}

}  // namespace gw::media
