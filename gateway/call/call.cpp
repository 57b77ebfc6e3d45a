#include "gateway/call/call.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "base/assert.h"

namespace gw {
namespace {

using policy::Cause;
using policy::HangupCause;

// The caller is told 200 when the user's DTLS is up, or after this, whichever is first: the first
// word is not clipped.
constexpr Duration kMediaReadyWait = 1500ms;

// The engine reports each closed port; should a worker stall, the call's record must not wait for
// it for ever.
constexpr Duration kClosedPortsWait = 2s;

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

Call::Call(Services& services, CallOwner& owner, config::Snapshot config, CallId id,
           policy::Routed routed, Log log)
    : services_(services),
      owner_(owner),
      config_(std::move(config)),
      id_(std::move(id)),
      routed_(std::move(routed)),
      log_(log),
      session_(services.media.open_session()),
      hunt_(routed_) {
  best_failure_.cause = Cause::NormalClearing;
  times_.started = services_.clock.wall();
}

Call::~Call() {
  for (TimerId* timer : {&ring_timer_, &answer_timer_, &duration_timer_, &finish_timer_})
    services_.loop.cancel(*timer);
  for (const Invitation& invitation : invitations_) services_.loop.cancel(invitation.timer);
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

void Call::on_ringing(Leg& leg) {
  if (const auto invitation = invitation_of(leg); invitation != invitations_.end()) {
    note_ringing(invitation->id);
    return tell_watchers([&](CallWatcher& watcher) { watcher.on_leg_rings(*this, leg); });
  }
  if (state_ != CallState::Ringing || !is_ringing(leg)) return;
  callee_ = &leg;
  tell_watchers([&](CallWatcher& watcher) { watcher.on_leg_rings(*this, leg); });
  if (std::exchange(caller_hears_ringing_, true)) return;
  log_.info("target rings", {{"target", policy::to_string(leg.party())}});
  caller_->ring(way().decision.ringback, leg.codecs());
}

// Of several that ring together one's delay is not the caller's.
void Call::on_delayed(Leg& leg, int status) {
  if (state_ != CallState::Ringing || !is_ringing(leg) || ringing_.size() > 1) return;
  caller_->delay(status);
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
  tell_watchers([&](CallWatcher& watcher) { watcher.on_leg_rings(*this, leg); });
}

void Call::on_answered(Leg& leg) {
  if (const auto invitation = invitation_of(leg); invitation != invitations_.end()) {
    return on_invitation_answered(invitation, leg);
  }
  if (state_ != CallState::Ringing || !is_ringing(leg)) return;
  callee_ = &leg;
  services_.loop.cancel(ring_timer_);
  end_other_targets(leg);
  watch_ports(leg);
  watch_ports(*caller_);
  connect_media();
  set_state(CallState::Answering);
  tell_ringing_changed();
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
  const Leg* waits = who_waits();
  if (waits && hold_music_.play_to(session_, waits->port())) return;
  connect_parties();
  hold_music_.stop();
}

// One of two, whom the other holds and who is to hear music meanwhile.
const Leg* Call::who_waits() const {
  if (talking_.size() != 2 || !attached_.empty()) return nullptr;
  const Leg& first = *talking_[0];
  const Leg& second = *talking_[1];
  if (first.locally_held() == second.locally_held() || first.is_application() ||
      second.is_application())
    return nullptr;
  const Leg& holds = first.locally_held() ? first : second;
  const Leg& waits = first.locally_held() ? second : first;
  return waits.wants_hold_music() && !holds.brings_hold_music() ? &waits : nullptr;
}

void Call::connect_parties() {
  if (talking_.size() == 1) return;  // An application that waits for somebody to answer.
  if (talking_.size() > 2 || (talking_.size() == 2 && !attached_.empty())) {
    for (const PortId port : attached_) services_.media.join(port);
    // Who holds a conference is out of it; the others do not wait.
    for (const Leg* leg : talking_) {
      if (leg->locally_held() || is_apart(*leg)) {
        services_.media.disconnect(leg->port());
      } else {
        services_.media.join(leg->port());
      }
    }
    return;
  }
  if (talking_.size() == 2)
    return services_.media.connect(talking_[0]->port(), talking_[1]->port());
  if (caller_->port() && callee_ && callee_->port())
    services_.media.connect(caller_->port(), callee_->port());
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
  if (config_->calls.max_duration > Duration{})
    arm(duration_timer_, config_->calls.max_duration, &Call::on_max_duration);
  show_holds();
  tell_watchers([this](CallWatcher& watcher) { watcher.on_answered(*this); });
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
  if (talking_.size() == 2) other(leg)->set_remote_hold(on);
  if (talking_.size() > 2 || attached_.empty()) connect_media();
  tell_parties_changed();
}

// What each of the parties is to know of the others' holds.
void Call::show_holds() {
  for (Leg* leg : talking_) {
    leg->set_remote_hold(talking_.size() == 2 && other(*leg)->locally_held());
  }
  if (who_waits()) connect_media();
}

void Call::on_digits(Leg& leg, std::string_view digits, Duration length, Duration gap) {
  if (state_ != CallState::Talking || !is_talking(leg)) return;
  log_.info("digits were passed on",
            {{"from", policy::to_string(leg.party())}, {"count", digits.size()}});
  for (const Leg* peer : talking_) {
    if (peer != &leg && peer->port())
      services_.media.send_digits(peer->port(), digits, length, gap);
  }
  for (const char key : digits) {
    tell_watchers([&](CallWatcher& watcher) { watcher.on_key(*this, leg, key); });
  }
}

void Call::on_transfer_wanted(Leg& leg, const TransferRequest& request) {
  if (may_transfer(leg)) return owner_.on_transfer_wanted(*this, leg, request);
  leg.on_transfer(TransferStep::Failed,
                  {Cause::Forbidden, 0, 0, "only one of two that talk can be transferred"});
}

void Call::on_ended(Leg& leg, const HangupCause& cause) {
  if (state_ == CallState::Ended) return;
  if (state_ == CallState::Talking && is_talking(leg)) return leave(leg, cause);
  if (const auto invitation = invitation_of(leg); invitation != invitations_.end()) {
    std::erase(invitation->ringing, &leg);
    invitation->note(leg.party(), cause);
    remove_ports(leg);
    // RFC 3261 16.7, as below for the call's own targets.
    if (cause.cause == Cause::Declined)
      stop_ringing(invitation, {Cause::AnsweredElsewhere}, nullptr);
    if (invitation->ringing.empty()) try_next_rank(invitation);
    return tell_ringing_changed();
  }
  if (&leg == caller_.get()) return end(cause, EndedBy::Caller);
  if (&leg == callee_ && state_ == CallState::Answering) return end(cause, EndedBy::Callee);
  const auto it = std::ranges::find(ringing_, &leg);
  if (it == ringing_.end()) return;
  ringing_.erase(it);
  note_failure(leg.party(), cause);
  for (const PortId port : leg.ports()) services_.media.remove_port(port);
  // RFC 3261 16.7: a 6xx ends the search at once, for those that still ring too.
  if (final_failure_ && cause.cause == Cause::Declined) return end(cause, EndedBy::Callee);
  if (!ringing_.empty()) return tell_ringing_changed();
  services_.loop.cancel(ring_timer_);
  try_next_rank();
}

// A party that hangs up takes only itself away, as long as two remain.
void Call::leave(Leg& leg, const HangupCause& cause) {
  std::erase(talking_, &leg);
  if (transfer_ && transfer_->transferor() == &leg) {
    let_transferor_go();
  } else if (transfer_ && &transfer_->transferee() == &leg) {
    drop_transfer({Cause::CancelledByCaller, 0, 0, "who was to be transferred hung up"});
  }
  if (!anybody_to_talk()) {
    talking_.push_back(&leg);  // Of the record, and of those who are told.
    return end(cause, &leg == caller_.get() ? EndedBy::Caller : EndedBy::Callee);
  }
  log_.info("party left", {{"party", policy::to_string(leg.party())},
                           {"cause", policy::to_string(cause.cause)},
                           {"remain", talking_.size()}});
  remove_ports(leg);
  connect_media();
  show_holds();
  tell_parties_changed();
}

// Two parties; or one and an application; or an application that waits for whom it invited; or one
// whom the other gave to somebody who rings.
bool Call::anybody_to_talk() const {
  const auto applications =
      static_cast<size_t>(std::ranges::count_if(talking_, &Leg::is_application));
  const size_t parties = talking_.size() - applications;
  if (parties >= 2 || (transfer_ && transfer_->waits_alone() && parties == 1)) return true;
  return applications > 0 && (parties == 1 || !invitations_.empty());
}

void Call::remove_ports(const Leg& leg) {
  for (const PortId port : leg.ports()) services_.media.remove_port(port);
}

void Call::drop(Leg& leg, const HangupCause& cause) {
  if (state_ != CallState::Talking || !is_talking(leg)) return;
  leg.end(cause, false);
  leave(leg, cause);
}

void Call::mute(Leg& leg) {
  if (!is_talking(leg) || !muted_.insert(&leg).second) return;
  services_.media.set_muted(leg.port(), true);
  tell_parties_changed();
}

void Call::set_apart(Leg& leg, bool apart) {
  if (!is_talking(leg) || is_apart(leg) == apart) return;
  if (apart) {
    apart_.insert(&leg);
  } else {
    apart_.erase(&leg);
  }
  connect_media();
  tell_parties_changed();
}

void Call::attach(PortId port) {
  attached_.push_back(port);
  if (state_ == CallState::Talking) connect_media();
}

void Call::detach(PortId port) {
  if (std::erase(attached_, port) == 0 || state_ != CallState::Talking) return;
  services_.media.disconnect(port);
  connect_media();
}

// A watcher may go while others are told, and take the next one along.
void Call::tell_watchers(const std::function<void(CallWatcher&)>& tell) {
  const std::vector<CallWatcher*> watchers = watchers_;
  for (CallWatcher* watcher : watchers) {
    if (std::ranges::find(watchers_, watcher) != watchers_.end()) tell(*watcher);
  }
}

void Call::tell_parties_changed() {
  tell_watchers([this](CallWatcher& watcher) { watcher.on_parties_changed(*this); });
}

void Call::tell_ringing_changed() {
  tell_watchers([this](CallWatcher& watcher) { watcher.on_ringing_changed(*this); });
}

// `but`, if any, stays behind: it moves along, and talks no more.
void Call::take_in(Call& other, Leg* but) {
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
  std::ranges::copy(other.talking_, std::back_inserter(answered_guests_));
  if (but) remove_ports(*but);
  std::erase(other.talking_, but);
  std::ranges::copy(other.talking_, std::back_inserter(talking_));
  ports_.merge(other.ports_);
  stats_.merge(other.stats_);
  other.talking_.clear();
  other.callee_ = nullptr;
  connect_media();
  show_holds();
  std::ranges::copy(std::exchange(other.attached_, {}), std::back_inserter(attached_));
  for (CallWatcher* watcher : std::exchange(other.watchers_, {})) {
    watchers_.push_back(watcher);
    watcher->on_joined_to(other, *this);
  }
  log_.info("call took another in", {{"other", other.id_.value}, {"parties", talking_.size()}});
}

// Its parties go on in another call; what they did until now is its record.
void Call::give_up_to(const CallId& into) {
  for (const Leg* leg : talking_) {
    if (const auto stats = services_.media.stats(leg->port())) stats_[leg->port()] = *stats;
  }
  for (TimerId* timer : {&ring_timer_, &answer_timer_, &duration_timer_})
    services_.loop.cancel(*timer);
  if (transfer_) drop_transfer({Cause::CancelledByCaller, 0, 0, "the call was joined to another"});
  for (Invitation& invitation : std::exchange(invitations_, {})) {
    services_.loop.cancel(invitation.timer);
    for (Leg* leg : invitation.ringing) leg->end({Cause::CancelledByCaller}, true);
  }
  hold_music_.stop();
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

void Call::on_max_duration() {
  end({Cause::MaxDuration, 0, 0, "[calls] max_duration is over"}, EndedBy::Gateway);
}

void Call::end(const HangupCause& cause, EndedBy by) {
  if (state_ == CallState::Ended) return;
  set_state(CallState::Ended);
  cause_ = cause;
  ended_by_ = by;
  times_.ended = services_.clock.wall();
  for (TimerId* timer : {&ring_timer_, &answer_timer_, &duration_timer_})
    services_.loop.cancel(*timer);
  for (const Invitation& invitation : std::exchange(invitations_, {}))
    services_.loop.cancel(invitation.timer);
  if (transfer_) transfer_->fail(cause);
  transfer_.reset();

  // A leg that ended by itself ignores this.
  if (caller_) caller_->end(cause, by == EndedBy::Callee);
  for (const auto& leg : targets_) leg->end(cause, by == EndedBy::Caller);
  for (const auto& leg : guests_) leg->end(cause, by == EndedBy::Caller || by == EndedBy::Callee);
  ringing_.clear();
  if (caller_) watch_ports(*caller_);
  for (const auto& leg : targets_) watch_ports(*leg);
  for (const auto& leg : guests_) watch_ports(*leg);
  services_.media.close_session(session_);
  arm(finish_timer_, kClosedPortsWait, &Call::finish_anyway);
  maybe_finish();
  tell_watchers([this](CallWatcher& watcher) { watcher.on_call_ended(*this); });
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
  Leg* owner = caller_ && caller_->owns(port) ? caller_.get() : nullptr;
  for (const auto* legs : {&targets_, &guests_}) {
    for (const auto& leg : *legs) {
      if (!owner && leg->owns(port)) owner = leg.get();
    }
  }
  if (!owner) return;
  owner->on_media(event);
  if (const auto* digit = std::get_if<media::DigitReceived>(&event); digit && is_talking(*owner)) {
    return tell_watchers(
        [&](CallWatcher& watcher) { watcher.on_key(*this, *owner, digit->digit); });
  }
  tell_watchers([&](CallWatcher& watcher) { watcher.on_leg_media(*this, *owner, event); });
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

Leg* Call::other(const Leg& leg) const {
  return talking_[0] == &leg ? talking_[1] : talking_[0];
}

bool Call::is_talking(const Leg& leg) const {
  return std::ranges::find(talking_, &leg) != talking_.end();
}

std::vector<const Leg*> Call::parties() const {
  std::vector<const Leg*> all;
  if (caller_) all.push_back(caller_.get());
  if (callee_) all.push_back(callee_);
  all.insert(all.end(), answered_guests_.begin(), answered_guests_.end());
  return all;
}

bool Call::is_ringing(const Leg& leg) const {
  return std::ranges::find(ringing_, &leg) != ringing_.end();
}

std::vector<Call::Rung> Call::ringing() const {
  std::vector<Rung> all;
  for (Leg* leg : ringing_) all.push_back({leg, &way()});
  for (const Invitation& invitation : invitations_) {
    for (Leg* leg : invitation.ringing) all.push_back({leg, &invitation.hunt.way()});
  }
  return all;
}

bool Call::involves(const policy::Party& party) const {
  if (state_ == CallState::Ended) return false;
  const auto is_it = [&](const Leg* leg) {
    return leg && leg->party() == party && !leg->waits_for_room();
  };
  for (const Invitation& invitation : invitations_) {
    if (std::ranges::any_of(invitation.ringing, is_it)) return true;
  }
  if (state_ == CallState::Talking) return std::ranges::any_of(talking_, is_it);
  if (is_it(caller_.get()) || is_it(callee_)) return true;
  return std::ranges::any_of(ringing_, is_it);
}

bool Call::is_active(const Leg& leg) const {
  if (state_ == CallState::Ended) return false;
  if (is_talking(leg) || is_ringing(leg) || (state_ == CallState::Answering && &leg == callee_))
    return true;
  return std::ranges::any_of(invitations_, [&](const Invitation& invitation) {
    return std::ranges::find(invitation.ringing, &leg) != invitation.ringing.end();
  });
}

media::PortStats Call::final_stats(PortId port) const {
  const auto it = stats_.find(port);
  return it == stats_.end() ? media::PortStats{} : it->second;
}

}  // namespace gw
