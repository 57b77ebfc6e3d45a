import type {
  CommunicationIdentifier,
  CommunicationTokenCredential,
} from '@azure/communication-common';
import {
  isMicrosoftTeamsAppIdentifier,
  isMicrosoftTeamsUserIdentifier,
} from '@azure/communication-common';
import type {
  Call,
  CallAgent,
  CallAgentEvents,
  CallAgentOptions,
  CallClientOptions,
  ConnectionState,
  ConnectionStateChangedReason,
  GroupLocator,
  IncomingCall,
  JoinCallOptions,
  RoomLocator,
  StartCallOptions,
  TeamsMeetingIdLocator,
  TeamsMeetingLinkLocator,
} from '../types';
import { CallAgentKind } from '../types';
import type { acsedge, ClientBody, ServerFrame } from '../edge/protocol';
import type { CallHost } from './call_host';
import type { EdgeDeviceManager } from '../devices/device_manager';
import type { Failure } from '../errors';
import type { Log } from '../log';
import { DiagnosticQuality } from '../features/user_facing_diagnostics';
import { CallMedia } from '../media/call_media';
import { EdgeSession } from '../edge/session';
import { Emitter } from '../events';
import { asCallingError, endReasonOf, endReasonOfFailure, fail, failures } from '../errors';
import { callerIdOf, rawIdOf } from '../identity';
import { uuid } from '../random';
import { clientInfo } from './client_info';
import { wireContext } from './call_context';
import { EdgeCall } from './call';
import { EdgeCallInfo } from './call_info';
import { EdgeIncomingCall } from './incoming_call';

const kMaxParticipants = 32; // Of one startCall.
const kMaxRinging = 32; // More at a time is an attack; they ring on elsewhere.
const kGuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

export interface AgentSetup {
  url: string;
  token: string;
  credential: CommunicationTokenCredential;
  options: CallAgentOptions;
  client: CallClientOptions;
  devices: EdgeDeviceManager;
  log: Log;
  onDisposed(agent: EdgeCallAgent): void;
}

/** The user, signed in: their session at the edge, their calls, what rings. One per CallClient. */
export class EdgeCallAgent extends Emitter<CallAgentEvents> implements CallAgent {
  readonly kind = CallAgentKind.CallAgent;
  private calls_: ReadonlyArray<EdgeCall> = [];
  private incoming_: ReadonlyArray<EdgeIncomingCall> = [];
  private connectionState_: ConnectionState = 'Disconnected';
  private displayName_?: string;
  private identity_?: string;
  private callerIds_: ReadonlyArray<string> = [];
  private features_: ReadonlyArray<string> = [];
  private iceServers_: RTCIceServer[] = [];
  private waiting_: Array<{ resolve(): void; reject(error: Error): void }> = [];
  private unheard_: EdgeIncomingCall[] = []; // Rang before anybody listened.
  private disposed_?: Promise<void>;
  private gone_?: Failure;
  private readonly session_: EdgeSession;
  private readonly host_: CallHost;

  /** @internal */
  constructor(private readonly setup_: AgentSetup) {
    super('CallAgent', [
      'incomingCall',
      'callsUpdated',
      'connectionStateChanged',
      'handleIncomingCall',
      'callerIdsChanged',
    ]);
    this.displayName_ = setup_.options.displayName;
    this.session_ = new EdgeSession(
      {
        url: setup_.url,
        token: setup_.token,
        getToken: async () => (await setup_.credential.getToken()).token,
        register: {
          instanceId: uuid(),
          displayName: setup_.options.displayName ?? '',
          client: clientInfo(setup_.client.diagnostics),
        },
        log: setup_.log,
      },
      {
        onRegistered: (registered) => this.onRegistered(registered),
        onEvent: (frame) => this.onEvent(frame),
        onDisconnected: (why, final) => this.onDisconnected(why, final),
        onCallsLost: (why) => this.onCallsLost(why),
      },
    );
    this.host_ = this.makeHost();
  }

