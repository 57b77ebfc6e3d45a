import type {
  CommunicationIdentifier,
  CommunicationUserIdentifier,
  MicrosoftTeamsUserIdentifier,
  PhoneNumberIdentifier,
} from '@azure/communication-common';
import type {
  AddPhoneNumberOptions,
  AudioOptions,
  Call,
  CallDirection,
  CallEndReason,
  CallerInfo,
  CallState,
  DtmfTone,
  HangUpOptions,
  RemoteAudioStream,
  RemoteParticipant,
} from '../types';
import type { CallFeature, CallFeatureFactory } from '../features/feature';
import type { acsedge, ClientBody } from '../edge/protocol';
import type { AudioStats } from '../media/audio_stats';
import type { LocalAudioStream } from '../media/local_audio_stream';
import type { Failure } from '../errors';
import type { CallHost } from './call_host';
import type { CallMedia } from '../media/call_media';
import { asCallingError, endReasonOf, endReasonOfFailure, fail, failures } from '../errors';
import { UserFacingDiagnosticsFeature } from '../features/user_facing_diagnostics';
import { CallRemoteAudioStream } from '../media/remote_audio_stream';
import { Playback } from '../media/playback';
import { callerIdOf, callerInfoOf, rawIdOf } from '../identity';
import { atMost, nextTask, timing } from '../timing';
import { AudioOnlyCall } from './audio_only_call';
import { CallMicrophone } from './call_microphone';
import { CallMonitor } from './call_monitor';
import { EdgeCallInfo } from './call_info';
import { Roster } from './roster';
import { digitOf } from './dtmf';
import { isAnswered, stateOf } from './call_states';

export interface CallSetup {
  id: string;
  direction: CallDirection;
  info: EdgeCallInfo;
  callerInfo: CallerInfo;
  transferorInfo?: CallerInfo;
  seeds: Array<{ rawId: string; displayName?: string }>;
  isGroup: boolean;
  audio?: AudioOptions;
  media?: CallMedia;
}

type MakeBody = (offer: acsedge.v1.ISessionDescription | undefined, muted: boolean) => ClientBody;

/**
 * One call of the user, from startCall, join or accept to its end. Everything the gateway says about
 * it comes through deliver(). Owned by its CallAgent until the end; apps may keep it longer.
 */
export class EdgeCall extends AudioOnlyCall implements Call {
  /** @internal */
  readonly diagnostics = new UserFacingDiagnosticsFeature();

  private state_: CallState = 'None';
  private callEndReason_?: CallEndReason;
  private callerInfo_: CallerInfo;
  private transferorInfo_?: CallerInfo;
  private muted_: boolean;
  private incomingMuted_ = false;
  private remoteAudioStreams_: ReadonlyArray<CallRemoteAudioStream> = [];
  private localAudioStreams_: ReadonlyArray<LocalAudioStream> = [];
  private readonly features_ = new Map<unknown, CallFeature>();
  private readonly roster_: Roster;
  private readonly microphone_: CallMicrophone;
  private readonly playback_: Playback;
  private readonly monitor_: CallMonitor;
  private media_?: CallMedia;
  private begun_: Promise<void> = Promise.resolve();
  private offered_ = false; // Invite, Join or Accept has been handed to the session.
  private mutesInFlight_ = 0;
  private hangingUp_?: Promise<void>;
  private ended_ = false;
  private whenEnded_!: () => void;
  private readonly end_ = new Promise<void>((resolve) => (this.whenEnded_ = resolve));
  private transferListener_?: (update: acsedge.v1.ITransferUpdate) => void;
  private recordingListener_?: (active: boolean) => void;
  private recorded_ = false;
  private gate_?: Array<() => void>; // Held back until accept() has resolved.

  /** @internal */
  constructor(
    private readonly setup_: CallSetup,
    /** @internal */ readonly host: CallHost,
  ) {
    super();
    this.callerInfo_ = setup_.callerInfo;
    this.transferorInfo_ = setup_.transferorInfo;
    this.muted_ = !!setup_.audio?.muted;
    this.playback_ = new Playback(setup_.id, host.log);
    this.microphone_ = new CallMicrophone(host.devices, this.diagnostics, host.log);
    this.monitor_ = new CallMonitor(this, () => this.microphone_.track?.enabled === true);
    this.roster_ = new Roster({
      onRosterChanged: (change) => this.emit('remoteParticipantsUpdated', change),
      muteOther: (participantId) => this.muteOthers([participantId]),
    });
    for (const seed of setup_.seeds) this.roster_.seed(seed.rawId, seed.displayName);
    const custom = setup_.audio?.localAudioStreams?.[0];
    if (custom) this.setLocalAudio(custom);
    host.devices.on('selectedSpeakerChanged', this.onSpeaker_);
    this.onSpeaker_();
  }

