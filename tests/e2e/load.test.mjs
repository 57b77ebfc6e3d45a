// Many calls, at once and one after the other, of phones, carriers and users, with sound: nothing is left behind, neither
// while the daemon lives on nor in its memory once finished transactions (RFC 3261 17: 32 s) have gone too.
//   E2E_LOAD_AT_ONCE, E2E_LOAD_IN_A_ROW: SIP calls; E2E_LOAD_ROUNDS: rounds of as many calls at once between a carrier and users;
//   E2E_LOAD_EXACT=1: everything happens twice and its transactions go before memory is looked at, so that what the allocator
//   keeps of the peak is there the first time already.
import assert from 'node:assert/strict';
import path from 'node:path';
import { after, describe, test } from 'node:test';
import { Browser } from './lib/browser.mjs';
import { Cast, castOf } from './lib/cast.mjs';
import { Daemon, kGateway, kSlow } from './lib/daemon.mjs';
import { run } from './lib/process.mjs';
import { SipSocket } from './lib/sip_socket.mjs';
import { Sipp } from './lib/sipp.mjs';
import { freePorts } from './lib/ports.mjs';
import { pause, until } from './lib/wait.mjs';

const kAtOnce = Number(process.env.E2E_LOAD_AT_ONCE ?? 50);
const kInARow = Number(process.env.E2E_LOAD_IN_A_ROW ?? 200);
const kRounds = Number(process.env.E2E_LOAD_ROUNDS ?? 4);
const kExact = process.env.E2E_LOAD_EXACT === '1';
const kLinger = kExact ? 55 : 33;  // Seconds. With time for the allocator to give back what thousands of transactions held.
// kB that may be more. Without a linger before the first look, that look has some 25 kB of transactions for each call of the
// first round in it, which would hide as much of what was left behind.
const kSlack = 1024;

const kGauges = ['gw_calls', 'gw_legs', 'gw_sip_dialogs', 'gw_media_sessions', 'gw_media_ports', 'gw_media_rtp_ports_in_use'];

