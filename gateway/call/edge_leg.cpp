#include "gateway/call/edge_leg.h"

#include <algorithm>
#include <utility>

namespace gw {
namespace {

namespace edge = acs::edge;
using edge::CallState;
using policy::Cause;
using policy::HangupCause;

constexpr size_t kMaxDevices = 8;  // That ring together; more is a loop or an attack.
constexpr Duration kDefaultDigit = 160ms;
constexpr Duration kDefaultGap = 80ms;

edge::EndReason answered_elsewhere() {
  return policy::acs_reason({Cause::AnsweredElsewhere}, policy::Far::User,
                            policy::FarDirection::ItCalledUs, edge::EndReason::By::Remote);
}

}  // namespace

EdgeLeg::EdgeLeg(Services& services, LegObserver& call, Log log, policy::Party party, User user,
                 Media media)
    : services_(services),
      call_(&call),
      log_(log),
      party_(std::move(party)),
      outgoing_(true),
      user_(std::move(user)),
      media_(std::move(media)) {}

EdgeLeg::EdgeLeg(Services& services, LegObserver& call, Log log, policy::Party party, User user,
                 Media media, const edge::Invited& invited)
    : services_(services),
      call_(&call),
      log_(log),
      party_(std::move(party)),
      outgoing_(false),
      user_(std::move(user)),
      media_(std::move(media)),
      invited_(invited) {
  active_ = invited.request.device;
  muted_ = invited.start_muted;
  generation_ = std::max(generation_, invited.generation);
  add(active_);
}

void EdgeLeg::set_far_side(policy::Far far, policy::FarDirection direction) {
  far_ = far;
  far_direction_ = direction;
}

// The user's own offer is answered at once: ICE and DTLS warm up while the other side rings.
Result<void> EdgeLeg::prepare() {
  if (invited_->offer.empty()) {
    services_.edge->respond(invited_->request, {});
    services_.edge->request_offer(active_, user_.call_id, 1);
    return {};
  }
  Device& device = *find(active_);
  auto sdp = answer_offer(device, invited_->offer);
  if (!sdp) return tl::unexpected(sdp.error());
  services_.edge->respond(invited_->request, {}, std::move(*sdp), invited_->generation);
  if (muted_) services_.media.set_muted(device.port, true);
  show(CallState::Trying);
  return {};
}

Result<void> EdgeLeg::start() {
  edge::EdgeServer::Ring ring;
  ring.call_id = user_.call_id;
  ring.identity = user_.identity;
  ring.from = user_.remote;
  ring.to = {user_.identity, ""};
  ring.context = user_.context;
  ring.transferor = user_.transferor;
  ring.expires = user_.ring_expires;
  const auto ringing = services_.edge->ring(ring);
  if (ringing.empty())
    return fail(ErrorCode::Unavailable, "no device of " + user_.identity + " is connected");
  for (const auto& id : ringing) add(id);
  log_.info("user's devices ring", {{"devices", devices_.size()}});
  return {};
}

void EdgeLeg::ring(bool, const std::vector<media::Codec>&) {
  show(CallState::Ringing);
}

void EdgeLeg::early_media(const std::vector<media::Codec>&) {
  show(CallState::EarlyMedia);
}

Result<void> EdgeLeg::answer(const std::vector<media::Codec>& codecs) {
  answered_ = true;
  connected_at_ms_ = unix_ms(services_.clock.wall());
  show_state();
  if (!codecs.empty()) follow(codecs.front());
  return {};
}

// The user's own offer was answered before the callee was asked, with the codec that the callee's
// configuration names first. If it speaks another in the end, and the browser can too, the browser
// is asked for a new offer: packets then pass as they are.
void EdgeLeg::follow(media::Codec spoken) {
  const Device* device = find(active_);
  if (!media_.follows || !device || !device->port) return;
  const auto agreed = services_.media.negotiated(device->port);
  if (!agreed || agreed->codec == spoken ||
      std::ranges::find(device->offered, spoken) == device->offered.end())
    return;
  media_.other_leg = spoken;
  codecs_first_ = {spoken};
  log_.info("user's codec follows the callee's", {{"codec", media::to_string(spoken)}});
  services_.edge->request_offer(active_, user_.call_id, generation_ + 1);
}

void EdgeLeg::set_remote_hold(bool on) {
  if (far_holds_ == on) return;
  far_holds_ = on;
  if (answered_) show_state();
}

void EdgeLeg::on_transfer(TransferStep step, const HangupCause& cause) {
  using State = edge::TransferUpdate::State;
  edge::TransferUpdate update;
  update.call_id = user_.call_id;
  switch (step) {
    case TransferStep::Trying:
    case TransferStep::Ringing: update.state = State::Transferring; break;
    case TransferStep::Done: update.state = State::Transferred; break;
    case TransferStep::Failed:
      update.state = State::Failed;
      update.error = policy::acs_reason(cause, policy::Far::Phone, policy::FarDirection::WeCalledIt,
                                        edge::EndReason::By::Remote)
                         .status;
      break;
  }
  services_.edge->transfer(active_, update);
}

// The call goes on with somebody else at its end.
void EdgeLeg::meet(const PartyName& other) {
  if (ended_ || active_.empty()) return;
  edge::Participant gone;
  gone.participant_id = remote_participant();
  gone.identity = user_.remote;
  gone.state = edge::ParticipantState::Disconnected;
  services_.edge->participants(active_, user_.call_id, {}, {std::move(gone)});
  remote_id_ = user_.server_call_id + "-" + std::to_string(++met_);
  user_.remote = {other.raw_id, other.display_name};
  edge::TransferUpdate update;
  update.call_id = update.new_call_id = user_.call_id;
  update.state = edge::TransferUpdate::State::Accepted;
  services_.edge->transfer(active_, update);
  show_state();
}

// Of two, show() tells all that there is to know. The other of two stays who it is when more come,
// and who is left of more is the other of two.
void EdgeLeg::show_others(const std::vector<OtherParty>& others) {
  if (ended_ || active_.empty()) return;
  if (others.size() < 2 && others_.empty()) {
    if (!others.empty()) remote_key_ = others.front().key;
    return;
  }
  std::vector<edge::Participant> changed, gone;
  for (const OtherParty& before : others_) {
    const auto now = std::ranges::find(others, before.key, &OtherParty::key);
    if (now != others.end()) continue;
    gone.push_back(participant(before));
    gone.back().state = edge::ParticipantState::Disconnected;
  }
  for (const OtherParty& now : others) {
    if (std::ranges::find(others_, now) == others_.end()) changed.push_back(participant(now));
  }
  others_ = others;
  if (others.size() == 1) {
    const edge::Participant left = participant(others.front());
    remote_id_ = left.participant_id;
    user_.remote = left.identity;
    remote_key_ = others.front().key;
    others_.clear();
  }
  if (!changed.empty() || !gone.empty())
    services_.edge->participants(active_, user_.call_id, std::move(changed), std::move(gone));
}

edge::Participant EdgeLeg::participant(const OtherParty& other) const {
  edge::Participant result;
  const bool remote = other.key == remote_key_;
  result.participant_id =
      remote ? remote_participant() : user_.server_call_id + "." + std::to_string(other.key);
  result.identity =
      remote ? user_.remote : edge::Identity{other.name.raw_id, other.name.display_name};
  result.state = other.held ? edge::ParticipantState::Hold : edge::ParticipantState::Connected;
  result.muted = other.muted;
  result.speaking = other.speaks;
  return result;
}

const std::string& EdgeLeg::remote_participant() const {
  return remote_id_.empty() ? user_.server_call_id : remote_id_;
}

void EdgeLeg::end(const HangupCause& cause, bool by_remote) {
  if (ended_) return;
  ended_ = true;
  const auto by = by_remote ? edge::EndReason::By::Remote : edge::EndReason::By::Network;
  services_.edge->end(user_.call_id, active_, policy::acs_reason(cause, far_, far_direction_, by));
  log_.info("leg was ended", {{"cause", policy::to_string(cause.cause)}, {"by_remote", by_remote}});
}

PortId EdgeLeg::port() const {
  for (const Device& device : devices_) {
    if (device.id == active_) return device.port;
  }
  return {};
}

std::vector<PortId> EdgeLeg::ports() const {
  std::vector<PortId> all;
  for (const Device& device : devices_) {
    if (device.port) all.push_back(device.port);
  }
  return all;
}

bool EdgeLeg::owns(PortId port) const {
  return std::ranges::any_of(devices_, [&](const Device& d) { return d.port == port; });
}

std::vector<media::Codec> EdgeLeg::codecs() const {
  if (const auto agreed = port() ? services_.media.negotiated(port()) : std::nullopt)
    return {agreed->codec};
  return media_.spec.codecs;
}

bool EdgeLeg::media_ready() const {
  return std::ranges::any_of(devices_,
                             [&](const Device& d) { return d.id == active_ && d.connected; });
}

void EdgeLeg::on_media(const media::MediaEvent& event) {
  if (const auto* connected = std::get_if<media::TransportConnected>(&event)) {
    Device* device = find(connected->port);
    if (!device) return;
    device->connected = true;
    if (device->id == active_) call_->on_media_ready(*this);
    return;
  }
  if (const auto* failed = std::get_if<media::TransportFailed>(&event)) {
    Device* device = find(failed->port);
    if (!device || device->id != active_) return;  // A ringing device may still make a new offer.
    finish({Cause::MediaNeverConnected, 0, 0, failed->why});
    return;
  }
  if (const auto* lost = std::get_if<media::MediaTimedOut>(&event)) {
    Device* device = find(lost->port);
    if (device && device->id == active_)
      finish({Cause::MediaLost, 0, 0, "no packet came from the browser"});
    return;
  }
  if (const auto* digit = std::get_if<media::DigitReceived>(&event)) {
    log_.info("digit was received",
              {{"length_ms", to_ms(digit->duration)}, {"in_band", digit->in_band}});
  }
}

void EdgeLeg::move_to(LegObserver& call, SessionId session) {
  call_ = &call;
  media_.session = session;
}

void EdgeLeg::on_event(const edge::Offered& offered) {
  Device* device = find(offered.request.device);
  if (!device && active_.empty() && devices_.size() < kMaxDevices)
    device = &add(offered.request.device);
  if (ended_ || !device)
    return refuse(offered.request, 404, 0, "this device has no part in the call");
  respond_offer(offered.request, *device, offered.sdp, offered.generation);
}

void EdgeLeg::on_event(const edge::Accepted& accepted) {
  if (ended_ || answered_ || !active_.empty()) {
    return refuse(accepted.request, 400, 41006, "the call does not ring any more");
  }
  Device* device = find(accepted.request.device);
  if (!device && devices_.size() < kMaxDevices) device = &add(accepted.request.device);
  if (!device) return refuse(accepted.request, 404, 0, "this device has no part in the call");
  if (accepted.offer.empty() && !device->port) {
    return refuse(accepted.request, 400, 41006, "an offer is needed, with Accept or before it");
  }
  if (accepted.offer.empty()) {
    services_.edge->respond(accepted.request, {});
  } else {
    auto sdp = answer_offer(*device, accepted.offer);
    if (!sdp) return refuse(accepted.request, 488, 0, sdp.error().detail);
    services_.edge->respond(accepted.request, {}, std::move(*sdp), accepted.generation);
  }
  active_ = device->id;
  answered_ = true;
  muted_ = accepted.start_muted;
  if (muted_) services_.media.set_muted(device->port, true);
  connected_at_ms_ = unix_ms(services_.clock.wall());
  services_.edge->settle(user_.call_id, active_, answered_elsewhere());
  drop_losers();
  call_->on_answered(*this);
}

void EdgeLeg::on_event(const edge::Rejected& rejected) {
  if (ended_ || answered_)
    return refuse(rejected.request, 400, 41007, "the call does not ring any more");
  services_.edge->respond(rejected.request, {});
  Device* device = find(rejected.request.device);
  if (!device) return;
  device->rejected = true;
  const bool all = std::ranges::all_of(devices_, [](const Device& d) { return d.rejected; });
  if (all) finish({rejected.busy ? Cause::Busy : Cause::Declined, 0, 0, "the user declined"});
}

void EdgeLeg::on_event(const edge::HungUp& hung_up) {
  services_.edge->respond(hung_up.request, {});
  if (!from_active(hung_up.request)) return;
  const bool before_answer = !answered_;
  services_.edge->end(user_.call_id, active_,
                      policy::acs_reason({Cause::NormalClearing}, far_, far_direction_,
                                         edge::EndReason::By::Local));
  ended_ = true;
  call_->on_ended(*this, {before_answer ? Cause::CancelledByCaller : Cause::NormalClearing});
}

void EdgeLeg::on_event(const edge::HoldAsked& hold) {
  if (!from_active(hold.request) || !answered_)
    return refuse(hold.request, 500, hold.on ? 41033 : 41034, "the call is not connected");
  services_.edge->respond(hold.request, {});
  if (held_ == hold.on) return;
  held_ = hold.on;
  services_.media.set_held(port(), held_);
  log_.info(held_ ? "party held the call" : "party resumed the call");
  show_state();
  call_->on_hold(*this, held_);
}

void EdgeLeg::on_event(const edge::MuteAsked& mute) {
  if (!from_active(mute.request))
    return refuse(mute.request, mute.on ? 500 : 400, mute.on ? 41015 : 41016,
                  "the call is not yours");
  muted_ = mute.on;
  if (port()) services_.media.set_muted(port(), muted_);
  services_.edge->respond(mute.request, {});
  show(shown_);
}

void EdgeLeg::on_event(const edge::DigitsAsked& digits) {
  if (!from_active(digits.request) || !answered_)
    return refuse(digits.request, 400, 0, "the call is not connected");
  services_.edge->respond(digits.request, {});
  call_->on_digits(*this, digits.digits,
                   digits.length == Duration{} ? kDefaultDigit : digits.length,
                   digits.gap == Duration{} ? kDefaultGap : digits.gap);
}

void EdgeLeg::on_event(const edge::TransferAsked& transfer) {
  if (!from_active(transfer.request) || !answered_)
    return refuse(transfer.request, 400, 41040, "the call is not connected");
  services_.edge->respond(transfer.request, {});
  TransferRequest request;
  request.user_call = transfer.target_call_id;
  const std::string& raw_id = transfer.target.raw_id;
  if (request.user_call.empty())
    request.number = raw_id.starts_with("4:") ? raw_id.substr(2) : raw_id;
  request.caller_id = transfer.caller_id;
  request.headers = transfer.context.headers;
  if (!transfer.context.user_to_user.empty())
    request.headers.emplace_back("User-To-User", transfer.context.user_to_user);
  call_->on_transfer_wanted(*this, request);
}

void EdgeLeg::on_event(const edge::DeviceGone& gone) {
  if (ended_) return;
  if (active_.empty()) {
    std::erase_if(devices_, [&](const Device& d) {
      if (d.id != gone.device) return false;
      if (d.port) services_.media.remove_port(d.port);
      return true;
    });
    if (devices_.empty()) finish({Cause::NotRegistered, 0, 0, "the user's last device went away"});
    return;
  }
  if (gone.device != active_) return;
  const bool expired = gone.reason.status.code == 495;
  finish({expired ? Cause::TokenExpired : Cause::SignallingLost, 0, 0, gone.reason.status.message});
}

void EdgeLeg::on_event(const edge::QualityReported& quality) {
  quality_ = quality;
}

EdgeLeg::Device* EdgeLeg::find(const edge::DeviceId& id) {
  const auto it = std::ranges::find(devices_, id, &Device::id);
  return it == devices_.end() ? nullptr : &*it;
}

EdgeLeg::Device* EdgeLeg::find(PortId port) {
  const auto it = std::ranges::find(devices_, port, &Device::port);
  return it == devices_.end() ? nullptr : &*it;
}

EdgeLeg::Device& EdgeLeg::add(const edge::DeviceId& id) {
  return devices_.emplace_back(Device{id, {}, false, false});
}

Result<std::string> EdgeLeg::answer_offer(Device& device, const std::string& sdp) {
  if (!device.port) {
    auto port = services_.media.add_browser_port(media_.session, media_.spec);
    if (!port) return tl::unexpected(port.error());
    device.port = *port;
  }
  const auto offer = services_.media.accept_offer(device.port, sdp);
  if (!offer) return tl::unexpected(offer.error());
  device.offered = offer->codecs;
  services_.media.expect_other_leg(device.port, media_.other_leg);
  auto answer = services_.media.make_answer(device.port, offer->direction, codecs_first_);
  if (!answer) services_.media.rollback(device.port);
  return answer;
}

void EdgeLeg::respond_offer(const edge::RequestRef& request, Device& device, const std::string& sdp,
                            uint32_t generation) {
  const bool first = !device.port;
  generation_ = std::max(generation_, generation);
  auto answer = answer_offer(device, sdp);
  if (!answer) return refuse(request, 488, 0, answer.error().detail);
  services_.edge->respond(request, {}, std::move(*answer), generation);
  // The other party can be wired to a port that came late.
  if (first && device.id == active_ && answered_) call_->on_media_ready(*this);
}

void EdgeLeg::refuse(const edge::RequestRef& request, uint32_t code, uint32_t sub_code,
                     std::string message) {
  log_.info("request of a device was refused", {{"code", code}, {"why", message}});
  services_.edge->respond(request,
                          {code, sub_code, std::move(message), edge::Category::ExpectedError});
}

bool EdgeLeg::from_active(const edge::RequestRef& request) const {
  return !ended_ && !active_.empty() && request.device == active_;
}

void EdgeLeg::drop_losers() {
  std::erase_if(devices_, [&](const Device& d) {
    if (d.id == active_) return false;
    if (d.port) services_.media.remove_port(d.port);
    return true;
  });
}

void EdgeLeg::show(CallState state) {
  if (ended_ || active_.empty()) return;
  shown_ = state;
  edge::CallUpdate update;
  update.call_id = user_.call_id;
  update.state = state;
  update.muted = muted_;
  update.remote = user_.remote;
  update.transferor = user_.transferor;
  update.server_call_id = user_.server_call_id;
  update.outgoing = !outgoing_;
  update.connected_at_ms = connected_at_ms_;
  services_.edge->update(active_, update);

  if (!others_.empty()) return;  // show_others() told of them.
  edge::Participant remote;
  remote.participant_id = remote_participant();
  remote.identity = user_.remote;
  switch (state) {
    case CallState::Trying: remote.state = edge::ParticipantState::Connecting; break;
    case CallState::Ringing: remote.state = edge::ParticipantState::Ringing; break;
    case CallState::EarlyMedia: remote.state = edge::ParticipantState::EarlyMedia; break;
    case CallState::Connected:
    case CallState::LocalHold: remote.state = edge::ParticipantState::Connected; break;
    case CallState::RemoteHold: remote.state = edge::ParticipantState::Hold; break;
  }
  services_.edge->participants(active_, user_.call_id, {std::move(remote)}, {});
}

// Its own hold outweighs the other side's: a user who holds sees LocalHold until it resumes.
void EdgeLeg::show_state() {
  show(held_ ? CallState::LocalHold : far_holds_ ? CallState::RemoteHold : CallState::Connected);
}

void EdgeLeg::finish(const HangupCause& cause) {
  if (ended_) return;
  ended_ = true;
  services_.edge->end(
      user_.call_id, active_,
      policy::acs_reason(cause, far_, far_direction_, edge::EndReason::By::Network));
  call_->on_ended(*this, cause);
}

}  // namespace gw
