// A desk phone (baresip) and a user at the softphone page (Chromium), both directions.
import assert from 'node:assert/strict';
import { after, afterEach, before, describe, test } from 'node:test';
import { assertHears, assertNoTone, assertReason, kToneLevel } from './lib/assertions.mjs';
import { Baresip } from './lib/baresip.mjs';
import { Browser } from './lib/browser.mjs';
import { Cast } from './lib/cast.mjs';
import { Daemon, kSlow } from './lib/daemon.mjs';
import { decibel, measure } from './lib/tone.mjs';

const kUserHertz = 1000;
const kPhoneHertz = 800;

describe('a phone and a user', () => {
  const cast = new Cast();
  let daemon, alice, phone, mark;

  before(async () => {
    daemon = await cast.add(Daemon.start());
    const browser = await cast.add(Browser.start({ hertz: kUserHertz }));
    phone = await cast.add(Baresip.start({ user: '101', password: 'demo-101', domain: daemon.sip.udp, hertz: kPhoneHertz }));
    alice = await browser.user(daemon, 'alice');
  });
  after(() => cast.close());
  afterEach(async () => {
    await daemon.cleared();
    alice.noErrors();
  });

  async function userCallsPhone() {
    mark = phone.mark();
    await alice.dial('101');
    await phone.event('CALL_INCOMING', { after: mark });
    await phone.accept();
    await phone.event('CALL_ESTABLISHED', { after: mark });
    return alice.connected();
  }

  async function phoneCallsUser() {
    mark = phone.mark();
    await phone.dial('201');
    const incoming = await alice.rings();
    await alice.accept();
    await phone.event('CALL_ESTABLISHED', { after: mark });
    await alice.connected();
    return incoming;
  }

  const closed = async () => (await phone.event('CALL_CLOSED', { after: mark })).param;

  async function soundsBothWays() {
    await assertHears('the phone', phone, kUserHertz);
    await assertHears('the user', alice, kPhoneHertz);
  }

  test('user_calls_phone_talks_and_hangs_up', async () => {
    mark = phone.mark();
    await alice.dial('101');
    await alice.reaches('Ringing');
    await phone.event('CALL_INCOMING', { after: mark });
    await phone.accept();
    await alice.connected();
    await soundsBothWays();
    const [call] = await daemon.calls();
    assert.equal(call.source, 'user:alice');
    await alice.hangup();
    assertReason(await alice.ended(), 0, 0);
    await closed();
    const { states, direction } = await alice.lastCall();
    assert.equal(direction, 'Outgoing');
    assert.deepEqual(states.filter((state) => state !== 'None'), ['Connecting', 'Ringing', 'Connected', 'Disconnecting', 'Disconnected']);
    const cdr = await daemon.cdr((record) => record.source === 'user:alice');
    assert.equal(cdr.dialled, '101');
    assert.ok(cdr.answered && cdr.ended);
    assert.equal(cdr.cause.code, 0);
    assert.ok(cdr.legs.every((leg) => leg.packets_in > 20), JSON.stringify(cdr.legs));
  });

  test('user_calls_phone_and_phone_hangs_up', async () => {
    await userCallsPhone();
    await soundsBothWays();
    await phone.hangup();
    assertReason(await alice.ended(), 0, 560000);
  });

  test('phone_calls_user_talks_and_hangs_up', async () => {
    const incoming = await phoneCallsUser();
    assert.equal(incoming.from.phoneNumber, '+14255550100');
    await soundsBothWays();
    await phone.hangup();
    assertReason(await alice.ended(), 0, 540000);
    const { states, direction } = await alice.lastCall();
    assert.equal(direction, 'Incoming');
    assert.ok(!states.includes('Ringing'), `${states}`);
  });

  test('phone_calls_user_and_user_hangs_up', async () => {
    await phoneCallsUser();
    await alice.hangup();
    assertReason(await alice.ended(), 0, 0);
    assert.match(await closed(), /reset by peer/);
  });

  test('user_gives_up_while_the_phone_rings', async () => {
    mark = phone.mark();
    await alice.dial('101');
    await alice.reaches('Ringing');
    await alice.hangup();
    await closed();
    const end = await alice.ended();
    assert.ok([0, 487].includes(end.code), JSON.stringify(end));
    assert.ok(!(await alice.lastCall()).states.includes('Connected'));
  });

  test('phone_gives_up_while_the_user_is_rung', async () => {
    mark = phone.mark();
    await phone.dial('201');
    await alice.rings();
    await phone.hangup();
    const end = await alice.stopsRinging();
    assert.equal(end.code, 487, JSON.stringify(end));
    assert.ok([0, 540487].includes(end.subCode), JSON.stringify(end));
  });

  test('a_phone_that_is_busy_is_486_560486', async () => {
    mark = phone.mark();
    await alice.dial('101');
    await phone.event('CALL_INCOMING', { after: mark });
    await phone.hangup();
    assertReason(await alice.ended(), 486, 560486);
  });

  test('user_declines_and_the_phone_is_told_603', async () => {
    mark = phone.mark();
    await phone.dial('201');
    await alice.rings();
    await alice.reject();
    assert.match(await closed(), /^603 /);
    await alice.quiet();
  });

  test('user_holds_and_resumes_and_the_sound_stops_and_returns', async () => {
    await userCallsPhone();
    await soundsBothWays();
    await alice.toggleHold();
    await alice.reaches('LocalHold');
    assertNoTone('the phone on hold', await phone.overhear(kUserHertz));
    assertNoTone('the user who holds', await alice.listen(kPhoneHertz));
    await alice.toggleHold();
    await alice.connected();
    await assertHears('the user', alice, kPhoneHertz);
    await phone.flowing();
    await alice.hangup();
    await closed();
  });

  test('a_hold_by_the_phone_is_remote_hold_at_the_user', async () => {
    await phoneCallsUser();
    await soundsBothWays();
    await phone.hold();
    await alice.reaches('RemoteHold');
    const held = await alice.lastCall();
    assert.equal(held.participants.at(-1).states.at(-1), 'Hold');
    assertNoTone('the user on hold', await alice.listen(kPhoneHertz));
    await phone.resume();
    await alice.connected();
    await assertHears('the user', alice, kPhoneHertz);
    await phone.flowing();
    await phone.hangup();
    await alice.ended();
  });

  test('both_hold_and_both_must_resume', async () => {
    await userCallsPhone();
    await phone.hold();
    await alice.reaches('RemoteHold');
    await alice.toggleHold();
    await alice.reaches('LocalHold');
    await phone.resume();
    assertNoTone('the user', await alice.listen(kPhoneHertz));
    assert.equal((await alice.lastCall()).states.at(-1), 'LocalHold');
    await alice.toggleHold();
    await alice.connected();
    await assertHears('the user', alice, kPhoneHertz);
    await phone.flowing();
    await alice.hangup();
    await closed();
  });

  test('a_muted_user_is_not_heard_until_unmuted', async () => {
    await userCallsPhone();
    await soundsBothWays();
    await alice.toggleMute();
    await phone.listen(kUserHertz, 0.5);  // What was under way when the key was pressed.
    assertNoTone('the phone', await phone.listen(kUserHertz));
    await assertHears('the user', alice, kPhoneHertz);
    await alice.toggleMute();
    await phone.listen(kUserHertz, 0.5);
    await assertHears('the phone', phone, kUserHertz);
    await alice.hangup();
    await closed();
  });

  test('the_sound_is_right_after_30_seconds', async () => {
    await userCallsPhone();
    await soundsBothWays();
    // Thirty seconds of what the phone heard, second by second. A browser on a busy machine may lose one.
    const seconds = 30;
    const heard = await phone.record(seconds, (seconds + 10) * 1000 * kSlow);
    const each = Array.from({ length: seconds }, (_, i) => measure(heard.slice(i * 8000, (i + 1) * 8000), kUserHertz, 8000));
    const good = each.filter((one) => Math.abs(one.level - decibel(kToneLevel)) <= 3 && one.purity > 0.8);
    assert.ok(good.length >= seconds - 2, JSON.stringify(each.map((one) => [one.level.toFixed(1), one.purity.toFixed(2)])));
    await soundsBothWays();
    await phone.hangup();
    await alice.ended();
  });
});