describe('many calls', { concurrency: true }, () => {
  const cast = new Cast();
  after(() => cast.close());
  let lingers;
  const loaded = new Promise((resolve) => (lingers = resolve));

  async function startDaemon() {
    const daemon = await cast.add(Daemon.start({
      set: { 'limits.requests_per_second': '0', 'limits.calls_per_second': '0', 'limits.invites_per_phone': '0', 'limits.max_calls': '500' },
      edit: { 'phones.toml': (text) => text.replace(/(username\s*=\s*"101"[^\n]*\n)/, '$1max_calls = 200\n') },
    }));
    // sipp plays the phone on the port that registered it.
    const phonePort = await freePorts();
    const registration = await SipSocket.open(phonePort);
    const answer = await registration.authenticated('REGISTER', daemon.sip.udp, { password: 'demo-101', headers: ['Expires: 3600'] });
    assert.equal(answer.status, 200, answer.text);
    await registration.close();
    return { daemon, phonePort };
  }

  /** `calls` from the carrier to phone 101, both played by sipp. */
  async function trunkToPhone(t, { daemon, phonePort }, { calls, limit, rate, duration }) {
    const phone = await castOf(t).add(Sipp.start('answer', { port: phonePort, calls, audio: false, trace: false }));
    const carrier = await castOf(t).add(Sipp.start('call', {
      port: daemon.carrier, to: daemon.sip.udp, calls, limit, rate, duration, audio: false, trace: false,
      values: { to: '+14255550100' },
    }));
    return { phone, carrier };
  }

  async function settledTo(daemon, baseline) {
    await daemon.settled(10_000);
    let now;
    await until('every socket is closed', async () => {
      now = await daemon.resources();
      return now.descriptors <= baseline.descriptors;
    }, 10_000 * kSlow).catch(() => assert.fail(`descriptors: ${baseline.descriptors} before, ${now.descriptors} after`));
    for (const gauge of kGauges) {
      await until(`${gauge} is 0`, async () => (await daemon.metric(gauge)) === 0, 5_000 * kSlow);
    }
    return now;
  }

  test('carriers_phones_and_the_echo_leave_nothing_behind', async (t) => {
    t.after(() => lingers());  // Failed or not: who waits for it must not wait for ever.
    const house = await startDaemon();
    const { daemon } = house;
    const idle = await daemon.resources();
    const ended = await daemon.metric('gw_calls_ended_total');
    const once = await trunkToPhone(t, house, { calls: kAtOnce, limit: kAtOnce, rate: kAtOnce, duration: 2_000 });
    await until(`${kAtOnce} calls at once`, async () => (await daemon.calls()).length === kAtOnce, 10_000 * kSlow);
    await once.carrier.finished();
    await once.phone.finished();
    const inARow = async () => {
      const row = await trunkToPhone(t, house, { calls: kInARow, limit: 1, rate: 200, duration: 1 });
      const phones = await castOf(t).add(Sipp.start('phone', {
        to: daemon.sip.udp, calls: kInARow / 2, limit: 4, rate: 50, duration: 100, audio: false, trace: false,
        values: { to: '9196', from: '102', password: 'demo-102' },
      }));
      await phones.finished((10 + kInARow) * 1000 * kSlow);
      await row.carrier.finished((60 + kInARow / 10) * 1000 * kSlow);
      await row.phone.finished();
      await Promise.all([row.carrier, row.phone, phones].map((one) => one.close()));
    };
    if (kExact) {
      await inARow();
      await pause(kLinger * 1000);
    }
    const warm = await settledTo(daemon, idle);
    await inARow();
    await settledTo(daemon, idle);
    lingers();
    await pause(kLinger * 1000);
    const done = await settledTo(daemon, idle);
    const calls = kInARow * 1.5 * (kExact ? 2 : 1);
    t.diagnostic(`RSS ${idle.rss} kB idle, ${warm.rss} kB warm, ${done.rss} kB after ${kAtOnce + calls} calls; descriptors ${idle.descriptors}, ${done.descriptors}`);
    assert.ok(done.rss <= warm.rss + kSlack, `RSS ${warm.rss} kB warm, ${done.rss} kB after ${kAtOnce + calls} calls`);
    assert.equal(await daemon.metric('gw_calls_ended_total') - ended, kAtOnce + calls);
    assert.equal((await daemon.cdrs()).length, kAtOnce + calls);
  });

  // Users on the edge with ICE, DTLS-SRTP and Opus, a carrier with RTP, all talking: bench/bench_rounds.cpp plays them.
  test('users_and_a_carrier_that_talk_leave_nothing_behind', async (t) => {
    const program = path.join(path.dirname(kGateway), 'bench/bench_rounds');
    const { code, stdout, stderr } = await run(program, [
      '--gateway', kGateway, '--calls', String(kAtOnce), '--rounds', String(kRounds), '--talk', '1',
      '--first-linger', String(kExact ? kLinger : 0), '--linger', String(kLinger),
    ], { ms: (90 + kRounds * 15 + 2 * kLinger) * 1000 });
    assert.equal(code, 0, stderr);
    const found = JSON.parse(stdout.trim().split('\n').at(-1));
    t.diagnostic(JSON.stringify(found));
    assert.ok(found.delivered > 0.95, stdout);  // They were heard; how well is bench_relay's matter.
    assert.deepEqual(found.left, Object.fromEntries(kGauges.map((gauge) => [gauge, 0])));
    const [, first, ...later] = found.descriptors;
    assert.ok(later.every((count) => count <= first), `descriptors ${found.descriptors}`);
    const [, warm] = found.rss_kb;
    assert.ok(found.rss_kb.at(-1) <= warm + kSlack, `RSS ${found.rss_kb} kB`);
  });

  test('a_browser_that_calls_the_echo_leaves_nothing_behind', async (t) => {
    await loaded;  // The others wait for their transactions to go; the machine is ours.
    const { daemon } = await startDaemon();
    const browser = await castOf(t).add(Browser.start());
    const alice = await browser.user(daemon, 'alice');
    const idle = await daemon.resources();
    const started = await daemon.metric('gw_calls_total');
    for (let i = 0; i < 20; i++) {
      await alice.dial('9196');
      await alice.connected();
      await alice.hangup();
      await alice.ended();
    }
    await settledTo(daemon, idle);
    assert.equal(await daemon.metric('gw_calls_total') - started, 20);
    await browser.close();
    await until('the session of the closed page is detached', async () =>
      (await daemon.resources()).sockets <= idle.sockets, 10_000 * kSlow);
    browser.close = async () => {};
  });
});
