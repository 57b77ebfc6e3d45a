// The public surface: the names and signatures that an app written for the ACS Calling SDK relies on.
// Members that the official typings lack are marked [+].
import type { AzureLogger } from '@azure/logger';
import type {
  CommunicationIdentifier,
  CommunicationIdentifierKind,
  CommunicationUserIdentifier,
  MicrosoftTeamsAppIdentifier,
  MicrosoftTeamsUserIdentifier,
  PhoneNumberIdentifier,
  UnknownIdentifier,
} from '@azure/communication-common';
import type { LocalVideoStream, RemoteVideoStream, VideoOptions, CallConstraints } from './video';
import type { LocalAudioStream } from './media/local_audio_stream';
import type {
  CallClientFeature,
  CallClientFeatureFactory,
  CallFeature,
  CallFeatureFactory,
} from './features/feature';

// ---- Events ----

export type PropertyChangedEvent = () => void;
export type PropertyChangedEventWithArgs<V, R = void> = (args: {
  newValue?: V;
  oldValue?: V;
  reason?: R;
}) => void;
export type CollectionUpdatedEvent<T> = (args: { added: T[]; removed: T[] }) => void;

/** Anything an app can listen to; an unknown event name throws. */
export interface EventSource<E> {
  on<K extends keyof E & string>(event: K, listener: E[K]): void;
  off<K extends keyof E & string>(event: K, listener: E[K]): void;
}

// ---- Client options ----

export interface CallClientOptions {
  logger?: AzureLogger;
  diagnostics?: DiagnosticOptions;
  networkConfiguration?: NetworkConfiguration;
  /** [+] What the browser does to the microphone's sound; everything is on unless told otherwise. */
  audioProcessing?: AudioProcessingOptions;
}
export interface AudioProcessingOptions {
  echoCancellation?: boolean;
  noiseSuppression?: boolean;
  autoGainControl?: boolean;
}
export interface DiagnosticOptions {
  appName?: string;
  appVersion?: string;
  tags?: string[];
}
export interface NetworkConfiguration {
  /** `url` is the edge's WebSocket address, for example "wss://gateway.example:8443/edge". */
  proxy?: ProxyConfiguration;
  turn?: TurnConfiguration;
}
export interface ProxyConfiguration {
  url: string;
}
export interface TurnConfiguration {
  iceServers: IceServer[];
}
export interface IceServer {
  urls: string[];
  username?: string;
  credential?: string;
}
export interface CallAgentOptions {
  displayName?: string;
  emergencyCallOptions?: EmergencyCallOptions;
}
export interface EmergencyCallOptions {
  countryCode?: string;
}

// ---- CallAgent ----

export enum CallAgentKind {
  CallAgent = 'CallAgent',
  TeamsCallAgent = 'TeamsCallAgent',
}
export type ConnectionState = 'Connected' | 'Disconnected';
export type ConnectionStateChangedReason = 'invalidToken' | 'connectionIssue';
export type ConnectionStateChangedEvent = (args: {
  newValue: ConnectionState;
  oldValue: ConnectionState;
  /** [+] Microsoft's article names them so. */
  newState: ConnectionState;
  /** [+] */
  oldState: ConnectionState;
  reason?: ConnectionStateChangedReason;
}) => void;
export type IncomingCallEvent = (args: { incomingCall: IncomingCall }) => void;
export type HandleIncomingCallEvent = (
  args: { callId: string; participantId: string } & CallEndReason,
) => void;

export type CallAgentEvents = {
  incomingCall: IncomingCallEvent;
  callsUpdated: CollectionUpdatedEvent<Call>;
  connectionStateChanged: ConnectionStateChangedEvent;
  handleIncomingCall: HandleIncomingCallEvent;
  /** [+] callerIds or displayName came or changed. */
  callerIdsChanged: PropertyChangedEvent;
};

