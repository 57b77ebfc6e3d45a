import type { acsedge } from '../edge/protocol';
import { acsedge as proto } from '../edge/protocol';
import type { Log } from '../log';
import { timing } from '../timing';
import { askForDtx } from './opus_fmtp';

type SessionDescription = acsedge.v1.ISessionDescription;

/** How a call's media reaches the gateway; implemented by the call over its session. */
export interface MediaSignalling {
  offer(offer: SessionDescription): Promise<SessionDescription | null | undefined>;
  candidate(candidate: acsedge.v1.IIceCandidate): void;
}

export interface MediaListener {
  onRemoteStream(stream: MediaStream): void;
  onConnectionChanged(state: RTCPeerConnectionState): void;
  /** ICE restarts did not bring the media back. */
  onMediaFailed(everConnected: boolean): void;
}

const kMaxIceRestarts = 3;

/**
 * The media of one call: one RTCPeerConnection with one audio m-line. We always offer, the gateway
 * answers. An offer needs no microphone: the transceiver is sendrecv from the start and a track is
 * put into its sender later, so that ICE and DTLS can warm up while the call rings.
 */
export class CallMedia {
  private pc_: RTCPeerConnection;
  private transceiver_!: RTCRtpTransceiver;
  private generation_ = 0;
  private announced_ = 0; // The newest generation that the gateway has been sent.
  private answered_ = 0;
  private refused_ = false; // Our newest offer was not taken.
  private track_: MediaStreamTrack | null = null;
  private candidates_: acsedge.v1.IIceCandidate[] = [];
  private restarts_ = 0;
  private everConnected_ = false;
  private recoveryTimer_?: ReturnType<typeof setTimeout>;
  private closed_ = false;
  private listener_?: MediaListener;
  private stream_?: MediaStream;

  constructor(
    private readonly callId_: string,
    private readonly config_: RTCConfiguration,
    private readonly signalling_: MediaSignalling,
    private readonly log_: Log,
  ) {
    this.pc_ = this.open();
  }

  /** Tells `listener` from now on, and at once of a stream that is already there. */
  listen(listener: MediaListener): void {
    this.listener_ = listener;
    if (this.stream_) listener.onRemoteStream(this.stream_);
  }

  get peerConnection(): RTCPeerConnection {
    return this.pc_;
  }

  /** An offer is at the gateway already: Accept needs none. */
  get isWarm(): boolean {
    return this.announced_ > 0 && !this.refused_;
  }

  /** The first offer of the call, to travel in Invite, Join or Accept. */
  async firstOffer(): Promise<SessionDescription> {
    return this.makeOffer(this.generation_ + 1, false);
  }

  /** The offer has been handed to the socket: its candidates may follow. */
  announce(generation: number): void {
    this.announced_ = Math.max(this.announced_, generation);
    const ready = this.candidates_.filter((c) => (c.generation ?? 0) <= this.announced_);
    this.candidates_ = this.candidates_.filter((c) => (c.generation ?? 0) > this.announced_);
    for (const candidate of ready) this.signalling_.candidate(candidate);
  }

  /** The gateway asks for an offer with its generation. */
  async answerOfferRequest(request: acsedge.v1.IOfferRequest): Promise<void> {
    const { RECOVERY, ICE_RESTART } = proto.v1.OfferRequest.Why;
    const generation = request.generation || this.generation_ + 1;
    if (generation <= this.generation_) return; // Asked again for what is on its way.
    if (request.why === RECOVERY && this.generation_ > 0) this.reopen();
    await this.sendOffer(generation, request.why === ICE_RESTART);
  }

  async applyAnswer(answer: SessionDescription | null | undefined): Promise<void> {
    const generation = answer?.generation || 1;
    if (!answer?.sdp || this.closed_) return;
    if (generation !== this.generation_ || generation <= this.answered_) return; // A late one.
    this.answered_ = generation;
    await this.pc_.setRemoteDescription({ type: 'answer', sdp: answer.sdp });
  }

