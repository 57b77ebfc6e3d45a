// Waiting for something to happen, with a deadline. Nothing in these tests waits for a fixed time and hopes.

export class Deadline extends Error {}

/** Resolves once `look()` gives something truthy; fails with `what` and the last thing seen after `ms`. */
export async function until(what, look, ms = 10_000, every = 25) {
  const end = performance.now() + ms;
  for (;;) {
    const seen = await look();
    if (seen) return seen;
    if (performance.now() > end) throw new Deadline(`${what}: not within ${ms} ms`);
    await pause(every);
  }
}

/** Holds for the whole of `ms`: fails as soon as `look()` gives something truthy. For "this must not happen". */
export async function never(what, look, ms, every = 25) {
  const end = performance.now() + ms;
  while (performance.now() < end) {
    const seen = await look();
    if (seen) throw new Error(`${what} happened: ${JSON.stringify(seen)}`);
    await pause(every);
  }
}

/** `promise`, or a failure naming `what` after `ms`. */
export function within(what, promise, ms) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Deadline(`${what}: not within ${ms} ms`)), ms);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

export const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
