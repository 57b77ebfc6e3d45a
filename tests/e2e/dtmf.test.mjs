// Keys (DTMF) from each kind of peer to each: RFC 4733, tones in the sound, SIP INFO; and what a leg with loss is said to be.
import assert from 'node:assert/strict';
import { after, afterEach, before, describe, test } from 'node:test';
import { assertHears } from './lib/assertions.mjs';
import { Cast, castOf } from './lib/cast.mjs';
import { Daemon, kSlow } from './lib/daemon.mjs';
import { freePorts } from './lib/ports.mjs';
import { Sipp } from './lib/sipp.mjs';
import { pause, until } from './lib/wait.mjs';

const kHertz = 440;
const kOtherHertz = 620;
const kNumber = '159*#0D';
const kTalk = 9_000;

// The callees: one trunk each, by the number that is dialled.
const kTrunks = {
  events: { prefix: '+1206', dtmf: 'auto' },
  tones: { prefix: '+1207', dtmf: 'auto' },
  inband: { prefix: '+1208', dtmf: 'inband' },
  info: { prefix: '+1209', dtmf: 'info' },
};

describe('keys', () => {
  const cast = new Cast();
  let daemon;
  const ports = {};

  before(async () => {
    const files = {};
    let routes = '';
    for (const [name, { prefix, dtmf }] of Object.entries(kTrunks)) {
      ports[name] = await freePorts();
      files[`trunks.d/${name}.toml`] = `name = "${name}"\ntargets = ["127.0.0.1:${ports[name]}"]\n` +
        `peers = ["127.0.0.1:${ports[name]}"]\noptions_interval = "0s"\ndtmf = "${dtmf}"\n`;
      routes += `[[route]]\nname = "to ${name}"\nfrom = ["trunks", "phones"]\nto = "${prefix}*"\ntargets = ["trunk:${name}"]\n`;
    }
    daemon = await cast.add(Daemon.start({ files, edit: { 'routes.toml': (text) => routes + text } }));
  });
  after(() => cast.close());
  afterEach(() => daemon.cleared(20_000));

  // A call of the trunk "carrier" to one of the trunks above; both ends with sound.
  async function connect(t, to, { caller = 'call', callee = 'answer', values = {}, audio = {}, duration = kTalk } = {}) {
    const callees = await castOf(t).add(Sipp.start(callee, { port: ports[to], audio: { hertz: kOtherHertz } }));
    const callers = await castOf(t).add(Sipp.start(caller, {
      port: daemon.carrier, to: daemon.sip.udp, audio: { hertz: kHertz, ...audio },
      values: { to: `${kTrunks[to].prefix}5550123`, ...values }, duration,
    }));
    await callers.response(200);
    await until('sound at the callee', () => callees.rtp.heard.length > 4000, 10_000 * kSlow);
    return { caller: callers, callee: callees };
  }

  const finished = ({ caller, callee }) => Promise.all([caller.finished(30_000 * kSlow), callee.finished(30_000 * kSlow)]);

  const keysOf = async (what, read, wanted) => {
    await until(`${what}: ${wanted}`, () => read().length >= wanted.length, 8_000 * kSlow)
      .catch((error) => assert.fail(`${error.message}, got "${read()}"`));
    await pause(700);  // And no more of them.
    assert.equal(read(), wanted);
  };

  test('rfc4733_to_rfc4733_keeps_each_key_and_its_length', async (t) => {
    const call = await connect(t, 'events');
    call.caller.rtp.press(kNumber, 120);
    await keysOf('events', () => call.callee.rtp.digits(), kNumber);
    const ends = call.callee.rtp.events.filter((event) => event.end);
    assert.ok(ends.every((event) => event.duration === 960), JSON.stringify(ends));
    await assertHears('the callee', call.callee.rtp, kHertz);
    await finished(call);
  });

  test('rfc4733_to_a_trunk_without_it_is_tones', async (t) => {
    const call = await connect(t, 'tones', { callee: 'answer_plain' });
    call.callee.rtp.forget();
    call.caller.rtp.press(kNumber, 100);
    await keysOf('tones', () => call.callee.rtp.tones(), kNumber);
    assert.equal(call.callee.rtp.digits(), '');
    await finished(call);
  });

  test('rfc4733_to_a_trunk_of_inband_is_tones_and_telephone_event_is_not_offered', async (t) => {
    const call = await connect(t, 'inband', { callee: 'answer_plain' });
    assert.doesNotMatch((await call.callee.request('INVITE')).body, /telephone-event/);
    call.callee.rtp.forget();
    call.caller.rtp.press(kNumber, 100);
    await keysOf('tones', () => call.callee.rtp.tones(), kNumber);
    await finished(call);
  });

  test('tones_to_rfc4733_are_events_and_no_tones_any_more', async (t) => {
    const call = await connect(t, 'events', { caller: 'call_plain' });
    call.callee.rtp.forget();
    call.caller.rtp.playKeys(kNumber, 80);
    await keysOf('events', () => call.callee.rtp.digits(), kNumber);
    assert.equal(call.callee.rtp.tones(), '');
    const ends = call.callee.rtp.events.filter((event) => event.end);
    assert.ok(ends.every(({ duration }) => Math.abs(duration - 640) <= 200), JSON.stringify(ends.map((e) => e.duration)));
    await finished(call);
  });

  test('a_sender_that_stands_still_during_its_tones_does_not_make_their_events_longer', async (t) => {
    const call = await connect(t, 'events', { caller: 'call_plain' });
    call.caller.rtp.playKeys('159', 100, 140);
    await keysOf('events', () => call.callee.rtp.digits(), '159');
    const ends = call.callee.rtp.events.filter((event) => event.end);
    assert.ok(ends.every(({ duration }) => Math.abs(duration - 800) <= 200), JSON.stringify(ends.map((e) => e.duration)));
    await finished(call);
  });

  test('tones_to_tones_pass_in_the_sound', async (t) => {
    const call = await connect(t, 'inband', { caller: 'call_plain', callee: 'answer_plain' });
    call.callee.rtp.forget();
    call.caller.rtp.playKeys(kNumber, 80);
    await keysOf('tones', () => call.callee.rtp.tones(), kNumber);
    await finished(call);
  });

  test('info_to_rfc4733_is_an_event_of_its_length', async (t) => {
    const call = await connect(t, 'events', { caller: 'call_info', values: { digit: '7', length: '260' }, duration: 2500 });
    await keysOf('events', () => call.callee.rtp.digits(), '7');
    assert.equal(call.callee.rtp.events.at(-1).duration, 260 * 8);
    await finished(call);
  });

  test('info_to_tones_is_a_tone', async (t) => {
    const call = await connect(t, 'inband', {
      caller: 'call_info', callee: 'answer_plain', values: { digit: '7', length: '200' }, duration: 2500,
    });
    await keysOf('tones', () => call.callee.rtp.tones(), '7');
    await finished(call);
  });

  test('rfc4733_to_a_trunk_of_info_is_info_with_digit_and_length_in_order', async (t) => {
    const call = await connect(t, 'info', { callee: 'answer_info' });
    assert.doesNotMatch((await call.callee.request('INVITE')).body, /telephone-event/);
    call.caller.rtp.press('4#A', 140);
    await finished(call);
    const infos = (await call.callee.messages()).filter((message) => message.method === 'INFO');
    assert.deepEqual(infos.map((info) => info.header('content-type')), Array(3).fill('application/dtmf-relay'));
    assert.deepEqual(infos.map((info) => info.body.trim()), ['4', '#', 'A'].map((key) => `Signal=${key}\r\nDuration=140`));
  });

  const relayed = async (callee) => {
    const infos = (await callee.messages()).filter((message) => message.method === 'INFO');
    assert.ok(infos.every((info) => info.header('content-type') === 'application/dtmf-relay'));
    return infos.map((info) => {
      const [, signal, duration] = /^Signal=(.)\r\nDuration=(\d+)/.exec(info.body);
      return { signal, duration: Number(duration) };
    });
  };

  test('info_to_a_trunk_of_info_is_info_of_the_same_length', async (t) => {
    const call = await connect(t, 'info', {
      caller: 'call_info', callee: 'answer_key', values: { digit: '9', length: '310' }, duration: 2500,
    });
    await finished(call);
    assert.deepEqual(await relayed(call.callee), [{ signal: '9', duration: 310 }]);
  });

  test('tones_to_a_trunk_of_info_are_info_and_no_tones_any_more', async (t) => {
    const call = await connect(t, 'info', { caller: 'call_plain', callee: 'answer_info' });
    call.callee.rtp.forget();
    call.caller.rtp.playKeys('4#A', 100);
    await finished(call);
    const keys = await relayed(call.callee);
    assert.deepEqual(keys.map(({ signal }) => signal), ['4', '#', 'A']);
    assert.ok(keys.every(({ duration }) => Math.abs(duration - 100) <= 26), JSON.stringify(keys));
    assert.equal(call.callee.rtp.tones(), '');
  });

  // Not a key, but the same peers: what the record says of a leg whose packets are lost.
  test('a_leg_with_5_percent_loss_is_recorded_with_it_and_a_lower_score', async (t) => {
    const call = await connect(t, 'events', { audio: { loss: 0.05 }, duration: 12_000 });
    await pause(6_000);
    const [live] = await daemon.calls();
    const leg = (legs, party) => legs.find((one) => one.party === party);
    assert.ok(Math.abs(leg(live.legs, 'trunk:carrier').loss_percent - 5) < 1.5, JSON.stringify(live.legs));
    await finished(call);
    assert.ok(call.caller.rtp.dropped > 20);
    const { legs } = await daemon.cdr((record) => record.source === 'trunk:carrier' && record.legs.length === 2);
    const lossy = leg(legs, 'trunk:carrier'), clean = leg(legs, 'trunk:events');
    assert.ok(Math.abs(lossy.loss_percent - 5) < 1, JSON.stringify(legs));
    assert.ok(Math.abs(lossy.packets_lost - call.caller.rtp.dropped) <= 4, JSON.stringify(legs));
    assert.equal(clean.packets_lost, 0, JSON.stringify(legs));
    // 475 / 30.1 points of the rating (ITU-T G.107): 4.41 falls to 3.96.
    assert.ok(Math.abs(lossy.mos - 3.92) < 0.15, JSON.stringify(legs));
    assert.ok(clean.mos > 4.3, JSON.stringify(legs));
    assert.ok((await daemon.metric('gw_leg_mos_count', 'kind="sip"')) >= 2);
  });
});
