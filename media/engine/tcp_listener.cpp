#include "media/engine/tcp_listener.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string>

namespace gw::media {
namespace {

constexpr int kBacklog = 128;
// Sound that waits is sound too late: what the peer does not read stays small.
constexpr int kSendBuffer = 32 * 1024;

void set_class_of_service(int fd, bool v6, int dscp) {
  const int value = dscp << 2;
  ::setsockopt(fd, v6 ? IPPROTO_IPV6 : IPPROTO_IP, v6 ? IPV6_TCLASS : IP_TOS, &value, sizeof value);
}

}  // namespace

Result<std::unique_ptr<TcpListener>> TcpListener::bind(const SocketAddress& address, int dscp) {
  const int family = address.v6() ? AF_INET6 : AF_INET;
  const int fd = ::socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return fail(ErrorCode::Io, std::string("no TCP socket: ") + std::strerror(errno));
  const int one = 1;
  ::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
  if (address.v6()) ::setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof one);
  // These pass on to the connections.
  set_class_of_service(fd, address.v6(), dscp);
  ::setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &kSendBuffer, sizeof kSendBuffer);
  ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  if (::bind(fd, address.data(), address.size()) != 0 || ::listen(fd, kBacklog) != 0) {
    const int error = errno;
    ::close(fd);
    return fail(error == EADDRINUSE ? ErrorCode::Conflict : ErrorCode::Io,
                "could not listen on tcp:" + address.to_string() + ": " + std::strerror(error));
  }
  sockaddr_storage bound{};
  socklen_t size = sizeof bound;
  ::getsockname(fd, reinterpret_cast<sockaddr*>(&bound), &size);
  const SocketAddress local(reinterpret_cast<const sockaddr*>(&bound), size);
  return std::unique_ptr<TcpListener>(new TcpListener(fd, local));
}

TcpListener::~TcpListener() {
  ::close(fd_);
}

TcpListener::Accepted TcpListener::accept(int& fd, SocketAddress& from) {
  sockaddr_storage peer{};
  socklen_t size = sizeof peer;
  fd = ::accept4(fd_, reinterpret_cast<sockaddr*>(&peer), &size, SOCK_NONBLOCK | SOCK_CLOEXEC);
  if (fd < 0) {
    const bool none = errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM;
    return none ? Accepted::NoDescriptor : Accepted::None;
  }
  from = SocketAddress(reinterpret_cast<const sockaddr*>(&peer), size);
  return Accepted::One;
}

}  // namespace gw::media
