// Every duration of the library in one place; tests shorten them.
export const timing = {
  openMs: 10_000, // A WebSocket that has not opened by then is given up.
  registerMs: 10_000,
  createAgentMs: 20_000, // createCallAgent fails with 408/40114 after this.
  requestMs: 30_000,
  backoffMinMs: 250,
  backoffMaxMs: 15_000,
  rateLimitedMs: 5_000,
  pingIntervalMs: 10_000, // Until Registered says otherwise.
  pingTimeoutMs: 30_000,
  resumeWindowMs: 120_000,
  hangUpMs: 3_000, // A call ends here even when the gateway stays silent.
  acceptMicrophoneMs: 1_000, // An answer does not wait longer for a permission prompt.
  dialMicrophoneMs: 60_000,
  iceRecoveryMs: 4_000, // After "disconnected", which often heals by itself.
  qualityMs: 5_000,
  statsMs: 1_000,
};

/** A task of its own, not a microtask: whoever awaited us runs first. */
export const nextTask = (): Promise<void> => new Promise((done) => setTimeout(done, 0));

/** Until `promise` settles, `ms` at most. */
export async function atMost(ms: number, promise: Promise<unknown>): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const limit = new Promise<void>((done) => (timer = setTimeout(done, ms)));
  await Promise.race([promise, limit]).finally(() => clearTimeout(timer));
}