export interface CallAgent extends EventSource<CallAgentEvents> {
  readonly kind: CallAgentKind;
  readonly calls: ReadonlyArray<Call>;
  readonly displayName?: string;
  readonly connectionState: ConnectionState;
  /** [+] The numbers that this user may present as alternate caller id, E.164. */
  readonly callerIds: ReadonlyArray<string>;
  /** [+] Who the gateway says we are, a raw id. */
  readonly identity?: string;
  /** [+] What the gateway can do beyond calls of two, for example "transfer" or "group". */
  readonly features: ReadonlyArray<string>;
  /** [+] Calls that ring and are neither accepted, rejected nor ended. */
  readonly incomingCalls: ReadonlyArray<IncomingCall>;
  startCall(
    participants: (
      | CommunicationUserIdentifier
      | PhoneNumberIdentifier
      | MicrosoftTeamsAppIdentifier
      | UnknownIdentifier
    )[],
    options?: StartCallOptions | null,
  ): Call;
  startCall(participants: CommunicationIdentifier[], options?: StartCallOptions | null): Call;
  join(groupLocator: GroupLocator, options?: JoinCallOptions | null): Call;
  join(roomLocator: RoomLocator, options?: JoinCallOptions | null): Call;
  join(meetingLocator: TeamsMeetingLinkLocator, options?: JoinCallOptions | null): Call;
  join(meetingLocator: TeamsMeetingIdLocator, options?: JoinCallOptions | null): Call;
  dispose(): Promise<void>;
}

export interface JoinCallOptions {
  videoOptions?: VideoOptions;
  audioOptions?: AudioOptions;
}
export interface StartCallOptions extends JoinCallOptions {
  /** The number to present; older samples pass the bare string [+]. */
  alternateCallerId?: PhoneNumberIdentifier | string;
  customContext?: CustomContext;
}
export interface AcceptCallOptions {
  videoOptions?: VideoOptions;
  audioOptions?: AudioOptions;
}
export interface AudioOptions {
  muted?: boolean;
  localAudioStreams?: LocalAudioStream[];
}
export interface HangUpOptions {
  forEveryone: boolean;
}
export interface AddPhoneNumberOptions {
  alternateCallerId?: PhoneNumberIdentifier | string;
}
export interface CustomContextOptions {
  userToUser?: string;
  xHeaders?: xHeader[];
}
export interface CustomContext extends CustomContextOptions {
  sipHeaders?: xHeader[];
  voipHeaders?: xHeader[];
}
export type xHeader = { key: string; value: string };
export interface GroupCallLocator {
  groupId: string;
}
export type GroupLocator = GroupCallLocator;
export interface RoomCallLocator {
  roomId: string;
}
export type RoomLocator = RoomCallLocator;
export interface TeamsMeetingLinkLocator {
  meetingLink: string;
}
export interface TeamsMeetingIdLocator {
  meetingId: string;
  passcode?: string;
}

// ---- IncomingCall ----

export enum IncomingCallKind {
  IncomingCall = 'IncomingCall',
  TeamsIncomingCall = 'TeamsIncomingCall',
}
export type CallEndedEvent = (args: { callEndReason: CallEndReason }) => void;
export type IncomingCallEvents = {
  callEnded: CallEndedEvent;
  callerInfoChanged: PropertyChangedEvent;
  transferorInfoChanged: PropertyChangedEvent;
};
export interface IncomingCall extends EventSource<IncomingCallEvents> {
  readonly kind: IncomingCallKind;
  readonly id: string;
  readonly info: CallInfo;
  readonly callerInfo: CallerInfo;
  readonly transferorInfo?: CallerInfo;
  readonly callEndReason?: CallEndReason;
  readonly customContext?: CustomContext;
  accept(options?: AcceptCallOptions | null): Promise<Call>;
  reject(): Promise<void>;
}
export interface CallerInfo {
  readonly identifier: CommunicationIdentifierKind | undefined;
  readonly displayName?: string;
}
export type ResultCategories =
  'Success' | 'ExpectedError' | 'UnexpectedClientError' | 'UnexpectedServerError';
export interface CallEndReason {
  readonly code: number;
  readonly subCode?: number;
  /** [+] */
  readonly message?: string;
  /** [+] */
  readonly resultCategories?: ResultCategories[];
}
/** What the library throws: a real Error whose name is "CallingCommunicationError". */
export interface CommunicationServicesError {
  readonly name: string;
  readonly message: string;
  readonly code: number;
  readonly subCode: number;
  readonly resultCategories?: ResultCategories[];
}

// ---- Call ----

export type CallState =
  | 'None'
  | 'Connecting'
  | 'Ringing'
  | 'Connected'
  | 'LocalHold'
  | 'RemoteHold'
  | 'InLobby'
  | 'Disconnecting'
  | 'Disconnected'
  | 'EarlyMedia';
export type CallDirection = 'Incoming' | 'Outgoing';
export enum CallKind {
  Call = 'Call',
  TeamsCall = 'TeamsCall',
}
export type DtmfTone =
  | 'A'
  | 'B'
  | 'C'
  | 'D'
  | 'Flash'
  | 'Num0'
  | 'Num1'
  | 'Num2'
  | 'Num3'
  | 'Num4'
  | 'Num5'
  | 'Num6'
  | 'Num7'
  | 'Num8'
  | 'Num9'
  | 'Pound'
  | 'Star';

