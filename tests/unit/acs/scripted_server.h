#pragma once

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <cstdint>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "base/assert.h"

namespace gw::test {

// A server that says what a test wants it to say. One connection after the other; on each it reads
// a request's head and writes the next answer; after the last it closes. An answer of "" is none:
// it keeps the connection and stays silent.
class ScriptedServer {
 public:
  using Connection = std::vector<std::string>;

  explicit ScriptedServer(std::vector<Connection> script) : script_(std::move(script)) {
    listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in at{};
    at.sin_family = AF_INET;
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof at;
    GW_ASSERT(::bind(listener_, reinterpret_cast<sockaddr*>(&at), size) == 0);
    GW_ASSERT(::listen(listener_, 16) == 0);
    ::getsockname(listener_, reinterpret_cast<sockaddr*>(&at), &size);
    port_ = ntohs(at.sin_port);
    thread_ = std::thread([this] { run(); });
  }
  ~ScriptedServer() {
    stopped_ = true;
    ::shutdown(listener_, SHUT_RDWR);
    ::shutdown(current_, SHUT_RDWR);
    thread_.join();
    ::close(listener_);
  }

  std::string url(const std::string& target = "/") const {
    return "http://127.0.0.1:" + std::to_string(port_) + target;
  }
  unsigned requests() const { return requests_; }
  unsigned connections() const { return connections_; }

 private:
  void run() {
    for (const Connection& connection : script_) {
      const int fd = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
      if (fd < 0) return;
      current_ = fd;
      if (!stopped_) {
        ++connections_;
        converse(fd, connection);
      }
      current_ = -1;
      ::close(fd);
    }
  }

  void converse(int fd, const Connection& connection) {
    for (const std::string& answer : connection) {
      if (!read_head(fd)) return;
      ++requests_;
      if (answer.empty()) {
        read_head(fd);  // Until the peer leaves.
        return;
      }
      ::send(fd, answer.data(), answer.size(), MSG_NOSIGNAL);
    }
  }

  bool read_head(int fd) {
    std::string head;
    char byte = 0;
    while (!head.ends_with("\r\n\r\n")) {
      if (::recv(fd, &byte, 1, 0) != 1) return false;
      head += byte;
    }
    return true;
  }

  const std::vector<Connection> script_;
  int listener_ = -1;
  std::atomic<int> current_{-1};
  std::atomic<bool> stopped_{false};
  std::atomic<unsigned> requests_{0}, connections_{0};
  uint16_t port_ = 0;
  std::thread thread_;
};

}  // namespace gw::test
