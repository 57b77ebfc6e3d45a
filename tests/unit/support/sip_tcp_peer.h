#pragma once

#include <fcntl.h>
#include <poll.h>

#include "tests/unit/support/sip_peer.h"

namespace gw::test {

// A scripted SIP element behind one TCP connection that it opened itself, as a phone behind a NAT
// does.
class SipTcpPeer {
 public:
  explicit SipTcpPeer(const SocketAddress& agent)
      : fd_(::socket(agent.data()->sa_family, SOCK_STREAM, 0)) {
    if (::connect(fd_, agent.data(), agent.size()) != 0)
      std::abort();  // Loopback: done by the kernel at once.
    ::fcntl(fd_, F_SETFL, O_NONBLOCK);
    sockaddr_storage storage{};
    socklen_t size = sizeof storage;
    ::getsockname(fd_, reinterpret_cast<sockaddr*>(&storage), &size);
    address_ = SocketAddress(reinterpret_cast<const sockaddr*>(&storage), size);
  }
  ~SipTcpPeer() { close(); }
  SipTcpPeer(const SipTcpPeer&) = delete;
  SipTcpPeer& operator=(const SipTcpPeer&) = delete;

  const SocketAddress& address() const { return address_; }
  void send(const std::string& text) {
    [[maybe_unused]] const auto n = ::send(fd_, text.data(), text.size(), MSG_NOSIGNAL);
  }
  void close() {
    if (fd_ >= 0) ::close(fd_);
    fd_ = -1;
  }

  // Reads what has come and cuts it into messages by Content-Length.
  void poll() {
    char buffer[65'536];
    ssize_t n = 0;
    while (fd_ >= 0 && (n = ::recv(fd_, buffer, sizeof buffer, 0)) > 0)
      stream.append(buffer, static_cast<size_t>(n));
    closed_by_agent = fd_ >= 0 && n == 0;
    for (;;) {
      const auto head = stream.find("\r\n\r\n");
      if (head == std::string::npos || head == 0) return;
      SipText message = SipText::parse(stream.substr(0, head + 4));
      const size_t body = static_cast<size_t>(std::atoi(message.header("Content-Length").c_str()));
      if (stream.size() < head + 4 + body) return;
      message.body = stream.substr(head + 4, body);
      stream.erase(0, head + 4 + body);
      inbox.push_back(std::move(message));
    }
  }
  template <class F>
  std::optional<SipText> take(F&& matches) {
    const auto it = std::find_if(inbox.begin(), inbox.end(), matches);
    if (it == inbox.end()) return std::nullopt;
    SipText found = std::move(*it);
    inbox.erase(it);
    return found;
  }

  std::deque<SipText> inbox;
  std::string stream;
  bool closed_by_agent = false;

 private:
  int fd_;
  SocketAddress address_;
};

}  // namespace gw::test
