import assert from 'node:assert/strict';
import { decibel } from './tone.mjs';
import { until } from './wait.mjs';

export const kToneLevel = 0.25;  // Amplitude of every tone in these tests: -12 dB of full scale.

/** `heard` is a tone played at `played`, alone, within 3 dB of its level. */
export function assertTone(who, heard, played = kToneLevel) {
  const wanted = decibel(played);
  const text = `${who} hears ${JSON.stringify(heard)}, wanted ${wanted.toFixed(1)} dB +- 3`;
  assert.ok(Math.abs(heard.level - wanted) <= 3, text);
  assert.ok(heard.purity > 0.8, `${text}, and little else`);
}

const isTone = (heard, played) => Math.abs(heard.level - decibel(played)) <= 3 && heard.purity > 0.8;

/**
 * `listener` comes to hear the tone as it was played, alone, for a whole `seconds`: media takes a moment to come up, a
 * browser's microphone to start, and a busy machine to give a browser its turn. Holes are another test's business.
 */
export async function assertHears(who, listener, hertz, seconds = 1) {
  let last;
  await until(`${who} hears ${hertz} Hz`, async () => isTone((last = await listener.listen(hertz, seconds)), kToneLevel), 8_000)
    .catch((error) => assert.fail(`${error.message}: ${JSON.stringify(last)}`));
}

/** Nothing is to be heard of the tone: at least 30 dB down. */
export function assertNoTone(who, heard, played = kToneLevel) {
  assert.ok(heard.level < decibel(played) - 30, `${who} hears ${JSON.stringify(heard)}, wanted silence`);
}

export function assertReason(actual, code, subCode) {
  assert.ok(actual, 'there is an end reason');
  assert.deepEqual({ code: actual.code, subCode: actual.subCode }, { code, subCode }, JSON.stringify(actual));
  assert.ok(actual.message, 'an end reason always has a message');
}