  get id(): string {
    return this.setup_.id;
  }
  get info(): EdgeCallInfo {
    return this.setup_.info;
  }
  get callerInfo(): CallerInfo {
    return this.callerInfo_;
  }
  get transferorInfo(): CallerInfo | undefined {
    return this.transferorInfo_;
  }
  get state(): CallState {
    return this.state_;
  }
  get callEndReason(): CallEndReason | undefined {
    return this.callEndReason_;
  }
  get direction(): CallDirection {
    return this.setup_.direction;
  }
  get isMuted(): boolean {
    return this.muted_;
  }
  get isIncomingAudioMuted(): boolean {
    return this.incomingMuted_;
  }
  get remoteParticipants(): ReadonlyArray<RemoteParticipant> {
    return this.roster_.participants;
  }
  get localAudioStreams(): ReadonlyArray<LocalAudioStream> {
    return this.localAudioStreams_;
  }
  get remoteAudioStreams(): ReadonlyArray<RemoteAudioStream> {
    return this.remoteAudioStreams_;
  }

  /** @internal Invite, Join or Accept went out: the gateway may list the call. */
  get isKnownToGateway(): boolean {
    return this.offered_;
  }

  /** The same object for the same factory, always: consumers subscribe on one and read another. */
  feature<T extends CallFeature>(factory: CallFeatureFactory<T>): T {
    let feature = this.features_.get(factory) as T | undefined;
    if (!feature) {
      feature = new factory.callApiCtor(this);
      this.features_.set(factory, feature);
    }
    return feature;
  }

  /** @internal For the MediaStats feature. */
  readStats(): Promise<AudioStats | undefined> {
    return this.monitor_.read();
  }

  // ---- Beginning ----

  /** @internal Dials in a later task, so that whoever called startCall can subscribe first. */
  dial(make: MakeBody): void {
    this.begun_ = nextTask().then(() => {
      this.host.callBegan(this);
      if (!this.ended_) this.moveTo('Connecting');
    });
    void this.begun_.then(() => this.launch(make));
  }

  private async launch(make: MakeBody): Promise<void> {
    if (this.ended_ || this.hangingUp_) return;
    try {
      await this.microphone_.open(timing.dialMicrophoneMs);
      await this.host.whenRegistered();
      if (this.ended_ || this.hangingUp_) return;
      await this.offerMedia(make);
    } catch (error) {
      this.fail(asCallingError(error, failures.edgeUnreachable));
    }
  }

  /** @internal Resolves in state Connecting; what the gateway said meanwhile follows in a task. */
  async answer(make: MakeBody): Promise<void> {
    this.gate_ = [];
    this.state_ = 'Connecting';
    this.media_ = this.setup_.media;
    try {
      await this.microphone_.open(timing.acceptMicrophoneMs);
      if (!this.ended_) await this.offerMedia(make);
    } catch (error) {
      this.openGate();
      this.fail(asCallingError(error, failures.acceptTooLate));
      throw asCallingError(error, failures.acceptTooLate);
    }
    setTimeout(() => this.openGate(), 0);
  }

  private async offerMedia(make: MakeBody): Promise<void> {
    const media = (this.media_ ??= this.host.createMedia(this.id));
    media.listen({
      onRemoteStream: (stream) => this.onRemoteStream(stream),
      onConnectionChanged: (state) => this.monitor_.onConnection(state),
      onMediaFailed: (ever) => {
        void this.abandon(ever ? failures.mediaLost : failures.iceNeverConnected);
      },
    });
    this.microphone_.setSending(this.maySend());
    this.microphone_.setMuted(this.muted_);
    await this.microphone_.attach(media);
    const offer = media.isWarm ? undefined : await media.firstOffer();
    if (this.ended_ || this.hangingUp_) return;
    this.offered_ = true;
    const response = this.host.request(make(offer, this.muted_));
    if (offer) media.announce(offer.generation ?? 1);
    const { answer } = await response;
    if (!this.ended_) await media.applyAnswer(answer);
    this.monitor_.start(media);
  }

