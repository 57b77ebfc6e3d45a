// Thousands of phones come back at once over TLS: their handshakes take turns, calls are set up meanwhile.
import assert from 'node:assert/strict';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Cast, castOf } from './lib/cast.mjs';
import { Daemon, kSlow } from './lib/daemon.mjs';
import { Program } from './lib/process.mjs';
import { quickCallsUntil } from './lib/quick_call.mjs';
import { SipSocket } from './lib/sip_socket.mjs';
import { until } from './lib/wait.mjs';

const kPhones = Number(process.env.E2E_CONNECTIONS ?? 1_000);
const kSources = 20;
const kCrowd = path.join(path.dirname(fileURLToPath(import.meta.url)), 'lib/tls_crowd.mjs');

describe('phones that come back at once over TLS', () => {
  const cast = new Cast();
  let daemon;

  before(async () => {
    daemon = await cast.add(Daemon.start({ set: { 'limits.requests_per_second': '0', 'limits.shed_lag': `"${100 * kSlow}ms"` } }));
  });
  after(() => cast.close());

  test('take_turns_lose_nothing_and_keep_nobody_from_calling', async (t) => {
    const peer = await castOf(t).add(SipSocket.open());
    // As many descriptors as the system gives; the daemon takes them itself.
    const crowd = new Program('crowd', 'bash', ['-c', `ulimit -n "$(ulimit -Hn)"; exec "$0" "$@"`,
      process.execPath, kCrowd, daemon.sip.tls, String(kPhones), String(kSources)]);
    const setUps = await quickCallsUntil(peer, daemon, () => crowd.ended);
    const outcome = JSON.parse(crowd.lines.findLast((line) => line.startsWith('{')));
    const waited = await daemon.metric('gw_sip_tls_waits_total', 'outcome="any"');
    t.diagnostic(JSON.stringify({ ...outcome, waited, calls: setUps.length, slowest_call_ms: Math.round(Math.max(...setUps)) }));
    assert.equal(outcome.answered, kPhones, JSON.stringify(outcome));
    assert.ok(waited > 0, 'some had to wait');
    assert.equal(await daemon.metric('gw_sip_tls_waits_total', 'outcome="gave_up"'), 0);
    assert.ok(setUps.length > 0);
    assert.ok(Math.max(...setUps) < 1_000 * kSlow, `set-ups: ${setUps.map(Math.round)}`);
    await until('their connections are gone', async () => (await daemon.resources()).sockets < 60, 30_000 * kSlow);
  });
});
