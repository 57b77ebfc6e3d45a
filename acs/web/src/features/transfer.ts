import type { CommunicationIdentifier } from '@azure/communication-common';
import type { CallKind, CallState, CustomContext, PropertyChangedEvent } from '../types';
import type { CallFeature } from './feature';
import type { EdgeCall } from '../calling/call';
import { acsedge } from '../edge/protocol';
import { Emitter } from '../events';
import { asCallingError, fail, failures } from '../errors';
import { rawIdOf } from '../identity';
import { wireContext } from '../calling/call_context';

export type TransferState = 'None' | 'Transferring' | 'Transferred' | 'Failed';
export interface TransferErrorCode {
  readonly code: number;
  readonly subCode?: number;
}
export interface TransferToParticipantLocator {
  targetParticipant: CommunicationIdentifier;
}
export interface TransferToCallLocator {
  targetCallId: string;
}
export interface TransferToParticipantOptions {
  disableForwardingAndUnanswered?: boolean;
  customContext?: CustomContext;
}
export interface TransferToCallOptions {
  customContext?: CustomContext;
}
export interface TransferEventArgs {
  targetCall: { readonly id: string; readonly state: CallState; readonly kind: CallKind };
}
type TransferEvents = { stateChanged: PropertyChangedEvent };

/** One transfer under way. */
export class Transfer extends Emitter<TransferEvents> {
  private state_: TransferState = 'None';
  private error_?: TransferErrorCode;

  constructor() {
    super('Transfer', ['stateChanged']);
  }

  get state(): TransferState {
    return this.state_;
  }
  get error(): TransferErrorCode | undefined {
    return this.error_;
  }
  get isSettled(): boolean {
    return this.state_ === 'Transferred' || this.state_ === 'Failed';
  }

  moveTo(next: TransferState, error?: TransferErrorCode): void {
    if (this.isSettled || this.state_ === next) return;
    this.state_ = next;
    if (error) this.error_ = error;
    this.emit('stateChanged');
  }
}

type TransferFeatureEvents = { transferAccepted: (args: TransferEventArgs) => void };

/** Sends the other side elsewhere: to somebody else, or into another of our calls. */
export class TransferCallFeature extends Emitter<TransferFeatureEvents> implements CallFeature {
  readonly name = 'Transfer';
  private current_?: Transfer;

  /** @internal */
  constructor(private readonly call_: EdgeCall) {
    super('Transfer', ['transferAccepted']);
    call_.onTransfer((update) => this.onUpdate(update));
  }

  transfer(
    target: TransferToParticipantLocator | TransferToCallLocator,
    options?: TransferToParticipantOptions | TransferToCallOptions | null,
  ): Transfer {
    const context = wireContext(options?.customContext);
    const to = targetOf(target);
    const transfer = new Transfer();
    this.current_ = transfer;
    const body = { transfer: { callId: this.call_.id, ...to, ...(context ? { context } : {}) } };
    // In a task of its own, so that the app can listen to what we return.
    setTimeout(() => {
      transfer.moveTo('Transferring');
      this.call_.host.request(body).catch((error: unknown) => {
        const { code, subCode } = asCallingError(error, failures.transferFailed);
        transfer.moveTo('Failed', { code, subCode });
      });
    }, 0);
    return transfer;
  }

  dispose(): void {
    this.current_ = undefined;
  }

  private onUpdate(update: acsedge.v1.ITransferUpdate): void {
    const State = acsedge.v1.TransferUpdate.State;
    if (update.state === State.ACCEPTED) {
      const targetCall = this.call_.host.findCall(update.newCallId || '') ?? this.call_;
      return this.emit('transferAccepted', { targetCall });
    }
    if (update.state === State.TRANSFERRING) this.current_?.moveTo('Transferring');
    if (update.state === State.TRANSFERRED) this.current_?.moveTo('Transferred');
    if (update.state === State.FAILED) {
      const { code, subCode } = update.error ?? {};
      this.current_?.moveTo('Failed', { code: code ?? 500, subCode: subCode ?? 41040 });
    }
  }
}

function targetOf(
  target: TransferToParticipantLocator | TransferToCallLocator,
): Pick<acsedge.v1.ITransfer, 'target' | 'targetCallId'> {
  if (target && 'targetCallId' in target && target.targetCallId) {
    return { targetCallId: target.targetCallId };
  }
  if (target && 'targetParticipant' in target) {
    return { target: { rawId: rawIdOf(target.targetParticipant) } };
  }
  throw fail(failures.badArgument, 'No target.');
}