  private openGate(): void {
    const held = this.gate_ ?? [];
    this.gate_ = undefined;
    for (const act of held) act();
  }

  // ---- What the gateway says ----

  /** @internal */
  deliver(frame: acsedge.v1.IServerFrame): void {
    if (this.gate_) {
      // Media must not wait for the app; states must.
      if (frame.answer || frame.candidate || frame.offerRequest) return this.applyMedia(frame);
      this.gate_.push(() => this.deliver(frame));
      return;
    }
    if (this.ended_) return;
    if (frame.callUpdate) this.update(frame.callUpdate);
    else if (frame.callEnded) this.end(endReasonOf(frame.callEnded.reason));
    else if (frame.participants) this.roster_.apply(frame.participants);
    else if (frame.mutedByOther) this.mutedByOther();
    else if (frame.transfer) this.transferListener_?.(frame.transfer);
    else if (frame.recording) this.setRecorded(!!frame.recording.active);
    else this.applyMedia(frame);
  }

  /** @internal For the Transfer feature. */
  onTransfer(listener: (update: acsedge.v1.ITransferUpdate) => void): void {
    this.transferListener_ = listener;
  }

  /** @internal For the Recording feature, which may be asked for when the recording runs already. */
  onRecording(listener: (active: boolean) => void): void {
    this.recordingListener_ = listener;
    listener(this.recorded_);
  }

  private setRecorded(active: boolean): void {
    this.recorded_ = active;
    this.recordingListener_?.(active);
  }

  private applyMedia(frame: acsedge.v1.IServerFrame): void {
    const media = this.media_;
    if (!media) return;
    const done = frame.answer
      ? media.applyAnswer(frame.answer)
      : frame.candidate
        ? media.addCandidate(frame.candidate)
        : frame.offerRequest && media.answerOfferRequest(frame.offerRequest);
    done?.catch((error: unknown) => {
      this.host.log.error(`call=${this.id} negotiation failed: ${String(error)}`);
    });
  }

  /** @internal The call as the gateway has it after a session was lost. */
  restore(snapshot: acsedge.v1.ICallSnapshot): void {
    if (snapshot.call) this.update(snapshot.call);
    if (!this.ended_) this.roster_.replace(snapshot.participants ?? []);
    if (!this.muted_ || !snapshot.call || snapshot.call.muted) return;
    this.sendMute(true).catch((error: unknown) => {
      this.host.log.warning(`call=${this.id} mute: ${(error as Error).message}`);
    });
  }

  private update(told: acsedge.v1.ICallUpdate): void {
    this.info.update({
      ...(told.groupId ? { groupId: told.groupId } : {}),
      ...(told.participantId ? { participantId: told.participantId } : {}),
      ...(told.serverCallId ? { serverCallId: told.serverCallId } : {}),
    });
    if (this.direction === 'Incoming') this.updateCaller(told);
    if (told.transferor?.rawId && !this.transferorInfo_) {
      this.transferorInfo_ = callerInfoOf(told.transferor);
      this.emit('transferorInfoChanged');
    }
    if (told.muted && !this.muted_ && this.mutesInFlight_ === 0) this.setMuted(true);
    const next = stateOf(told);
    if (next && this.state_ !== 'Disconnecting') this.moveTo(next);
    this.roster_.follow(this.state_);
  }

  private updateCaller(told: acsedge.v1.ICallUpdate): void {
    if (!told.remote?.rawId) return;
    const info = callerInfoOf(told.remote);
    const before = this.callerInfo_;
    const same =
      info.displayName === before.displayName &&
      !!before.identifier &&
      rawIdOf(before.identifier) === told.remote.rawId;
    if (same) return;
    this.callerInfo_ = info;
    this.emit('callerInfoChanged');
  }

  private mutedByOther(): void {
    this.setMuted(true);
    this.emit('mutedByOthers');
  }

  private onRemoteStream(stream: MediaStream): void {
    const removed = [...this.remoteAudioStreams_];
    const added = new CallRemoteAudioStream(stream);
    this.remoteAudioStreams_ = [added];
    this.playback_.play(stream);
    this.emit('remoteAudioStreamsUpdated', { added: [added], removed });
  }

