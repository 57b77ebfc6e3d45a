const kLimitMs = 5_000;

/** Looks again each turn of the loop until `look` is true; a test fails after five seconds. */
export async function until(what: string, look: () => boolean): Promise<void> {
  const limit = Date.now() + kLimitMs;
  while (!look()) {
    if (Date.now() > limit) throw new Error(`never: ${what}`);
    await new Promise((next) => setTimeout(next, 1));
  }
}

/** Everything that is under way on loopback has arrived: a round trip of tasks, not a wait in time. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 12; turn++) await new Promise((next) => setTimeout(next, 2));
}
