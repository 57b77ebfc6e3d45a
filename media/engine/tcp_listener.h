#pragma once

#include <memory>

#include "base/net.h"
#include "base/result.h"

namespace gw::media {

// Where browsers connect to when UDP is blocked (RFC 6544: passive). Made on the signalling thread,
// accepted from by the worker that owns it.
class TcpListener {
 public:
  // What accept() came to.
  enum class Accepted { One, None, NoDescriptor };

  static Result<std::unique_ptr<TcpListener>> bind(const SocketAddress& address, int dscp);
  ~TcpListener();
  TcpListener(const TcpListener&) = delete;
  TcpListener& operator=(const TcpListener&) = delete;

  // One: `fd` is the caller's, non-blocking, without Nagle's delay.
  Accepted accept(int& fd, SocketAddress& from);

  int fd() const { return fd_; }
  const SocketAddress& address() const { return address_; }

 private:
  TcpListener(int fd, const SocketAddress& address) : fd_(fd), address_(address) {}

  const int fd_;
  const SocketAddress address_;
};

}  // namespace gw::media
