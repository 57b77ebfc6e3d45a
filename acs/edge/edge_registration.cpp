#include <algorithm>

#include "acs/edge/edge_core.h"
#include "acs/edge/turn_credentials.h"

namespace gw::acs::edge {
namespace {

using identity::Scope;

constexpr size_t kSecretBytes = 32;
// Of one source: enough for an office whose tokens ran out together.
constexpr double kFailuresPerSecond = 0.5;
constexpr double kFailureBurst = 60;
constexpr size_t kMaxSources = 4096;

Status client_error(uint32_t code, uint32_t sub_code, std::string message) {
  return {code, sub_code, std::move(message), Category::UnexpectedClientError};
}

Status token_status(const Error& error) {
  if (error.detail == "expired") return client_error(401, 40235, "the token has expired");
  return client_error(401, 44110, "the token is not valid: " + error.detail);
}

}  // namespace

bool EdgeCore::admits(const http::Request& request) {
  if (shutting_down_) return false;
  const auto known = login_failures_.find(request.peer.host());
  if (known == login_failures_.end()) return true;
  const TimePoint now = parts_.clock.now();
  if (known->second.charge(0, kFailuresPerSecond, kFailureBurst, now) >= 0) return true;
  metrics_.refused("login_rate");
  return false;
}

void EdgeCore::first_frame(uint64_t link, const frames::ClientFrame& frame) {
  const auto* wanted = std::get_if<frames::Register>(&frame.body);
  if (!wanted) {
    return turn_away(link, frame.request_id,
                     client_error(400, 90400, "the first frame must be Register"), 4400);
  }
  auto claims = parts_.tokens.verify(wanted->token);
  if (!claims) {
    const std::string source = links_.at(link).socket->peer().host();
    if (login_failures_.size() >= kMaxSources) login_failures_.clear();
    login_failures_[source].charge(1, kFailuresPerSecond, kFailureBurst, parts_.clock.now());
    parts_.log.info("device was refused", {{"source", source}, {"why", claims.error().detail}});
    return turn_away(link, frame.request_id, token_status(claims.error()), 4401);
  }
  if (parts_.clock.wall() >= claims->expires) {
    return turn_away(link, frame.request_id, client_error(401, 40235, "the token has expired"),
                     4401);
  }
  if (!claims->may(Scope::Voip) && !claims->may(Scope::VoipJoin)) {
    return turn_away(link, frame.request_id,
                     client_error(401, 44114, "the token lacks the scope voip"), 4401);
  }
  register_device(link, frame.request_id, *wanted, std::move(*claims));
}

void EdgeCore::register_device(uint64_t link, uint32_t request_id, const frames::Register& wanted,
                               identity::Claims claims) {
  if (EdgeSession* known = find_to_resume(wanted, claims)) {
    const bool replay = known->ring.has_all_after(wanted.resume->last_seq);
    known->claims = std::move(claims);
    attach(*known, link);
    if (replay) known->ring.acknowledge(wanted.resume->last_seq);
    (replay ? metrics_.replayed : metrics_.snapshots).Increment();
    return welcome(*known, request_id, replay);
  }
  if (EdgeSession* known = find_instance(wanted.instance_id, claims.identity)) {
    // The same tab, which has lost the thread: it gets its calls as a snapshot, and may count its
    // requests from 1.
    known->claims = std::move(claims);
    known->requests.begin_anew();
    attach(*known, link);
    metrics_.snapshots.Increment();
    return welcome(*known, request_id, false);
  }
  if (sessions_.size() >= parts_.config.max_sessions) {
    metrics_.refused("sessions");
    return turn_away(link, request_id,
                     {503, 90503, "the gateway has no room", Category::UnexpectedServerError},
                     1013);
  }
  if (!make_room(claims.identity)) {
    metrics_.refused("devices");
    return turn_away(link, request_id, client_error(429, 90429, "the user has too many devices"),
                     4429);
  }
  EdgeSession* session = make_session(wanted, std::move(claims));
  attach(*session, link);
  metrics_.registered.Increment();
  welcome(*session, request_id, false);
  parts_.events(DeviceCame{session->device, session->identity});
  std::vector<EdgeServer::Ring> ringing;
  for (const auto& [call_id, call] : calls_) {
    if (call.ring && call.ring->identity == session->identity) ringing.push_back(*call.ring);
  }
  for (const auto& ring : ringing) ring_one(*session, ring);
}

// The key holds the device's name in front, which finds the session; the rest is the secret.
EdgeSession* EdgeCore::find_to_resume(const frames::Register& wanted,
                                      const identity::Claims& claims) {
  if (!wanted.resume || wanted.resume->session_key.size() <= kSecretBytes) return nullptr;
  const std::string& key = wanted.resume->session_key;
  EdgeSession* session = find(key.substr(0, key.size() - kSecretBytes));
  if (!session || !session->has_key(key) || session->identity != claims.identity) return nullptr;
  return session;
}

EdgeSession* EdgeCore::find_instance(const std::string& instance, const std::string& identity) {
  const auto user = users_.find(identity);
  if (instance.empty() || user == users_.end()) return nullptr;
  for (const DeviceId& device : user->second.devices) {
    EdgeSession* session = find(device);
    if (session && session->instance == instance) return session;
  }
  return nullptr;
}

// A page that was reloaded leaves its old device behind for the resume window: those go first.
bool EdgeCore::make_room(const std::string& identity) {
  const auto user = users_.find(identity);
  if (user == users_.end() || user->second.devices.size() < parts_.config.max_sessions_per_identity)
    return true;
  for (const DeviceId& device : user->second.devices) {
    const EdgeSession* session = find(device);
    if (!session || session->attached() || !session->calls.empty()) continue;
    gone(DeviceId(device), {{496, 7, "another device took its place", Category::ExpectedError},
                            0,
                            0,
                            EndReason::By::Network});
    return true;
  }
  return false;
}

EdgeSession* EdgeCore::make_session(const frames::Register& wanted, identity::Claims claims) {
  DeviceId device = parts_.random.hex(8);
  std::string key = new_session_key(device);
  auto session =
      std::make_unique<EdgeSession>(device, wanted.instance_id, std::move(claims), std::move(key));
  session->display_name = wanted.display_name;
  EdgeSession* made = session.get();
  sessions_.emplace(device, std::move(session));
  users_[made->identity].devices.push_back(device);
  presence_.add(made->identity, device);
  parts_.log.info("device registered",
                  {{"identity", made->identity}, {"device", device}, {"client", wanted.client}});
  return made;
}

void EdgeCore::attach(EdgeSession& session, uint64_t link) {
  if (session.attached()) drop_link(session, 4409, "replaced by a newer connection");
  session.attach(link, links_.at(link).socket, parts_.clock.now());
  session.told_expiring = false;
  session.told_expired = false;
  links_.at(link).session = &session;
  ++attached_;
}

void EdgeCore::welcome(EdgeSession& session, uint32_t request_id, bool resumed) {
  frames::Registered out;
  if (!resumed) {
    session.ring.restart();
    session.renew_key(new_session_key(session.device));
    out.calls = session.snapshot();
  }
  if (const auto card = parts_.users ? parts_.users(session.identity) : std::nullopt) {
    if (!card->display_name.empty()) session.display_name = card->display_name;
    out.caller_ids = card->caller_ids;
  }
  out.session_key = session.session_key();
  out.identity = session.identity;
  out.token_expires = session.claims.expires;
  out.resumed = resumed;
  if (parts_.config.turn)
    out.turn = turn_credentials(*parts_.config.turn, session.identity, parts_.clock.wall());
  out.ping_interval = parts_.config.ping_interval;
  out.ping_timeout = parts_.config.ping_timeout;
  out.resume_window = parts_.config.resume_window;
  out.features = {"resume", "warm-up", "hold", "mute", "dtmf", "transfer", "token-refresh"};
  out.display_name = session.display_name;
  session.tell(frames::request_frame(request_id, frames::registered(out)));
  session.ring.replay(0, [&](const std::string& frame) { session.tell(frame); });
  count_sessions();
  if (resumed)
    parts_.log.info("device resumed", {{"identity", session.identity}, {"device", session.device}});
}

void EdgeCore::turn_away(uint64_t link, uint32_t request_id, const Status& status,
                         uint16_t close_code) {
  metrics_.refused("registration");
  const auto socket = links_.at(link).socket;
  if (request_id != 0) socket->send(frames::request_frame(request_id, frames::response(status)));
  close_link(link, close_code, status.message);
}

std::string EdgeCore::new_session_key(const DeviceId& device) {
  std::string secret(kSecretBytes, '\0');
  parts_.random.fill(std::as_writable_bytes(std::span(secret)));
  return device + secret;
}

}  // namespace gw::acs::edge