  get calls(): ReadonlyArray<Call> {
    return this.calls_;
  }
  get displayName(): string | undefined {
    return this.displayName_;
  }
  get connectionState(): ConnectionState {
    return this.connectionState_;
  }
  get callerIds(): ReadonlyArray<string> {
    return this.callerIds_;
  }
  get identity(): string | undefined {
    return this.identity_;
  }
  get features(): ReadonlyArray<string> {
    return this.features_;
  }
  get incomingCalls(): ReadonlyArray<IncomingCall> {
    return this.incoming_.filter((incoming) => incoming.isRinging);
  }

  /** @internal */
  start(): Promise<void> {
    return this.session_.start();
  }

  /** What rang before anybody listened is told to the first who does. */
  override on<K extends keyof CallAgentEvents>(event: K, listener: CallAgentEvents[K]): void {
    super.on(event, listener);
    if (event !== 'incomingCall' || this.unheard_.length === 0) return;
    const unheard = this.unheard_.splice(0);
    setTimeout(() => {
      for (const incoming of unheard) this.announce(incoming);
    }, 0);
  }

  startCall(participants: CommunicationIdentifier[], options?: StartCallOptions | null): Call {
    this.checkAlive();
    if (!Array.isArray(participants) || participants.length === 0) {
      throw fail(failures.badArgument, 'Nobody to call.');
    }
    if (participants.length > kMaxParticipants) throw fail(failures.badArgument, 'Too many.');
    const rawIds = participants.map((participant) => {
      const rawId = rawIdOf(participant);
      const teams =
        isMicrosoftTeamsUserIdentifier(participant) || isMicrosoftTeamsAppIdentifier(participant);
      if (teams) throw fail(failures.teamsUnsupported);
      return rawId;
    });
    const callerId = callerIdOf(options?.alternateCallerId);
    const context = wireContext(options?.customContext);
    const call = this.outgoing(rawIds, undefined, options);
    call.dial((offer, startMuted) => ({
      invite: {
        callId: call.id,
        to: rawIds.map((rawId) => ({ rawId })),
        callerId,
        startMuted,
        ...(context ? { context } : {}),
        ...(offer ? { offer } : {}),
      },
    }));
    return call;
  }

  join(
    locator: GroupLocator | RoomLocator | TeamsMeetingLinkLocator | TeamsMeetingIdLocator,
    options?: JoinCallOptions | null,
  ): Call {
    this.checkAlive();
    if (!locator || 'meetingLink' in locator || 'meetingId' in locator) {
      throw fail(failures.teamsUnsupported);
    }
    const where = 'groupId' in locator ? groupOf(locator) : roomOf(locator);
    const call = this.outgoing([], where.groupId, options);
    call.dial((offer, startMuted) => ({
      join: { callId: call.id, ...where, startMuted, ...(offer ? { offer } : {}) },
    }));
    return call;
  }

  dispose(): Promise<void> {
    return (this.disposed_ ??= this.doDispose());
  }

  private async doDispose(): Promise<void> {
    for (const incoming of this.incoming_) incoming.end(endReasonOfFailure(failures.localHangUp));
    await Promise.all(this.calls_.map((call) => call.hangUp()));
    this.session_.close();
    this.settleWaiting(failures.disposed);
    this.setConnection('Disconnected');
    this.setup_.onDisposed(this);
  }

  private outgoing(
    rawIds: string[],
    groupId: string | undefined,
    options: JoinCallOptions | null | undefined,
  ): EdgeCall {
    const call = new EdgeCall(
      {
        id: uuid(),
        direction: 'Outgoing',
        info: new EdgeCallInfo(groupId),
        callerInfo: { identifier: undefined },
        seeds: rawIds.map((rawId) => ({ rawId })),
        isGroup: rawIds.length !== 1,
        ...(options?.audioOptions ? { audio: options.audioOptions } : {}),
      },
      this.host_,
    );
    this.calls_ = [...this.calls_, call]; // Apps use calls[0] on the next line.
    return call;
  }

  private checkAlive(): void {
    if (this.disposed_) throw fail(failures.disposed);
    if (this.gone_) throw fail(this.gone_);
  }

  // ---- The session ----

