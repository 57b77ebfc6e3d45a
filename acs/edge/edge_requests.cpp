#include <utility>

#include "acs/edge/edge_core.h"

namespace gw::acs::edge {
namespace {

using Kind = RequestLog::Kind;
using Stage = DeviceCall::Stage;

constexpr size_t kMaxCallsPerDevice = 32;
// What costs us nothing but reading: acknowledgements, pings, candidates, reports.
constexpr double kSmall = 0.2;

double cost_of(const frames::Body& body) {
  const bool small = std::holds_alternative<frames::Nothing>(body) ||
                     std::holds_alternative<frames::Ping>(body) ||
                     std::holds_alternative<QualityReported>(body);
  return small ? kSmall : 1.0;
}

// These may come without a number: nobody waits for their answer.
bool needs_no_answer(const frames::Body& body) {
  return cost_of(body) < 1 || std::holds_alternative<frames::Unregister>(body);
}

bool in_stage(const DeviceCall* call, Stage stage) {
  return call && call->stage == stage;
}

}  // namespace

void EdgeCore::handle(EdgeSession& session, const frames::ClientFrame& frame) {
  session.heard(parts_.clock.now());
  session.acknowledge(frame.ack);
  if (!within_rate(session, frame)) return;
  if (frame.request_id == 0 && !needs_no_answer(frame.body)) {
    metrics_.refused("no_request_id");
    return close_link(session.link(), 4400, "a request needs a request_id");
  }
  uint32_t ticket = 0;
  if (frame.request_id != 0) {
    const RequestLog::Begun begun = session.requests.begin(frame.request_id);
    switch (begun.seen) {
      case RequestLog::Seen::Fresh: break;
      case RequestLog::Seen::Pending: return;  // Its answer goes to whichever socket there is then.
      case RequestLog::Seen::Answered:
        return session.tell(session.requests.tell_again(begun.ticket, session.ring.last()));
      case RequestLog::Seen::TooMany:
        metrics_.refused("pending_requests");
        return session.answer(frame.request_id,
                              frames::response({429, 90429, "too many unanswered requests",
                                                Category::UnexpectedClientError}));
    }
    ticket = begun.ticket;
  }
  std::visit([&](const auto& body) { take(session, ticket, body); }, frame.body);
}

bool EdgeCore::within_rate(EdgeSession& session, const frames::ClientFrame& frame) {
  const double rate = parts_.config.requests_per_second;
  TokenBucket& bucket = users_.at(session.identity).bucket;
  const double left = bucket.charge(cost_of(frame.body), rate, 2 * rate, parts_.clock.now());
  if (left >= 0) return true;
  metrics_.refused("rate");
  // Far beyond the limit answers are wasted on it too.
  if (left < -4 * rate) {
    close_link(session.link(), 4429, "too many requests");
  } else {
    session.answer(frame.request_id, frames::response({429, 90429, "too many requests",
                                                       Category::UnexpectedClientError}));
  }
  return false;
}

void EdgeCore::refuse(EdgeSession& session, uint32_t ticket, uint32_t code, uint32_t sub_code,
                      std::string message) {
  respond({session.device, ticket},
          {code, sub_code, std::move(message), Category::UnexpectedClientError}, {}, 0);
}

void EdgeCore::take(EdgeSession& session, uint32_t ticket, const frames::Nothing&) {
  if (ticket != 0) respond({session.device, ticket}, {}, {}, 0);
}

void EdgeCore::take(EdgeSession& session, uint32_t ticket, const frames::Refused& refused) {
  metrics_.refused(refused.status.code == 501 ? "not_implemented" : "invalid_request");
  respond({session.device, ticket}, refused.status, {}, 0);
}

void EdgeCore::take(EdgeSession& session, uint32_t ticket, const frames::Register&) {
  refuse(session, ticket, 409, 90409, "this connection has registered already");
}

void EdgeCore::take(EdgeSession& session, uint32_t ticket, const frames::RefreshToken& refresh) {
  auto claims = parts_.tokens.verify(refresh.token);
  if (!claims)
    return refuse(session, ticket, 401, claims.error().detail == "expired" ? 40235 : 44110,
                  "the token is not valid");
  if (claims->identity != session.identity)
    return refuse(session, ticket, 401, 44110, "the token is another user's");
  session.claims = std::move(*claims);
  session.told_expiring = false;
  session.told_expired = false;
  respond({session.device, ticket}, {}, {}, 0);
}

void EdgeCore::take(EdgeSession& session, uint32_t ticket, const frames::Unregister&) {
  const DeviceId device = session.device;
  if (ticket != 0) respond({device, ticket}, {}, {}, 0);
  gone(device, {{0, 0, "the user signed out", Category::Success}, 0, 0, EndReason::By::Local});
}

void EdgeCore::take(EdgeSession& session, uint32_t ticket, const frames::Ping& ping) {
  session.tell(frames::event_frame(0, frames::pong(ping.t_ms, parts_.clock.wall())));
  if (ticket != 0) respond({session.device, ticket}, {}, {}, 0);
}

template <class Event>
void EdgeCore::pass_on(EdgeSession& session, uint32_t ticket, Event event, Kind kind) {
  session.requests.describe(ticket, kind, event.call_id);
  event.request = {session.device, ticket};
  parts_.events(std::move(event));
}

void EdgeCore::take(EdgeSession& session, uint32_t ticket, Invited invited) {
  if (!session.claims.may(identity::Scope::Voip)) {
    return refuse(session, ticket, 401, 44114, "the token lacks the scope voip");
  }
  if (calls_.contains(invited.call_id))
    return refuse(session, ticket, 409, 90409, "this call id is taken");
  if (session.calls.size() >= kMaxCallsPerDevice)
    return refuse(session, ticket, 429, 90429, "too many calls");
  DeviceCall& call = session.calls[invited.call_id];
  call.stage = Stage::Active;
  call.update.call_id = invited.call_id;
  call.update.remote = invited.to.front();
  call.update.outgoing = true;
  call.update.muted = invited.start_muted;
  calls_[invited.call_id].devices = {session.device};
  invited.identity = session.identity;
  invited.display_name = session.display_name;
  pass_on(session, ticket, std::move(invited), Kind::Invite);
}

void EdgeCore::take(EdgeSession& session, uint32_t ticket, Offered offered) {
  if (!session.call(offered.call_id))
    return refuse(session, ticket, 404, 90404, "the call is over");
  pass_on(session, ticket, std::move(offered), Kind::Other);
}

void EdgeCore::take(EdgeSession& session, uint32_t ticket, Accepted accepted) {
  DeviceCall* call = session.call(accepted.call_id);
  if (!in_stage(call, Stage::Ringing) || call->accepting) {
    return refuse(session, ticket, 400, 41006, "the call does not ring any more");
  }
  call->accepting = true;
  pass_on(session, ticket, std::move(accepted), Kind::Accept);
}

void EdgeCore::take(EdgeSession& session, uint32_t ticket, Rejected rejected) {
  if (!in_stage(session.call(rejected.call_id), Stage::Ringing)) {
    return refuse(session, ticket, 400, 41007, "the call does not ring any more");
  }
  pass_on(session, ticket, std::move(rejected), Kind::Reject);
}

void EdgeCore::take(EdgeSession& session, uint32_t ticket, HungUp hung_up) {
  const DeviceCall* call = session.call(hung_up.call_id);
  if (!call)
    return respond({session.device, ticket}, {}, {},
                   0);  // It is over already, which is what was wanted.
  if (call->stage == Stage::Ringing && !call->accepting) {
    Rejected rejected;
    rejected.call_id = hung_up.call_id;
    return take(session, ticket, std::move(rejected));
  }
  pass_on(session, ticket, std::move(hung_up), Kind::Other);
}

void EdgeCore::take(EdgeSession& session, uint32_t ticket, HoldAsked hold) {
  if (!in_stage(session.call(hold.call_id), Stage::Active)) {
    return refuse(session, ticket, 500, hold.on ? 41033 : 41034, "the call is not connected");
  }
  pass_on(session, ticket, std::move(hold), Kind::Other);
}

void EdgeCore::take(EdgeSession& session, uint32_t ticket, MuteAsked mute) {
  if (!in_stage(session.call(mute.call_id), Stage::Active)) {
    return refuse(session, ticket, mute.on ? 500 : 400, mute.on ? 41015 : 41016,
                  "the call is not connected");
  }
  pass_on(session, ticket, std::move(mute), Kind::Other);
}

void EdgeCore::take(EdgeSession& session, uint32_t ticket, DigitsAsked digits) {
  if (!in_stage(session.call(digits.call_id), Stage::Active)) {
    return refuse(session, ticket, 404, 90404, "the call is not connected");
  }
  pass_on(session, ticket, std::move(digits), Kind::Other);
}

void EdgeCore::take(EdgeSession& session, uint32_t ticket, TransferAsked transfer) {
  const bool attended = !transfer.target_call_id.empty();
  if (!in_stage(session.call(transfer.call_id), Stage::Active) ||
      (attended && !in_stage(session.call(transfer.target_call_id), Stage::Active))) {
    return refuse(session, ticket, 404, 41040, "the call is not connected");
  }
  pass_on(session, ticket, std::move(transfer), Kind::Other);
}

void EdgeCore::take(EdgeSession& session, uint32_t ticket, QualityReported quality) {
  if (in_stage(session.call(quality.call_id), Stage::Active)) parts_.events(std::move(quality));
  if (ticket != 0) respond({session.device, ticket}, {}, {}, 0);
}

void EdgeCore::respond(const RequestRef& request, const Status& status,
                       std::optional<std::string> answer, uint32_t generation) {
  EdgeSession* session = find(request.device);
  const RequestLog::Request* waiting =
      session ? session->requests.waiting(request.request_id) : nullptr;
  if (!waiting) return;
  const RequestLog::Request what = *waiting;
  std::optional<frames::Answer> sdp;
  if (answer) sdp = frames::Answer{what.call_id, std::move(*answer), generation};
  std::string frame = frames::request_frame(what.id, frames::response(status, sdp));
  session->requests.finish(request.request_id, frame, session->ring.last());
  if (what.id != 0) session->tell(std::move(frame));
  after_answer(*session, what, status);
}

void EdgeCore::after_answer(EdgeSession& session, const RequestLog::Request& what,
                            const Status& status) {
  const bool done = status.code == 0;
  switch (what.kind) {
    case Kind::Invite:
      // The refusal itself tells the user that the call is over.
      if (!done) forget_call(session, what.call_id);
      return;
    case Kind::Accept:
      if (DeviceCall* call = session.call(what.call_id)) {
        call->accepting = false;
        if (done) call->stage = Stage::Active;
      }
      return;
    case Kind::Reject:
      if (done) {
        end_at(
            session, what.call_id,
            {{603, 0, "declined on this device", Category::Success}, 0, 0, EndReason::By::Local});
      }
      return;
    case Kind::Other: return;
  }
}

}  // namespace gw::acs::edge
