#include "gateway/call/sip_leg.h"

#include <algorithm>
#include <charconv>
#include <utility>

namespace gw {
namespace {

using media::Direction;
using policy::Cause;
using policy::HangupCause;

constexpr Duration kInfoDigit = 160ms;  // SIP INFO without a duration.

// "Signal=5\r\nDuration=160" (application/dtmf-relay) or "5" (application/dtmf).
struct InfoDigit {
  char digit = 0;
  Duration length = kInfoDigit;
};

std::optional<std::string_view> value_of(std::string_view body, std::string_view key) {
  const size_t at = body.find(key);
  if (at == std::string_view::npos) return std::nullopt;
  std::string_view rest = body.substr(at + key.size());
  rest = rest.substr(0, rest.find_first_of("\r\n"));
  while (!rest.empty() && rest.front() == ' ') rest.remove_prefix(1);
  return rest;
}

std::optional<InfoDigit> parse_info(std::string_view type, std::string_view body) {
  InfoDigit info;
  std::string_view signal = body;
  if (type.starts_with("application/dtmf-relay")) {
    const auto given = value_of(body, "Signal=");
    if (!given) return std::nullopt;
    signal = *given;
    if (const auto duration = value_of(body, "Duration=")) {
      int ms = 0;
      std::from_chars(duration->data(), duration->data() + duration->size(), ms);
      if (ms >= 40 && ms <= 5000) info.length = std::chrono::milliseconds(ms);
    }
  } else if (!type.starts_with("application/dtmf")) {
    return std::nullopt;
  }
  static constexpr std::string_view kDigits = "0123456789*#ABCD";
  if (signal.empty() || kDigits.find(signal.front()) == std::string_view::npos) return std::nullopt;
  info.digit = signal.front();
  return info;
}

HangupCause not_acceptable(const Error& error) { return {Cause::NotAcceptable, 488, 0, error.detail}; }

}  // namespace

SipLeg::SipLeg(Services& services, LegObserver& call, Log log, policy::Party party,
               std::unique_ptr<sip::Dialog> dialog, const sip::Invite& invite, Media media)
    : services_(services), call_(call), log_(log), party_(std::move(party)), outgoing_(false),
      media_(std::move(media)), offer_(invite.sdp.value_or("")), dialog_(std::move(dialog)) {}

SipLeg::SipLeg(Services& services, LegObserver& call, Log log, policy::Party party,
               sip::OutgoingInvite invite, Media media)
    : services_(services), call_(call), log_(log), party_(std::move(party)), outgoing_(true),
      media_(std::move(media)), invite_(std::move(invite)) {}

SipLeg::~SipLeg() = default;

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
  meet(media_.codecs_first);
  auto sdp = services_.media.make_offer(port_, Direction::SendRecv, media_.codecs_first);
  if (!sdp) return tl::unexpected(sdp.error());
  invite_->sdp = std::move(*sdp);
  if (!resolver_) return send_invite();
  look_up_next_target();
  return {};
}

void SipLeg::search(sip::Resolver& resolver, std::vector<Target> targets, std::vector<int> retry_on) {
  resolver_ = &resolver;
  more_targets_ = std::move(targets);
  retry_on_ = std::move(retry_on);
}

void SipLeg::look_up_next_target() {
  Target target = std::move(more_targets_.front());
  more_targets_.erase(more_targets_.begin());
  invite_->request_uri = std::move(target.request_uri);
  invite_->to = std::move(target.to);
  resolver_->resolve(target.query, [this, alive = std::weak_ptr(alive_)](Result<std::vector<sip::NextHop>> hops) {
    if (!alive.expired()) on_resolved(std::move(hops));
  });
}

Result<void> SipLeg::send_invite() {
  dialog_ = services_.agent->invite(*invite_, *this);
  if (!dialog_) return fail(ErrorCode::InvalidArgument, "no INVITE can be built for " + invite_->request_uri);
  return {};
}

void SipLeg::on_resolved(Result<std::vector<sip::NextHop>> hops) {
  if (ended_) return;
  if (!hops || hops->empty()) {
    if (try_elsewhere(503)) return;
    finish({Cause::Unavailable, 503, 0, hops ? "the name has no address" : hops.error().detail});
    return;
  }
  invite_->next_hop = hops->front();
  more_hops_.assign(hops->begin() + 1, hops->end());
  if (const auto sent = send_invite(); !sent) finish(policy::from_error(sent.error()));
}

bool SipLeg::try_elsewhere(int status) {
  if (progressed_) return false;  // Somebody rang: what it answered is the answer.
  // RFC 3263 4.3: the next address of the same name after a transport failure, a timeout or 503.
  if (!more_hops_.empty() && (status == 408 || status == 503)) {
    invite_->next_hop = more_hops_.front();
    more_hops_.erase(more_hops_.begin());
    log_.info("next address was tried", {{"address", invite_->next_hop.address.to_string()}, {"after", status}});
    return send_invite().has_value();
  }
  if (more_targets_.empty() || std::ranges::find(retry_on_, status) == retry_on_.end()) return false;
  log_.info("next target was tried", {{"target", more_targets_.front().query.host}, {"after", status}});
  more_hops_.clear();
  look_up_next_target();
  return true;
}

