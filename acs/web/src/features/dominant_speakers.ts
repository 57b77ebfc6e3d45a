import type { CommunicationIdentifierKind } from '@azure/communication-common';
import type { PropertyChangedEvent, RemoteParticipant } from '../types';
import type { CallFeature } from './feature';
import type { EdgeCall } from '../calling/call';
import { Emitter } from '../events';

export interface DominantSpeakersInfo {
  speakersList: ReadonlyArray<CommunicationIdentifierKind>;
  timestamp: Date;
}
type DominantSpeakersEvents = { dominantSpeakersChanged: PropertyChangedEvent };

/** Who speaks, the latest first; the gateway's mixer hears it. */
export class DominantSpeakersCallFeature
  extends Emitter<DominantSpeakersEvents>
  implements CallFeature
{
  readonly name = 'DominantSpeakers';
  private order_: RemoteParticipant[] = [];
  private info_: DominantSpeakersInfo = { speakersList: [], timestamp: new Date() };
  private readonly watched_ = new Map<RemoteParticipant, () => void>();

  /** @internal */
  constructor(private readonly call_: EdgeCall) {
    super('DominantSpeakers', ['dominantSpeakersChanged']);
    for (const participant of call_.remoteParticipants) this.watch(participant);
    call_.on('remoteParticipantsUpdated', this.onRoster_);
  }

  get dominantSpeakers(): DominantSpeakersInfo {
    return this.info_;
  }

  dispose(): void {
    this.call_.off('remoteParticipantsUpdated', this.onRoster_);
    for (const [participant, listener] of this.watched_) {
      participant.off('isSpeakingChanged', listener);
    }
    this.watched_.clear();
  }

  private readonly onRoster_ = (change: {
    added: RemoteParticipant[];
    removed: RemoteParticipant[];
  }): void => {
    for (const participant of change.added) this.watch(participant);
    for (const participant of change.removed) {
      const listener = this.watched_.get(participant);
      if (listener) participant.off('isSpeakingChanged', listener);
      this.watched_.delete(participant);
      if (this.order_.includes(participant)) this.reorder(participant, false);
    }
  };

  private watch(participant: RemoteParticipant): void {
    const listener = (): void => this.reorder(participant, participant.isSpeaking);
    this.watched_.set(participant, listener);
    participant.on('isSpeakingChanged', listener);
    if (participant.isSpeaking) this.reorder(participant, true);
  }

  private reorder(participant: RemoteParticipant, speaking: boolean): void {
    const others = this.order_.filter((p) => p !== participant);
    this.order_ = speaking ? [participant, ...others] : others;
    this.info_ = { speakersList: this.order_.map((p) => p.identifier), timestamp: new Date() };
    this.emit('dominantSpeakersChanged');
  }
}
