import type { CallEndReason, CallState, RemoteParticipant, RemoteParticipantState } from '../types';
import { acsedge } from '../edge/protocol';
import { endReasonOf } from '../errors';
import { EdgeRemoteParticipant } from './remote_participant';
import type { ParticipantFacts } from './remote_participant';

export interface RosterListener {
  onRosterChanged(change: { added: RemoteParticipant[]; removed: RemoteParticipant[] }): void;
  muteOther(participantId: string): Promise<void>;
}

const kMaxParticipants = 1000; // Far above any mixer; a bound on what the other side can make us hold.

/**
 * The others in a call. Whoever is called stands here at once, before the gateway has said anything
 * about them; the gateway's first word about them is then joined to that entry.
 */
export class Roster {
  private participants_: ReadonlyArray<EdgeRemoteParticipant> = [];
  private version_ = 0;

  constructor(private readonly listener_: RosterListener) {}

  get participants(): ReadonlyArray<EdgeRemoteParticipant> {
    return this.participants_;
  }

  /** Entered before anybody can listen: no event. */
  seed(rawId: string, displayName?: string): void {
    const participant = this.make(rawId, {
      state: 'Connecting',
      ...(displayName ? { displayName } : {}),
    });
    this.participants_ = [...this.participants_, participant];
  }

  add(rawId: string): EdgeRemoteParticipant {
    const participant = this.make(rawId, { state: 'Connecting' });
    this.participants_ = [...this.participants_, participant];
    this.listener_.onRosterChanged({ added: [participant], removed: [] });
    return participant;
  }

  find(rawId: string): EdgeRemoteParticipant | undefined {
    return this.participants_.find((p) => p.rawId === rawId);
  }

  apply(update: acsedge.v1.IParticipantUpdate): void {
    const version = update.version ?? 0;
    if (version && version < this.version_) return;
    this.version_ = version;
    const changed = update.changed ?? [];
    const gone = changed.filter((p) => p.state === acsedge.v1.ParticipantState.P_DISCONNECTED);
    for (const participant of changed) if (!gone.includes(participant)) this.upsert(participant);
    for (const participant of [...gone, ...(update.removed ?? [])]) this.leave(participant);
  }

  /** A snapshot: who is not in it has left. */
  replace(all: acsedge.v1.IParticipant[]): void {
    this.version_ = 0;
    for (const participant of all) this.upsert(participant);
    const named = new Set(all.map((p) => p.participantId));
    for (const participant of this.participants_) {
      const id = participant.participantId;
      if (id && !named.has(id)) this.remove(participant, undefined);
    }
  }

  bind(participant: EdgeRemoteParticipant, told: acsedge.v1.IParticipant): void {
    participant.update(factsOf(told));
  }

  /** In a call of two the gateway may tell the other's state through the call's alone. */
  follow(state: CallState): void {
    const unbound = this.participants_.filter((p) => !p.participantId);
    const next = followed[state];
    if (this.participants_.length === 1 && unbound[0] && next) unbound[0].update({ state: next });
  }

  remove(participant: EdgeRemoteParticipant, reason: CallEndReason | undefined): void {
    if (!this.participants_.includes(participant)) return;
    participant.update({ state: 'Disconnected', ...(reason ? { endReason: reason } : {}) });
    this.participants_ = this.participants_.filter((p) => p !== participant);
    this.listener_.onRosterChanged({ added: [], removed: [participant] });
  }

  clear(reason: CallEndReason): void {
    const removed = [...this.participants_];
    if (removed.length === 0) return;
    for (const participant of removed) {
      participant.update({
        state: 'Disconnected',
        ...(participant.callEndReason ? {} : { endReason: reason }),
      });
    }
    this.participants_ = [];
    this.listener_.onRosterChanged({ added: [], removed });
  }

  private make(rawId: string, facts: ParticipantFacts): EdgeRemoteParticipant {
    const participant = new EdgeRemoteParticipant(rawId, (id) => this.listener_.muteOther(id));
    participant.update(facts);
    return participant;
  }

  private upsert(told: acsedge.v1.IParticipant): void {
    const known = this.match(told);
    if (known) return known.update(factsOf(told));
    if (!told.identity?.rawId || this.participants_.length >= kMaxParticipants) return;
    const participant = this.make(told.identity.rawId, factsOf(told));
    this.participants_ = [...this.participants_, participant];
    this.listener_.onRosterChanged({ added: [participant], removed: [] });
  }

  private leave(told: acsedge.v1.IParticipant): void {
    const participant = this.match(told);
    if (participant)
      this.remove(participant, told.endReason ? endReasonOf(told.endReason) : undefined);
  }

  /**
   * By the gateway's id; else an entry of ours that it has not named yet, by raw id; else, in a call
   * of two, the only entry: a dialled extension comes back under the number it presents.
   */
  private match(told: acsedge.v1.IParticipant): EdgeRemoteParticipant | undefined {
    const byId = this.participants_.find(
      (p) => p.participantId && p.participantId === told.participantId,
    );
    if (byId) return byId;
    const unbound = this.participants_.filter((p) => !p.participantId);
    const byRawId = unbound.find((p) => p.rawId === told.identity?.rawId);
    return byRawId ?? (this.participants_.length === 1 ? unbound[0] : undefined);
  }
}

const followed: Partial<Record<CallState, RemoteParticipantState>> = {
  Connecting: 'Connecting',
  Ringing: 'Ringing',
  EarlyMedia: 'EarlyMedia',
  Connected: 'Connected',
  LocalHold: 'Connected',
  RemoteHold: 'Hold',
};

const P = acsedge.v1.ParticipantState;
const states: Record<number, RemoteParticipantState | undefined> = {
  [P.P_CONNECTING]: 'Connecting',
  [P.P_RINGING]: 'Ringing',
  [P.P_EARLY_MEDIA]: 'EarlyMedia',
  [P.P_CONNECTED]: 'Connected',
  [P.P_HOLD]: 'Hold',
  [P.P_IN_LOBBY]: 'InLobby',
  [P.P_DISCONNECTED]: 'Disconnected',
};

function factsOf(told: acsedge.v1.IParticipant): ParticipantFacts {
  const state = states[told.state ?? 0];
  return {
    ...(told.identity?.rawId ? { rawId: told.identity.rawId } : {}),
    ...(told.identity?.displayName ? { displayName: told.identity.displayName } : {}),
    ...(told.participantId ? { participantId: told.participantId } : {}),
    endpointIds: told.endpointIds ?? [],
    muted: !!told.muted,
    speaking: !!told.speaking,
    ...(state ? { state } : {}),
    ...(told.endReason ? { endReason: endReasonOf(told.endReason) } : {}),
  };
}
