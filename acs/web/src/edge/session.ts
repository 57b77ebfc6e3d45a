import type { acsedge } from './protocol';
import type { ClientBody, ServerFrame } from './protocol';
import type { Log } from '../log';
import type { Failure } from '../errors';
import {
  CallingCommunicationError,
  asCallingError,
  errorOfStatus,
  fail,
  failures,
} from '../errors';
import { acsedge as proto } from './protocol';
import { claimsOf, checkEdgeUrl } from './discovery';
import { EdgeSocket } from './socket';
import { Requests } from './requests';
import { timing } from '../timing';
import { Backoff } from './backoff';

type Registered = acsedge.v1.IRegistered;

export interface SessionListener {
  /** Registered, for the first time or again; `resumed` false means that its calls are the truth. */
  onRegistered(registered: Registered): void;
  onEvent(frame: ServerFrame): void;
  /** The connection went; the session goes on trying unless `final`. */
  onDisconnected(why: 'invalidToken' | 'connectionIssue', final: boolean): void;
  /** The gateway has dropped our calls by now, or told us that it will not have us back. */
  onCallsLost(why: Failure): void;
}

export interface SessionOptions {
  url: string;
  token: string;
  getToken(): Promise<string>;
  register: Pick<acsedge.v1.IRegister, 'instanceId' | 'displayName' | 'client'>;
  log: Log;
}

// A refusal in words is treated like the close code that says the same.
const closeCodes: Record<number, number | undefined> = { 401: 4401, 403: 4403, 429: 4429 };

const kFarBehind = 16; // Events handled but not acknowledged before a Ping is sent for the ack alone.

/**
 * Our session at the edge: registers, keeps alive, comes back and resumes. Events arrive once and in
 * order whatever the sockets do; a request is answered once. Owned by a CallAgent.
 */
export class EdgeSession {
  private socket_?: EdgeSocket;
  private registered_ = false;
  private closed_ = false;
  private sessionKey_?: Uint8Array;
  private lastSeq_ = 0;
  private acked_ = 0;
  private url_: string;
  private token_: string;
  private refusedToken_?: string;
  private refusal_?: CallingCommunicationError;
  private closing_?: acsedge.v1.ISessionClosing;
  private lastRttMs_ = 0;
  private pingIntervalMs_ = timing.pingIntervalMs;
  private pingTimeoutMs_ = timing.pingTimeoutMs;
  private resumeWindowMs_ = timing.resumeWindowMs;
  private readonly backoff_ = new Backoff();
  private readonly requests_: Requests;
  private pingTimer_?: ReturnType<typeof setTimeout>;
  private retryTimer_?: ReturnType<typeof setTimeout>;
  private windowTimer_?: ReturnType<typeof setTimeout>;
  private pingedAt_?: number;
  private attempts_ = 0;
  private whenSettled_?: { resolve(): void; reject(error: Error): void };

  constructor(
    private readonly options_: SessionOptions,
    private readonly listener_: SessionListener,
  ) {
    this.url_ = options_.url;
    this.token_ = options_.token;
    this.requests_ = new Requests((id, body) => this.transmit(body, id));
  }

  get isRegistered(): boolean {
    return this.registered_;
  }

