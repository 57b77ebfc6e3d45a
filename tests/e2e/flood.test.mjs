// A flood of requests that nobody authenticates, beside calls: none of them is lost, new ones are set up, its source is
// banned and counted.
import assert from 'node:assert/strict';
import dgram from 'node:dgram';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Cast, castOf } from './lib/cast.mjs';
import { Daemon, kSlow } from './lib/daemon.mjs';
import { Program } from './lib/process.mjs';
import { quickCallsUntil } from './lib/quick_call.mjs';
import { SipSocket } from './lib/sip_socket.mjs';
import { Sipp } from './lib/sipp.mjs';
import { until } from './lib/wait.mjs';

const kSeconds = Number(process.env.E2E_FLOOD_SECONDS ?? 6);
const kRate = 5_000;
const kCalls = 50;
const kFlooder = '127.0.0.66';
const kGenerator = path.join(path.dirname(fileURLToPath(import.meta.url)), 'lib/flood.mjs');

describe('a flood', () => {
  const cast = new Cast();
  let daemon;

  before(async () => {
    daemon = await cast.add(Daemon.start({
      set: { 'calls.media_timeout': '"10m"', 'limits.shed_lag': `"${100 * kSlow}ms"` },
      edit: { 'phones.toml': (text) => text.replace(/username\s*=\s*"10[12]"[^\n]*\n/g, '$&max_calls = 200\n') },
    }));
  });
  after(() => cast.close());

  /** Does anybody answer this address? */
  async function heard(address) {
    const socket = dgram.createSocket('udp4');
    let answered = false;
    socket.on('message', () => (answered = true));
    await new Promise((resolve) => socket.bind(0, address, resolve));
    const [host, port] = daemon.sip.udp.split(':');
    const self = `${address}:${socket.address().port}`;
    socket.send([`OPTIONS sip:${daemon.sip.udp} SIP/2.0`, `Via: SIP/2.0/UDP ${self};branch=z9hG4bKh${Date.now()};rport`, 'Max-Forwards: 70',
      'From: <sip:x@y>;tag=1', 'To: <sip:x@y>', `Call-ID: h${Date.now()}`, 'CSeq: 1 OPTIONS', 'Content-Length: 0', '', ''].join('\r\n'), Number(port), host);
    await until('an answer', () => answered, 1_000 * kSlow).catch(() => {});
    socket.close();
    return answered;
  }

  test('loses_no_live_call_keeps_nobody_from_calling_and_gets_its_source_banned', async (t) => {
    const live = await castOf(t).add(Sipp.start('phone', {
      to: daemon.sip.udp, calls: kCalls, limit: kCalls, rate: 20, duration: (kSeconds + 8) * 1_000, audio: false, trace: false,
      values: { to: '9196', from: '102', password: 'demo-102' },
    }));
    await until(`${kCalls} live calls`, async () => (await daemon.calls()).length === kCalls, 20_000 * kSlow);
    assert.ok(await heard(kFlooder));

    const peer = await castOf(t).add(SipSocket.open());
    const flood = new Program('flood', process.execPath, [kGenerator, daemon.sip.udp, kFlooder, String(kRate), String(kSeconds)]);
    const setUps = await quickCallsUntil(peer, daemon, () => flood.ended);
    assert.equal((await daemon.calls()).length, kCalls, 'live calls after the flood');
    const sent = JSON.parse(flood.lines.findLast((line) => line.startsWith('{')));
    t.diagnostic(JSON.stringify({ ...sent, calls: setUps.length, slowest_ms: Math.round(Math.max(...setUps)) }));

    assert.ok(sent.rate > 0.95 * kRate, `the generator reached ${sent.rate} a second`);
    assert.ok(sent.answered < 200, `${sent.answered} answers to ${sent.sent}`);
    assert.ok(setUps.length >= kSeconds, `${setUps.length} calls set up`);
    assert.ok(Math.max(...setUps) < 1_000 * kSlow, `set-ups: ${setUps.map(Math.round)}`);

    assert.equal(await daemon.metric('gw_sip_bans_total', 'reason="rate"'), 1);
    assert.ok((await daemon.metric('gw_sip_source_refused_total', 'reason="banned"')) > 0.8 * sent.sent, 'what it sent is counted');
    const { bans } = await daemon.api('bans');
    assert.deepEqual(bans.map((ban) => [ban.source, ban.reason, ban.times]), [[kFlooder, 'rate', 1]]);
    assert.equal((await daemon.api('status')).bans, 1);
    assert.equal(daemon.log(/source banned/).length, 1);
    await live.finished(60_000 * kSlow);

    assert.equal(await heard(kFlooder), false);
    const shown = await daemon.command('bans');
    assert.match(shown.stdout, /127\.0\.0\.66 +rate/);
    assert.equal((await daemon.command('unban', kFlooder)).code, 0);
    assert.equal((await daemon.command('unban', kFlooder)).code, 3);
    assert.ok(await heard(kFlooder));
  });
});