  private onRegistered(registered: acsedge.v1.IRegistered): void {
    this.identity_ = registered.identity || this.identity_;
    this.displayName_ = registered.displayName || this.displayName_;
    this.features_ = [...(registered.features ?? [])];
    this.iceServers_ = (registered.iceServers ?? []).map(iceServerOf);
    const callerIds = registered.callerIds ?? [];
    if (callerIds.join() !== this.callerIds_.join()) {
      this.callerIds_ = [...callerIds];
      setTimeout(() => this.emit('callerIdsChanged'), 0);
    }
    if (!registered.resumed) this.reconcile(registered.calls ?? []);
    for (const call of this.calls_) {
      call.diagnostics.network.set('networkReconnect', DiagnosticQuality.Good);
      call.diagnostics.network.set('noNetwork', false);
    }
    this.settleWaiting();
    // In a task of its own: who awaited createCallAgent subscribes before this is told.
    setTimeout(() => {
      if (this.session_.isRegistered && !this.disposed_) this.setConnection('Connected');
    }, 0);
  }

  /** A new session: what the gateway lists is all there is. */
  private reconcile(snapshots: acsedge.v1.ICallSnapshot[]): void {
    const byId = new Map(snapshots.map((s) => [s.call?.callId || s.incoming?.callId || '', s]));
    for (const call of [...this.calls_]) {
      const snapshot = byId.get(call.id);
      if (snapshot) call.restore(snapshot);
      else if (call.isKnownToGateway) call.fail(failures.sessionLost);
    }
    for (const incoming of this.incoming_) {
      if (!byId.has(incoming.id)) incoming.end(endReasonOfFailure(failures.sessionLost));
    }
    for (const snapshot of snapshots) if (snapshot.incoming) this.onIncoming(snapshot.incoming);
  }

  private onDisconnected(why: ConnectionStateChangedReason, final: boolean): void {
    const offline = globalThis.navigator?.onLine === false;
    for (const call of this.calls_) {
      const { network } = call.diagnostics;
      network.set('networkReconnect', offline ? DiagnosticQuality.Bad : DiagnosticQuality.Poor);
      network.set('noNetwork', offline);
    }
    if (final) {
      this.gone_ = why === 'invalidToken' ? failures.tokenExpired : failures.edgeUnreachable;
      this.settleWaiting(this.gone_);
    }
    this.setConnection('Disconnected', why);
  }

  private onCallsLost(why: Failure): void {
    for (const call of [...this.calls_]) if (this.gone_ || call.isKnownToGateway) call.fail(why);
    for (const incoming of this.incoming_) incoming.end(endReasonOfFailure(why));
  }

  private setConnection(next: ConnectionState, reason?: ConnectionStateChangedReason): void {
    const before = this.connectionState_;
    if (before === next) return;
    this.connectionState_ = next;
    this.emit('connectionStateChanged', {
      newValue: next,
      oldValue: before,
      newState: next,
      oldState: before,
      ...(reason ? { reason } : {}),
    });
  }

  private settleWaiting(why?: Failure): void {
    for (const waiting of this.waiting_.splice(0))
      why ? waiting.reject(fail(why)) : waiting.resolve();
  }

  // ---- Events ----

  private onEvent(frame: ServerFrame): void {
    if (frame.incomingCall) return this.onIncoming(frame.incomingCall);
    const body =
      frame.incomingCallEnded ??
      frame.callUpdate ??
      frame.callEnded ??
      frame.participants ??
      frame.mutedByOther ??
      frame.transfer ??
      frame.recording ??
      frame.answer ??
      frame.candidate ??
      frame.offerRequest;
    if (!body?.callId) return;
    const incoming = this.incoming_.find((i) => i.id === body.callId);
    const over = frame.incomingCallEnded ?? frame.callEnded;
    if (incoming) return over ? incoming.end(endReasonOf(over.reason)) : incoming.deliver(frame);
    const call = this.calls_.find((c) => c.id === body.callId);
    // An accept that crossed the caller's cancel: the call learns it as its end.
    if (call && frame.incomingCallEnded) call.deliver({ callEnded: frame.incomingCallEnded });
    else call?.deliver(frame);
  }

