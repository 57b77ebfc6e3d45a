// Thousands of phones come back at once over TLS: their handshakes take turns, calls are set up meanwhile.
import assert from 'node:assert/strict';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Cast, castOf } from './lib/cast.mjs';
import { Authority } from './lib/certificates.mjs';
import { Daemon, kSlow } from './lib/daemon.mjs';
import { Program } from './lib/process.mjs';
import { quickCallsUntil } from './lib/quick_call.mjs';
import { SipSocket } from './lib/sip_socket.mjs';
import { until } from './lib/wait.mjs';

const kPhones = Number(process.env.E2E_CONNECTIONS ?? 600);
const kSources = 20;
const kCrowd = path.join(path.dirname(fileURLToPath(import.meta.url)), 'lib/tls_crowd.mjs');

describe('phones that come back at once over TLS', () => {
  const cast = new Cast();
  let authority;

  before(async () => (authority = await cast.add(Authority.start())));
  after(() => cast.close());

  /** That many connect at once; who calls meanwhile, how long that took, and how many had to wait. */
  async function comeBack(t, phones, set = {}) {
    const daemon = await castOf(t).add(Daemon.start({
      set: { 'limits.requests_per_second': '0', 'limits.shed_lag': `"${100 * kSlow}ms"`, ...set },
    }));
    const peer = await castOf(t).add(SipSocket.open());
    // As many descriptors as the system gives; the daemon takes them itself.
    const crowd = new Program('crowd', 'bash', ['-c', 'ulimit -n "$(ulimit -Hn)"; exec nice -n 10 "$0" "$@"',
      process.execPath, kCrowd, daemon.sip.tls, String(phones), String(kSources)]);
    const setUps = await quickCallsUntil(peer, daemon, () => crowd.ended);
    const outcome = JSON.parse(crowd.lines.findLast((line) => line.startsWith('{')));
    outcome.waited = await daemon.metric('gw_sip_tls_waits_total', 'outcome="any"');
    outcome.gave_up = await daemon.metric('gw_sip_tls_waits_total', 'outcome="gave_up"');
    t.diagnostic(JSON.stringify({ ...outcome, calls: setUps.length, slowest_call_ms: Math.round(Math.max(...setUps)) }));
    assert.equal(outcome.answered, phones, JSON.stringify(outcome));
    assert.ok(setUps.length > 0);
    assert.ok(Math.max(...setUps) < 1_000 * kSlow, `set-ups: ${setUps.map(Math.round)}`);
    await until('their connections are gone', async () => (await daemon.resources()).sockets < 60, 30_000 * kSlow);
    return outcome;
  }

  test('lose_nothing_and_keep_nobody_from_calling', async (t) => {
    await comeBack(t, kPhones);
  });

  // With a key like this the thread would do nothing else for seconds.
  test('take_turns_when_handshakes_are_dear', async (t) => {
    const { certificate, key } = await authority.issue(['pbx.test'], { key: 'rsa:4096' });
    const outcome = await comeBack(t, 300, { 'sip.tls.certificate': `"${certificate}"`, 'sip.tls.key': `"${key}"` });
    assert.ok(outcome.waited > 100, `${outcome.waited} had to wait`);
    assert.equal(outcome.gave_up, 0);
  });
});
