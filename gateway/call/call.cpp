#include "gateway/call/call.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "base/assert.h"

namespace gw {
namespace {

using policy::Cause;
using policy::HangupCause;

// The caller is told 200 when the user's DTLS is up, or after this, whichever is first: the first word is not clipped.
constexpr Duration kMediaReadyWait = 1500ms;

// The engine reports each closed port; should a worker stall, the call's record must not wait for it for ever.
constexpr Duration kClosedPortsWait = 2s;

// Of several failed targets the caller hears the one that says most: a person's refusal before a device's absence.
int weight(Cause cause) {
  switch (cause) {
    case Cause::Declined: return 9;
    case Cause::Busy: return 8;
    case Cause::NoAnswer: return 7;
    case Cause::NotAcceptable: return 6;
    case Cause::Forbidden:
    case Cause::CallerIdNotAllowed: return 5;
    case Cause::NotFound:
    case Cause::BadNumber: return 4;
    case Cause::Exhausted:
    case Cause::Unavailable:
    case Cause::Timeout: return 3;
    case Cause::NotRegistered: return 2;
    default: return 1;
  }
}

}  // namespace

std::string_view to_string(CallState state) {
  switch (state) {
    case CallState::Routing: return "routing";
    case CallState::Ringing: return "ringing";
    case CallState::Answering: return "answering";
    case CallState::Talking: return "talking";
    case CallState::Ended: return "ended";
  }
  return "?";
}

std::string_view to_string(EndedBy by) {
  switch (by) {
    case EndedBy::Caller: return "caller";
    case EndedBy::Callee: return "callee";
    case EndedBy::Gateway: return "gateway";
    case EndedBy::Operator: return "operator";
  }
  return "?";
}

Call::Call(Services& services, CallOwner& owner, config::Snapshot config, CallId id, policy::Dialled dialled,
           policy::Decision decision, Log log)
    : services_(services), owner_(owner), config_(std::move(config)), id_(std::move(id)),
      dialled_(std::move(dialled)), decision_(std::move(decision)), log_(log),
      session_(services.media.open_session()) {
  best_failure_.cause = Cause::NormalClearing;
  times_.started = services_.clock.wall();
}

Call::~Call() {
  for (TimerId* timer : {&ring_timer_, &answer_timer_, &duration_timer_, &finish_timer_}) services_.loop.cancel(*timer);
  if (!finished_) services_.media.close_session(session_);
}

void Call::begin(std::unique_ptr<Leg> caller) {
  caller_ = std::move(caller);
  watch_ports(*caller_);
  try_next_rank();
}

void Call::begin_refused(std::unique_ptr<Leg> caller, const HangupCause& cause) {
  caller_ = std::move(caller);
  end(cause, EndedBy::Gateway);
}

void Call::try_next_rank() {
  while (!final_failure_ && next_rank_ < decision_.ranks.size()) {
    start_rank(decision_.ranks[next_rank_++]);
    if (state_ == CallState::Ended) return;
    if (ringing_.empty()) continue;
    set_state(CallState::Ringing);
    arm(ring_timer_, config_->calls.ring_timeout, &Call::on_ring_timeout);
    Leg& first = *ringing_.front();
    if (first.answers_itself()) {
      on_answered(first);
    } else if (const auto it = std::ranges::find_if(ringing_, &Leg::rings_at_once); it != ringing_.end()) {
      on_ringing(**it);
    }
    return;
  }
  if (best_failure_.cause == Cause::NormalClearing) best_failure_.cause = Cause::NotFound;
  end(best_failure_, EndedBy::Callee);
}

void Call::start_rank(const policy::Rank& rank) {
  for (const policy::Party& party : rank.parties) {
    auto legs = owner_.legs_for(*this, party);
    if (!legs) {
      note_failure(party, legs.error());
      continue;
    }
    if (legs->empty()) note_failure(party, {Cause::NotRegistered, 0, 0, policy::to_string(party) + " is not registered"});
    for (auto& leg : *legs) {
      const auto started = leg->start();
      watch_ports(*leg);
      if (started) {
        ringing_.push_back(leg.get());
        callee_ = leg.get();
      } else {
        const bool absent = started.error().code == ErrorCode::Unavailable && leg->far() == policy::Far::User;
        HangupCause cause = policy::from_error(started.error());
        if (absent) cause.cause = Cause::NotRegistered;
        note_failure(party, cause);
      }
      targets_.push_back(std::move(leg));
    }
  }
}

void Call::note_failure(const policy::Party& party, const HangupCause& cause) {
  log_.info("target failed", {{"target", policy::to_string(party)}, {"cause", policy::to_string(cause.cause)},
                              {"status", cause.sip_status}, {"why", cause.detail}});
  if (weight(cause.cause) > weight(best_failure_.cause) || best_failure_.cause == Cause::NormalClearing) best_failure_ = cause;
  if (!worth_another_rank(party, cause)) final_failure_ = true;
}

bool Call::worth_another_rank(const policy::Party& party, const HangupCause& cause) const {
  if (cause.cause == Cause::Declined) return false;  // RFC 3261 21.6: nobody else will do.
  if (party.kind != policy::PartyKind::Trunk || cause.sip_status == 0) return true;
  const config::Trunk* trunk = config_->trunk(party.name);
  return trunk && std::ranges::find(trunk->retry_on, cause.sip_status) != trunk->retry_on.end();
}

void Call::on_ringing(Leg& leg) {
  if (state_ != CallState::Ringing || !is_ringing(leg)) return;
  callee_ = &leg;
  if (std::exchange(caller_hears_ringing_, true)) return;
  log_.info("target rings", {{"target", policy::to_string(leg.party())}});
  caller_->ring(decision_.ringback, leg.codecs());
}

void Call::on_early_media(Leg& leg) {
  if (state_ != CallState::Ringing || !is_ringing(leg)) return;
  callee_ = &leg;
  // Of several that ring together nobody's announcement can be the caller's.
  if (ringing_.size() > 1) return on_ringing(leg);
  caller_hears_ringing_ = true;
  services_.media.play_ringback(caller_->port(), false);
  services_.media.connect(caller_->port(), leg.port());
  caller_->early_media(leg.codecs());
}

void Call::on_answered(Leg& leg) {
  if (state_ != CallState::Ringing || !is_ringing(leg)) return;
  callee_ = &leg;
  services_.loop.cancel(ring_timer_);
  end_other_targets(leg);
  watch_ports(leg);
  watch_ports(*caller_);
  connect_media();
  set_state(CallState::Answering);
  if (leg.media_ready()) return let_them_talk();
  arm(answer_timer_, kMediaReadyWait, &Call::on_answer_timeout);
}

void Call::on_media_ready(Leg& leg) {
  watch_ports(leg);
  if (state_ != CallState::Answering && state_ != CallState::Talking) return;
  connect_media();
  if (state_ == CallState::Answering && &leg == callee_) let_them_talk();
}

void Call::connect_media() {
  if (talking_.size() > 2) {
    // Who holds a conference is out of it; the others do not wait.
    for (const Leg* leg : talking_) {
      if (leg->locally_held()) {
        services_.media.disconnect(leg->port());
      } else {
        services_.media.join(leg->port());
      }
    }
    return;
  }
  if (talking_.size() == 2) return services_.media.connect(talking_[0]->port(), talking_[1]->port());
  if (caller_->port() && callee_ && callee_->port()) services_.media.connect(caller_->port(), callee_->port());
}

void Call::let_them_talk() {
  if (state_ != CallState::Answering) return;
  services_.loop.cancel(answer_timer_);
  const auto answered = caller_->answer(callee_->codecs());
  if (!answered) {
    end(policy::from_error(answered.error()), EndedBy::Gateway);
    return;
  }
  connect_media();
  times_.answered = services_.clock.wall();
  talking_ = {caller_.get(), callee_};
  set_state(CallState::Talking);
  callee_->connected();
  log_.info("call was answered", {{"by", policy::to_string(callee_->party())},
                                  {"setup_ms", to_ms(times_.answered - times_.started)}});
  if (config_->calls.max_duration > Duration{}) arm(duration_timer_, config_->calls.max_duration, &Call::on_max_duration);
  show_holds();
}

void Call::end_other_targets(const Leg& winner) {
  for (Leg* leg : std::exchange(ringing_, {})) {
    if (leg == &winner) continue;
    leg->end({Cause::AnsweredElsewhere}, true);
    for (const PortId port : leg->ports()) services_.media.remove_port(port);
  }
}

void Call::on_hold(Leg& leg, bool on) {
  if (state_ != CallState::Talking || !is_talking(leg)) return;
  if (talking_.size() > 2) return connect_media();
  other(leg)->set_remote_hold(on);
}

// What each of the parties is to know of the others' holds.
void Call::show_holds() {
  for (Leg* leg : talking_) {
    leg->set_remote_hold(talking_.size() == 2 && other(*leg)->locally_held());
  }
}

void Call::on_digits(Leg& leg, std::string_view digits, Duration length, Duration gap) {
  if (state_ != CallState::Talking || !is_talking(leg)) return;
  log_.info("digits were passed on", {{"from", policy::to_string(leg.party())}, {"count", digits.size()}});
  for (const Leg* peer : talking_) {
    if (peer != &leg && peer->port()) services_.media.send_digits(peer->port(), digits, length, gap);
  }
}

void Call::on_ended(Leg& leg, const HangupCause& cause) {
  if (state_ == CallState::Ended) return;
  if (state_ == CallState::Talking && is_talking(leg)) return leave(leg, cause);
  if (&leg == caller_.get()) return end(cause, EndedBy::Caller);
  if (&leg == callee_ && state_ == CallState::Answering) return end(cause, EndedBy::Callee);
  const auto it = std::ranges::find(ringing_, &leg);
  if (it == ringing_.end()) return;
  ringing_.erase(it);
  note_failure(leg.party(), cause);
  for (const PortId port : leg.ports()) services_.media.remove_port(port);
  // RFC 3261 16.7: a 6xx ends the search at once, for those that still ring too.
  if (final_failure_ && cause.cause == Cause::Declined) return end(cause, EndedBy::Callee);
  if (!ringing_.empty()) return;
  services_.loop.cancel(ring_timer_);
  try_next_rank();
}

// A party that hangs up takes only itself away, as long as two remain.
void Call::leave(Leg& leg, const HangupCause& cause) {
  if (talking_.size() == 2) return end(cause, &leg == caller_.get() ? EndedBy::Caller : EndedBy::Callee);
  std::erase(talking_, &leg);
  log_.info("party left", {{"party", policy::to_string(leg.party())}, {"cause", policy::to_string(cause.cause)},
                           {"remain", talking_.size()}});
  for (const PortId port : leg.ports()) services_.media.remove_port(port);
  connect_media();
  show_holds();
}

void Call::take_in(Call& other) {
  GW_ASSERT(state_ == CallState::Talking && other.state_ == CallState::Talking);
  other.give_up_to(id_);
  services_.media.merge(session_, other.session_);
  std::vector<std::unique_ptr<Leg>> legs = std::move(other.targets_);
  legs.insert(legs.begin(), std::move(other.caller_));
  std::ranges::move(other.guests_, std::back_inserter(legs));
  for (auto& leg : legs) {
    leg->move_to(*this, session_);
    guests_.push_back(std::move(leg));
  }
  std::ranges::copy(other.talking_, std::back_inserter(talking_));
  std::ranges::copy(other.talking_, std::back_inserter(answered_guests_));
  ports_.merge(other.ports_);
  stats_.merge(other.stats_);
  other.talking_.clear();
  other.callee_ = nullptr;
  connect_media();
  show_holds();
  log_.info("call took another in", {{"other", other.id_.value}, {"parties", talking_.size()}});
}

// Its parties go on in another call; what they did until now is its record.
void Call::give_up_to(const CallId& into) {
  for (const Leg* leg : talking_) {
    if (const auto stats = services_.media.stats(leg->port())) stats_[leg->port()] = *stats;
  }
  for (TimerId* timer : {&ring_timer_, &answer_timer_, &duration_timer_}) services_.loop.cancel(*timer);
  joined_to_ = into;
  cause_ = {Cause::NormalClearing, 0, 0, "joined to call " + into.value};
  ended_by_ = EndedBy::Operator;
  times_.ended = services_.clock.wall();
  set_state(CallState::Ended);
  finish_anyway();
}

void Call::on_ring_timeout() {
  if (state_ != CallState::Ringing) return;
  for (Leg* leg : std::exchange(ringing_, {})) {
    leg->end({Cause::NoAnswer}, false);
    note_failure(leg->party(), {Cause::NoAnswer, 0, 0, "nobody answered"});
    for (const PortId port : leg->ports()) services_.media.remove_port(port);
  }
  try_next_rank();
}

void Call::on_max_duration() { end({Cause::MaxDuration, 0, 0, "[calls] max_duration is over"}, EndedBy::Gateway); }

void Call::end(const HangupCause& cause, EndedBy by) {
  if (state_ == CallState::Ended) return;
  set_state(CallState::Ended);
  cause_ = cause;
  ended_by_ = by;
  times_.ended = services_.clock.wall();
  for (TimerId* timer : {&ring_timer_, &answer_timer_, &duration_timer_}) services_.loop.cancel(*timer);

  // A leg that ended by itself ignores this.
  if (caller_) caller_->end(cause, by == EndedBy::Callee);
  for (const auto& leg : targets_) leg->end(cause, by == EndedBy::Caller);
  for (const auto& leg : guests_) leg->end(cause, by == EndedBy::Caller || by == EndedBy::Callee);
  ringing_.clear();
  if (caller_) watch_ports(*caller_);
  for (const auto& leg : targets_) watch_ports(*leg);
  services_.media.close_session(session_);
  arm(finish_timer_, kClosedPortsWait, &Call::finish_anyway);
  maybe_finish();
}

void Call::on_media(const media::MediaEvent& event) {
  if (const auto* closed = std::get_if<media::PortClosed>(&event)) {
    ports_[closed->port] = true;
    stats_[closed->port] = closed->stats;
    maybe_finish();
    return;
  }
  if (state_ == CallState::Ended) return;
  const PortId port = std::visit([](const auto& e) { return e.port; }, event);
  if (caller_ && caller_->owns(port)) return caller_->on_media(event);
  for (const auto* legs : {&targets_, &guests_}) {
    for (const auto& leg : *legs) {
      if (leg->owns(port)) return leg->on_media(event);
    }
  }
}

// Posted, because the owner destroys the call.
void Call::maybe_finish() {
  if (state_ != CallState::Ended || finished_) return;
  if (!std::ranges::all_of(ports_, [](const auto& entry) { return entry.second; })) return;
  arm(finish_timer_, Duration{}, &Call::finish_anyway);
}

void Call::finish_anyway() {
  if (finished_) return;
  finished_ = true;
  owner_.on_call_finished(*this);
}

void Call::watch_ports(const Leg& leg) {
  for (const PortId port : leg.ports()) {
    if (ports_.emplace(port, false).second) owner_.on_port_opened(*this, port);
  }
}

// The destructor cancels every timer, so `this` is there when one fires.
void Call::arm(TimerId& timer, Duration delay, void (Call::*then)()) {
  services_.loop.cancel(timer);
  timer = services_.loop.after(delay, [this, then] { (this->*then)(); });
}

void Call::set_state(CallState state) {
  if (state_ == state) return;
  log_.debug("state changed", {{"from", to_string(state_)}, {"to", to_string(state)}});
  state_ = state;
}

Leg* Call::other(const Leg& leg) const { return talking_[0] == &leg ? talking_[1] : talking_[0]; }

bool Call::is_talking(const Leg& leg) const { return std::ranges::find(talking_, &leg) != talking_.end(); }

std::vector<const Leg*> Call::parties() const {
  std::vector<const Leg*> all;
  if (caller_) all.push_back(caller_.get());
  if (callee_) all.push_back(callee_);
  all.insert(all.end(), answered_guests_.begin(), answered_guests_.end());
  return all;
}

bool Call::is_ringing(const Leg& leg) const { return std::ranges::find(ringing_, &leg) != ringing_.end(); }

bool Call::involves(const policy::Party& party) const {
  if (state_ == CallState::Ended) return false;
  const auto is_it = [&](const Leg* leg) { return leg && leg->party() == party; };
  if (state_ == CallState::Talking) return std::ranges::any_of(talking_, is_it);
  if (is_it(caller_.get()) || is_it(callee_)) return true;
  return std::ranges::any_of(ringing_, [&](const Leg* leg) { return leg->party() == party; });
}

media::PortStats Call::final_stats(PortId port) const {
  const auto it = stats_.find(port);
  return it == stats_.end() ? media::PortStats{} : it->second;
}

}  // namespace gw
