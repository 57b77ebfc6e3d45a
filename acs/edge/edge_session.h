#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "acs/edge/edge_events.h"
#include "acs/edge/frames.h"
#include "acs/edge/replay_ring.h"
#include "acs/edge/request_log.h"
#include "acs/http/http_server.h"
#include "acs/identity/token_service.h"

namespace gw::acs::edge {

// A call as one device knows it: enough to describe it when the device asks for the whole picture.
struct DeviceCall {
  enum class Stage { Ringing, Active };
  Stage stage = Stage::Ringing;
  bool accepting = false;  // Accept is on its way through the gateway.
  frames::IncomingCall incoming;
  CallUpdate update;
  std::map<std::string, Participant> participants;
  uint64_t version = 0;  // Of the participants.
};

// One device of a user: with a socket, or without one for as long as the resume window allows.
// Keeps what must not be lost with a socket: events not acknowledged, answers to requests, the
// calls. Owned by EdgeCore; Asio thread.
class EdgeSession {
 public:
  EdgeSession(DeviceId device, std::string instance, identity::Claims claims,
              std::string session_key);

  // The socket. 0 = none.
  void attach(uint64_t link, std::shared_ptr<http::WebSocket> socket, TimePoint now);
  void detach(TimePoint now);
  bool attached() const { return socket_ != nullptr; }
  uint64_t link() const { return link_; }
  void close(uint16_t code, std::string reason);
  void heard(TimePoint now) { heard_at_ = now; }
  TimePoint heard_at() const { return heard_at_; }
  TimePoint detached_at() const { return detached_at_; }

  // Compares in constant time.
  bool has_key(std::string_view session_key) const;
  const std::string& session_key() const { return session_key_; }
  void renew_key(std::string session_key) { session_key_ = std::move(session_key); }

  void acknowledge(uint64_t event);   // It has this one and all before.
  void event(std::string_view body);  // Numbered, kept, sent.
  void tell(std::string frame);       // Sent when there is a socket; not kept.
  void answer(uint32_t request_id, std::string_view body);  // Sent, not remembered.

  DeviceCall* call(const std::string& call_id);
  std::vector<frames::CallSnapshot> snapshot() const;

  const DeviceId device;
  const std::string instance;
  const std::string identity;
  std::string display_name;
  identity::Claims claims;
  bool told_expiring = false;
  bool told_expired = false;

  ReplayRing ring;
  RequestLog requests;
  std::map<std::string, DeviceCall> calls;

 private:
  std::string session_key_;
  uint64_t link_ = 0;
  std::shared_ptr<http::WebSocket> socket_;
  TimePoint heard_at_{}, detached_at_{};
};

}  // namespace gw::acs::edge
