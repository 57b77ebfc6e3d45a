// Checked by `npm run typecheck`, never run: whatever an app may name on an object of the official
// SDK is there on ours. The official package is a development dependency for its types alone.
import type * as Official from '@azure/communication-calling';
import type * as Ours from '../../src/index';

type Missing<Theirs, Mine> = Exclude<keyof Theirs, keyof Mine>;
type Same<A, B> = [A] extends [B] ? ([B] extends [A] ? true : never) : never;
type Covers<Theirs, Mine> = [Missing<Theirs, Mine>] extends [never] ? true : Missing<Theirs, Mine>;

type OfficialClient = Official.CallClient;

export const surfaces: [
  Covers<OfficialClient, Ours.CallClient>,
  Covers<Official.CallAgent, Ours.CallAgent>,
  Covers<Official.Call, Ours.Call>,
  Covers<Official.IncomingCall, Ours.IncomingCall>,
  Covers<Official.RemoteParticipant, Ours.RemoteParticipant>,
  Covers<Official.DeviceManager, Ours.DeviceManager>,
  Covers<Official.CallInfo, Ours.CallInfo>,
  Covers<Official.CallerInfo, Ours.CallerInfo>,
  Covers<Official.CallEndReason, Ours.CallEndReason>,
  Covers<Official.LocalAudioStream, Ours.LocalAudioStream>,
  Covers<Official.RemoteAudioStream, Ours.RemoteAudioStream>,
  Covers<Official.LocalVideoStream, Ours.LocalVideoStream>,
  Covers<Official.VideoStreamRenderer, Ours.VideoStreamRenderer>,
  Covers<Official.Lobby, Ours.Lobby>,
  Covers<typeof Official.Features, typeof Ours.Features>,
  Covers<Official.UserFacingDiagnosticsFeature, Ours.UserFacingDiagnosticsFeature>,
  Covers<Official.NetworkDiagnostics, Ours.NetworkDiagnostics>,
  Covers<Official.MediaDiagnostics, Ours.MediaDiagnostics>,
  Covers<Official.LatestNetworkDiagnostics, Ours.LatestNetworkDiagnostics>,
  Covers<Official.LatestMediaDiagnostics, Ours.LatestMediaDiagnostics>,
  Covers<Official.MediaStatsCallFeature, Ours.MediaStatsCallFeature>,
  Covers<Official.MediaStatsCollector, Ours.MediaStatsCollector>,
  Covers<Official.TransferCallFeature, Ours.TransferCallFeature>,
  Covers<Official.Transfer, Ours.Transfer>,
  Covers<Official.RecordingCallFeature, Ours.RecordingCallFeature>,
  Covers<Official.DominantSpeakersCallFeature, Ours.DominantSpeakersCallFeature>,
  Covers<Official.DebugInfoCallClientFeature, Ours.DebugInfoCallClientFeature>,
  Covers<Official.CallClientOptions, Ours.CallClientOptions>,
  Covers<Official.StartCallOptions, Ours.StartCallOptions>,
  Covers<Official.AudioOptions, Ours.AudioOptions>,
] = [
  true,
  true,
  true,
  true,
  true,
  true,
  true,
  true,
  true,
  true,
  true,
  true,
  true,
  true,
  true,
  true,
  true,
  true,
  true,
  true,
  true,
  true,
  true,
  true,
  true,
  true,
  true,
  true,
  true,
  true,
];

export const unions: [
  Same<Official.CallState, Ours.CallState>,
  Same<Official.CallDirection, Ours.CallDirection>,
  Same<Official.DtmfTone, Ours.DtmfTone>,
  Same<Official.RemoteParticipantState, Ours.RemoteParticipantState>,
  Same<Official.ConnectionState, Ours.ConnectionState>,
  Same<Official.ConnectionStateChangedReason, Ours.ConnectionStateChangedReason>,
  Same<Official.MediaStreamType, Ours.MediaStreamType>,
  Same<Official.AudioDeviceType, Ours.AudioDeviceType>,
  Same<Official.TransferState, Ours.TransferState>,
] = [true, true, true, true, true, true, true, true, true];

// What an app passes to the official methods can be passed to ours, and what it gets back suffices.
type Arguments<F> = F extends (...args: infer A) => unknown ? A : never;
type Takes<Theirs, Mine> = [Arguments<Theirs>] extends [Arguments<Mine>] ? true : never;
export const methods: [
  Takes<Official.Call['hangUp'], Ours.Call['hangUp']>,
  Takes<Official.Call['hold'], Ours.Call['hold']>,
  Takes<Official.Call['mute'], Ours.Call['mute']>,
  Takes<Official.Call['sendDtmf'], Ours.Call['sendDtmf']>,
  Takes<Official.IncomingCall['reject'], Ours.IncomingCall['reject']>,
  Takes<Official.DeviceManager['askDevicePermission'], Ours.DeviceManager['askDevicePermission']>,
  Takes<Official.DeviceManager['selectMicrophone'], Ours.DeviceManager['selectMicrophone']>,
] = [true, true, true, true, true, true, true];