  /** Resolves when registered for the first time; rejects when it never can be. */
  start(): Promise<void> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.whenSettled_ = undefined;
        this.close();
        reject(this.refusal_ ?? fail(failures.edgeUnreachable));
      }, timing.createAgentMs);
      this.whenSettled_ = {
        resolve: () => (clearTimeout(timer), resolve()),
        reject: (error) => (clearTimeout(timer), reject(error)),
      };
      globalThis.addEventListener?.('online', this.hurry_);
      globalThis.addEventListener?.('pagehide', this.leave_);
      globalThis.document?.addEventListener('visibilitychange', this.hurry_);
      this.connect(this.token_);
    });
  }

  /** Sent at once or after the next registration; retried under the same id until answered. */
  async request(body: ClientBody): Promise<acsedge.v1.IResponse> {
    if (this.closed_) throw fail(failures.disposed);
    const response = await this.requests_.add(body, this.registered_);
    if (response.status?.code) throw errorOfStatus(response.status);
    return response;
  }

  /** For what is worthless later: candidates, reports, pings. Dropped when not registered. */
  send(body: ClientBody): void {
    if (this.registered_) this.transmit(body, 0);
  }

  close(): void {
    if (this.closed_) return;
    if (this.registered_) this.transmit({ unregister: {} }, 0);
    this.shut(failures.disposed);
  }

  // ---- The socket's life ----

  private connect(token: string): void {
    if (this.closed_) return;
    this.token_ = token;
    this.closing_ = undefined;
    this.attempts_ += 1;
    this.socket_ = new EdgeSocket(this.url_, {
      onOpen: () => this.register(token),
      onFrame: (frame) => this.handle(frame),
      onClose: (code, why) => this.disconnected(code, why),
    });
  }

  private register(token: string): void {
    const resume = this.sessionKey_ && { sessionKey: this.sessionKey_, lastSeq: this.lastSeq_ };
    this.transmit(
      { register: { ...this.options_.register, token, ...(resume ? { resume } : {}) } },
      this.requests_.nextId(),
    );
    this.socket_?.expectWithin(timing.registerMs);
  }

  private transmit(body: ClientBody, requestId: number): void {
    this.acked_ = this.lastSeq_;
    this.socket_?.send({ ...body, requestId, ack: this.lastSeq_ });
  }

  private handle(frame: ServerFrame): void {
    this.pingedAt_ = undefined;
    if (frame.registered) return this.onRegistered(frame.registered);
    if (!this.registered_) return this.handleRefusal(frame);
    if (frame.response) return this.requests_.answer(frame.requestId, frame.response);
    if (frame.pong) {
      this.lastRttMs_ = Math.max(0, Math.round(Date.now() - (frame.pong.tMs || Date.now())));
      return;
    }
    if (frame.seq > 0) {
      if (frame.seq <= this.lastSeq_) return; // Replayed, but handled before.
      if (frame.seq !== this.lastSeq_ + 1) {
        // What is missing cannot be guessed: start over from the gateway's full picture.
        this.forget();
        return this.socket_?.fail(4400, 'gap in the events');
      }
      this.lastSeq_ = frame.seq;
    }
    this.dispatch(frame);
    if (this.lastSeq_ - this.acked_ >= kFarBehind) this.ping();
  }

  private dispatch(frame: ServerFrame): void {
    if (frame.closing) this.onClosing(frame.closing);
    else if (frame.tokenExpiring) void this.refreshToken();
    else this.listener_.onEvent(frame);
  }

  private handleRefusal(frame: ServerFrame): void {
    if (frame.closing) return this.onClosing(frame.closing);
    const status = frame.response?.status;
    if (!status?.code) return;
    this.refusal_ = errorOfStatus(status);
    this.socket_?.fail(closeCodes[status.code] ?? 4000, 'refused');
  }

  private onRegistered(registered: Registered): void {
    if (this.registered_) return;
    const resumed = !!registered.resumed && !!this.sessionKey_;
    this.registered_ = true;
    this.socket_?.expectNothing();
    this.backoff_.reset();
    this.refusedToken_ = undefined;
    this.refusal_ = undefined;
    clearTimeout(this.windowTimer_);
    this.sessionKey_ = registered.sessionKey?.slice();
    if (!resumed) this.lastSeq_ = this.acked_ = 0;
    this.pingIntervalMs_ = registered.pingIntervalMs || timing.pingIntervalMs;
    this.pingTimeoutMs_ = registered.pingTimeoutMs || timing.pingTimeoutMs;
    this.resumeWindowMs_ = registered.resumeWindowMs || timing.resumeWindowMs;
    this.options_.log.info(`registered resumed=${resumed} attempts=${this.attempts_}`);
    this.attempts_ = 0;
    // First what waits: whatever the listener asks next goes out behind it, and once.
    if (!resumed) this.requests_.rejectSent(failures.sessionLost);
    this.requests_.sendAll();
    this.listener_.onRegistered({ ...registered, resumed });
    this.schedulePing();
    this.whenSettled_?.resolve();
    this.whenSettled_ = undefined;
  }

  private onClosing(closing: acsedge.v1.ISessionClosing): void {
    this.closing_ = closing;
    const Action = proto.v1.SessionClosing.Action;
    if (closing.action === Action.REREGISTER) this.forget();
    if (closing.alternateUrl && closing.action !== Action.STOP) this.moveTo(closing.alternateUrl);
    this.socket_?.fail(1000, 'told to leave');
  }

  private moveTo(url: string): void {
    try {
      this.url_ = checkEdgeUrl(url);
    } catch {
      this.options_.log.warning('alternate url refused');
    }
  }

  private disconnected(code: number, why: string): void {
    const had = this.registered_;
    this.registered_ = false;
    this.socket_ = undefined;
    clearTimeout(this.pingTimer_);
    this.pingedAt_ = undefined;
    if (this.closed_) return;
    this.options_.log.warning(`disconnected code=${code} reason="${why}"`);
    const STOP = proto.v1.SessionClosing.Action.STOP;
    const stop = this.closing_?.action === STOP;
    if (code === 4401) return void this.tokenRefused(had);
    if (code === 4403) return this.giveUp(this.refusal_ ?? fail(failures.edgeRefused));
    if (code === 4409 || stop) {
      const status = this.closing_?.status;
      return this.giveUp(status?.code ? errorOfStatus(status) : fail(failures.replaced));
    }
    if (had) this.lost();
    const told = this.closing_?.retryAfterMs ?? 0;
    const wait = Math.max(told, this.backoff_.next());
    this.retryIn(code === 4429 ? Math.max(wait, timing.rateLimitedMs) : wait);
  }

  private lost(): void {
    this.requests_.pause();
    this.listener_.onDisconnected('connectionIssue', false);
    clearTimeout(this.windowTimer_);
    this.windowTimer_ = setTimeout(() => {
      this.forget();
      this.requests_.rejectSent(failures.sessionLost);
      this.listener_.onCallsLost(failures.sessionLost);
    }, this.resumeWindowMs_);
  }

  private forget(): void {
    this.sessionKey_ = undefined;
    this.lastSeq_ = this.acked_ = 0;
  }

  private retryIn(ms: number): void {
    clearTimeout(this.retryTimer_);
    this.retryTimer_ = setTimeout(() => void this.retry(), ms);
  }

  private async retry(): Promise<void> {
    try {
      this.connect(await this.options_.getToken());
    } catch (error) {
      this.options_.log.warning(`no token: ${asCallingError(error, failures.noToken).message}`);
      if (!this.closed_) this.retryIn(this.backoff_.next());
    }
  }

  /** The page came back into view or the network did: do not sit out the back-off. */
  private readonly hurry_ = (): void => {
    if (this.closed_ || globalThis.document?.visibilityState === 'hidden') return;
    if (this.registered_) return this.ping();
    if (this.socket_) return;
    this.retryIn(0);
  };

  /** The page is closed for good: say so, or others listen to silence until the media times out. */
  private readonly leave_ = (event: Event): void => {
    if (!(event as PageTransitionEvent).persisted) this.close();
  };

  /** Once more with a fresh token; the same token refused twice is final. */
  private async tokenRefused(had: boolean): Promise<void> {
    const refused = this.token_;
    this.listener_.onDisconnected('invalidToken', false);
    if (had) this.requests_.pause();
    let token: string | undefined;
    try {
      token = await this.options_.getToken();
    } catch {
      token = undefined;
    }
    if (this.closed_) return;
    if (!token || token === refused || this.refusedToken_) {
      return this.giveUp(this.refusal_ ?? fail(failures.tokenExpired), 'invalidToken');
    }
    this.refusedToken_ = refused;
    this.connect(token);
  }

  private async refreshToken(): Promise<void> {
    try {
      const token = await this.options_.getToken();
      if (token === this.token_) {
        this.options_.log.warning('the credential has no newer token; the session will end');
        return;
      }
      await this.request({ refreshToken: { token } });
      this.token_ = token;
      this.options_.log.info(
        `token refreshed expires=${String(claimsOf(token)?.exp ?? 'unknown')}`,
      );
    } catch (error) {
      this.options_.log.warning(`token refresh failed: ${(error as Error).message}`);
    }
  }

  private giveUp(
    error: CallingCommunicationError,
    why: 'invalidToken' | 'connectionIssue' = 'connectionIssue',
  ): void {
    const calls =
      why === 'invalidToken' || error.code === 401
        ? failures.tokenExpiredInCall
        : { code: error.code, subCode: error.subCode, message: error.message };
    const settled = this.whenSettled_;
    this.whenSettled_ = undefined;
    this.shut(error);
    this.listener_.onDisconnected(error.code === 401 ? 'invalidToken' : why, true);
    this.listener_.onCallsLost(calls);
    settled?.reject(error);
  }

  private shut(why: Failure): void {
    this.closed_ = true;
    this.registered_ = false;
    clearTimeout(this.pingTimer_);
    clearTimeout(this.retryTimer_);
    clearTimeout(this.windowTimer_);
    globalThis.removeEventListener?.('online', this.hurry_);
    globalThis.removeEventListener?.('pagehide', this.leave_);
    globalThis.document?.removeEventListener('visibilitychange', this.hurry_);
    this.socket_?.close();
    this.socket_ = undefined;
    this.requests_.rejectAll(why);
    this.whenSettled_?.reject(fail(why));
    this.whenSettled_ = undefined;
  }

  // ---- Keep-alive: browsers hide WebSocket pings, so the protocol has its own ----

  private schedulePing(): void {
    clearTimeout(this.pingTimer_);
    this.pingTimer_ = setTimeout(() => {
      if (this.pingedAt_ !== undefined && Date.now() - this.pingedAt_ >= this.pingTimeoutMs_) {
        return this.socket_?.fail(4408, 'no answer to pings');
      }
      this.ping();
      this.schedulePing();
    }, this.pingIntervalMs_);
  }

  /** The time limit runs from the first ping unanswered, so a throttled timer does not trip it. */
  private ping(): void {
    this.pingedAt_ ??= Date.now();
    this.send({ ping: { tMs: Date.now(), lastRttMs: this.lastRttMs_ } });
  }
}