  private onIncoming(told: acsedge.v1.IIncomingCall): void {
    const known = (id: string) =>
      this.incoming_.some((i) => i.id === id) || this.calls_.some((c) => c.id === id);
    if (!told.callId || known(told.callId) || this.disposed_) return;
    if (this.incoming_.length >= kMaxRinging) return;
    const incoming = new EdgeIncomingCall(told, this.host_, (settled) => {
      this.incoming_ = this.incoming_.filter((i) => i !== settled);
      this.unheard_ = this.unheard_.filter((i) => i !== settled);
    });
    this.incoming_ = [...this.incoming_, incoming];
    if (this.hasListeners('incomingCall')) this.announce(incoming);
    else this.unheard_.push(incoming);
  }

  private announce(incoming: EdgeIncomingCall): void {
    if (incoming.isRinging) this.emit('incomingCall', { incomingCall: incoming });
  }

  // ---- What calls need of us ----

  private makeHost(): CallHost {
    const agent = this;
    return {
      log: this.setup_.log,
      devices: this.setup_.devices,
      get isRegistered() {
        return agent.session_.isRegistered;
      },
      request: (body: ClientBody) => agent.session_.request(body),
      send: (body: ClientBody) => agent.session_.send(body),
      whenRegistered: () => agent.whenRegistered(),
      createMedia: (callId: string) => agent.createMedia(callId),
      findCall: (callId: string) => agent.calls_.find((c) => c.id === callId),
      callBegan: (call: EdgeCall) => agent.callBegan(call),
      callOver: (call: EdgeCall) => agent.callOver(call),
    };
  }

  private whenRegistered(): Promise<void> {
    if (this.session_.isRegistered) return Promise.resolve();
    if (this.gone_) return Promise.reject(fail(this.gone_));
    return new Promise((resolve, reject) => this.waiting_.push({ resolve, reject }));
  }

  private createMedia(callId: string): CallMedia {
    const own = this.setup_.client.networkConfiguration?.turn?.iceServers;
    const iceServers = own?.map(iceServerOf) ?? this.iceServers_;
    const signalling = {
      offer: async (offer: acsedge.v1.ISessionDescription) =>
        (await this.session_.request({ offer })).answer,
      candidate: (candidate: acsedge.v1.IIceCandidate) => this.session_.send({ candidate }),
    };
    const config: RTCConfiguration = { iceServers, bundlePolicy: 'max-bundle' };
    return new CallMedia(callId, config, signalling, this.setup_.log);
  }

  private callBegan(call: EdgeCall): void {
    if (!this.calls_.includes(call)) this.calls_ = [...this.calls_, call];
    this.emit('callsUpdated', { added: [call], removed: [] });
  }

  private callOver(call: EdgeCall): void {
    if (!this.calls_.includes(call)) return;
    this.calls_ = this.calls_.filter((c) => c !== call);
    this.emit('callsUpdated', { added: [], removed: [call] });
  }
}

function groupOf(locator: GroupLocator): { groupId: string } {
  const { groupId } = locator;
  if (typeof groupId !== 'string' || !kGuid.test(groupId)) {
    throw fail(failures.badArgument, 'groupId is not a GUID.');
  }
  return { groupId };
}

function roomOf(locator: RoomLocator): { roomId: string; groupId?: undefined } {
  const { roomId } = locator;
  if (typeof roomId !== 'string' || !roomId || roomId.length > 128) {
    throw fail(failures.badArgument, 'roomId is not valid.');
  }
  return { roomId };
}

function iceServerOf(server: acsedge.v1.IIceServer): RTCIceServer {
  return {
    urls: server.urls ?? [],
    ...(server.username ? { username: server.username } : {}),
    ...(server.credential ? { credential: server.credential } : {}),
  };
}

/** @internal */
export async function tokenOf(credential: CommunicationTokenCredential): Promise<string> {
  try {
    const { token } = await credential.getToken();
    if (token) return token;
  } catch (error) {
    throw asCallingError(error, failures.noToken);
  }
  throw fail(failures.noToken);
}
