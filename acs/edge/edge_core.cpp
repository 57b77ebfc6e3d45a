#include "acs/edge/edge_core.h"

#include <algorithm>
#include <utility>

namespace gw::acs::edge {
namespace {

using Stage = DeviceCall::Stage;

constexpr size_t kMaxParticipants = 64;  // In a snapshot; a call of ours has two.

EndReason network(uint32_t code, uint32_t sub_code, std::string message) {
  return {
      {code, sub_code, std::move(message), Category::ExpectedError}, 0, 0, EndReason::By::Network};
}

}  // namespace

EdgeCore::EdgeCore(EdgeParts parts, Presence& presence)
    : parts_(std::move(parts)), presence_(presence), metrics_(parts_.metrics) {}

// ---- Sockets ----

uint64_t EdgeCore::opened(std::shared_ptr<http::WebSocket> socket) {
  const uint64_t link = next_link_++;
  links_.emplace(link, Link{std::move(socket), parts_.clock.now()});
  return link;
}

void EdgeCore::received(uint64_t link, std::string_view message) {
  const auto found = links_.find(link);
  if (found == links_.end()) return;  // Closed by us; what was under way is ignored.
  metrics_.frames.Increment();
  const auto frame = frames::parse(message);
  if (!frame) {
    metrics_.refused("malformed");
    return close_link(link, 4400, "not a frame");
  }
  if (!found->second.session) return first_frame(link, *frame);
  handle(*found->second.session, *frame);
}

void EdgeCore::closed(uint64_t link) {
  const auto found = links_.find(link);
  if (found == links_.end()) return;
  EdgeSession* session = found->second.session;
  links_.erase(found);
  if (!session) return;
  session->detach(parts_.clock.now());
  --attached_;
  parts_.log.info("device went away",
                  {{"identity", session->identity}, {"device", session->device}});
  count_sessions();
}

// The session goes on without its socket.
void EdgeCore::close_link(uint64_t link, uint16_t code, std::string reason) {
  const auto found = links_.find(link);
  if (found == links_.end()) return;
  // RFC 6455 5.5: a control frame carries 125 bytes, two of them the code.
  constexpr size_t kMaxReason = 120;
  found->second.socket->close(code, reason.substr(0, kMaxReason));
  closed(link);
}

void EdgeCore::drop_link(EdgeSession& session, uint16_t code, std::string reason) {
  close_link(session.link(), code, std::move(reason));
}

EdgeSession* EdgeCore::find(const DeviceId& device) {
  const auto found = sessions_.find(device);
  return found == sessions_.end() ? nullptr : found->second.get();
}

// ---- Calls ----

void EdgeCore::ring(const EdgeServer::Ring& ring, const std::vector<DeviceId>& promised) {
  for (const DeviceId& device : promised) {
    // It left between the promise and now: whoever counts on it must know.
    if (!find(device)) {
      parts_.events(DeviceGone{
          device, ring.identity, {ring.call_id}, network(480, 10037, "the device is gone")});
    }
  }
  const auto user = users_.find(ring.identity);
  if (user == users_.end()) return;
  calls_[ring.call_id].ring = ring;
  for (const DeviceId& device : user->second.devices) ring_one(*find(device), ring);
}

void EdgeCore::ring_one(EdgeSession& session, const EdgeServer::Ring& ring) {
  if (session.call(ring.call_id)) return;
  DeviceCall& call = session.calls[ring.call_id];
  call.stage = Stage::Ringing;
  call.incoming = {ring.call_id, ring.from, ring.to, ring.context, ring.expires, ring.transferor};
  call.update.call_id = ring.call_id;
  call.update.remote = ring.from;
  call.update.transferor = ring.transferor;
  calls_[ring.call_id].devices.push_back(session.device);
  session.event(frames::incoming_call(call.incoming));
  if (ring.warm_up) session.event(frames::offer_request(ring.call_id, 1, frames::OfferWhy::WarmUp));
}

void EdgeCore::settle(const std::string& call_id, const DeviceId& device,
                      const EndReason& for_others) {
  const auto found = calls_.find(call_id);
  if (found == calls_.end()) return;
  found->second.ring.reset();
  const std::vector<DeviceId> all = found->second.devices;
  for (const DeviceId& one : all) {
    EdgeSession* session = find(one);
    DeviceCall* call = session ? session->call(call_id) : nullptr;
    if (!call) continue;
    if (one == device) {
      call->stage = Stage::Active;
    } else if (call->stage == Stage::Ringing) {
      end_at(*session, call_id, for_others);
    }
  }
}

void EdgeCore::update(const DeviceId& device, const CallUpdate& update) {
  EdgeSession* session = find(device);
  DeviceCall* call = session ? session->call(update.call_id) : nullptr;
  if (!call) return;  // The call is over for this device.
  call->stage = Stage::Active;
  call->update = update;
  session->event(frames::call_update(update));
}

void EdgeCore::participants(const DeviceId& device, const std::string& call_id,
                            const std::vector<Participant>& changed,
                            const std::vector<Participant>& removed) {
  EdgeSession* session = find(device);
  DeviceCall* call = session ? session->call(call_id) : nullptr;
  if (!call) return;
  for (const Participant& participant : changed) {
    if (call->participants.size() < kMaxParticipants ||
        call->participants.contains(participant.participant_id)) {
      call->participants[participant.participant_id] = participant;
    }
  }
  for (const Participant& participant : removed)
    call->participants.erase(participant.participant_id);
  session->event(frames::participants(call_id, ++call->version, changed, removed));
}

void EdgeCore::transfer(const DeviceId& device, const TransferUpdate& update) {
  EdgeSession* session = find(device);
  if (session && session->call(update.call_id)) session->event(frames::transfer(update));
}

void EdgeCore::request_offer(const DeviceId& device, const std::string& call_id,
                             uint32_t generation) {
  EdgeSession* session = find(device);
  const DeviceCall* call = session ? session->call(call_id) : nullptr;
  if (!call) return;
  const auto why =
      call->stage == Stage::Ringing ? frames::OfferWhy::WarmUp : frames::OfferWhy::Renegotiate;
  session->event(frames::offer_request(call_id, generation, why));
}

void EdgeCore::end(const std::string& call_id, const DeviceId& device, const EndReason& reason) {
  const auto found = calls_.find(call_id);
  if (found == calls_.end()) return;
  const std::vector<DeviceId> all =
      device.empty() ? found->second.devices : std::vector<DeviceId>{device};
  if (device.empty()) found->second.ring.reset();
  for (const DeviceId& one : all) {
    if (EdgeSession* session = find(one)) end_at(*session, call_id, reason);
  }
}

void EdgeCore::end_at(EdgeSession& session, const std::string& call_id, const EndReason& reason) {
  const DeviceCall* call = session.call(call_id);
  if (!call) return;
  const bool rang = call->stage == Stage::Ringing;
  forget_call(session, call_id);
  session.event(rang ? frames::incoming_call_ended(call_id, reason)
                     : frames::call_ended(call_id, reason));
}

void EdgeCore::forget_call(EdgeSession& session, const std::string& call_id) {
  session.calls.erase(call_id);
  const auto found = calls_.find(call_id);
  if (found == calls_.end()) return;
  std::erase(found->second.devices, session.device);
  if (found->second.devices.empty()) calls_.erase(found);
}

// ---- Sessions ----

void EdgeCore::gone(const DeviceId& id, const EndReason& reason) {
  const auto found = sessions_.find(id);
  if (found == sessions_.end()) return;
  EdgeSession& session = *found->second;
  DeviceGone event{session.device, session.identity, {}, reason};
  for (const auto& [call_id, call] : session.calls) event.call_ids.push_back(call_id);
  for (const std::string& call_id : event.call_ids) forget_call(session, call_id);
  if (session.attached()) drop_link(session, 1000, reason.status.message);
  presence_.remove(session.identity, session.device);
  if (const auto user = users_.find(session.identity); user != users_.end()) {
    std::erase(user->second.devices, session.device);
    if (user->second.devices.empty()) users_.erase(user);
  }
  parts_.log.info("device is gone", {{"identity", session.identity},
                                     {"device", session.device},
                                     {"calls", event.call_ids.size()},
                                     {"why", reason.status.message}});
  sessions_.erase(found);
  count_sessions();
  parts_.events(std::move(event));
}

void EdgeCore::revoke(std::string_view identity) {
  const auto user = users_.find(std::string(identity));
  if (user == users_.end()) return;
  const EndReason reason = network(401, 10009, "the token was revoked");
  const std::vector<DeviceId> devices = user->second.devices;
  for (const DeviceId& device : devices) {
    EdgeSession* session = find(device);
    session->tell(
        frames::event_frame(0, frames::closing(frames::ClosingAction::Stop, reason.status, {})));
    if (session->attached()) drop_link(*session, 4401, "the token was revoked");
    gone(device, reason);
  }
}

void EdgeCore::shut_down() {
  shutting_down_ = true;
  const Status status{503, 0, "the gateway restarts", Category::UnexpectedServerError};
  std::vector<uint64_t> all;
  for (const auto& [link, socket] : links_) all.push_back(link);
  for (const uint64_t link : all) {
    // Spread over two seconds, so that the next process is not met by everybody at once.
    const Duration wait = std::chrono::milliseconds(500 + parts_.random.u32() % 2000);
    if (EdgeSession* session = links_.at(link).session) {
      session->tell(
          frames::event_frame(0, frames::closing(frames::ClosingAction::Resume, status, wait)));
    }
    close_link(link, 1012, "restart");
  }
}

// ---- Time ----

void EdgeCore::sweep() {
  const TimePoint now = parts_.clock.now();
  std::vector<uint64_t> late;
  for (const auto& [id, link] : links_) {
    const TimePoint since = link.session ? link.session->heard_at() : link.opened;
    const Duration limit =
        link.session ? parts_.config.ping_timeout : parts_.config.register_timeout;
    if (now - since >= limit) late.push_back(id);
  }
  for (const uint64_t link : late) {
    metrics_.refused(links_.at(link).session ? "ping_timeout" : "register_timeout");
    close_link(link, 4408, "nothing was heard in time");
  }
  std::vector<DeviceId> away, expired;
  for (const auto& [device, session] : sessions_) {
    watch_token(*session);
    if (parts_.clock.wall() >= session->claims.expires + parts_.config.token_grace) {
      expired.push_back(device);
    } else if (!session->attached() &&
               now - session->detached_at() >= parts_.config.resume_window) {
      away.push_back(device);
    }
  }
  for (const DeviceId& device : expired)
    gone(device, network(495, 4507, "the token expired during the call"));
  for (const DeviceId& device : away)
    gone(device, network(496, 7, "the device was away for too long"));
}

void EdgeCore::watch_token(EdgeSession& session) {
  if (!session.attached()) return;
  const Duration left = session.claims.expires - parts_.clock.wall();
  if (left <= parts_.config.token_warning && !session.told_expiring) {
    session.told_expiring = true;
    session.event(frames::token_expiring(session.claims.expires));
  }
  if (left > Duration{} || session.told_expired) return;
  // Calls go on for the grace time: the user comes back with a new token and resumes.
  session.told_expired = true;
  const Status status{401, 40235, "the token has expired", Category::UnexpectedClientError};
  session.tell(frames::event_frame(0, frames::closing(frames::ClosingAction::Resume, status, {})));
  drop_link(session, 4401, "the token has expired");
}

void EdgeCore::count_sessions() {
  metrics_.attached.Set(static_cast<double>(attached_));
  metrics_.detached.Set(static_cast<double>(sessions_.size() - attached_));
}

}  // namespace gw::acs::edge
