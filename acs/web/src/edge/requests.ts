import type { acsedge, ClientBody } from './protocol';
import type { Failure } from '../errors';
import { fail, failures } from '../errors';
import { timing } from '../timing';

interface Request {
  body: ClientBody;
  sent: boolean;
  resolve(response: acsedge.v1.IResponse): void;
  reject(error: Error): void;
  timer?: ReturnType<typeof setTimeout>;
}

const kMaxUnanswered = 256; // An app that waits for nothing must not fill the memory.

/**
 * Requests without an answer. After a resume they go out again under the same id, which the gateway
 * recognises, so nothing is dialled twice. Owned by an EdgeSession.
 */
export class Requests {
  private lastId_ = 0;
  private readonly unanswered_ = new Map<number, Request>();

  constructor(private readonly transmit_: (id: number, body: ClientBody) => void) {}

  nextId(): number {
    return ++this.lastId_;
  }

  add(body: ClientBody, transmit: boolean): Promise<acsedge.v1.IResponse> {
    return new Promise((resolve, reject) => {
      if (this.unanswered_.size >= kMaxUnanswered) return reject(fail(failures.requestTimeout));
      const id = this.nextId();
      const request: Request = { body, sent: false, resolve, reject };
      this.unanswered_.set(id, request);
      if (transmit) this.go(id, request);
    });
  }

  answer(id: number, response: acsedge.v1.IResponse): void {
    const request = this.unanswered_.get(id);
    if (!request) return;
    this.drop(id, request);
    request.resolve(response);
  }

  /** The socket is gone: nobody can answer, so nobody is late. */
  pause(): void {
    for (const request of this.unanswered_.values()) clearTimeout(request.timer);
  }

  sendAll(): void {
    for (const [id, request] of this.unanswered_) this.go(id, request);
  }

  /** A new session knows nothing of what was sent in the old one. */
  rejectSent(why: Failure): void {
    for (const [id, request] of [...this.unanswered_]) {
      if (!request.sent) continue;
      this.drop(id, request);
      request.reject(fail(why));
    }
  }

  rejectAll(why: Failure): void {
    for (const [id, request] of [...this.unanswered_]) {
      this.drop(id, request);
      request.reject(fail(why));
    }
  }

  private go(id: number, request: Request): void {
    request.sent = true;
    clearTimeout(request.timer);
    request.timer = setTimeout(() => {
      this.drop(id, request);
      request.reject(fail(failures.requestTimeout));
    }, timing.requestMs);
    this.transmit_(id, request.body);
  }

  private drop(id: number, request: Request): void {
    clearTimeout(request.timer);
    this.unanswered_.delete(id);
  }
}
