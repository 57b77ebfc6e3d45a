#include "acs/edge/frame_rules.h"
#include "acs/edge/frames.h"
#include "proto/edge.pb.h"

namespace gw::acs::edge::frames {
namespace pb = ::acsedge::v1;
namespace {

pb::Category to_pb(Category category) {
  switch (category) {
    case Category::Unspecified: return pb::CATEGORY_UNSPECIFIED;
    case Category::Success: return pb::SUCCESS;
    case Category::ExpectedError: return pb::EXPECTED_ERROR;
    case Category::UnexpectedClientError: return pb::UNEXPECTED_CLIENT_ERROR;
    case Category::UnexpectedServerError: return pb::UNEXPECTED_SERVER_ERROR;
  }
  return pb::CATEGORY_UNSPECIFIED;
}

pb::EndReason::By to_pb(EndReason::By by) {
  switch (by) {
    case EndReason::By::Unspecified: return pb::EndReason::BY_UNSPECIFIED;
    case EndReason::By::Local: return pb::EndReason::LOCAL;
    case EndReason::By::Remote: return pb::EndReason::REMOTE;
    case EndReason::By::Network: return pb::EndReason::NETWORK;
  }
  return pb::EndReason::BY_UNSPECIFIED;
}

pb::CallState to_pb(CallState state) {
  switch (state) {
    case CallState::Trying: return pb::TRYING;
    case CallState::Ringing: return pb::RINGING;
    case CallState::EarlyMedia: return pb::EARLY_MEDIA;
    case CallState::Connected: return pb::CONNECTED;
    case CallState::LocalHold: return pb::LOCAL_HOLD;
    case CallState::RemoteHold: return pb::REMOTE_HOLD;
  }
  return pb::CALL_STATE_UNSPECIFIED;
}

pb::ParticipantState to_pb(ParticipantState state) {
  switch (state) {
    case ParticipantState::Connecting: return pb::P_CONNECTING;
    case ParticipantState::Ringing: return pb::P_RINGING;
    case ParticipantState::EarlyMedia: return pb::P_EARLY_MEDIA;
    case ParticipantState::Connected: return pb::P_CONNECTED;
    case ParticipantState::Hold: return pb::P_HOLD;
    case ParticipantState::Disconnected: return pb::P_DISCONNECTED;
  }
  return pb::PARTICIPANT_STATE_UNSPECIFIED;
}

pb::SessionClosing::Action to_pb(ClosingAction action) {
  switch (action) {
    case ClosingAction::Resume: return pb::SessionClosing::RESUME;
    case ClosingAction::Reregister: return pb::SessionClosing::REREGISTER;
    case ClosingAction::Stop: return pb::SessionClosing::STOP;
  }
  return pb::SessionClosing::ACTION_UNSPECIFIED;
}

void put(const Identity& from, pb::Identity& to) {
  to.set_raw_id(to_utf8(from.raw_id));
  to.set_display_name(to_utf8(from.display_name));
}

void put(const Status& from, pb::Status& to) {
  to.set_code(from.code);
  to.set_sub_code(from.sub_code);
  to.set_message(to_utf8(from.message));
  to.set_category(to_pb(from.category));
}

void put(const EndReason& from, pb::EndReason& to) {
  put(from.status, *to.mutable_status());
  to.set_sip_status(from.sip_status);
  to.set_q850_cause(from.q850_cause);
  to.set_by(to_pb(from.by));
}

void put(const CallContext& from, pb::CallContext& to) {
  to.set_user_to_user(to_utf8(from.user_to_user));
  for (const auto& [name, value] : from.headers) {
    if (static_cast<size_t>(to.headers_size()) >= kMaxHeaders + kMaxHistory) break;
    pb::Header& header = *to.add_headers();
    header.set_name(to_utf8(name));
    header.set_value(to_utf8(value));
  }
}

void put(const CallUpdate& from, pb::CallUpdate& to) {
  to.set_call_id(from.call_id);
  to.set_state(to_pb(from.state));
  to.set_muted(from.muted);
  put(from.remote, *to.mutable_remote());
  to.set_server_call_id(from.server_call_id);
  to.set_outgoing(from.outgoing);
  to.set_sip_status(from.sip_status);
  to.set_connected_at_ms(from.connected_at_ms);
  if (!from.transferor.raw_id.empty()) put(from.transferor, *to.mutable_transferor());
}

void put(const Participant& from, pb::Participant& to) {
  to.set_participant_id(to_utf8(from.participant_id));
  put(from.identity, *to.mutable_identity());
  to.set_state(to_pb(from.state));
  to.set_muted(from.muted);
  to.set_speaking(from.speaking);
}

void put(const IncomingCall& from, pb::IncomingCall& to) {
  to.set_call_id(from.call_id);
  put(from.from, *to.mutable_from());
  put(from.to, *to.mutable_to());
  put(from.context, *to.mutable_context());
  to.set_expires_at_ms(unix_ms(from.expires));
  if (!from.transferor.raw_id.empty()) put(from.transferor, *to.mutable_transferor());
}

void put(const CallSnapshot& from, pb::CallSnapshot& to) {
  if (from.incoming) {
    put(*from.incoming, *to.mutable_incoming());
    return;
  }
  put(from.update, *to.mutable_call());
  for (const Participant& participant : from.participants) put(participant, *to.add_participants());
}

std::string bytes_of(const pb::ServerFrame& frame) {
  return frame.SerializeAsString();
}

}  // namespace

// Two encoded messages one after the other are one message with both (protobuf encoding, "last one
// wins").
std::string event_frame(uint64_t seq, std::string_view body) {
  pb::ServerFrame head;
  head.set_seq(seq);
  return bytes_of(head).append(body);
}

std::string request_frame(uint32_t request_id, std::string_view body) {
  pb::ServerFrame head;
  head.set_request_id(request_id);
  return bytes_of(head).append(body);
}

EncodedBody response(const Status& status, const std::optional<Answer>& answer) {
  pb::ServerFrame frame;
  pb::Response& out = *frame.mutable_response();
  put(status, *out.mutable_status());
  if (answer) {
    out.mutable_answer()->set_call_id(answer->call_id);
    out.mutable_answer()->set_sdp(to_utf8(answer->sdp));
    out.mutable_answer()->set_generation(answer->generation);
  }
  return bytes_of(frame);
}

EncodedBody registered(const Registered& from) {
  pb::ServerFrame frame;
  pb::Registered& out = *frame.mutable_registered();
  out.set_session_key(from.session_key);
  out.set_identity(from.identity);
  out.set_token_expires_at_ms(unix_ms(from.token_expires));
  out.set_resumed(from.resumed);
  for (const CallSnapshot& call : from.calls) put(call, *out.add_calls());
  if (from.turn) {
    pb::IceServer& server = *out.add_ice_servers();
    for (const std::string& url : from.turn->urls) server.add_urls(url);
    server.set_username(from.turn->username);
    server.set_credential(from.turn->credential);
  }
  out.set_ping_interval_ms(static_cast<uint32_t>(to_ms(from.ping_interval)));
  out.set_ping_timeout_ms(static_cast<uint32_t>(to_ms(from.ping_timeout)));
  out.set_resume_window_ms(static_cast<uint32_t>(to_ms(from.resume_window)));
  for (const std::string& feature : from.features) out.add_features(feature);
  for (const std::string& number : from.caller_ids) out.add_caller_ids(to_utf8(number));
  out.set_display_name(to_utf8(from.display_name));
  return bytes_of(frame);
}

EncodedBody token_expiring(WallTime at) {
  pb::ServerFrame frame;
  frame.mutable_token_expiring()->set_expires_at_ms(unix_ms(at));
  return bytes_of(frame);
}

EncodedBody closing(ClosingAction action, const Status& status, Duration retry_after) {
  pb::ServerFrame frame;
  pb::SessionClosing& out = *frame.mutable_closing();
  out.set_action(to_pb(action));
  put(status, *out.mutable_status());
  out.set_retry_after_ms(static_cast<uint32_t>(to_ms(retry_after)));
  return bytes_of(frame);
}

EncodedBody pong(int64_t t_ms, WallTime now) {
  pb::ServerFrame frame;
  frame.mutable_pong()->set_t_ms(t_ms);
  frame.mutable_pong()->set_server_t_ms(unix_ms(now));
  return bytes_of(frame);
}

EncodedBody incoming_call(const IncomingCall& call) {
  pb::ServerFrame frame;
  put(call, *frame.mutable_incoming_call());
  return bytes_of(frame);
}

EncodedBody incoming_call_ended(const std::string& call_id, const EndReason& reason) {
  pb::ServerFrame frame;
  frame.mutable_incoming_call_ended()->set_call_id(call_id);
  put(reason, *frame.mutable_incoming_call_ended()->mutable_reason());
  return bytes_of(frame);
}

EncodedBody call_update(const CallUpdate& update) {
  pb::ServerFrame frame;
  put(update, *frame.mutable_call_update());
  return bytes_of(frame);
}

EncodedBody call_ended(const std::string& call_id, const EndReason& reason) {
  pb::ServerFrame frame;
  frame.mutable_call_ended()->set_call_id(call_id);
  put(reason, *frame.mutable_call_ended()->mutable_reason());
  return bytes_of(frame);
}

EncodedBody participants(const std::string& call_id, uint64_t version,
                         const std::vector<Participant>& changed,
                         const std::vector<Participant>& removed) {
  pb::ServerFrame frame;
  pb::ParticipantUpdate& out = *frame.mutable_participants();
  out.set_call_id(call_id);
  out.set_version(version);
  for (const Participant& participant : changed) put(participant, *out.add_changed());
  for (const Participant& participant : removed) put(participant, *out.add_removed());
  return bytes_of(frame);
}

EncodedBody transfer(const TransferUpdate& update) {
  pb::ServerFrame frame;
  pb::TransferUpdate& out = *frame.mutable_transfer();
  out.set_call_id(update.call_id);
  switch (update.state) {
    case TransferUpdate::State::Transferring:
      out.set_state(pb::TransferUpdate::TRANSFERRING);
      break;
    case TransferUpdate::State::Transferred: out.set_state(pb::TransferUpdate::TRANSFERRED); break;
    case TransferUpdate::State::Failed:
      out.set_state(pb::TransferUpdate::FAILED);
      put(update.error, *out.mutable_error());
      break;
    case TransferUpdate::State::Accepted: out.set_state(pb::TransferUpdate::ACCEPTED); break;
  }
  out.set_new_call_id(update.new_call_id);
  return bytes_of(frame);
}

EncodedBody offer_request(const std::string& call_id, uint32_t generation, OfferWhy why) {
  pb::ServerFrame frame;
  pb::OfferRequest& out = *frame.mutable_offer_request();
  out.set_call_id(call_id);
  out.set_generation(generation);
  out.set_why(why == OfferWhy::WarmUp ? pb::OfferRequest::WARM_UP : pb::OfferRequest::RENEGOTIATE);
  return bytes_of(frame);
}

}  // namespace gw::acs::edge::frames