describe('nobody answers', () => {
  const cast = new Cast();
  let daemon, alice, phone;

  before(async () => {
    daemon = await cast.add(Daemon.start({ set: { 'calls.ring_timeout': '"2s"' } }));
    const browser = await cast.add(Browser.start({ hertz: kUserHertz }));
    phone = await cast.add(Baresip.start({ user: '101', password: 'demo-101', domain: daemon.sip.udp }));
    alice = await browser.user(daemon, 'alice');
  });
  after(() => cast.close());
  afterEach(async () => {
    await daemon.cleared();
    alice.noErrors();
  });

  test('a_phone_rings_on_and_the_user_is_told', async () => {
    const mark = phone.mark();
    await alice.dial('101');
    await phone.event('CALL_INCOMING', { after: mark });
    await alice.reaches('Ringing');
    assertReason(await alice.ended(), 480, 560480);
    assert.match((await phone.event('CALL_CLOSED', { after: mark })).param, /reset by peer/);  // CANCEL.
    assert.ok(!(await alice.lastCall()).states.includes('Connected'));
    const cdr = await daemon.cdr((record) => record.source === 'user:alice');
    assert.equal(cdr.answered, null);
    assert.deepEqual(cdr.cause, { sip: 480, q850: 19, code: 480, sub_code: 560480 });
    assert.ok(Date.parse(cdr.ended) - Date.parse(cdr.started) >= 2_000, JSON.stringify(cdr));
  });

  test('a_user_is_rung_in_vain_and_the_phone_is_told', async () => {
    const mark = phone.mark();
    await phone.dial('201');
    await alice.rings();
    assert.match((await phone.event('CALL_CLOSED', { after: mark })).param, /^480 /);
    assertReason(await alice.stopsRinging(), 480, 540480);
    const cdr = await daemon.cdr((record) => record.source === 'phone:101');
    assert.equal(cdr.answered, null);
    assert.deepEqual(cdr.cause, { sip: 480, q850: 19, code: 487, sub_code: 10004 });
    assert.ok(Date.parse(cdr.ended) - Date.parse(cdr.started) >= 2_000, JSON.stringify(cdr));
  });
});
