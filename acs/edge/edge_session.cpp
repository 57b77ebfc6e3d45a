#include "acs/edge/edge_session.h"

#include <openssl/crypto.h>

#include <utility>

namespace gw::acs::edge {

EdgeSession::EdgeSession(DeviceId d, std::string i, identity::Claims c, std::string session_key)
    : device(std::move(d)),
      instance(std::move(i)),
      identity(c.identity),
      claims(std::move(c)),
      session_key_(std::move(session_key)) {}

void EdgeSession::attach(uint64_t link, std::shared_ptr<http::WebSocket> socket, TimePoint now) {
  link_ = link;
  socket_ = std::move(socket);
  heard_at_ = now;
  requests.socket_changed();
}

void EdgeSession::detach(TimePoint now) {
  link_ = 0;
  socket_ = nullptr;
  detached_at_ = now;
}

void EdgeSession::close(uint16_t code, std::string reason) {
  if (socket_) socket_->close(code, std::move(reason));
}

bool EdgeSession::has_key(std::string_view key) const {
  return key.size() == session_key_.size() &&
         CRYPTO_memcmp(key.data(), session_key_.data(), key.size()) == 0;
}

void EdgeSession::acknowledge(uint64_t event) {
  if (ring.acknowledge(event)) requests.acknowledge(event);
}

void EdgeSession::event(std::string_view body) {
  const std::string& frame = ring.add(body);
  if (socket_) socket_->send(frame);
}

void EdgeSession::tell(std::string frame) {
  if (socket_) socket_->send(std::move(frame));
}

void EdgeSession::answer(uint32_t request_id, std::string_view body) {
  if (request_id != 0) tell(frames::request_frame(request_id, body));
}

DeviceCall* EdgeSession::call(const std::string& call_id) {
  const auto found = calls.find(call_id);
  return found == calls.end() ? nullptr : &found->second;
}

std::vector<frames::CallSnapshot> EdgeSession::snapshot() const {
  std::vector<frames::CallSnapshot> out;
  for (const auto& [id, call] : calls) {
    frames::CallSnapshot& one = out.emplace_back();
    if (call.stage == DeviceCall::Stage::Ringing) {
      one.incoming = call.incoming;
      continue;
    }
    one.update = call.update;
    for (const auto& [participant_id, participant] : call.participants)
      one.participants.push_back(participant);
  }
  return out;
}

}  // namespace gw::acs::edge
