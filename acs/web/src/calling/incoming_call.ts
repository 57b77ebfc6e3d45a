import type {
  AcceptCallOptions,
  Call,
  CallEndReason,
  CallerInfo,
  CustomContext,
  IncomingCall,
  IncomingCallEvents,
} from '../types';
import { IncomingCallKind } from '../types';
import type { acsedge } from '../edge/protocol';
import type { CallHost } from './call_host';
import type { CallMedia } from '../media/call_media';
import { Emitter } from '../events';
import { asCallingError, endReasonOfFailure, fail, failures } from '../errors';
import { callerInfoOf, rawIdOf } from '../identity';
import { contextOf } from './call_context';
import { EdgeCall } from './call';
import { EdgeCallInfo } from './call_info';

/** A call that rings here, until it is accepted, rejected, or over. Owned by its CallAgent. */
export class EdgeIncomingCall extends Emitter<IncomingCallEvents> implements IncomingCall {
  readonly kind = IncomingCallKind.IncomingCall;
  readonly id: string;
  readonly info: EdgeCallInfo;
  readonly customContext?: CustomContext;
  private callerInfo_: CallerInfo;
  private transferorInfo_?: CallerInfo;
  private callEndReason_?: CallEndReason;
  private media_?: CallMedia;
  private fate_: 'ringing' | 'accepted' | 'rejected' | 'ended' = 'ringing';

  /** @internal */
  constructor(
    told: acsedge.v1.IIncomingCall,
    private readonly host_: CallHost,
    private readonly settled_: (incoming: EdgeIncomingCall) => void,
  ) {
    super('IncomingCall', ['callEnded', 'callerInfoChanged', 'transferorInfoChanged']);
    this.id = told.callId ?? '';
    this.info = new EdgeCallInfo(told.groupId ?? '', told.participantId ?? '');
    this.callerInfo_ = callerInfoOf(told.from);
    if (told.transferor?.rawId) this.transferorInfo_ = callerInfoOf(told.transferor);
    const context = contextOf(told.context);
    if (context) this.customContext = context;
  }

  get callerInfo(): CallerInfo {
    return this.callerInfo_;
  }
  get transferorInfo(): CallerInfo | undefined {
    return this.transferorInfo_;
  }
  get callEndReason(): CallEndReason | undefined {
    return this.callEndReason_;
  }
  /** @internal */
  get isRinging(): boolean {
    return this.fate_ === 'ringing';
  }

  async accept(options?: AcceptCallOptions | null): Promise<Call> {
    if (this.fate_ !== 'ringing') throw fail(failures.acceptTooLate);
    this.fate_ = 'accepted';
    const caller = this.callerInfo_;
    const call = new EdgeCall(
      {
        id: this.id,
        direction: 'Incoming',
        info: this.info,
        callerInfo: caller,
        ...(this.transferorInfo_ ? { transferorInfo: this.transferorInfo_ } : {}),
        seeds: caller.identifier ? [{ rawId: rawIdOf(caller.identifier), ...nameOf(caller) }] : [],
        isGroup: !!this.info.groupId,
        ...(options?.audioOptions ? { audio: options.audioOptions } : {}),
        ...(this.media_ ? { media: this.media_ } : {}),
      },
      this.host_,
    );
    this.media_ = undefined; // The call's from here on.
    this.settled_(this);
    this.host_.callBegan(call);
    await call.answer((offer, startMuted) => ({ accept: { callId: this.id, startMuted, offer } }));
    return call;
  }

  /** Ends it for this device; like every end it is told by callEnded. */
  async reject(): Promise<void> {
    if (this.fate_ !== 'ringing') throw fail(failures.rejectTooLate);
    this.fate_ = 'rejected';
    this.closeMedia();
    try {
      await this.host_.request({ reject: { callId: this.id } });
      this.end(endReasonOfFailure(failures.declined));
    } catch (error) {
      this.end(endReasonOfFailure(failures.cancelled));
      throw fail(failures.rejectTooLate, asCallingError(error, failures.rejectTooLate).message);
    }
  }

  /** @internal The gateway wants media warm while it rings; the microphone stays untouched. */
  async warmUp(request: acsedge.v1.IOfferRequest): Promise<void> {
    if (this.fate_ !== 'ringing') return;
    this.media_ ??= this.host_.createMedia(this.id);
    await this.media_.answerOfferRequest(request);
  }

  /** @internal */
  deliver(frame: acsedge.v1.IServerFrame): void {
    if (frame.answer) void this.media_?.applyAnswer(frame.answer);
    else if (frame.candidate) void this.media_?.addCandidate(frame.candidate);
    else if (frame.offerRequest) this.warmUp(frame.offerRequest).catch(this.onWarmUpFailed_);
    else if (frame.callUpdate?.remote?.rawId) this.updateCaller(frame.callUpdate.remote);
  }

  /** @internal Cancelled, answered elsewhere, timed out, declined here. */
  end(reason: CallEndReason): void {
    if (this.fate_ === 'accepted' || this.fate_ === 'ended') return;
    this.fate_ = 'ended';
    this.callEndReason_ = reason;
    this.closeMedia();
    this.settled_(this);
    this.emit('callEnded', { callEndReason: reason });
  }

  private updateCaller(remote: acsedge.v1.IIdentity): void {
    const info = callerInfoOf(remote);
    const before = this.callerInfo_.identifier;
    const same = before && rawIdOf(before) === remote.rawId;
    if (same && info.displayName === this.callerInfo_.displayName) return;
    this.callerInfo_ = info;
    this.emit('callerInfoChanged');
  }

  private closeMedia(): void {
    this.media_?.close();
    this.media_ = undefined;
  }

  private readonly onWarmUpFailed_ = (error: unknown): void => {
    this.host_.log.warning(`call=${this.id} warm-up failed: ${String(error)}`);
  };
}

function nameOf(caller: CallerInfo): { displayName?: string } {
  return caller.displayName ? { displayName: caller.displayName } : {};
}