export type CallEvents = {
  stateChanged: PropertyChangedEvent;
  idChanged: PropertyChangedEvent;
  isMutedChanged: PropertyChangedEvent;
  isIncomingAudioMutedChanged: PropertyChangedEvent;
  mutedByOthers: PropertyChangedEvent;
  callerInfoChanged: PropertyChangedEvent;
  transferorInfoChanged: PropertyChangedEvent;
  roleChanged: PropertyChangedEvent;
  isScreenSharingOnChanged: PropertyChangedEvent;
  isLocalVideoStartedChanged: PropertyChangedEvent;
  remoteParticipantsUpdated: CollectionUpdatedEvent<RemoteParticipant>;
  localVideoStreamsUpdated: CollectionUpdatedEvent<LocalVideoStream>;
  localAudioStreamsUpdated: CollectionUpdatedEvent<LocalAudioStream>;
  remoteAudioStreamsUpdated: CollectionUpdatedEvent<RemoteAudioStream>;
};
export interface Call extends EventSource<CallEvents> {
  readonly kind: CallKind;
  readonly id: string;
  readonly info: CallInfo;
  readonly callerInfo: CallerInfo;
  readonly transferorInfo?: CallerInfo;
  readonly state: CallState;
  readonly callEndReason?: CallEndReason;
  readonly direction: CallDirection;
  readonly isMuted: boolean;
  readonly isIncomingAudioMuted: boolean;
  readonly remoteParticipants: ReadonlyArray<RemoteParticipant>;
  readonly localAudioStreams: ReadonlyArray<LocalAudioStream>;
  readonly remoteAudioStreams: ReadonlyArray<RemoteAudioStream>;
  readonly isScreenSharingOn: boolean;
  readonly isLocalVideoStarted: boolean;
  readonly localVideoStreams: ReadonlyArray<LocalVideoStream>;
  readonly role: ParticipantRole;
  readonly lobby: Lobby;
  feature<T extends CallFeature>(factory: CallFeatureFactory<T>): T;
  hangUp(options?: HangUpOptions | null): Promise<void>;
  hold(): Promise<void>;
  resume(): Promise<void>;
  mute(): Promise<void>;
  unmute(): Promise<void>;
  muteIncomingAudio(): Promise<void>;
  unmuteIncomingAudio(): Promise<void>;
  muteAllRemoteParticipants(): Promise<void>;
  sendDtmf(dtmfTone: DtmfTone): Promise<void>;
  addParticipant(
    identifier: CommunicationUserIdentifier | MicrosoftTeamsUserIdentifier,
  ): RemoteParticipant;
  addParticipant(
    identifier: PhoneNumberIdentifier,
    options?: AddPhoneNumberOptions | null,
  ): RemoteParticipant;
  removeParticipant(identifier: CommunicationIdentifier): Promise<void>;
  startAudio(localAudioStream: LocalAudioStream): Promise<void>;
  stopAudio(): void;
  setConstraints(constraints: CallConstraints): Promise<void>;
  startVideo(localVideoStream: LocalVideoStream): Promise<void>;
  stopVideo(localVideoStream: LocalVideoStream): Promise<void>;
  startScreenSharing(localVideoStream?: LocalVideoStream): Promise<void>;
  stopScreenSharing(): Promise<void>;
  dispose(): void;
}
export interface CallInfo {
  readonly groupId: string | undefined;
  readonly threadId: string | undefined;
  readonly participantId: string;
  getServerCallId(): Promise<string>;
  onCallInfoChanged(event: 'callInfoChanged', listener: PropertyChangedEvent): void;
  offCallInfoChanged(event: 'callInfoChanged', listener: PropertyChangedEvent): void;
}
export type LobbyEvents = { lobbyParticipantsUpdated: CollectionUpdatedEvent<RemoteParticipant> };
/** Nobody waits in a lobby of the gateway; the object is there for apps that look at it. */
export interface Lobby extends EventSource<LobbyEvents> {
  readonly participants: ReadonlyArray<RemoteParticipant>;
  admit(participant: CommunicationIdentifier, options?: object): Promise<void>;
  reject(participant: CommunicationIdentifier, options?: object): Promise<void>;
  admitAll(options?: object): Promise<unknown>;
}

