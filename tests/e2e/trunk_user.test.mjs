// A carrier (sipp) and users at the softphone page: caller ID, causes, early media, keys, hold.
import assert from 'node:assert/strict';
import { after, afterEach, before, describe, test } from 'node:test';
import { assertHears, assertNoTone, assertReason } from './lib/assertions.mjs';
import { Browser } from './lib/browser.mjs';
import { Cast, castOf } from './lib/cast.mjs';
import { Daemon, kSlow } from './lib/daemon.mjs';
import { freePorts } from './lib/ports.mjs';
import { Sipp } from './lib/sipp.mjs';
import { pause, until } from './lib/wait.mjs';

const kUserHertz = 1000;
const kCarrierHertz = 700;
const kNumber = '+12065550123';
// Trunks whose keys are not telephone events.
const kOtherKeys = { inband: '+12085550123', info: '+12095550123' };

describe('a carrier and a user', () => {
  const cast = new Cast();
  let daemon, alice, bob;
  const ports = {};

  before(async () => {
    const files = {};
    let routes = '';
    for (const [name, number] of Object.entries(kOtherKeys)) {
      ports[name] = await freePorts();
      files[`trunks.d/${name}.toml`] = `name = "${name}"\ntargets = ["127.0.0.1:${ports[name]}"]\n` +
        `peers = ["127.0.0.1:${ports[name]}"]\noptions_interval = "0s"\ndtmf = "${name}"\n`;
      routes += `[[route]]\nname = "to ${name}"\nfrom = ["users"]\nto = "${number}"\ntargets = ["trunk:${name}"]\n`;
    }
    daemon = await cast.add(Daemon.start({ files, edit: { 'routes.toml': (text) => routes + text } }));
    const browser = await cast.add(Browser.start({ hertz: kUserHertz }));
    alice = await browser.user(daemon, 'alice');
    bob = await browser.user(daemon, 'bob');
  });
  after(() => cast.close());
  afterEach(async () => {
    await daemon.cleared();
    alice.noErrors();
    bob.noErrors();
  });

  /** A carrier that waits for our call. */
  const called = (t, scenario, options = {}) =>
    castOf(t).add(Sipp.start(scenario, { port: daemon.carrier, audio: { hertz: kCarrierHertz }, ...options }));

  /** A carrier that calls `to`. */
  const calling = (t, scenario, to, options = {}) =>
    castOf(t).add(Sipp.start(scenario, {
      port: daemon.carrier, to: daemon.sip.udp, audio: { hertz: kCarrierHertz }, ...options, values: { to, ...options.values },
    }));

  async function soundsBothWays(carrier, user) {
    await assertHears('the carrier', carrier.rtp, kUserHertz);
    await assertHears('the user', user, kCarrierHertz);
  }

  test('the_trunk_sees_the_alternate_caller_id', async (t) => {
    const carrier = await called(t, 'answer');
    await alice.dial(kNumber, { callerId: '+14255550100' });
    const invite = await carrier.request('INVITE');
    assert.match(invite.first, /^INVITE sip:\+12065550123@127\.0\.0\.1:\d+\S* SIP\/2\.0$/);
    assert.match(invite.header('from'), /<sip:\+14255550100@/);
    assert.match(invite.header('p-asserted-identity'), /<(sip|tel):\+14255550100[@>]/);
    await alice.connected();
    await soundsBothWays(carrier, alice);
    await alice.hangup();
    assertReason(await alice.ended(), 0, 0);
    await carrier.finished();
    const cdr = await daemon.cdr((record) => record.source === 'user:alice');
    assert.equal(cdr.caller_id_presented, '+14255550100');
    assert.equal(cdr.normalised, kNumber);
  });

  test('without_a_choice_the_only_number_is_presented', async (t) => {
    const carrier = await called(t, 'answer');
    // Below the page, which always offers a choice.
    await bob.page.evaluate((number) => void window.softphone.agent.startCall([{ phoneNumber: number }]), kNumber);
    const invite = await carrier.request('INVITE');
    assert.match(invite.header('from'), /<sip:\+14255550101@/);
    assert.match(invite.header('p-asserted-identity'), /\+14255550101/);
    await bob.connected();
    await bob.hangup();
    await bob.ended();
    await carrier.finished();
  });

  test('a_caller_id_that_is_not_the_users_is_403_510403', async () => {
    await alice.dial(kNumber, { callerId: '+14255550101' });
    assertReason(await alice.ended(), 403, 510403);
    const cdr = await daemon.cdr((record) => record.cause?.sub_code === 510403);
    assert.equal(cdr.cause.code, 403);
  });

  test('a_number_nobody_has_is_404', async () => {
    await alice.dial('777');
    const end = await alice.ended();
    assert.equal(end.code, 404, JSON.stringify(end));
  });

  test('the_trunk_hangs_up', async (t) => {
    const carrier = await called(t, 'answer_hangup', { duration: 1500 });
    await alice.dial(kNumber);
    await alice.connected();
    assertReason(await alice.ended(), 0, 560000);
    await carrier.finished();
  });

  for (const [status, reason, code, subCode] of [
    [486, 'Busy Here', 486, 560486], [603, 'Decline', 603, 560603], [404, 'Not Found', 404, 560404],
    [484, 'Address Incomplete', 484, 560484],
  ]) {
    test(`a_trunk_that_answers_${status}_is_${code}_${subCode}`, async (t) => {
      const carrier = await called(t, 'refuse', { values: { status: String(status), reason } });
      await alice.dial(kNumber);
      assertReason(await alice.ended(), code, subCode);
      await carrier.finished();
    });
  }

  test('giving_up_while_the_trunk_rings_cancels', async (t) => {
    const carrier = await called(t, 'ring');
    await alice.dial(kNumber);
    await alice.reaches('Ringing');
    await alice.hangup();
    await carrier.finished();
    const end = await alice.ended();
    assert.ok([0, 487].includes(end.code), JSON.stringify(end));
  });

  test('an_announcement_before_the_answer_is_heard', async (t) => {
    const carrier = await called(t, 'early_media', { duration: 5000 });
    await alice.dial(kNumber);
    await alice.reaches('EarlyMedia');
    await until('media up', async () => !(await alice.listen(kCarrierHertz, 0.3)).silent);
    await assertHears('the user, before the answer,', alice, kCarrierHertz);
    await alice.connected();
    const { states } = await alice.lastCall();
    assert.ok(!states.slice(states.indexOf('EarlyMedia')).includes('Ringing'), `${states}`);
    await soundsBothWays(carrier, alice);
    await alice.hangup();
    await carrier.finished();
  });

  for (const [way, press] of [
    ['asked_for_by_the_user', (keys) => alice.press(keys)],
    ['of_the_users_browser', (keys) => alice.insertDtmf(keys, 160)],
  ]) {
    test(`keys_${way}_reach_a_trunk_of_tones_as_tones`, async (t) => {
      const carrier = await called(t, 'answer_plain', { port: ports.inband });
      await alice.dial(kOtherKeys.inband);
      await alice.connected();
      await soundsBothWays(carrier, alice);
      carrier.rtp.forget();
      await press('159*#0');
      await until('six tones', () => carrier.rtp.tones().length >= 6, 10_000 * kSlow);
      await pause(500);  // And no more of them.
      assert.equal(carrier.rtp.tones(), '159*#0');
      assert.equal(carrier.rtp.digits(), '');
      await alice.hangup();
      await carrier.finished();
    });

    test(`keys_${way}_reach_a_trunk_of_info_as_info`, async (t) => {
      const carrier = await called(t, 'answer_info', { port: ports.info });
      await alice.dial(kOtherKeys.info);
      await alice.connected();
      await soundsBothWays(carrier, alice);
      carrier.rtp.forget();
      await press('4#7');
      const infos = async () => (await carrier.messages()).filter((message) => message.method === 'INFO');
      await until('three keys', async () => (await infos()).length >= 3, 10_000 * kSlow);
      await alice.hangup();
      await carrier.finished();
      const said = (await infos()).map((info) => /^Signal=(.)\r\nDuration=(\d+)/.exec(info.body).slice(1));
      assert.deepEqual(said.map(([signal]) => signal), ['4', '#', '7']);
      assert.ok(said.every(([, ms]) => Math.abs(ms - 160) <= 20), JSON.stringify(said));
      assert.equal(carrier.rtp.tones(), '');
    });
  }

  test('keys_pressed_by_the_user_reach_the_trunk_as_events', async (t) => {
    const carrier = await called(t, 'answer');
    await alice.dial(kNumber);
    await alice.connected();
    await soundsBothWays(carrier, alice);
    await alice.press('159*#0');
    await until('six keys', () => carrier.rtp.digits().length >= 6);
    assert.equal(carrier.rtp.digits(), '159*#0');
    assert.equal(carrier.rtp.ssrcs.size, 1, 'keys and sound are one stream');
    await alice.hangup();
    await carrier.finished();
  });

  test('a_hold_by_the_user_is_a_re_invite_at_the_trunk', async (t) => {
    const carrier = await called(t, 'held');
    await alice.dial(kNumber);
    await alice.connected();
    await soundsBothWays(carrier, alice);
    await alice.toggleHold();
    await alice.reaches('LocalHold');
    const cseq = (message) => Number.parseInt(message.header('cseq'), 10);
    const offer = await carrier.received('a hold', (m) => m.method === 'INVITE' && /^a=(sendonly|inactive)\r?$/m.test(m.body));
    assertNoTone('the carrier', await carrier.rtp.listen(kUserHertz));
    await alice.toggleHold();
    await alice.connected();
    await carrier.received('a resume', (m) => m.method === 'INVITE' && cseq(m) > cseq(offer) && m.audioDirection() === 'sendrecv');
    await soundsBothWays(carrier, alice);
    await alice.hangup();
    await carrier.finished();
  });

  test('the_trunk_calls_a_user_and_hangs_up', async (t) => {
    const carrier = await calling(t, 'call', '+14255550101', { duration: 4000, values: { from: '+12065550100' } });
    const incoming = await bob.rings();
    assert.equal(incoming.from.phoneNumber, '+12065550100');
    await bob.accept();
    await bob.connected();
    await soundsBothWays(carrier, bob);
    assertReason(await bob.ended(), 0, 540000);
    await carrier.finished();
  });

  test('the_trunk_calls_a_user_who_hangs_up', async (t) => {
    const carrier = await calling(t, 'call_wait', '+14255550101');
    await bob.rings();
    await bob.accept();
    await bob.connected();
    await soundsBothWays(carrier, bob);
    await bob.hangup();
    assertReason(await bob.ended(), 0, 0);
    await carrier.finished();
  });

  test('a_hold_by_the_trunk_is_remote_hold_at_the_user', async (t) => {
    const carrier = await calling(t, 'call_hold', '+14255550101', { duration: 6000 });
    await bob.rings();
    await bob.accept();
    await bob.connected();
    await soundsBothWays(carrier, bob);
    await bob.reaches('RemoteHold');
    // A carrier that holds with sendonly plays its music, and is not to hear the user.
    await assertHears('the user on hold', bob, kCarrierHertz);
    assertNoTone('the carrier that holds', await carrier.rtp.overhear(kUserHertz));
    await bob.connected();
    await soundsBothWays(carrier, bob);
    await bob.hangup();
    await bob.ended();
    await carrier.finished();
  });

  test('a_user_who_declines_is_603_at_the_trunk', async (t) => {
    const carrier = await calling(t, 'call_refused', '+14255550101', { values: { status: '603' } });
    await bob.rings();
    await bob.reject();
    await carrier.finished();
  });

  test('a_trunk_that_gives_up_stops_the_ringing', async (t) => {
    const carrier = await calling(t, 'call_cancel', '+14255550101', { duration: 500 });
    await bob.rings();
    const end = await bob.stopsRinging();
    assert.equal(end.code, 487, JSON.stringify(end));
    await carrier.finished();
  });

  test('a_number_that_no_route_knows_is_404_at_the_trunk', async (t) => {
    const carrier = await calling(t, 'call_refused', '+14255550199', { values: { status: '404' } });
    await carrier.finished();
  });

  test('a_trunk_may_not_dial_extensions', async (t) => {
    const carrier = await calling(t, 'call_refused', '101', { values: { status: '404' } });
    await carrier.finished();
  });
});
