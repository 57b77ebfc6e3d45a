#pragma once

#include <array>
#include <string_view>

namespace gw::test {

// What Azure's own JavaScript client sent (call-automation 1.6.0, api-version 2026-03-12).
struct RecordedCallRequest {
  std::string_view name, method, target, body;
};

constexpr std::
    array<RecordedCallRequest, 35>
        kRecordedCallRequests{
            {
                {"call-createCall-communicationUser", "POST",
                 "/calling/callConnections?api-version=2026-03-12",
                 R"({"targets":[{"kind":"communicationUser","rawId":"8:acs:11111111-2222-3333-4444-555555555555_00000001-aaaa-bbbb-cccc-000000000001","communicationUser":{"id":"8:acs:11111111-2222-3333-4444-555555555555_00000001-aaaa-bbbb-cccc-000000000001"}}],"sourceDisplayName":"Desk phone 101","operationContext":"leg1","callbackUri":"https://gw.example.test/acs/callbacks?leg=1"})"},
                {"call-createCall-phoneNumber", "POST",
                 "/calling/callConnections?api-version=2026-03-12",
                 R"({"targets":[{"kind":"phoneNumber","rawId":"4:+14255550199","phoneNumber":{"value":"+14255550199","isAnonymous":false}}],"sourceCallerIdNumber":{"value":"+14255550123","isAnonymous":false},"operationContext":"leg1","callbackUri":"https://gw.example.test/acs/callbacks?leg=1"})"},
                {"call-createCall-mediaStreaming", "POST",
                 "/calling/callConnections?api-version=2026-03-12",
                 R"({"targets":[{"kind":"communicationUser","rawId":"8:acs:11111111-2222-3333-4444-555555555555_00000001-aaaa-bbbb-cccc-000000000001","communicationUser":{"id":"8:acs:11111111-2222-3333-4444-555555555555_00000001-aaaa-bbbb-cccc-000000000001"}}],"source":{"id":"8:acs:11111111-2222-3333-4444-555555555555_0000feed-aaaa-bbbb-cccc-00000000feed"},"operationContext":"leg1","callbackUri":"https://gw.example.test/acs/callbacks?leg=1","mediaStreamingOptions":{"transportType":"websocket","audioChannelType":"mixed","transportUrl":"wss://gw.example.test/acs/media/leg1","contentType":"audio","startMediaStreaming":true,"enableBidirectional":true,"audioFormat":"pcm16KMono","enableDtmfTones":true}})"},
                {"call-createGroupCall", "POST", "/calling/callConnections?api-version=2026-03-12",
                 R"({"targets":[{"kind":"communicationUser","rawId":"8:acs:11111111-2222-3333-4444-555555555555_00000001-aaaa-bbbb-cccc-000000000001","communicationUser":{"id":"8:acs:11111111-2222-3333-4444-555555555555_00000001-aaaa-bbbb-cccc-000000000001"}},{"kind":"communicationUser","rawId":"8:acs:11111111-2222-3333-4444-555555555555_00000002-aaaa-bbbb-cccc-000000000002","communicationUser":{"id":"8:acs:11111111-2222-3333-4444-555555555555_00000002-aaaa-bbbb-cccc-000000000002"}}],"source":{"id":"8:acs:11111111-2222-3333-4444-555555555555_0000feed-aaaa-bbbb-cccc-00000000feed"},"callbackUri":"https://gw.example.test/acs/callbacks?leg=1"})"},
                {"call-answerCall", "POST",
                 "/calling/callConnections:answer?api-version=2026-03-12",
                 R"({"incomingCallContext":"INCOMING_CALL_CONTEXT_JWT","callbackUri":"https://gw.example.test/acs/callbacks?leg=1","operationContext":"leg1","answeredBy":{"id":"8:acs:11111111-2222-3333-4444-555555555555_0000feed-aaaa-bbbb-cccc-00000000feed"},"mediaStreamingOptions":{"transportType":"websocket","audioChannelType":"mixed","transportUrl":"wss://gw.example.test/acs/media/leg1","contentType":"audio","startMediaStreaming":true,"enableBidirectional":true,"audioFormat":"pcm16KMono","enableDtmfTones":true}})"},
                {"call-answerCall-minimal", "POST",
                 "/calling/callConnections:answer?api-version=2026-03-12",
                 R"({"incomingCallContext":"INCOMING_CALL_CONTEXT_JWT","callbackUri":"https://gw.example.test/acs/callbacks?leg=1"})"},
                {"call-redirectCall", "POST",
                 "/calling/callConnections:redirect?api-version=2026-03-12",
                 R"({"incomingCallContext":"INCOMING_CALL_CONTEXT_JWT","target":{"kind":"communicationUser","rawId":"8:acs:11111111-2222-3333-4444-555555555555_00000002-aaaa-bbbb-cccc-000000000002","communicationUser":{"id":"8:acs:11111111-2222-3333-4444-555555555555_00000002-aaaa-bbbb-cccc-000000000002"}}})"},
                {"call-redirectCall-pstn", "POST",
                 "/calling/callConnections:redirect?api-version=2026-03-12",
                 R"({"incomingCallContext":"INCOMING_CALL_CONTEXT_JWT","target":{"kind":"phoneNumber","rawId":"4:+14255550199","phoneNumber":{"value":"+14255550199","isAnonymous":false}}})"},
                {"call-rejectCall", "POST",
                 "/calling/callConnections:reject?api-version=2026-03-12",
                 R"({"incomingCallContext":"INCOMING_CALL_CONTEXT_JWT","callRejectReason":"busy"})"},
                {"call-connectCall-serverCall", "POST",
                 "/calling/callConnections:connect?api-version=2026-03-12",
                 R"({"callLocator":{"serverCallId":"SERVER_CALL_ID","kind":"serverCallLocator"},"callbackUri":"https://gw.example.test/acs/callbacks?leg=1","mediaStreamingOptions":{"transportType":"websocket","audioChannelType":"mixed","transportUrl":"wss://gw.example.test/acs/media/leg1","contentType":"audio","startMediaStreaming":true,"enableBidirectional":true,"audioFormat":"pcm16KMono","enableDtmfTones":true}})"},
                {"call-connectCall-room", "POST",
                 "/calling/callConnections:connect?api-version=2026-03-12",
                 R"({"callLocator":{"roomId":"99400000000000000","kind":"roomCallLocator"},"callbackUri":"https://gw.example.test/acs/callbacks?leg=1"})"},
                {"conn-addParticipant-communicationUser", "POST",
                 "/calling/callConnections/421f3500-0000-4000-8000-00000000c0de/"
                 "participants:add?api-version=2026-03-12",
                 R"({"participantToAdd":{"kind":"communicationUser","rawId":"8:acs:11111111-2222-3333-4444-555555555555_00000002-aaaa-bbbb-cccc-000000000002","communicationUser":{"id":"8:acs:11111111-2222-3333-4444-555555555555_00000002-aaaa-bbbb-cccc-000000000002"}},"invitationTimeoutInSeconds":30,"operationContext":"ctx-add","operationCallbackUri":"https://gw.example.test/acs/callbacks?leg=1","customCallingContext":{"voipHeaders":{"leg":"1"},"sipHeaders":{}}})"},
                {"conn-addParticipant-phoneNumber", "POST",
                 "/calling/callConnections/421f3500-0000-4000-8000-00000000c0de/"
                 "participants:add?api-version=2026-03-12",
                 R"({"sourceCallerIdNumber":{"value":"+14255550123","isAnonymous":false},"sourceDisplayName":"Front desk","participantToAdd":{"kind":"phoneNumber","rawId":"4:+14255550199","phoneNumber":{"value":"+14255550199","isAnonymous":false}},"customCallingContext":{"voipHeaders":{},"sipHeaders":{"X-MS-Custom-Leg":"1","X-Plain":"2","User-To-User":"00FF;encoding=hex"}}})"},
                {"conn-cancelAddParticipant", "POST",
                 "/calling/callConnections/421f3500-0000-4000-8000-00000000c0de/"
                 "participants:cancelAddParticipant?api-version=2026-03-12",
                 R"({"invitationId":"9f1e0000-0000-4000-8000-000000000001","operationContext":"d0ef662b-75a8-4376-bf9d-911c81840115"})"},
                {"conn-getCallConnectionProperties", "GET",
                 "/calling/callConnections/"
                 "421f3500-0000-4000-8000-00000000c0de?api-version=2026-03-12",
                 R"()"},
                {"conn-getParticipant", "GET",
                 "/calling/callConnections/421f3500-0000-4000-8000-00000000c0de/participants/"
                 "8%3Aacs%3A11111111-2222-3333-4444-555555555555_00000001-aaaa-bbbb-cccc-"
                 "000000000001?api-version=2026-03-12",
                 R"()"},
                {"conn-hangUp-false", "DELETE",
                 "/calling/callConnections/"
                 "421f3500-0000-4000-8000-00000000c0de?api-version=2026-03-12",
                 R"()"},
                {"conn-hangUp-true", "POST",
                 "/calling/callConnections/"
                 "421f3500-0000-4000-8000-00000000c0de:terminate?api-version=2026-03-12",
                 R"()"},
                {"conn-listParticipants", "GET",
                 "/calling/callConnections/421f3500-0000-4000-8000-00000000c0de/"
                 "participants?api-version=2026-03-12",
                 R"()"},
                {"conn-moveParticipants", "POST",
                 "/calling/callConnections/421f3500-0000-4000-8000-00000000c0de/"
                 "participants:moveHere?api-version=2026-03-12",
                 R"({"targetParticipants":[{"kind":"communicationUser","rawId":"8:acs:11111111-2222-3333-4444-555555555555_00000002-aaaa-bbbb-cccc-000000000002","communicationUser":{"id":"8:acs:11111111-2222-3333-4444-555555555555_00000002-aaaa-bbbb-cccc-000000000002"}}],"operationContext":"5e09127d-5d85-42ae-a207-728e178394b2","fromCall":"other-call-connection-id"})"},
                {"conn-muteParticipant", "POST",
                 "/calling/callConnections/421f3500-0000-4000-8000-00000000c0de/"
                 "participants:mute?api-version=2026-03-12",
                 R"({"targetParticipants":[{"kind":"communicationUser","rawId":"8:acs:11111111-2222-3333-4444-555555555555_00000002-aaaa-bbbb-cccc-000000000002","communicationUser":{"id":"8:acs:11111111-2222-3333-4444-555555555555_00000002-aaaa-bbbb-cccc-000000000002"}}],"operationContext":"ctx-mute"})"},
                {"conn-removeParticipant", "POST",
                 "/calling/callConnections/421f3500-0000-4000-8000-00000000c0de/"
                 "participants:remove?api-version=2026-03-12",
                 R"({"participantToRemove":{"kind":"communicationUser","rawId":"8:acs:11111111-2222-3333-4444-555555555555_00000002-aaaa-bbbb-cccc-000000000002","communicationUser":{"id":"8:acs:11111111-2222-3333-4444-555555555555_00000002-aaaa-bbbb-cccc-000000000002"}},"operationContext":"ctx-rm"})"},
                {"conn-transferCallToParticipant", "POST",
                 "/calling/callConnections/"
                 "421f3500-0000-4000-8000-00000000c0de:transferToParticipant?api-version=2026-03-"
                 "12",
                 R"({"targetParticipant":{"kind":"communicationUser","rawId":"8:acs:11111111-2222-3333-4444-555555555555_00000002-aaaa-bbbb-cccc-000000000002","communicationUser":{"id":"8:acs:11111111-2222-3333-4444-555555555555_00000002-aaaa-bbbb-cccc-000000000002"}},"operationContext":"ctx-xfer","transferee":{"kind":"communicationUser","rawId":"8:acs:11111111-2222-3333-4444-555555555555_00000001-aaaa-bbbb-cccc-000000000001","communicationUser":{"id":"8:acs:11111111-2222-3333-4444-555555555555_00000001-aaaa-bbbb-cccc-000000000001"}},"customCallingContext":{"voipHeaders":{"leg":"1"},"sipHeaders":{}}})"},
                {"conn-transferCallToParticipant-pstn", "POST",
                 "/calling/callConnections/"
                 "421f3500-0000-4000-8000-00000000c0de:transferToParticipant?api-version=2026-03-"
                 "12",
                 R"({"targetParticipant":{"kind":"phoneNumber","rawId":"4:+14255550199","phoneNumber":{"value":"+14255550199","isAnonymous":false}},"operationContext":"be62e4d9-091b-45dc-8b3c-812d0bbbf602","customCallingContext":{"voipHeaders":{},"sipHeaders":{"User-To-User":"00FF;encoding=hex"}},"sourceCallerIdNumber":{"value":"+14255550123","isAnonymous":false}})"},
                {"media-cancelAllOperations", "POST",
                 "/calling/callConnections/"
                 "421f3500-0000-4000-8000-00000000c0de:cancelAllMediaOperations?api-version=2026-"
                 "03-12",
                 R"()"},
                {"media-hold", "POST",
                 "/calling/callConnections/"
                 "421f3500-0000-4000-8000-00000000c0de:hold?api-version=2026-03-12",
                 R"({"targetParticipant":{"rawId":"8:acs:11111111-2222-3333-4444-555555555555_00000001-aaaa-bbbb-cccc-000000000001","communicationUser":{"id":"8:acs:11111111-2222-3333-4444-555555555555_00000001-aaaa-bbbb-cccc-000000000001"}},"operationContext":"ctx-hold"})"},
                {"media-unhold", "POST",
                 "/calling/callConnections/"
                 "421f3500-0000-4000-8000-00000000c0de:unhold?api-version=2026-03-12",
                 R"({"targetParticipant":{"rawId":"8:acs:11111111-2222-3333-4444-555555555555_00000001-aaaa-bbbb-cccc-000000000001","communicationUser":{"id":"8:acs:11111111-2222-3333-4444-555555555555_00000001-aaaa-bbbb-cccc-000000000001"}},"operationContext":"ctx-hold"})"},
                {"media-play-file", "POST",
                 "/calling/callConnections/"
                 "421f3500-0000-4000-8000-00000000c0de:play?api-version=2026-03-12",
                 R"({"playSources":[{"kind":"file","file":{"uri":"https://gw.example.test/p.wav"}}],"playTo":[{"rawId":"8:acs:11111111-2222-3333-4444-555555555555_00000001-aaaa-bbbb-cccc-000000000001","communicationUser":{"id":"8:acs:11111111-2222-3333-4444-555555555555_00000001-aaaa-bbbb-cccc-000000000001"}}],"playOptions":{"loop":false}})"},
                {"media-playToAll-file", "POST",
                 "/calling/callConnections/"
                 "421f3500-0000-4000-8000-00000000c0de:play?api-version=2026-03-12",
                 R"({"playSources":[{"kind":"file","file":{"uri":"https://gw.example.test/p.wav"}}],"playTo":[],"playOptions":{"loop":true},"operationContext":"ef35e948-f81a-49b6-a4c7-5815f42f4e4d"})"},
                {"media-sendDtmfTones", "POST",
                 "/calling/callConnections/"
                 "421f3500-0000-4000-8000-00000000c0de:sendDtmfTones?api-version=2026-03-12",
                 R"({"tones":["one","two","pound"],"targetParticipant":{"rawId":"8:acs:11111111-2222-3333-4444-555555555555_00000001-aaaa-bbbb-cccc-000000000001","communicationUser":{"id":"8:acs:11111111-2222-3333-4444-555555555555_00000001-aaaa-bbbb-cccc-000000000001"}},"operationContext":"ctx-dtmf"})"},
                {"media-startContinuousDtmfRecognition", "POST",
                 "/calling/callConnections/"
                 "421f3500-0000-4000-8000-00000000c0de:startContinuousDtmfRecognition?api-version="
                 "2026-03-12",
                 R"({"targetParticipant":{"rawId":"4:+14255550199","phoneNumber":{"value":"+14255550199","isAnonymous":false}},"operationContext":"ctx-cdr"})"},
                {"media-stopContinuousDtmfRecognition", "POST",
                 "/calling/callConnections/"
                 "421f3500-0000-4000-8000-00000000c0de:stopContinuousDtmfRecognition?api-version="
                 "2026-03-12",
                 R"({"targetParticipant":{"rawId":"4:+14255550199","phoneNumber":{"value":"+14255550199","isAnonymous":false}},"operationContext":"ctx-cdr"})"},
                {"media-startMediaStreaming", "POST",
                 "/calling/callConnections/"
                 "421f3500-0000-4000-8000-00000000c0de:startMediaStreaming?api-version=2026-03-12",
                 R"({"operationCallbackUri":"https://gw.example.test/acs/callbacks?leg=1","operationContext":"ctx-ms"})"},
                {"media-stopMediaStreaming", "POST",
                 "/calling/callConnections/"
                 "421f3500-0000-4000-8000-00000000c0de:stopMediaStreaming?api-version=2026-03-12",
                 R"({"operationContext":"ctx-ms"})"},
                {"media-startRecognizing-dtmf", "POST",
                 "/calling/callConnections/"
                 "421f3500-0000-4000-8000-00000000c0de:recognize?api-version=2026-03-12",
                 R"({"recognizeInputType":"dtmf","playPrompt":{"kind":"file","file":{"uri":"https://gw.example.test/p.wav"}},"recognizeOptions":{"interruptPrompt":true,"initialSilenceTimeoutInSeconds":10,"targetParticipant":{"rawId":"4:+14255550199","phoneNumber":{"value":"+14255550199","isAnonymous":false}},"dtmfOptions":{"interToneTimeoutInSeconds":5,"maxTonesToCollect":4,"stopTones":["pound"]}},"operationContext":"ac92d943-c9e5-4822-855d-4dc9bbb74f6e"})"},
            }};

constexpr std::string_view recorded_body(std::string_view name) {
  for (const RecordedCallRequest& request : kRecordedCallRequests) {
    if (request.name == name) return request.body;
  }
  return {};
}

}  // namespace gw::test
