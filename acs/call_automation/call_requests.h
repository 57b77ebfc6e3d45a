#pragma once

#include <string_view>
#include <tl/expected.hpp>

#include "acs/call_automation/call_commands.h"

namespace gw::acs::call_automation {

// The bodies of Call Automation's requests, read strictly: what is needed is there, what is there
// has its type and lies within Azure's limits. Unknown members pass, since newer SDKs send more.
// What the gateway has no part for (speech, Teams, rooms) is refused in plain words. Pure;
// RestError is what to answer instead.
template <class T>
using Read = tl::expected<T, rest::RestError>;

Read<CreateCall> read_create(std::string_view body);
Read<AnswerCall> read_answer(std::string_view body);
Read<RedirectCall> read_redirect(std::string_view body);
Read<RejectCall> read_reject(std::string_view body);
Read<ConnectCall> read_connect(std::string_view body);
Read<AddParticipant> read_add(std::string_view body);
Read<RemoveParticipant> read_remove(std::string_view body);
Read<MuteParticipant> read_mute(std::string_view body);
Read<CancelAddParticipant> read_cancel_add(std::string_view body);
Read<Transfer> read_transfer(std::string_view body);
Read<Play> read_play(std::string_view body);
Read<Recognize> read_recognize(std::string_view body);
Read<ContinuousTones> read_continuous_tones(std::string_view body, bool on);
Read<SendTones> read_send_tones(std::string_view body);
Read<Hold> read_hold(std::string_view body);
Read<Unhold> read_unhold(std::string_view body);
Read<Streaming> read_streaming(std::string_view body, bool on);

// "https://host/path", or http:// at a loopback address: where the gateway may be sent by an app.
bool is_callback_uri(std::string_view uri);

}  // namespace gw::acs::call_automation
