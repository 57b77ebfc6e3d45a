#include "gateway/call/sip_leg.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "base/text.h"
#include "gateway/call/trunk_target.h"
#include "sip/key_info.h"

namespace gw {
namespace {

using media::Direction;
using policy::Cause;
using policy::HangupCause;

constexpr size_t kMaxFollowed = 6;     // Places that one call is sent to by 3xx; more is a loop.
constexpr Duration kLongestWait = 1s;  // For room on a trunk; then it is another target's turn.
constexpr Duration kLookForRoom = 100ms;

HangupCause not_acceptable(const Error& error) {
  return {Cause::NotAcceptable, 488, 0, error.detail};
}

}  // namespace

SipLeg::SipLeg(Services& services, LegObserver& call, Log log, policy::Party party,
               std::unique_ptr<sip::Dialog> dialog, const sip::Invite& invite, Media media)
    : services_(services),
      call_(&call),
      log_(log),
      party_(std::move(party)),
      outgoing_(false),
      media_(std::move(media)),
      offer_(invite.sdp.value_or("")),
      dialog_(std::move(dialog)) {}

SipLeg::SipLeg(Services& services, LegObserver& call, Log log, policy::Party party,
               sip::OutgoingInvite invite, Media media)
    : services_(services),
      call_(&call),
      log_(log),
      party_(std::move(party)),
      outgoing_(true),
      media_(std::move(media)),
      invite_(std::move(invite)) {}

SipLeg::~SipLeg() {
  services_.loop.cancel(turn_timer_);
}

Result<void> SipLeg::prepare() {
  auto port = services_.media.add_phone_port(media_.session, media_.spec);
  if (!port) return tl::unexpected(port.error());
  port_ = *port;
  if (offer_.empty()) return {};  // Late offer: ours goes out with the 200.
  const auto offer = services_.media.accept_offer(port_, offer_);
  if (!offer) return tl::unexpected(offer.error());
  remote_codecs_ = offer->codecs;
  agreed_direction_ = offer->direction;
  peer_holds_ = offer->held;
  return {};
}

Result<void> SipLeg::start() {
  auto port = services_.media.add_phone_port(media_.session, media_.spec);
  if (!port) return tl::unexpected(port.error());
  port_ = *port;
  prepare_for(media_.codecs_first);
  auto sdp = services_.media.make_offer(port_, Direction::SendRecv, media_.codecs_first);
  if (!sdp) return tl::unexpected(sdp.error());
  invite_->sdp = std::move(*sdp);
  if (!search_) return send_invite();
  if (!turn_) {
    go_to_next_place();
    return {};
  }
  waiting_ = true;
  const TimePoint until = services_.clock.now() + kLongestWait;
  turn_timer_ = services_.loop.after(turn_->delay, [this, until] { on_turn(until); });
  return {};
}

void SipLeg::on_turn(TimePoint until) {
  if (ended_) return;
  if (turn_->has_room && !turn_->has_room()) {
    if (services_.clock.now() >= until)
      return finish({Cause::Exhausted, 0, 0, "the trunk's max_calls is reached"});
    turn_timer_ = services_.loop.after(kLookForRoom, [this, until] { on_turn(until); });
    return;
  }
  waiting_ = false;
  go_to_next_place();
}

Result<void> SipLeg::send_invite() {
  dialog_ = services_.agent->invite(*invite_, *this);
  if (!dialog_)
    return fail(ErrorCode::InvalidArgument, "no INVITE can be built for " + invite_->request_uri);
  return {};
}

void SipLeg::go_to_next_place() {
  search_->next([this](std::optional<TrunkSearch::Place> place) {
    if (ended_) return;
    if (!place) return finish({Cause::Unavailable, 503, 0, search_->last_failure()});
    invite_->request_uri = std::move(place->request_uri);
    invite_->to = std::move(place->to);
    invite_->next_hop = std::move(place->hop);
    if (const auto sent = send_invite(); sent) return;
    sip::Refusal unsent;
    unsent.status = 503;
    unsent.local = true;
    unsent.phrase = "no INVITE can be sent there";
    if (!try_elsewhere(unsent)) {
      finish(
          {Cause::Unavailable, 0, 0, "no INVITE can be sent to " + to_string(invite_->next_hop)});
    }
  });
}

// Somebody rang: what it answered is the answer.
bool SipLeg::try_elsewhere(const sip::Refusal& refusal) {
  if (!search_) return try_next_flow(refusal);
  const bool more = search_->goes_on_after(refusal);
  if (progressed_ || !more) return false;
  go_to_next_place();
  return true;
}

// RFC 5626 5.3: 430 and what the transport or silence say mean that nobody is at the other end of
// the flow.
bool SipLeg::try_next_flow(const sip::Refusal& refusal) {
  const bool dead = refusal.status == 430 || refusal.local;
  if (!flows_ || !dead || progressed_) return false;
  while (!flows_->flows.empty()) {
    const sip::Binding lost = std::move(flows_->flows.front());
    flows_->flows.erase(flows_->flows.begin());
    log_.info("flow was dead", {{"source", lost.source.to_string()},
                                {"reg_id", lost.reg_id},
                                {"left", flows_->flows.size()}});
    flows_->lost(lost);
    if (flows_->flows.empty()) return false;
    go_by(*invite_, flows_->flows.front());
    if (send_invite()) return true;
  }
  return false;
}

void SipLeg::go_by(sip::OutgoingInvite& invite, const sip::Binding& binding) {
  invite.request_uri = binding.contact_uri;
  invite.route = binding.path;
  invite.next_hop = {binding.transport, binding.source.host(), binding.source.port(),
                     binding.source, binding.network};
}

bool SipLeg::follow(const std::vector<std::string>& contacts) {
  if (!may_follow_ || !search_) return false;
  followed_.insert(invite_->request_uri);
  std::vector<TrunkSearch::Target> found;
  for (const std::string& contact : contacts) {
    const auto place = place_of_uri(contact);
    if (!place || !may_follow_(place->host) || followed_.size() >= kMaxFollowed) continue;
    if (!followed_.insert(contact).second) continue;
    found.push_back({contact, invite_->to, {place->host, place->port, place->transport}});
  }
  if (found.empty()) return false;
  log_.info("redirection was followed",
            {{"to", found.front().query.host}, {"contacts", found.size()}});
  search_->go_first_to(std::move(found));
  go_to_next_place();
  return true;
}

// The other leg is known, or as good as known: our Opus need not promise more than it hears.
void SipLeg::prepare_for(const std::vector<media::Codec>& other_leg) {
  if (!other_leg.empty()) services_.media.expect_other_leg(port_, other_leg.front());
}

void SipLeg::ring(bool with_our_ringback, const std::vector<media::Codec>& codecs_first) {
  if (!dialog_ || outgoing_ || answered_) return;
  if (!with_our_ringback || offer_.empty()) {
    dialog_->progress(180, std::nullopt);
    return;
  }
  early_media(codecs_first);
  services_.media.play_ringback(port_, true);
}

void SipLeg::delay(int status) {
  if (!dialog_ || outgoing_ || answered_ || ended_) return;
  dialog_->progress(status, std::nullopt);
}

void SipLeg::early_media(const std::vector<media::Codec>& codecs_first) {
  if (!dialog_ || outgoing_ || answered_ || answer_sent_ || offer_.empty()) return;
  prepare_for(codecs_first);
  auto sdp = services_.media.make_answer(port_, agreed_direction_, codecs_first);
  if (!sdp) {
    log_.warn("early media was not possible", {{"why", sdp.error().detail}});
    return;
  }
  answer_sent_ = true;
  taken_answer_ = *sdp;
  dialog_->progress(183, std::move(*sdp));
}

Result<void> SipLeg::answer(const std::vector<media::Codec>& codecs_first) {
  if (!dialog_ || outgoing_ || answered_) return {};
  services_.media.play_ringback(port_, false);
  if (!answer_sent_) {
    prepare_for(codecs_first);
    auto sdp = offer_.empty() ? services_.media.make_offer(port_, Direction::SendRecv, codecs_first)
                              : services_.media.make_answer(port_, agreed_direction_, codecs_first);
    if (!sdp) return tl::unexpected(sdp.error());
    answer_sent_ = true;
    if (offer_.empty()) {
      answered_ = dialog_->answer(std::move(*sdp));
      return {};
    }
    taken_answer_ = std::move(*sdp);
  }
  answered_ = dialog_->answer(taken_answer_);
  return {};
}

void SipLeg::set_remote_hold(bool on) {
  if (far_holds_ == on) return;
  far_holds_ = on;
  if (answered_) offer_direction();
}

Direction SipLeg::wanted() const {
  if (far_holds_)
    return peer_holds_ || media_.hold_is_inactive ? Direction::Inactive : Direction::SendOnly;
  return peer_holds_ ? Direction::RecvOnly : Direction::SendRecv;
}

void SipLeg::offer_direction() {
  if (!dialog_ || ended_ || offering_) return;
  // While the phone holds us, only it can resume; our own wish is told with its next offer or ours.
  const Direction direction = wanted();
  if (direction != agreed_direction_) offer(direction);
}

void SipLeg::offer(Direction direction) {
  auto sdp = services_.media.make_offer(port_, direction);
  if (!sdp) {
    log_.warn("offer was not possible", {{"why", sdp.error().detail}});
    return;
  }
  offered_direction_ = direction;
  offering_ = dialog_->offer(std::move(*sdp));
  if (!offering_) services_.media.rollback(port_);
}

void SipLeg::end(const HangupCause& cause, bool by_remote) {
  if (ended_) return;
  ended_ = true;
  if (!dialog_) return;
  if (!outgoing_ && !answered_) {
    const int status = policy::sip_status(cause);
    dialog_->refuse(status, policy::sip_phrase(status), policy::sip_reason(cause),
                    policy::refusal_headers(cause));
  } else {
    dialog_->end(policy::sip_reason(cause));
  }
  log_.info("leg was ended", {{"cause", policy::to_string(cause.cause)}, {"by_remote", by_remote}});
}

std::vector<PortId> SipLeg::ports() const {
  return port_ ? std::vector<PortId>{port_} : std::vector<PortId>{};
}

std::vector<media::Codec> SipLeg::codecs() const {
  if (const auto agreed = port_ ? services_.media.negotiated(port_) : std::nullopt)
    return {agreed->codec};
  if (!outgoing_) return remote_codecs_;
  std::vector<media::Codec> offered = media_.codecs_first;
  offered.insert(offered.end(), media_.spec.codecs.begin(), media_.spec.codecs.end());
  return offered;
}

void SipLeg::on_media(const media::MediaEvent& event) {
  if (std::holds_alternative<media::MediaTimedOut>(event)) {
    if (answered_) finish({Cause::MediaLost, 0, 0, "no packet came from the phone"});
    return;
  }
  if (const auto* failed = std::get_if<media::TransportFailed>(&event)) {
    finish({Cause::MediaNeverConnected, 0, 0, failed->why});
    return;
  }
  if (const auto* digit = std::get_if<media::DigitToSend>(&event)) return send_info(*digit);
  if (const auto* digit = std::get_if<media::DigitReceived>(&event)) {
    log_.info("digit was received",
              {{"length_ms", to_ms(digit->duration)}, {"in_band", digit->in_band}});
  }
}

void SipLeg::move_to(LegObserver& call, SessionId session) {
  call_ = &call;
  media_.session = session;
}

bool SipLeg::take_answer(const std::string& sdp) {
  if (sdp == taken_answer_) return true;  // The 200 repeats what a 183 said.
  const auto negotiated = services_.media.accept_answer(port_, sdp);
  if (!negotiated) {
    finish(not_acceptable(negotiated.error()));
    return false;
  }
  taken_answer_ = sdp;
  agreed_direction_ = negotiated->direction;
  return true;
}

void SipLeg::on_progress(int status, std::optional<std::string> sdp) {
  if (ended_) return;
  if (search_ && !progressed_) search_->heard(status);
  progressed_ = progressed_ || status > 100;
  if (sdp && !sdp->empty()) {
    if (!take_answer(*sdp)) return;
    log_.info("early media began", {{"status", status}});
    call_->on_early_media(*this);
    return;
  }
  if (status == 181 || status == 182) return call_->on_delayed(*this, status);
  if (status >= 180 && status != 199) call_->on_ringing(*this);
}

void SipLeg::on_answered(std::optional<std::string> sdp) {
  if (ended_) return;
  if (!sdp || sdp->empty()) {
    // Some peers put the answer only into a reliable 183; without any there is nothing to talk
    // with.
    if (taken_answer_.empty()) {
      finish({Cause::NotAcceptable, 488, 0, "the 200 has no SDP"});
      return;
    }
  } else if (!take_answer(*sdp)) {
    return;
  }
  answered_ = true;
  if (search_ && !progressed_) search_->heard(200);
  call_->on_answered(*this);
  if (far_holds_) offer_direction();
}

void SipLeg::on_refused(const sip::Refusal& refusal) {
  dialog_.reset();
  if (!ended_ && refusal.status < 400 && follow(refusal.contacts)) return;
  if (!ended_ && try_elsewhere(refusal)) return;
  finish(policy::from_sip(refusal));
}

void SipLeg::on_cancelled(const sip::Reason& reason) {
  HangupCause cause{Cause::CancelledByCaller, 487, reason.q850, reason.text};
  finish(cause);
}

void SipLeg::on_confirmed(std::optional<std::string> sdp) {
  if (ended_ || !offer_.empty() || outgoing_) return;
  // Late offer: our offer went out with the 200, their answer must be here (RFC 3261 13.2.1).
  if (!sdp || !take_answer(*sdp)) {
    if (!sdp) finish({Cause::NotAcceptable, 488, 0, "the ACK answers no offer"});
  }
}

void SipLeg::on_offer(std::optional<std::string> sdp) {
  if (ended_) return;
  if (!sdp || sdp->empty()) {
    // They ask for our offer; it says what we want now.
    offered_direction_ = wanted();
    auto offer = services_.media.make_offer(port_, offered_direction_);
    if (!offer) {
      dialog_->refuse_offer(488);
      return;
    }
    dialog_->accept_offer(std::move(*offer));
    return;
  }
  const auto offer = services_.media.accept_offer(port_, *sdp);
  if (!offer) {
    log_.warn("offer was refused", {{"why", offer.error().detail}});
    dialog_->refuse_offer(488, policy::refusal_headers(not_acceptable(offer.error())));
    return;
  }
  const bool was_held = peer_holds_;
  peer_holds_ = offer->held;
  // What they allow, less what the other party's hold takes away (RFC 3264 6.1).
  Direction direction = offer->direction;
  if (far_holds_ && media_.hold_is_inactive) {
    direction = Direction::Inactive;
  } else if (far_holds_) {
    direction = direction == Direction::SendRecv || direction == Direction::SendOnly
                    ? Direction::SendOnly
                    : Direction::Inactive;
  }
  auto answer = services_.media.make_answer(port_, direction, {});
  if (!answer) {
    services_.media.rollback(port_);
    dialog_->refuse_offer(488, policy::refusal_headers(not_acceptable(answer.error())));
    return;
  }
  agreed_direction_ = direction;
  dialog_->accept_offer(std::move(*answer));
  if (was_held != peer_holds_) {
    log_.info(peer_holds_ ? "party held the call" : "party resumed the call");
    call_->on_hold(*this, peer_holds_);
  }
}

void SipLeg::on_offer_accepted(std::string sdp) {
  offering_ = false;
  const auto negotiated = services_.media.accept_answer(port_, sdp);
  if (!negotiated) {
    services_.media.rollback(port_);
    log_.warn("answer could not be used", {{"why", negotiated.error().detail}});
    return;
  }
  // What was settled is our wish: a phone that answers sendonly's offer with inactive is held all
  // the same.
  agreed_direction_ = offered_direction_;
  offer_direction();  // The wish may have changed while the re-INVITE was out.
}

void SipLeg::on_offer_refused(int status) {
  offering_ = false;
  services_.media.rollback(port_);
  // The sound is stopped by the engine anyway: a phone that cannot be held just hears silence.
  log_.warn("hold was refused by the party", {{"status", status}});
}

// RFC 4733, tones and INFO meet in the media port: a phone that says a key twice is heard once.
void SipLeg::on_info(std::string_view content_type, std::string_view body) {
  const auto info = sip::parse_key_info(content_type, body);
  if (!info || ended_ || !port_) return;
  services_.media.receive_digit(port_, info->digit, info->length);
}

void SipLeg::send_info(const media::DigitToSend& digit) {
  if (!dialog_ || ended_) return;
  const std::string body = sip::write_key_info({digit.digit, digit.duration});
  if (!dialog_->info(sip::kKeyInfoType, body)) log_.warn("digit could not be sent by INFO");
}

// Nothing changes: the peer cannot be asked by UPDATE whether it is still there.
void SipLeg::on_refresh_due() {
  if (dialog_ && !ended_ && !offering_) offer(agreed_direction_);
}

void SipLeg::on_referred(const sip::Referral& referral) {
  if (ended_ || !answered_) {
    dialog_->refuse_referral(603);
    return;
  }
  if (!referral.replaces && (!referral.ours || referral.target.empty())) {
    dialog_->refuse_referral(404);
    return;
  }
  dialog_->accept_referral();
  TransferRequest request;
  request.number = referral.replaces ? "" : referral.target;
  if (referral.replaces) request.dialog = referral.dialog;
  call_->on_transfer_wanted(*this, request);
}

void SipLeg::on_transfer(TransferStep step, const HangupCause& cause) {
  if (!dialog_) return;
  switch (step) {
    case TransferStep::Trying: return;  // Told with the 202.
    case TransferStep::Ringing: dialog_->notify_referral(180); return;
    case TransferStep::Done: dialog_->notify_referral(200); return;
    case TransferStep::Failed: dialog_->notify_referral(policy::sip_status(cause)); return;
  }
}

bool SipLeg::is_meant_by(const TransferRequest& request) const {
  return dialog_ && request.dialog && *request.dialog == dialog_->id();
}

void SipLeg::on_ended(const sip::Reason& reason, bool by_remote) {
  HangupCause cause = policy::from_bye(reason);
  if (!by_remote) cause = {Cause::Timeout, 408, reason.q850, reason.text};
  finish(cause);
}

void SipLeg::finish(const HangupCause& cause) {
  if (ended_) return;
  ended_ = true;
  if (dialog_) {
    // Ended by us (a bad answer, lost media): the network must hear of it too.
    if (!outgoing_ && !answered_) {
      const int status = policy::sip_status(cause);
      dialog_->refuse(status, policy::sip_phrase(status), policy::sip_reason(cause),
                      policy::refusal_headers(cause));
    } else {
      dialog_->end(policy::sip_reason(cause));
    }
  }
  call_->on_ended(*this, cause);
}

}  // namespace gw