  private moveTo(next: CallState): void {
    if (next === this.state_) return;
    // Ring-back that has become an announcement does not become ring-back again.
    if (this.state_ === 'EarlyMedia' && (next === 'Ringing' || next === 'Connecting')) return;
    this.state_ = next;
    this.host.log.info(`call=${this.id} state=${next}`);
    this.microphone_.setSending(this.maySend());
    this.playback_.setHeld(next === 'LocalHold');
    this.emit('stateChanged');
  }

  private maySend(): boolean {
    const over = this.state_ === 'Disconnecting' || this.state_ === 'Disconnected';
    return !this.muted_ && !over && this.state_ !== 'LocalHold';
  }

  // ---- The end ----

  async hangUp(options?: HangUpOptions | null): Promise<void> {
    if (this.ended_) return;
    return (this.hangingUp_ ??= this.doHangUp(!!options?.forEveryone));
  }

  private async doHangUp(forEveryone: boolean): Promise<void> {
    await this.begun_; // Nobody hears of a state before startCall's own task is over.
    if (this.ended_) return;
    const answered = isAnswered(this.state_);
    const reason = endReasonOfFailure(answered ? failures.localHangUp : failures.cancelled);
    this.callEndReason_ = reason;
    this.moveTo('Disconnecting');
    if (!this.offered_) return this.end(reason);
    const body = { hangup: { callId: this.id, forEveryone } };
    this.host.request(body).catch((error: unknown) => {
      this.host.log.info(`call=${this.id} hang-up: ${(error as Error).message}`);
      this.end(reason); // Over for the gateway already, or the session is.
    });
    await atMost(timing.hangUpMs, this.end_);
    this.end(reason);
  }

  /** @internal Ends it here and tells the gateway, if it can be told. */
  async abandon(why: Failure): Promise<void> {
    if (this.ended_) return;
    if (this.offered_) this.host.request({ hangup: { callId: this.id } }).catch(() => undefined);
    this.end(endReasonOfFailure(why));
  }

  /** @internal */
  fail(why: Failure): void {
    this.end(endReasonOfFailure(why));
  }

  /** @internal The order is a contract: reason, Disconnecting, participants, Disconnected, gone. */
  end(reason: CallEndReason): void {
    if (this.ended_) return;
    this.ended_ = true;
    this.callEndReason_ = reason;
    this.moveTo('Disconnecting');
    this.roster_.clear(reason);
    this.moveTo('Disconnected');
    this.host.callOver(this);
    this.release();
    this.host.log.info(`call=${this.id} ended code=${reason.code} subCode=${reason.subCode ?? 0}`);
    this.whenEnded_();
  }

  private release(): void {
    this.monitor_.stop();
    this.microphone_.close();
    this.playback_.stop();
    (this.media_ ?? this.setup_.media)?.close();
    for (const stream of this.remoteAudioStreams_) stream.stop();
    for (const feature of this.features_.values()) feature.dispose();
    this.host.devices.off('selectedSpeakerChanged', this.onSpeaker_);
  }

  dispose(): void {
    if (!this.ended_) void this.hangUp();
  }

  // ---- Hold and mute ----

  async hold(): Promise<void> {
    if (this.state_ === 'LocalHold') return;
    if (this.state_ !== 'Connected' && this.state_ !== 'RemoteHold') {
      throw fail(failures.holdFailed, 'The call is not connected.');
    }
    try {
      await this.host.request({ hold: { callId: this.id, on: true } });
    } catch (error) {
      throw fail(failures.holdFailed, (error as Error).message);
    }
    if (!this.isOver()) this.moveTo('LocalHold');
  }

  async resume(): Promise<void> {
    if (this.state_ !== 'LocalHold') {
      if (this.state_ === 'Connected') return;
      throw fail(failures.resumeFailed, 'The call is not on hold.');
    }
    try {
      await this.host.request({ hold: { callId: this.id, on: false } });
    } catch (error) {
      throw fail(failures.resumeFailed, (error as Error).message);
    }
    // The gateway's own word (RemoteHold, when the other side holds too) may be here already.
    if (this.state_ === 'LocalHold') this.moveTo('Connected');
  }

  async mute(): Promise<void> {
    if (this.ended_) throw fail(failures.muteFailed, 'The call has ended.');
    if (this.muted_) return;
    this.setMuted(true); // First here, where nobody can refuse it.
    try {
      await this.sendMute(true);
    } catch (error) {
      throw fail(failures.muteFailed, (error as Error).message);
    }
  }