// ---- RemoteParticipant ----

export type RemoteParticipantState =
  | 'Idle'
  | 'Connecting'
  | 'Ringing'
  | 'Connected'
  | 'Hold'
  | 'InLobby'
  | 'EarlyMedia'
  | 'Disconnected';
export type ParticipantRole =
  'Unknown' | 'Attendee' | 'Presenter' | 'Organizer' | 'Co-organizer' | 'Consumer' | 'Collaborator';
export interface EndpointDetails {
  participantId: string;
}
export type DisplayNameChangedReason = 'editedDisplayName';
export type RemoteParticipantEvents = {
  stateChanged: PropertyChangedEvent;
  isMutedChanged: PropertyChangedEvent;
  isSpeakingChanged: PropertyChangedEvent;
  roleChanged: PropertyChangedEvent;
  displayNameChanged: PropertyChangedEventWithArgs<string, DisplayNameChangedReason>;
  videoStreamsUpdated: CollectionUpdatedEvent<RemoteVideoStream>;
};
export interface RemoteParticipant extends EventSource<RemoteParticipantEvents> {
  readonly identifier: CommunicationIdentifierKind;
  readonly displayName?: string;
  readonly hasDisplayNameChanged?: boolean;
  readonly endpointDetails: EndpointDetails[];
  readonly state: RemoteParticipantState;
  readonly callEndReason?: CallEndReason;
  readonly videoStreams: ReadonlyArray<RemoteVideoStream>;
  readonly isMuted: boolean;
  readonly isSpeaking: boolean;
  readonly role: ParticipantRole;
  mute(): Promise<void>;
}

// ---- Devices ----

export enum DevicePermissionAccess {
  Granted = 'granted',
  Denied = 'denied',
  Prompt = 'prompt',
}
export interface PermissionConstraints {
  audio: boolean;
  video: boolean;
}
export interface DeviceAccess {
  audio: boolean;
  video: boolean;
}
export type AudioDeviceType = 'Microphone' | 'Speaker' | 'CompositeAudioDevice' | 'Virtual';
export interface AudioDeviceInfo {
  readonly name: string;
  readonly id: string;
  readonly isSystemDefault: boolean;
  readonly deviceType: AudioDeviceType;
}
export type VideoDeviceType =
  'Unknown' | 'UsbCamera' | 'CaptureAdapter' | 'Virtual' | 'ScreenSharing';
export interface VideoDeviceInfo {
  readonly name: string;
  readonly id: string;
  readonly deviceType: VideoDeviceType;
}
export interface StartPreheatDeviceParameters {}
export interface StopPreheatDeviceParameters {}
export type DeviceManagerEvents = {
  audioDevicesUpdated: CollectionUpdatedEvent<AudioDeviceInfo>;
  videoDevicesUpdated: CollectionUpdatedEvent<VideoDeviceInfo>;
  selectedMicrophoneChanged: PropertyChangedEvent;
  selectedSpeakerChanged: PropertyChangedEvent;
};
export interface DeviceManager extends EventSource<DeviceManagerEvents> {
  readonly isSpeakerSelectionAvailable: boolean;
  readonly selectedMicrophone?: AudioDeviceInfo;
  readonly selectedSpeaker?: AudioDeviceInfo;
  getCameras(): Promise<VideoDeviceInfo[]>;
  getMicrophones(): Promise<AudioDeviceInfo[]>;
  getSpeakers(): Promise<AudioDeviceInfo[]>;
  selectMicrophone(microphoneDevice: AudioDeviceInfo): Promise<void>;
  selectSpeaker(speakerDevice: AudioDeviceInfo): Promise<void>;
  askDevicePermission(permissionConstraints: PermissionConstraints): Promise<DeviceAccess>;
  startPreheatDevices(parameters: StartPreheatDeviceParameters): Promise<void>;
  stopPreheatDevices(parameters: StopPreheatDeviceParameters): void;
}

// ---- Streams ----

export type MediaStreamType = 'Video' | 'ScreenSharing' | 'RawMedia' | 'LiveStream' | 'Audio';
export type VolumeEvents = { levelChanged: PropertyChangedEvent };
/** The loudness of a stream, 0 to 100. */
export interface Volume extends EventSource<VolumeEvents> {
  readonly level: number;
}
export interface RemoteAudioStream {
  getMediaStream(): Promise<MediaStream>;
  getVolume(): Promise<Volume>;
}

export type { CallClientFeature, CallClientFeatureFactory, CallFeature, CallFeatureFactory };
