import type { CallFeature } from './feature';
import { Emitter } from '../events';

export enum DiagnosticQuality {
  Good = 1,
  Poor = 2,
  Bad = 3,
}
export type DiagnosticFlag = boolean;
export type DiagnosticValueType = 'DiagnosticQuality' | 'DiagnosticFlag';
export type LatestDiagnosticValue = {
  value: DiagnosticQuality | DiagnosticFlag;
  valueType: DiagnosticValueType;
};
export type NetworkDiagnosticName =
  | 'networkReconnect'
  | 'networkReceiveQuality'
  | 'networkSendQuality'
  | 'noNetwork'
  | 'networkRelaysNotReachable';
export type MediaDiagnosticName =
  | 'speakingWhileMicrophoneIsMuted'
  | 'noSpeakerDevicesEnumerated'
  | 'noMicrophoneDevicesEnumerated'
  | 'microphoneNotFunctioning'
  | 'microphoneMuteUnexpectedly'
  | 'microphonePermissionDenied'
  | 'microphoneNotMuteButSilent'
  | 'cameraFreeze'
  | 'cameraStartFailed'
  | 'cameraStartTimedOut'
  | 'cameraPermissionDenied'
  | 'cameraStoppedUnexpectedly'
  | 'capturerStartFailed'
  | 'capturerStoppedUnexpectedly'
  | 'screenshareRecordingDisabled';
export type LatestNetworkDiagnostics = { [K in NetworkDiagnosticName]?: LatestDiagnosticValue };
export type LatestMediaDiagnostics = { [K in MediaDiagnosticName]?: LatestDiagnosticValue };
export type DiagnosticChangedEventArgs = LatestDiagnosticValue;
export type NetworkDiagnosticChangedEventArgs = LatestDiagnosticValue & {
  diagnostic: NetworkDiagnosticName;
};
export type MediaDiagnosticChangedEventArgs = LatestDiagnosticValue & {
  diagnostic: MediaDiagnosticName;
};

type ChangedEvents<N> = {
  diagnosticChanged: (args: LatestDiagnosticValue & { diagnostic: N }) => void;
};

/** One family of diagnostics: the latest values, and an event when one changes. */
export class Diagnostics<N extends string> extends Emitter<ChangedEvents<N>> {
  private latest_: { [K in N]?: LatestDiagnosticValue } = {};

  constructor(owner: string) {
    super(owner, ['diagnosticChanged']);
  }

  getLatest(): { [K in N]?: LatestDiagnosticValue } {
    return this.latest_;
  }

  /** @internal */
  set(diagnostic: N, value: DiagnosticQuality | DiagnosticFlag): void {
    const before = this.latest_[diagnostic]?.value;
    // What was never bad is not news when good.
    if (before === value) return;
    if (before === undefined && (value === false || value === DiagnosticQuality.Good)) return;
    const valueType = typeof value === 'boolean' ? 'DiagnosticFlag' : 'DiagnosticQuality';
    this.latest_ = { ...this.latest_, [diagnostic]: { value, valueType } };
    this.emit('diagnosticChanged', { diagnostic, value, valueType });
  }
}

export type NetworkDiagnostics = Diagnostics<NetworkDiagnosticName>;
export type MediaDiagnostics = Diagnostics<MediaDiagnosticName>;

type RemoteEvents = { diagnosticChanged: (args: { diagnostics: unknown[] }) => void };
class RemoteDiagnostics extends Emitter<RemoteEvents> {
  readonly isSendingDiagnosticsEnabled = false;

  constructor() {
    super('RemoteDiagnostics', ['diagnosticChanged']);
  }

  getLatest(): { diagnostics: unknown[] } {
    return { diagnostics: [] };
  }

  startSendingDiagnostics(): void {}
  stopSendingDiagnostics(): void {}
}

/** Of one call; the call itself sets the values. */
export class UserFacingDiagnosticsFeature implements CallFeature {
  readonly name = 'UserFacingDiagnostics';
  readonly network: NetworkDiagnostics = new Diagnostics('NetworkDiagnostics');
  readonly media: MediaDiagnostics = new Diagnostics('MediaDiagnostics');
  readonly remote = new RemoteDiagnostics();

  dispose(): void {}
}