  async unmute(): Promise<void> {
    if (this.ended_) throw fail(failures.unmuteFailed, 'The call has ended.');
    if (!this.muted_) return;
    this.setMuted(false);
    try {
      await this.sendMute(false);
    } catch (error) {
      this.setMuted(true);
      throw fail(failures.unmuteFailed, (error as Error).message);
    }
  }

  private async sendMute(on: boolean): Promise<void> {
    if (!this.offered_) return; // Invite, Join or Accept will carry it.
    this.mutesInFlight_ += 1;
    try {
      await this.host.request({ mute: { callId: this.id, on } });
    } finally {
      this.mutesInFlight_ -= 1;
    }
  }

  private setMuted(muted: boolean): void {
    if (this.muted_ === muted) return;
    this.muted_ = muted;
    this.microphone_.setSending(this.maySend());
    this.microphone_.setMuted(muted);
    this.emit('isMutedChanged');
  }

  async muteIncomingAudio(): Promise<void> {
    this.setIncomingMuted(true);
  }

  async unmuteIncomingAudio(): Promise<void> {
    this.setIncomingMuted(false);
  }

  private setIncomingMuted(muted: boolean): void {
    if (this.incomingMuted_ === muted) return;
    this.incomingMuted_ = muted;
    this.playback_.setMuted(muted);
    this.emit('isIncomingAudioMutedChanged');
  }

  muteAllRemoteParticipants(): Promise<void> {
    return this.muteOthers([]);
  }

  private async muteOthers(participantIds: string[]): Promise<void> {
    const group = this.setup_.isGroup || this.roster_.participants.length > 1;
    if (!group || participantIds.includes('')) throw fail(failures.muteOthersFailed);
    await this.host.request({ muteParticipants: { callId: this.id, participantIds } });
  }

  // ---- Tones and participants ----

  async sendDtmf(dtmfTone: DtmfTone): Promise<void> {
    const digits = digitOf(dtmfTone);
    if (!digits) throw fail(failures.badArgument, 'It is not a tone.');
    if (this.state_ !== 'Connected' && this.state_ !== 'EarlyMedia') throw fail(failures.notInCall);
    try {
      await this.host.request({ sendDtmf: { callId: this.id, digits } });
    } catch (error) {
      throw fail(failures.dtmfFailed, (error as Error).message);
    }
  }

  addParticipant(
    identifier: CommunicationUserIdentifier | MicrosoftTeamsUserIdentifier | PhoneNumberIdentifier,
    options?: AddPhoneNumberOptions | null,
  ): RemoteParticipant {
    const rawId = rawIdOf(identifier);
    const callerId = callerIdOf(options?.alternateCallerId);
    if (!isAnswered(this.state_)) throw fail(failures.notInCall);
    const there = this.roster_.find(rawId);
    if (there) return there;
    const participant = this.roster_.add(rawId);
    this.host
      .request({ addParticipant: { callId: this.id, identity: { rawId }, callerId } })
      .then((response) => {
        if (response.participant) this.roster_.bind(participant, response.participant);
      })
      .catch((error: unknown) => {
        const why = asCallingError(error, failures.notInCall);
        this.roster_.remove(participant, endReasonOfFailure(why));
      });
    return participant;
  }

  async removeParticipant(identifier: CommunicationIdentifier): Promise<void> {
    const rawId = rawIdOf(identifier);
    if (this.isOver()) throw fail(failures.notInCall);
    await this.host.request({ removeParticipant: { callId: this.id, rawId } });
  }

  // ---- Audio sources ----

  async startAudio(localAudioStream: LocalAudioStream): Promise<void> {
    if (this.ended_) throw fail(failures.notInCall);
    if (!localAudioStream) throw fail(failures.badArgument);
    this.setLocalAudio(localAudioStream);
    await this.microphone_.reopen();
  }

  /** Back to the selected microphone. */
  stopAudio(): void {
    if (this.ended_ || this.localAudioStreams_.length === 0) return;
    this.setLocalAudio(undefined);
    void this.microphone_.reopen();
  }

  private setLocalAudio(stream: LocalAudioStream | undefined): void {
    const removed = [...this.localAudioStreams_];
    const added = stream ? [stream] : [];
    this.localAudioStreams_ = added;
    this.microphone_.useCustom(stream);
    this.emit('localAudioStreamsUpdated', { added, removed });
  }

  private readonly onSpeaker_ = (): void => this.playback_.setSink(this.host.devices.speakerId);

  private isOver(): boolean {
    return this.ended_ || this.state_ === 'Disconnecting';
  }
}
