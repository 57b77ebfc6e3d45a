// Transfers: blind and attended, by phones (REFER), by a user (Transfer feature) and by an operator; whoever stays talks on.
import assert from 'node:assert/strict';
import { after, afterEach, before, describe, test } from 'node:test';
import { assertHears } from './lib/assertions.mjs';
import { Baresip } from './lib/baresip.mjs';
import { Browser } from './lib/browser.mjs';
import { Cast, castOf } from './lib/cast.mjs';
import { Daemon } from './lib/daemon.mjs';
import { ScriptedPhone } from './lib/scripted_phone.mjs';
import { Sipp } from './lib/sipp.mjs';
import { pause, until } from './lib/wait.mjs';

const kUserHertz = 1000;
const kPhoneHertz = 800;
const kCarrierHertz = 700;

describe('transfers', () => {
  const cast = new Cast();
  let daemon, alice, phone, mark;

  before(async () => {
    daemon = await cast.add(Daemon.start({
      edit: { 'phones.toml': (text) => `${text}\n[[phone]]\nusername = "103"\npassword = "demo-103"\nextension = "103"\ndisplay_name = "Boss"\ndigest = ["MD5"]\n` },
    }));
    const browser = await cast.add(Browser.start({ hertz: kUserHertz }));
    phone = await cast.add(Baresip.start({ user: '102', password: 'demo-102', domain: daemon.sip.udp, hertz: kPhoneHertz }));
    alice = await browser.user(daemon, 'alice');
  });
  after(() => cast.close());
  afterEach(async () => {
    await daemon.cleared();
    alice.noErrors();
  });

  const boss = (t) => castOf(t).add(ScriptedPhone.open(daemon, '103'));

  async function answers() {
    await phone.event('CALL_INCOMING', { after: mark });
    await phone.accept();
    await phone.event('CALL_ESTABLISHED', { after: mark });
  }

  async function aliceIsCalledBy(caller) {
    const dialling = caller.dial('201');
    await alice.rings();
    await alice.accept();
    return dialling;
  }

  async function theTwoTalk() {
    await assertHears('the phone', phone, kUserHertz);
    await assertHears('the user', alice, kPhoneHertz);
  }

  test('blind_by_a_phone_the_user_goes_on_with_another_phone', async (t) => {
    mark = phone.mark();
    const first = await boss(t);
    const call = await aliceIsCalledBy(first);
    assert.equal((await call.refer('102')).status, 202);
    await answers();
    assert.deepEqual((await call.outcome()).filter((status) => status !== 180), [100, 200]);
    await call.over();
    await theTwoTalk();
    assert.match((await daemon.calls())[0].source, /phone:103/);
    await phone.hangup();
    await alice.ended();
  });

  test('blind_the_survivor_stays_when_the_transferor_says_bye_at_once', async (t) => {
    mark = phone.mark();
    const first = await boss(t);
    const call = await aliceIsCalledBy(first);
    assert.equal((await call.refer('102')).status, 202);
    assert.equal((await call.bye()).status, 200);
    await phone.event('CALL_INCOMING', { after: mark });
    await pause(500);
    await answers();
    assert.equal((await call.outcome()).at(-1), 200, 'news go on after the BYE');
    await theTwoTalk();
    await alice.hangup();
    await alice.ended();
  });

  test('blind_to_who_is_busy_the_two_talk_on_and_the_transferor_is_told_486', async (t) => {
    mark = phone.mark();
    const first = await boss(t);
    const call = await aliceIsCalledBy(first);
    await call.refer('102');
    await phone.event('CALL_INCOMING', { after: mark });
    await phone.hangup();
    assert.equal((await call.outcome()).at(-1), 486);
    await assertHears('the user', alice, 600);
    await assertHears('the transferor', call.rtp, kUserHertz);
    await call.bye();
    await alice.ended();
  });

  test('blind_by_a_real_phone_to_a_user', async (t) => {
    // 102 (baresip) is called by 103, and gives it to alice.
    mark = phone.mark();
    const first = await boss(t);
    const dialling = first.dial('102');
    await answers();
    const call = await dialling;
    await phone.command('transfer', `sip:201@${daemon.sip.udp}`);
    const incoming = await alice.rings();
    assert.equal(incoming.name, 'Boss', 'the user sees who is there to be talked with');
    await alice.accept();
    await alice.connected();
    await phone.event('CALL_CLOSED', { after: mark });
    await assertHears('the one who was called', alice, 600);
    await assertHears('the one who called', call.rtp, kUserHertz);
    const transferor = await alice.page.evaluate(() => window.softphone.agent.calls[0]?.transferorInfo?.identifier);
    assert.equal(transferor?.phoneNumber, '+14255550101', 'who gave the call away is shown');
    await call.bye();
    await alice.ended();
  });

  test('blind_to_a_number_goes_out_by_the_trunk', async (t) => {
    const carrier = await castOf(t).add(Sipp.start('answer', { port: daemon.carrier, audio: { hertz: kCarrierHertz } }));
    // Who transfers pays: it needs a number of its own to present.
    const first = await castOf(t).add(ScriptedPhone.open(daemon, '101'));
    const call = await aliceIsCalledBy(first);
    await call.refer('+12065550123');
    const invite = await carrier.request('INVITE');
    assert.match(invite.header('from'), /\+14255550100/);
    assert.equal((await call.outcome()).at(-1), 200);
    await assertHears('the carrier', carrier.rtp, kUserHertz);
    await assertHears('the user', alice, kCarrierHertz);
    await alice.hangup();
    await alice.ended();
    await carrier.finished();
  });

  test('attended_by_a_phone_joins_its_two_calls', async (t) => {
    mark = phone.mark();
    const first = await boss(t);
    const withAlice = await aliceIsCalledBy(first);
    assert.equal((await withAlice.hold()).status, 200);
    await alice.reaches('RemoteHold');
    const dialling = first.dial('102');
    await answers();
    const withPhone = await dialling;
    const referred = await withAlice.refer('102', { replaces: withPhone });
    assert.equal(referred.status, 202);
    assert.equal((await withAlice.outcome()).at(-1), 200);
    await withAlice.over();
    await withPhone.over();
    await alice.connected();
    await theTwoTalk();
    assert.equal((await daemon.calls()).length, 1);
    await phone.hangup();
    await alice.ended();
  });

  test('attended_before_the_target_answered_rings_it_for_the_one_who_stays', async (t) => {
    mark = phone.mark();
    const first = await boss(t);
    const withAlice = await aliceIsCalledBy(first);
    const ringing = await first.dial('102', { wait: false });
    await phone.event('CALL_INCOMING', { after: mark });
    await withAlice.refer('102', { replaces: ringing });
    await until('the phone rings anew', () => phone.events.slice(mark).filter(({ type }) => type === 'CALL_INCOMING').length === 2);
    await phone.accept();
    await phone.event('CALL_ESTABLISHED', { after: mark });
    assert.equal((await withAlice.outcome()).at(-1), 200);
    await theTwoTalk();
    await alice.hangup();
    await alice.ended();
  });

  test('a_dialog_of_somebody_else_is_not_to_be_had', async (t) => {
    const first = await boss(t);
    const thief = await castOf(t).add(ScriptedPhone.open(daemon, '101'));
    const echo = await first.dial('9196');
    const mine = await thief.dial('9196');
    await mine.refer('9196', { replaces: echo });
    assert.equal((await mine.outcome()).at(-1), 481);
    await mine.bye();
    await echo.bye();
  });

  test('blind_by_a_user_and_its_call_ends_with_0_7015', async (t) => {
    mark = phone.mark();
    const first = await boss(t);
    const call = await aliceIsCalledBy(first);
    await alice.transfer('102');
    await answers();
    const end = await alice.ended();
    assert.deepEqual([end.code, end.subCode], [0, 7015]);
    await assertHears('the phone', phone, 600);
    await assertHears('the other', call.rtp, kPhoneHertz);
    await call.bye();
  });

  test('by_an_operator_the_caller_goes_on_with_another', async (t) => {
    mark = phone.mark();
    const first = await boss(t);
    const call = await first.dial('9196');
    const [{ call_id: id }] = await daemon.calls();
    await daemon.command('transfer', id, 'phone:102');
    await answers();
    await assertHears('the phone', phone, 600);
    await assertHears('the caller', call.rtp, kPhoneHertz);
    await call.bye();
  });
});
