import { fail, failures } from './errors';
import { defaultLog } from './log';

/**
 * The listeners of one object. Values change before their event is emitted; a listener that throws
 * is reported and does not disturb the others nor the state machine that emitted.
 */
export class Emitter<E> {
  private readonly listeners_ = new Map<string, Set<(args: never) => void>>();

  constructor(
    private readonly owner_: string,
    names: ReadonlyArray<keyof E & string>,
  ) {
    for (const name of names) this.listeners_.set(name, new Set());
  }

  on<K extends keyof E & string>(event: K, listener: E[K]): void {
    this.of(event).add(listener as (args: never) => void);
  }

  off<K extends keyof E & string>(event: K, listener: E[K]): void {
    this.of(event).delete(listener as (args: never) => void);
  }

  /** @internal */
  emit<K extends keyof E & string>(event: K, ...args: ArgumentsOf<E[K]>): void {
    for (const listener of [...this.of(event)]) {
      try {
        (listener as (...all: unknown[]) => void)(...args);
      } catch (error) {
        report(error, `${this.owner_} ${event}`);
      }
    }
  }

  /** @internal */
  hasListeners(event: keyof E & string): boolean {
    return this.of(event).size > 0;
  }

  private of(event: string): Set<(args: never) => void> {
    const listeners = this.listeners_.get(event);
    if (!listeners) throw fail(failures.unknownEvent(this.owner_));
    return listeners;
  }
}

type ArgumentsOf<F> = F extends (...args: infer A) => void ? A : never;

function report(error: unknown, where: string): void {
  defaultLog.error(`listener failed event="${where}" error="${String(error)}"`);
  const global = globalThis as { reportError?: (error: unknown) => void };
  global.reportError?.(error);
}
