#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "proto/edge.pb.h"

namespace gw::test {

namespace pb = ::acsedge::v1;

// A user's library as the edge sees it: one WebSocket, protobuf frames, bounded waits. The test's
// thread.
class EdgeClient {
 public:
  struct Options {
    uint16_t port = 0;
    std::string origin = {};  // "" = none.
    std::string protocol = "acs-edge.v1";
    std::string path = "/edge";
    bool tls = false;
    int receive_buffer = 0;  // Of the socket; 0 = the system's.
  };
  explicit EdgeClient(Options options);
  ~EdgeClient();
  EdgeClient(EdgeClient&&) noexcept;

  bool open() const;         // The upgrade was accepted.
  unsigned refusal() const;  // Else the HTTP status.

  void send(const pb::ClientFrame& frame);
  void send_bytes(std::string_view bytes);
  void send_text(std::string_view text);

  // The next frame, or nothing when the server closed (or, a failure of the test, five seconds
  // passed).
  std::optional<pb::ServerFrame> receive();
  // Skips frames until one fits.
  std::optional<pb::ServerFrame> receive_until(
      const std::function<bool(const pb::ServerFrame&)>& fits);
  // Reads to the end; the close code, 0 when the connection just broke.
  uint16_t closed();
  void drop();  // The network goes: no close handshake.

  // ---- The protocol ----
  std::optional<pb::ServerFrame> register_as(const std::string& token,
                                             const std::string& instance = "tab-1");
  std::optional<pb::ServerFrame> resume(const std::string& token, const std::string& key,
                                        uint64_t last_seq);
  // Sends under the next request id; returns it.
  uint32_t request(pb::ClientFrame frame);
  // The Response to a request; events before it are kept for receive().
  std::optional<pb::Response> response(uint32_t request_id);
  uint64_t last_seq = 0;
  std::string session_key;
  uint32_t next_id = 1;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

pb::ClientFrame invite(const std::string& call_id, const std::string& to = "4:+14255550123",
                       const std::string& sdp = "v=0");
pb::ClientFrame accept(const std::string& call_id, const std::string& sdp = "v=0");
pb::ClientFrame reject(const std::string& call_id);
pb::ClientFrame hangup(const std::string& call_id);
pb::ClientFrame ping(int64_t t_ms);

}  // namespace gw::test
