import { timing } from '../timing';

/** Doubling waits with jitter, so that a gateway's users do not return all at once. */
export class Backoff {
  private tries_ = 0;

  next(): number {
    const full = Math.min(timing.backoffMaxMs, timing.backoffMinMs * 2 ** this.tries_);
    this.tries_ = Math.min(this.tries_ + 1, 16);
    return full / 2 + Math.random() * (full / 2);
  }

  reset(): void {
    this.tries_ = 0;
  }
}