  async addCandidate(candidate: acsedge.v1.IIceCandidate): Promise<void> {
    if (this.closed_ || (candidate.generation || 1) !== this.generation_) return;
    if (!candidate.candidate) return;
    try {
      await this.pc_.addIceCandidate({
        candidate: candidate.candidate,
        sdpMid: candidate.mid || '0',
      });
    } catch (error) {
      this.log_.warning(`call=${this.callId_} candidate refused: ${String(error)}`);
    }
  }

  async setTrack(track: MediaStreamTrack | null): Promise<void> {
    this.track_ = track;
    if (!this.closed_) await this.transceiver_.sender.replaceTrack(track);
  }

  close(): void {
    if (this.closed_) return;
    this.closed_ = true;
    this.listener_ = undefined;
    clearTimeout(this.recoveryTimer_);
    this.shut(this.pc_);
  }

  // ---- The connection ----

  private open(): RTCPeerConnection {
    const pc = new RTCPeerConnection(this.config_);
    this.transceiver_ = pc.addTransceiver('audio', { direction: 'sendrecv' });
    pc.onicecandidate = (event) => this.onCandidate(event.candidate);
    pc.ontrack = (event) => {
      this.stream_ = event.streams[0] ?? new MediaStream([event.track]);
      this.listener_?.onRemoteStream(this.stream_);
    };
    pc.onconnectionstatechange = () => this.onState(pc);
    pc.oniceconnectionstatechange = () => this.onIceState(pc);
    return pc;
  }

  private shut(pc: RTCPeerConnection): void {
    pc.onicecandidate = pc.ontrack = null;
    pc.onconnectionstatechange = pc.oniceconnectionstatechange = null;
    pc.close();
  }

  /** After the gateway lost its side, its certificate and ports are new: so must ours be. */
  private reopen(): void {
    this.shut(this.pc_);
    this.pc_ = this.open();
    void this.transceiver_.sender.replaceTrack(this.track_);
  }

  private async makeOffer(generation: number, restart: boolean): Promise<SessionDescription> {
    this.generation_ = generation;
    this.refused_ = false;
    const offer = await this.pc_.createOffer(restart ? { iceRestart: true } : {});
    await this.pc_.setLocalDescription(offer);
    const sdp = askForDtx(this.pc_.localDescription?.sdp ?? offer.sdp ?? '');
    return { callId: this.callId_, generation, sdp, iceRestart: restart };
  }

  private async sendOffer(generation: number, restart: boolean): Promise<void> {
    const offer = await this.makeOffer(generation, restart);
    if (this.closed_ || generation !== this.generation_) return;
    const answer = this.signalling_.offer(offer);
    this.announce(generation);
    try {
      await this.applyAnswer(await answer);
    } catch (error) {
      this.refused_ = generation === this.generation_;
      throw error;
    }
  }

  private onCandidate(candidate: RTCIceCandidate | null): void {
    this.candidates_.push({
      callId: this.callId_,
      generation: this.generation_,
      mid: candidate?.sdpMid ?? '0',
      candidate: candidate?.candidate ?? '',
    });
    this.announce(this.announced_);
  }

  private onState(pc: RTCPeerConnection): void {
    if (pc.connectionState === 'connected') {
      this.everConnected_ = true;
      this.restarts_ = 0;
    }
    this.log_.info(`call=${this.callId_} media=${pc.connectionState}`);
    this.listener_?.onConnectionChanged(pc.connectionState);
  }

  private onIceState(pc: RTCPeerConnection): void {
    clearTimeout(this.recoveryTimer_);
    if (this.closed_) return;
    if (pc.iceConnectionState === 'failed') return void this.restartIce();
    if (pc.iceConnectionState !== 'disconnected') return;
    this.recoveryTimer_ = setTimeout(() => void this.restartIce(), timing.iceRecoveryMs);
  }

  private async restartIce(): Promise<void> {
    if (this.closed_) return;
    if (++this.restarts_ > kMaxIceRestarts) {
      return this.listener_?.onMediaFailed(this.everConnected_);
    }
    try {
      await this.sendOffer(this.generation_ + 1, true);
    } catch (error) {
      this.log_.warning(`call=${this.callId_} ice restart failed: ${String(error)}`);
    }
  }
}
