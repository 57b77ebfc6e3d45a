// Many calls, one after the other and at once: nothing is left behind.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { Browser } from './lib/browser.mjs';
import { Cast, castOf } from './lib/cast.mjs';
import { Daemon, kSlow } from './lib/daemon.mjs';
import { SipSocket } from './lib/sip_socket.mjs';
import { Sipp } from './lib/sipp.mjs';
import { freePorts } from './lib/ports.mjs';
import { until } from './lib/wait.mjs';

const kInARow = 200;
const kAtOnce = 50;
const kGrowth = 6 * 1024;  // kB. Finished transactions linger for 32 s (RFC 3261 timers), some 25 kB a call, then go.

describe('many calls', () => {
  const cast = new Cast();
  let daemon, phonePort;

  before(async () => {
    daemon = await cast.add(Daemon.start({
      set: { 'limits.requests_per_second': '0', 'limits.calls_per_second': '0', 'limits.max_calls': '500' },
      edit: { 'phones.toml': (text) => text.replace(/(username\s*=\s*"101"[^\n]*\n)/, '$1max_calls = 200\n') },
    }));
    phonePort = await freePorts();
    // sipp plays the phone on the port that registered it.
    const registration = await SipSocket.open(phonePort);
    const answer = await registration.authenticated('REGISTER', daemon.sip.udp, { password: 'demo-101', headers: ['Expires: 3600'] });
    assert.equal(answer.status, 200, answer.text);
    await registration.close();
  });
  after(() => cast.close());

  /** `calls` from the carrier to phone 101, both played by sipp. */
  async function trunkToPhone(t, { calls, limit, rate, duration }) {
    const phone = await castOf(t).add(Sipp.start('answer', { port: phonePort, calls, audio: false, trace: false }));
    const carrier = await castOf(t).add(Sipp.start('call', {
      port: daemon.carrier, to: daemon.sip.udp, calls, limit, rate, duration, audio: false, trace: false,
      values: { to: '+14255550100' },
    }));
    return { phone, carrier };
  }

  async function phoneToEcho(t, { calls, limit, rate, duration }) {
    return castOf(t).add(Sipp.start('phone', {
      to: daemon.sip.udp, calls, limit, rate, duration, audio: false, trace: false,
      values: { to: '9196', from: '102', password: 'demo-102' },
    }));
  }

  async function settledTo(baseline) {
    await daemon.settled(10_000);
    let now;
    await until('every socket is closed', async () => {
      now = await daemon.resources();
      return now.descriptors <= baseline.descriptors;
    }, 10_000 * kSlow).catch(() => assert.fail(`descriptors: ${baseline.descriptors} before, ${now.descriptors} after`));
    for (const gauge of ['gw_calls', 'gw_legs', 'gw_sip_dialogs', 'gw_media_sessions', 'gw_media_ports', 'gw_media_rtp_ports_in_use']) {
      await until(`${gauge} is 0`, async () => (await daemon.metric(gauge)) === 0, 5_000 * kSlow);
    }
    return now;
  }

  test('50_at_once_and_200_in_a_row_leave_nothing_behind', async (t) => {
    const idle = await daemon.resources();
    const ended = await daemon.metric('gw_calls_ended_total');
    const once = await trunkToPhone(t, { calls: kAtOnce, limit: kAtOnce, rate: kAtOnce, duration: 3_000 });
    await until('50 calls at once', async () => (await daemon.calls()).length === kAtOnce, 10_000 * kSlow);
    await once.carrier.finished();
    await once.phone.finished();
    const warm = await settledTo(idle);

    const row = await trunkToPhone(t, { calls: kInARow, limit: 1, rate: 100, duration: 20 });
    await row.carrier.finished(60_000 * kSlow);
    await row.phone.finished();
    const done = await settledTo(idle);
    if (kSlow === 1) assert.ok(done.rss - warm.rss < kGrowth, `RSS ${warm.rss} kB after ${kAtOnce} calls, ${done.rss} kB after ${kInARow} more`);
    assert.equal(await daemon.metric('gw_calls_ended_total') - ended, kAtOnce + kInARow);
    assert.equal((await daemon.cdrs()).length, kAtOnce + kInARow);
  });

  test('phones_calling_the_echo_leave_nothing_behind', async (t) => {
    const idle = await daemon.resources();
    const phones = await phoneToEcho(t, { calls: 100, limit: 4, rate: 50, duration: 100 });
    await phones.finished(60_000 * kSlow);
    await settledTo(idle);
  });

  test('users_calling_the_echo_leave_nothing_behind', async (t) => {
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
    await settledTo(idle);
    assert.equal(await daemon.metric('gw_calls_total') - started, 20);
    await browser.close();
    await until('the session of the closed page is detached', async () =>
      (await daemon.resources()).sockets <= idle.sockets, 10_000 * kSlow);
    browser.close = async () => {};
  });
});