// The other leg is known, or as good as known: our Opus need not promise more than it hears.
void SipLeg::meet(const std::vector<media::Codec>& other_leg) {
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

void SipLeg::early_media(const std::vector<media::Codec>& codecs_first) {
  if (!dialog_ || outgoing_ || answered_ || answer_sent_ || offer_.empty()) return;
  meet(codecs_first);
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
    meet(codecs_first);
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
  if (far_holds_) return peer_holds_ ? Direction::Inactive : Direction::SendOnly;
  return peer_holds_ ? Direction::RecvOnly : Direction::SendRecv;
}

void SipLeg::offer_direction() {
  if (!dialog_ || ended_ || offering_) return;
  // While the phone holds us, only it can resume; our own wish is told with its next offer or ours.
  const Direction direction = wanted();
  if (direction == agreed_direction_) return;
  auto sdp = services_.media.make_offer(port_, direction);
  if (!sdp) {
    log_.warn("hold was not offered", {{"why", sdp.error().detail}});
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
    std::vector<std::pair<std::string, std::string>> headers;
    if (status == 503) headers.emplace_back("Retry-After", "5");
    dialog_->refuse(status, policy::sip_phrase(status), policy::sip_reason(cause), std::move(headers));
  } else {
    dialog_->end(policy::sip_reason(cause));
  }
  log_.info("leg was ended", {{"cause", policy::to_string(cause.cause)}, {"by_remote", by_remote}});
}

std::vector<PortId> SipLeg::ports() const {
  return port_ ? std::vector<PortId>{port_} : std::vector<PortId>{};
}

std::vector<media::Codec> SipLeg::codecs() const {
  if (const auto agreed = port_ ? services_.media.negotiated(port_) : std::nullopt) return {agreed->codec};
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
  if (const auto* digit = std::get_if<media::DigitReceived>(&event)) {
    log_.info("digit was received", {{"length_ms", to_ms(digit->duration)}, {"in_band", digit->in_band}});
  }
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
  progressed_ = progressed_ || status > 100;
  if (sdp && !sdp->empty()) {
    if (!take_answer(*sdp)) return;
    log_.info("early media began", {{"status", status}});
    call_.on_early_media(*this);
    return;
  }
  if (status >= 180) call_.on_ringing(*this);
}

void SipLeg::on_answered(std::optional<std::string> sdp) {
  if (ended_) return;
  if (!sdp || sdp->empty()) {
    // Some peers put the answer only into a reliable 183; without any there is nothing to talk with.
    if (taken_answer_.empty()) {
      finish({Cause::NotAcceptable, 488, 0, "the 200 has no SDP"});
      return;
    }
  } else if (!take_answer(*sdp)) {
    return;
  }
  answered_ = true;
  call_.on_answered(*this);
  if (far_holds_) offer_direction();
}

void SipLeg::on_refused(const sip::Refusal& refusal) {
  dialog_.reset();
  if (!ended_ && try_elsewhere(refusal.status)) return;
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
    dialog_->refuse_offer(488);
    return;
  }
  const bool was_held = peer_holds_;
  peer_holds_ = offer->held;
  // What they allow, less what the other party's hold takes away (RFC 3264 6.1).
  Direction direction = offer->direction;
  if (far_holds_) {
    direction = direction == Direction::SendRecv || direction == Direction::SendOnly ? Direction::SendOnly
                                                                                     : Direction::Inactive;
  }
  auto answer = services_.media.make_answer(port_, direction, {});
  if (!answer) {
    services_.media.rollback(port_);
    dialog_->refuse_offer(488);
    return;
  }
  agreed_direction_ = direction;
  dialog_->accept_offer(std::move(*answer));
  if (was_held != peer_holds_) {
    log_.info(peer_holds_ ? "party held the call" : "party resumed the call");
    call_.on_hold(*this, peer_holds_);
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
  // What was settled is our wish: a phone that answers sendonly's offer with inactive is held all the same.
  agreed_direction_ = offered_direction_;
  offer_direction();  // The wish may have changed while the re-INVITE was out.
}

void SipLeg::on_offer_refused(int status) {
  offering_ = false;
  services_.media.rollback(port_);
  // The sound is stopped by the engine anyway: a phone that cannot be held just hears silence.
  log_.warn("hold was refused by the party", {{"status", status}});
}

void SipLeg::on_info(std::string_view content_type, std::string_view body) {
  const auto info = parse_info(content_type, body);
  if (!info || ended_) return;
  call_.on_digits(*this, std::string_view(&info->digit, 1), info->length, 80ms);
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
      dialog_->refuse(status, policy::sip_phrase(status), policy::sip_reason(cause));
    } else {
      dialog_->end(policy::sip_reason(cause));
    }
  }
  call_.on_ended(*this, cause);
}

}  // namespace gw
