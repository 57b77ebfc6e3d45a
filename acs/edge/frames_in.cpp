#include <google/protobuf/stubs/logging.h>

#include "acs/edge/frame_rules.h"
#include "acs/edge/frames.h"
#include "proto/edge.pb.h"

namespace gw::acs::edge::frames {
namespace pb = ::acsedge::v1;
namespace {

constexpr size_t kMaxInstance = 128;
constexpr uint32_t kMaxToneMs = 10000;

Refused refuse(uint32_t code, uint32_t sub_code, std::string message) {
  return {{code, sub_code, std::move(message), Category::UnexpectedClientError}};
}
Refused bad(const char* what) {
  return refuse(400, 90400, std::string(what) + " is not acceptable");
}
Refused not_offered(const char* what) {
  return refuse(501, 90501, std::string(what) + " is not available on this gateway");
}

bool short_text(const std::string& text, size_t limit = kMaxName) {
  return text.size() <= limit && is_plain(text);
}

// An offer may be absent; when it is there it must be about the same call.
struct Offer {
  std::string sdp;
  uint32_t generation = 0;
};
std::optional<Offer> offer_of(bool present, const pb::SessionDescription& offer,
                              const std::string& call_id) {
  if (!present) return Offer{};
  if (offer.sdp().size() > kMaxSdp || (!offer.call_id().empty() && offer.call_id() != call_id))
    return std::nullopt;
  // First offers are generation 1; a client that leaves it out means that.
  return Offer{offer.sdp(), offer.generation() == 0 ? 1 : offer.generation()};
}

std::optional<CallContext> context_of(const pb::CallContext& from) {
  CallContext context;
  if (!short_text(from.user_to_user()) || static_cast<size_t>(from.headers_size()) > kMaxHeaders)
    return std::nullopt;
  context.user_to_user = from.user_to_user();
  for (const pb::Header& header : from.headers()) {
    if (!is_custom_header(header.name()) || !short_text(header.value())) return std::nullopt;
    context.headers.emplace_back(header.name(), header.value());
  }
  return context;
}

Body take(const pb::Register& from) {
  const bool fits = from.token().size() <= kMaxToken &&
                    short_text(from.instance_id(), kMaxInstance) &&
                    short_text(from.display_name()) && from.resume().session_key().size() <= 64;
  if (!fits || from.token().empty()) return bad("Register");
  Register out;
  out.token = from.token();
  out.instance_id = from.instance_id();
  out.display_name = from.display_name();
  if (from.has_resume())
    out.resume = Register::Resume{from.resume().session_key(), from.resume().last_seq()};
  out.client = from.client().library().substr(0, 64) + "/" + from.client().version().substr(0, 32);
  return out;
}

Body take(const pb::Invite& from) {
  if (!is_call_id(from.call_id())) return bad("call_id");
  if (from.to_size() == 0 || static_cast<size_t>(from.to_size()) > kMaxTargets) return bad("to");
  Invited out;
  for (const pb::Identity& to : from.to()) {
    if (!is_raw_id(to.raw_id()) || !short_text(to.display_name())) return bad("to");
    out.to.push_back({to.raw_id(), to.display_name()});
  }
  if (!from.caller_id().empty() && !is_number(from.caller_id())) return bad("caller_id");
  auto context = context_of(from.context());
  if (!context) return bad("context");
  auto offer = offer_of(from.has_offer(), from.offer(), from.call_id());
  if (!offer) return bad("offer");
  out.call_id = from.call_id();
  out.caller_id = from.caller_id();
  out.start_muted = from.start_muted();
  out.context = std::move(*context);
  out.offer = std::move(offer->sdp);
  out.generation = offer->generation;
  return out;
}

Body take(const pb::Accept& from) {
  if (!is_call_id(from.call_id())) return bad("call_id");
  auto offer = offer_of(from.has_offer(), from.offer(), from.call_id());
  if (!offer) return bad("offer");
  Accepted out;
  out.call_id = from.call_id();
  out.start_muted = from.start_muted();
  out.offer = std::move(offer->sdp);
  out.generation = offer->generation;
  return out;
}

Body take(const pb::SessionDescription& from) {
  if (!is_call_id(from.call_id())) return bad("call_id");
  auto offer = offer_of(true, from, from.call_id());
  if (!offer || offer->sdp.empty()) return bad("offer");
  Offered out;
  out.call_id = from.call_id();
  out.generation = offer->generation;
  out.sdp = std::move(offer->sdp);
  return out;
}

Body take(const pb::SendDtmf& from) {
  if (!is_call_id(from.call_id())) return bad("call_id");
  if (!is_digits(from.digits())) return bad("digits");
  if (from.duration_ms() > kMaxToneMs || from.gap_ms() > kMaxToneMs) return bad("duration");
  DigitsAsked out;
  out.call_id = from.call_id();
  out.digits = from.digits();
  out.length = std::chrono::milliseconds(from.duration_ms());
  out.gap = std::chrono::milliseconds(from.gap_ms());
  return out;
}

Body take(const pb::Transfer& from) {
  if (!is_call_id(from.call_id())) return bad("call_id");
  TransferAsked out;
  out.call_id = from.call_id();
  if (from.to_case() == pb::Transfer::kTargetCallId) {
    if (!is_call_id(from.target_call_id()) || from.target_call_id() == from.call_id())
      return bad("target_call_id");
    out.target_call_id = from.target_call_id();
  } else {
    if (!is_raw_id(from.target().raw_id()) || !short_text(from.target().display_name()))
      return bad("target");
    out.target = {from.target().raw_id(), from.target().display_name()};
  }
  if (!from.caller_id().empty() && !is_number(from.caller_id())) return bad("caller_id");
  out.caller_id = from.caller_id();
  auto context = context_of(from.context());
  if (!context) return bad("context");
  out.context = std::move(*context);
  return out;
}

Body take(const pb::QualityReport& from) {
  if (!is_call_id(from.call_id()) || !short_text(from.codec(), 32)) return Nothing{};
  return QualityReported{from.call_id(),  from.rtt_ms(), from.jitter_ms(), from.loss_in(),
                         from.loss_out(), from.mos(),    from.codec()};
}

// Requests that name a call and carry one choice.
template <class Out>
Body with_call(const std::string& call_id, Out out) {
  if (!is_call_id(call_id)) return bad("call_id");
  out.call_id = call_id;
  return out;
}

Body body_of(const pb::ClientFrame& frame) {
  using Case = pb::ClientFrame::BodyCase;
  switch (frame.body_case()) {
    case Case::kRegister: return take(frame.register_());
    case Case::kRefreshToken:
      if (frame.refresh_token().token().size() > kMaxToken) return bad("token");
      return RefreshToken{frame.refresh_token().token()};
    case Case::kUnregister: return Unregister{};
    case Case::kPing: return Ping{frame.ping().t_ms()};
    case Case::kInvite: return take(frame.invite());
    case Case::kAccept: return take(frame.accept());
    case Case::kReject: {
      Rejected out;
      out.busy = frame.reject().as() == pb::Reject::BUSY;
      return with_call(frame.reject().call_id(), out);
    }
    case Case::kHangup: {
      HungUp out;
      out.for_everyone = frame.hangup().for_everyone();
      return with_call(frame.hangup().call_id(), out);
    }
    case Case::kHold: {
      HoldAsked out;
      out.on = frame.hold().on();
      return with_call(frame.hold().call_id(), out);
    }
    case Case::kMute: {
      MuteAsked out;
      out.on = frame.mute().on();
      return with_call(frame.mute().call_id(), out);
    }
    case Case::kSendDtmf: return take(frame.send_dtmf());
    case Case::kOffer: return take(frame.offer());
    case Case::kQuality: return take(frame.quality());
    case Case::kCandidate: return Nothing{};
    case Case::kJoin: return not_offered("Joining a group call or room");
    case Case::kTransfer: return take(frame.transfer());
    case Case::kAddParticipant: return not_offered("Adding a participant");
    case Case::kRemoveParticipant: return not_offered("Removing a participant");
    case Case::kMuteParticipants: return not_offered("Muting others");
    case Case::BODY_NOT_SET: break;
  }
  // An acknowledgement alone has no request id; with one it asks for something that we do not know
  // yet.
  if (frame.request_id() == 0) return Nothing{};
  return not_offered("This request");
}

}  // namespace

std::optional<ClientFrame> parse(std::string_view message) {
  // Protobuf writes to stderr about bad UTF-8: whoever sends that must not fill our log.
  static const bool quiet = [] {
    google::protobuf::SetLogHandler(nullptr);
    return true;
  }();
  if (!quiet || message.size() > size_t{1} << 20) return std::nullopt;
  pb::ClientFrame frame;
  if (!frame.ParseFromArray(message.data(), static_cast<int>(message.size()))) return std::nullopt;
  return ClientFrame{frame.request_id(), frame.ack(), body_of(frame)};
}

}  // namespace gw::acs::edge::frames
