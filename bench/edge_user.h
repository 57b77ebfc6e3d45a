#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "base/net.h"
#include "base/random.h"
#include "base/result.h"
#include "proto/edge.pb.h"

namespace gw::bench {

// A VoIP user's signalling: WebSocket to the edge, protobuf frames (proto/edge.proto). Connecting
// blocks; afterwards the owner polls fd(). One thread.
class EdgeUser {
 public:
  struct Events {
    std::function<void(const std::string& call_id)> on_incoming;
    std::function<void(const std::string& sdp)> on_accepted;  // The gateway's answer.
    std::function<void(const std::string& why)> on_failed;    // Refused, ended, closed.
  };

  EdgeUser(Random& random, Events events) : random_(random), events_(std::move(events)) {}
  ~EdgeUser();
  EdgeUser(const EdgeUser&) = delete;
  EdgeUser& operator=(const EdgeUser&) = delete;

  // Fetches a demo token and registers.
  Result<void> connect(const SocketAddress& local, const std::string& name);
  void accept(const std::string& call_id, std::string offer);
  void ping();  // Often enough that the session lives, and the gateway may forget what we handled.

  int fd() const { return fd_; }
  void on_readable();

 private:
  Result<std::string> fetch_token(const SocketAddress& local, const std::string& name) const;
  Result<void> upgrade(const SocketAddress& local);
  void send(acsedge::v1::ClientFrame& frame);
  void send_message(uint8_t opcode, std::string_view payload);
  bool take_message();  // One WebSocket message off the front of in_.
  void take_frame(std::string_view bytes);
  void lose(const std::string& why);

  Random& random_;
  Events events_;
  int fd_ = -1;
  std::string in_;
  bool registered_ = false;
  uint32_t next_request_ = 1, accept_request_ = 0;
  uint64_t seen_ = 0;
};

}  // namespace gw::bench
