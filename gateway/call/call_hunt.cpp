#include <algorithm>
#include <utility>

#include "gateway/call/call.h"

// Whom a call rings: rank by rank, who sends it on, and which refusal ends the search.
namespace gw {
namespace {

using policy::Cause;
using policy::HangupCause;

}  // namespace

void Call::try_next_rank() {
  while (!final_failure_) {
    if (const policy::Party* by = hunt_.alone()) {
      const policy::Party party = *by;
      const auto sent = send_on_after_failure(hunt_);
      if (!sent) note_failure(party, sent.error());
      if (sent && *sent) best_failure_ = {};  // It is somebody else's to fail now.
    }
    if (!hunt_.next()) break;
    start_rank();
    if (state_ == CallState::Ended) return;
    if (ringing_.empty()) continue;
    set_state(CallState::Ringing);
    arm(ring_timer_, ring_time(hunt_, Duration{}), &Call::on_ring_timeout);
    tell_ringing_changed();
    Leg& first = *ringing_.front();
    if (first.answers_itself()) {
      on_answered(first);
    } else if (const auto it = std::ranges::find_if(ringing_, &Leg::rings_at_once);
               it != ringing_.end()) {
      on_ringing(**it);
    }
    return;
  }
  if (best_failure_.cause == Cause::NormalClearing) best_failure_.cause = Cause::NotFound;
  end(best_failure_, EndedBy::Callee);
}

// A rank that is all of a forwarding phone's rings nobody: where its calls go is the next one.
void Call::start_rank() {
  if (const policy::Party* by = hunt_.alone()) {
    const policy::Party party = *by;
    const auto sent = send_on(hunt_, policy::ForwardReason::Always);
    if (!sent) note_failure(party, sent.error());
    if (!sent || *sent) return;
  }
  const policy::Rank rank = hunt_.rank();
  for (const policy::Party& party : rank.parties) {
    auto legs = owner_.legs_for(*this, way(), party);
    if (!legs) {
      note_failure(party, legs.error());
      continue;
    }
    if (legs->empty())
      note_failure(party,
                   {Cause::NotRegistered, 0, 0, policy::to_string(party) + " is not registered"});
    for (auto& leg : *legs) {
      const auto started = start_leg(*leg);
      if (started) {
        ringing_.push_back(leg.get());
        callee_ = leg.get();
      } else {
        note_failure(party, started.error());
      }
      targets_.push_back(std::move(leg));
    }
  }
}

// The party that rings alone has its calls go elsewhere: that is the next rank. False: it has not.
// A cause: they cannot go.
tl::expected<bool, HangupCause> Call::send_on(Hunt& hunt, policy::ForwardReason reason) {
  const policy::Party* alone = hunt.alone();
  if (!alone || hunt.way().decision.emergency) return false;
  const policy::Party by = *alone;
  auto routed = policy::forwarded(*config_, hunt.way(), by, reason, services_.clock.wall());
  if (!routed) return false;
  const std::string to = routed->dialled.number;
  if (!hunt.may_forward(by)) {
    return tl::unexpected(HangupCause{Cause::Failed, 482, 0,
                                      policy::to_string(by) + " sends the call round in a loop"});
  }
  if (!routed->decision.accepted) return tl::unexpected(routed->decision.cause);
  // Who only hears of the call hears of it wherever it goes.
  if (reason == policy::ForwardReason::Always) {
    for (const policy::Party& party : hunt.rank().parties) {
      if (party.kind == policy::PartyKind::App)
        routed->decision.ranks.front().parties.push_back(party);
    }
  }
  log_.info(
      "call was forwarded",
      {{"by", policy::to_string(by)}, {"why", policy::to_string(reason)}, {"to", Masked(to)}});
  hunt.forward({by, reason, to}, std::move(*routed));
  if (&hunt == &hunt_) caller_->delay(181);
  return true;
}

tl::expected<bool, HangupCause> Call::send_on_after_failure(Hunt& hunt) {
  const auto reason = hunt.failure() ? policy::reason_of(*hunt.failure()) : std::nullopt;
  if (!reason) return false;
  return send_on(hunt, *reason);
}

// As the route says, else [calls] ring_timeout; less when the party's calls go on before.
Duration Call::ring_time(const Hunt& hunt, Duration wanted) const {
  const policy::Decision& decision = hunt.way().decision;
  Duration time = wanted > Duration{} ? wanted : decision.ring_timeout;
  if (time == Duration{}) time = config_->calls.ring_timeout;
  const policy::Party* alone = hunt.alone();
  const auto after =
      alone && !decision.emergency ? policy::no_answer_after(*config_, *alone) : std::nullopt;
  return after && hunt.may_forward(*alone) ? std::min(time, *after) : time;
}

tl::expected<void, HangupCause> Call::start_leg(Leg& leg) {
  const auto started = leg.start();
  watch_ports(leg);
  if (started) return {};
  const bool absent =
      started.error().code == ErrorCode::Unavailable && leg.far() == policy::Far::User;
  HangupCause cause = policy::from_error(started.error());
  if (absent) cause.cause = Cause::NotRegistered;
  return tl::unexpected(cause);
}

void Call::note_failure(const policy::Party& party, const HangupCause& cause) {
  log_.info("target failed", {{"target", policy::to_string(party)},
                              {"cause", policy::to_string(cause.cause)},
                              {"status", cause.sip_status},
                              {"why", cause.detail}});
  hunt_.note_failure(party, cause);
  if (weight(cause.cause) > weight(best_failure_.cause) ||
      best_failure_.cause == Cause::NormalClearing)
    best_failure_ = cause;
  if (!worth_another_rank(party, cause)) final_failure_ = true;
}

bool Call::worth_another_rank(const policy::Party& party, const HangupCause& cause) const {
  if (way().decision.emergency) return true;         // Help is asked for everywhere.
  if (cause.cause == Cause::Declined) return false;  // RFC 3261 21.6: nobody else will do.
  if (party.kind != policy::PartyKind::Trunk || cause.sip_status == 0 || cause.local) return true;
  const config::Trunk* trunk = config_->trunk(party.name);
  return trunk && std::ranges::find(trunk->retry_on, cause.sip_status) != trunk->retry_on.end();
}

}  // namespace gw
