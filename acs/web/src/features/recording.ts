import type { CollectionUpdatedEvent, PropertyChangedEvent } from '../types';
import type { CallFeature } from './feature';
import type { EdgeCall } from '../calling/call';
import { Emitter } from '../events';

export enum RecordingState {
  None = 0,
  Started = 1,
  Paused = 2,
  Ended = 3,
}
type RecordingInfoEvents = { recordingStateChanged: PropertyChangedEvent };

export class RecordingInfo extends Emitter<RecordingInfoEvents> {
  state = RecordingState.Started;

  constructor() {
    super('RecordingInfo', ['recordingStateChanged']);
  }

  finish(): void {
    this.state = RecordingState.Ended;
    this.emit('recordingStateChanged');
  }
}

type RecordingEvents = {
  isRecordingActiveChanged: PropertyChangedEvent;
  recordingsUpdated: CollectionUpdatedEvent<RecordingInfo>;
};

/** Whether the gateway records this call. */
export class RecordingCallFeature extends Emitter<RecordingEvents> implements CallFeature {
  readonly name = 'Recording';
  readonly isTeamsConsentRequired = false;
  private recordings_: RecordingInfo[] = [];

  /** @internal */
  constructor(call: EdgeCall) {
    super('Recording', ['isRecordingActiveChanged', 'recordingsUpdated']);
    call.onRecording((active) => this.set(active));
  }

  get isRecordingActive(): boolean {
    return this.recordings_.length > 0;
  }
  get recordings(): RecordingInfo[] {
    return this.recordings_;
  }

  async grantTeamsConsent(): Promise<void> {}

  dispose(): void {}

  private set(active: boolean): void {
    if (active === this.isRecordingActive) return;
    const removed = this.recordings_;
    const added = active ? [new RecordingInfo()] : [];
    this.recordings_ = added;
    this.emit('recordingsUpdated', { added, removed });
    for (const recording of removed) recording.finish();
    this.emit('isRecordingActiveChanged');
  }
}
