import type { acsedge, ServerFrame } from './protocol';
import { decode, encode, kSubProtocol } from './protocol';
import { timing } from '../timing';

export interface SocketListener {
  onOpen(): void;
  onFrame(frame: ServerFrame): void;
  /** Once, whatever the way it ended. */
  onClose(code: number, reason: string): void;
}

/** One WebSocket to the edge. Owned by an EdgeSession, which makes a new one for each attempt. */
export class EdgeSocket {
  private readonly socket_: WebSocket;
  private listener_?: SocketListener;
  private timer_?: ReturnType<typeof setTimeout>;

  constructor(url: string, listener: SocketListener) {
    this.listener_ = listener;
    this.socket_ = new WebSocket(url, kSubProtocol);
    this.socket_.binaryType = 'arraybuffer';
    this.socket_.onopen = () => this.listener_?.onOpen();
    this.socket_.onmessage = (event: MessageEvent) => this.receive(event.data);
    this.socket_.onclose = (event: CloseEvent) => this.ended(event.code, event.reason);
    this.socket_.onerror = () => undefined; // A close event always follows and says more.
    this.expectWithin(timing.openMs);
  }

  send(frame: acsedge.v1.IClientFrame): void {
    if (this.socket_.readyState === 1) this.socket_.send(encode(frame) as Uint8Array<ArrayBuffer>);
  }

  /** The next step must happen within `ms`. */
  expectWithin(ms: number): void {
    clearTimeout(this.timer_);
    this.timer_ = setTimeout(() => this.fail(4408, 'timed out'), ms);
  }

  expectNothing(): void {
    clearTimeout(this.timer_);
  }

  /** Ends it from our side; does not wait for a peer that may be gone. */
  fail(code: number, reason: string): void {
    this.shut(code, reason);
    this.ended(code, reason);
  }

  close(): void {
    this.listener_ = undefined;
    clearTimeout(this.timer_);
    this.shut(1000, 'bye');
  }

  private shut(code: number, reason: string): void {
    try {
      this.socket_.close(code, reason);
    } catch {
      // It never opened; there is nothing to close.
    }
  }

  private receive(data: unknown): void {
    const listener = this.listener_;
    if (!listener) return;
    const frame = decode(data);
    if (!frame) return this.fail(4400, 'not a frame');
    listener.onFrame(frame);
  }

  private ended(code: number, reason: string): void {
    const listener = this.listener_;
    this.listener_ = undefined;
    clearTimeout(this.timer_);
    listener?.onClose(code, reason);
  }
}
