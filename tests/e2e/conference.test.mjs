// Calls that are joined: two desk phones (baresip), a carrier (sipp) and a user at the softphone page (Chromium).
import assert from 'node:assert/strict';
import { after, afterEach, before, describe, test } from 'node:test';
import { kToneLevel } from './lib/assertions.mjs';
import { Baresip } from './lib/baresip.mjs';
import { Browser } from './lib/browser.mjs';
import { Cast, castOf } from './lib/cast.mjs';
import { Daemon, kSlow } from './lib/daemon.mjs';
import { Sipp } from './lib/sipp.mjs';
import { decibel } from './lib/tone.mjs';
import { until } from './lib/wait.mjs';

describe('a conference', () => {
  const cast = new Cast();
  let daemon, desk, other, alice;

  before(async () => {
    // Several workers, so that the calls that are joined need not have been on one.
    daemon = await cast.add(Daemon.start({ set: { 'media.workers': '2' } }));
    desk = await cast.add(Baresip.start({ user: '101', password: 'demo-101', domain: daemon.sip.udp, hertz: 700 }));
    other = await cast.add(Baresip.start({ user: '102', password: 'demo-102', domain: daemon.sip.udp, hertz: 1300 }));
    const browser = await cast.add(Browser.start({ hertz: 1000 }));
    alice = await browser.user(daemon, 'alice');
  });
  after(() => cast.close());
  afterEach(async () => {
    await daemon.cleared();
    alice.noErrors();
  });

  // The second phone talks with the user, the carrier with the first phone. {first, second}: the calls' ids.
  async function twoCalls(t) {
    const marks = [desk.mark(), other.mark()];
    await other.dial('201');
    await alice.rings();
    await alice.accept();
    await other.event('CALL_ESTABLISHED', { after: marks[1] });
    const carrier = await castOf(t).add(Sipp.start('call_wait', {
      port: daemon.carrier, to: daemon.sip.udp, values: { to: '+14255550100' }, audio: { hertz: 400 },
    }));
    await desk.event('CALL_INCOMING', { after: marks[0] });
    await desk.accept();
    await desk.event('CALL_ESTABLISHED', { after: marks[0] });
    carrier.rtp.talk((await carrier.response(200)).rtp());
    const calls = await daemon.calls();
    assert.equal(calls.length, 2);
    const of = (party) => calls.find((call) => call.legs.some((leg) => leg.party === party)).call_id;
    return { carrier, marks, first: of('user:alice'), second: of('phone:101') };
  }

  const parties = (carrier) => [
    { name: 'the first phone', party: 'phone:101', at: desk, hertz: 700 },
    { name: 'the second phone', party: 'phone:102', at: other, hertz: 1300 },
    { name: 'the user', party: 'user:alice', at: alice, hertz: 1000 },
    { name: 'the carrier', party: 'trunk:carrier', at: carrier.rtp, hertz: 400 },
  ];

  // Each hears every other at the level at which it spoke, and not itself.
  async function everybodyHearsEverybody(list) {
    for (const listener of list) {
      for (const speaker of list) {
        let heard;
        const right = () => (speaker === listener ? heard.level < decibel(kToneLevel) - 25
          : Math.abs(heard.level - decibel(kToneLevel)) <= 3);
        await until(`${listener.name} and ${speaker.hertz} Hz`, async () => {
          heard = await listener.at.listen(speaker.hertz, 0.5);
          return right();
        }, 8_000 * kSlow).catch((error) => assert.fail(`${error.message}: ${JSON.stringify(heard)}`));
      }
    }
  }

  test('two_calls_are_joined_and_each_party_hears_the_other_three', async (t) => {
    const { carrier, marks, first, second } = await twoCalls(t);
    const { code, stdout } = await daemon.command('join', first, second);
    assert.equal(code, 0);
    assert.match(stdout, /joined/);
    const [call, ...more] = await daemon.calls();
    assert.equal(more.length, 0, 'one call is left');
    assert.equal(call.call_id, first);
    assert.equal(call.participants, 4);
    const list = parties(carrier);
    assert.deepEqual(call.legs.map((leg) => leg.party).sort(), list.map((one) => one.party).sort());
    await everybodyHearsEverybody(list);
    // The user's app shows them all, under the names of their own calls, and who speaks.
    const people = () => alice.page.evaluate(() => window.softphone.agent.calls[0].remoteParticipants.map((one) => (
      { ...one.identifier, name: one.displayName, speaking: one.isSpeaking })));
    await until('three others at the user', async () => (await people()).length === 3);
    assert.deepEqual((await people()).map((one) => `${one.rawId} ${one.name}`).sort(),
      ['4:+12065550100 Carrier', '4:+14255550100 Reception', '4:+14255550101 Workshop']);
    await until('all others speak', async () => (await people()).every((one) => one.speaking));

    // Who hangs up leaves only itself, also who began the call.
    await other.hangup();
    await other.event('CALL_CLOSED', { after: marks[1] });
    await until('three are left', async () => (await daemon.calls())[0].participants === 3);
    await everybodyHearsEverybody(list.filter((one) => one.at !== other));
    await desk.hangup();
    await desk.event('CALL_CLOSED', { after: marks[0] });
    await until('two are left', async () => (await daemon.calls())[0].participants === 2);
    await until('one other at the user', async () => (await people()).length === 1);
    await everybodyHearsEverybody(list.filter((one) => one.at !== other && one.at !== desk));
    await alice.hangup();
    await alice.ended();
    await carrier.finished();

    const joined = await daemon.cdr((record) => record.call_id === second);
    assert.equal(joined.joined_to, first);
    assert.equal(joined.legs.length, 2);
    const whole = await daemon.cdr((record) => record.call_id === first);
    assert.deepEqual(whole.legs.map((leg) => leg.party).sort(), list.map((one) => one.party).sort());
    assert.ok(whole.legs.every((leg) => leg.packets_in > 50), JSON.stringify(whole.legs));
  });

  test('who_holds_is_out_and_the_others_go_on', async (t) => {
    const { carrier, first, second } = await twoCalls(t);
    const answer = await fetch(`${daemon.admin}/api/calls/${first}/join`, {
      method: 'POST', body: JSON.stringify({ call: second }),
    });
    assert.equal(answer.status, 200);
    const list = parties(carrier);
    await everybodyHearsEverybody(list);
    await alice.toggleHold();
    await alice.reaches('LocalHold');
    await until('the user is silent', async () => (await desk.listen(1000, 0.5)).level < -45);
    await everybodyHearsEverybody(list.filter((one) => one.at !== alice));
    await alice.toggleHold();
    await alice.connected();
    await everybodyHearsEverybody(list);
    await fetch(`${daemon.admin}/api/hangup?call=${first}`, { method: 'POST' });
    await alice.ended();
    await carrier.finished();
  });

  test('what_cannot_be_joined_is_told', async (t) => {
    const { carrier, first, second } = await twoCalls(t);
    assert.equal((await daemon.command('join', first, '00000000')).code, 3);
    assert.equal((await daemon.command('join', first, first)).code, 3);
    assert.equal((await daemon.command('join', first, 'no/call')).code, 2);
    const post = (body) => fetch(`${daemon.admin}/api/calls/${first}/join`, { method: 'POST', body });
    assert.equal((await post('{}')).status, 400);
    assert.equal((await post('{"call": "00000000"}')).status, 404);
    for (const call of [first, second]) await fetch(`${daemon.admin}/api/hangup?call=${call}`, { method: 'POST' });
    await alice.ended();
    await carrier.finished();
  });
});
