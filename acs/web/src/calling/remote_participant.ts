import type { CommunicationIdentifierKind } from '@azure/communication-common';
import type {
  CallEndReason,
  EndpointDetails,
  ParticipantRole,
  RemoteParticipant,
  RemoteParticipantEvents,
  RemoteParticipantState,
} from '../types';
import type { RemoteVideoStream } from '../video';
import { Emitter } from '../events';
import { identifierOf } from '../identity';

export interface ParticipantFacts {
  rawId?: string;
  displayName?: string;
  participantId?: string;
  endpointIds?: string[];
  state?: RemoteParticipantState;
  muted?: boolean;
  speaking?: boolean;
  endReason?: CallEndReason;
}

const kRinging: RemoteParticipantState[] = ['Idle', 'Connecting', 'Ringing'];

/** Somebody else in a call. Owned by the call's Roster. */
export class EdgeRemoteParticipant
  extends Emitter<RemoteParticipantEvents>
  implements RemoteParticipant
{
  private identifier_: CommunicationIdentifierKind;
  private rawId_: string;
  private displayName_?: string;
  private participantId_ = '';
  private endpointDetails_: EndpointDetails[] = [];
  private state_: RemoteParticipantState = 'Idle';
  private muted_ = false;
  private speaking_ = false;
  private callEndReason_?: CallEndReason;
  private readonly videoStreams_: ReadonlyArray<RemoteVideoStream> = [];

  constructor(
    rawId: string,
    private readonly muteOther_: (participantId: string) => Promise<void>,
  ) {
    super('RemoteParticipant', [
      'stateChanged',
      'isMutedChanged',
      'isSpeakingChanged',
      'roleChanged',
      'displayNameChanged',
      'videoStreamsUpdated',
    ]);
    this.rawId_ = rawId;
    this.identifier_ = identifierOf(rawId);
  }

  get identifier(): CommunicationIdentifierKind {
    return this.identifier_;
  }
  get displayName(): string | undefined {
    return this.displayName_;
  }
  get hasDisplayNameChanged(): boolean {
    return false;
  }
  get endpointDetails(): EndpointDetails[] {
    return this.endpointDetails_;
  }
  get state(): RemoteParticipantState {
    return this.state_;
  }
  get callEndReason(): CallEndReason | undefined {
    return this.callEndReason_;
  }
  get videoStreams(): ReadonlyArray<RemoteVideoStream> {
    return this.videoStreams_;
  }
  get isMuted(): boolean {
    return this.muted_;
  }
  get isSpeaking(): boolean {
    return this.speaking_;
  }
  get role(): ParticipantRole {
    return 'Unknown';
  }

  mute(): Promise<void> {
    return this.muteOther_(this.participantId_);
  }

  /** @internal */
  get rawId(): string {
    return this.rawId_;
  }

  /** @internal The gateway's name for this participant; empty until it has told one. */
  get participantId(): string {
    return this.participantId_;
  }

  /** @internal */
  update(facts: ParticipantFacts): void {
    if (facts.participantId) this.participantId_ = facts.participantId;
    if (facts.rawId && facts.rawId !== this.rawId_) {
      this.rawId_ = facts.rawId;
      this.identifier_ = identifierOf(facts.rawId);
    }
    const endpoints = facts.endpointIds?.length ? facts.endpointIds : [this.participantId_];
    if (endpoints[0]) this.endpointDetails_ = endpoints.map((id) => ({ participantId: id }));
    if (facts.endReason) this.callEndReason_ = facts.endReason;
    this.rename(facts.displayName);
    if (facts.muted !== undefined && facts.muted !== this.muted_) {
      this.muted_ = facts.muted;
      this.emit('isMutedChanged');
    }
    if (facts.speaking !== undefined && facts.speaking !== this.speaking_) {
      this.speaking_ = facts.speaking;
      this.emit('isSpeakingChanged');
    }
    if (facts.state) this.moveTo(facts.state);
  }

  private rename(displayName: string | undefined): void {
    if (!displayName || displayName === this.displayName_) return;
    const oldValue = this.displayName_;
    this.displayName_ = displayName;
    this.emit('displayNameChanged', { newValue: displayName, oldValue });
  }

  private moveTo(next: RemoteParticipantState): void {
    if (next === this.state_ || this.state_ === 'Disconnected') return;
    if (this.state_ === 'EarlyMedia' && kRinging.includes(next)) return;
    this.state_ = next;
    this.emit('stateChanged');
  }
}
