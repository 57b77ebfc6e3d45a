// Two gateways on one machine, one the other's ACS: a desk phone of the operator and a user in the cloud who talk, and what may
// go wrong meanwhile. How calls end in which nobody talks for long: two_gateways_outcomes.
import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach, describe, test } from 'node:test';
import { assertHears } from './lib/assertions.mjs';
import { Baresip } from './lib/baresip.mjs';
import { Browser } from './lib/browser.mjs';
import { Cast, castOf } from './lib/cast.mjs';
import { kSlow } from './lib/daemon.mjs';
import { Sipp } from './lib/sipp.mjs';
import { TwoGateways } from './lib/two_gateways.mjs';
import { until } from './lib/wait.mjs';

const kPhoneHertz = 800;
const kUserHertz = 1000;
const kCreate = /^POST \/calling\/callConnections\?/;
const kAnswer = /^POST \/calling\/callConnections:answer\?/;

describe('a phone of the operator and a user of its resource, which is another gateway', () => {
  const cast = new Cast();
  let two, operator, cloud, alice, bob, phone, mark, desk, since;

  before(async () => {
    two = await TwoGateways.start(cast, { set: { 'calls.ring_timeout': '"60s"' } });
    ({ operator, cloud } = two);
    desk = await two.identityOf('101');
    const browser = await cast.add(Browser.start({ hertz: kUserHertz }));
    phone = await cast.add(Baresip.start({ user: '101', password: 'demo-101', domain: operator.sip.udp, hertz: kPhoneHertz }));
    alice = await browser.user(cloud, 'alice');
    bob = await browser.user(cloud, 'bob');
  });
  beforeEach(() => (since = Date.now()));
  after(() => cast.close());
  afterEach(async () => {
    await two.cleared();
    for (const user of [alice, bob]) user.noErrors();
  });

  /** The phone calls alice, whose page rings. */
  async function phoneRings() {
    mark = phone.mark();
    await phone.dial('201');
    return alice.rings();
  }
  async function phoneCalls() {
    const incoming = await phoneRings();
    await alice.accept();
    await phone.event('CALL_ESTABLISHED', { after: mark });
    await alice.connected();
    return incoming;
  }
  /** Alice calls the phone, which rings. */
  async function aliceRings() {
    mark = phone.mark();
    await alice.dial(desk);
    await phone.event('CALL_INCOMING', { after: mark });
  }
  async function aliceCalls() {
    await aliceRings();
    await phone.accept();
    await phone.event('CALL_ESTABLISHED', { after: mark });
    await alice.connected();
  }
  const closed = async (ms) => (await phone.event('CALL_CLOSED', { after: mark, ms })).param;

  async function soundsBothWays() {
    await assertHears('the phone', phone, kUserHertz);
    await assertHears('the user', alice, kPhoneHertz);
  }

  /** The records of the last call on both sides: one each, and what they must say. */
  async function records(wanted) {
    for (const [name, daemon] of Object.entries({ operator, cloud })) {
      let fresh;
      await until(`the ${name}'s record`, async () => {
        fresh = (await daemon.cdrs()).filter(({ started }) => Date.parse(started) >= since);
        return fresh.length > 0;
      }, 10_000 * kSlow);
      assert.equal(fresh.length, 1, `one record of one call: ${JSON.stringify(fresh)}`);
      const [{ cause, ended_by, answered }] = fresh;
      const { sip, q850 } = cause;
      assert.deepEqual({ sip, q850, ended_by, answered: Boolean(answered) }, { answered: wanted.sip === 200, ...wanted[name], ...pick(wanted) },
        `${name}: ${JSON.stringify(fresh[0])}`);
    }
  }
  const pick = ({ sip, q850 }) => ({ sip, q850 });
  const kDone = { sip: 200, q850: 16 };

  test('a_phone_calls_a_user_talks_and_hangs_up', async () => {
    const incoming = await phoneCalls();
    assert.equal(incoming.from.communicationUserId, desk);
    assert.equal(incoming.name, 'Reception');
    await soundsBothWays();
    await phone.hangup();
    await alice.ended();
    await records({ ...kDone, operator: { ended_by: 'caller' }, cloud: { ended_by: 'caller' } });
  });

  test('a_phone_calls_a_user_who_hangs_up', async () => {
    await phoneCalls();
    await soundsBothWays();
    await alice.hangup();
    await closed();
    await records({ ...kDone, operator: { ended_by: 'callee' }, cloud: { ended_by: 'callee' } });
  });

  test('a_user_calls_a_phone_talks_and_hangs_up', async () => {
    await aliceCalls();
    await soundsBothWays();
    await alice.hangup();
    await closed();
    await records({ ...kDone, operator: { ended_by: 'caller' }, cloud: { ended_by: 'caller' } });
  });

  test('a_user_calls_a_phone_which_hangs_up', async () => {
    await aliceCalls();
    await soundsBothWays();
    await phone.hangup();
    await alice.ended();
    await records({ ...kDone, operator: { ended_by: 'callee' }, cloud: { ended_by: 'callee' } });
  });

  test('a_busy_phone_is_busy_to_the_user', async () => {
    await aliceRings();
    await phone.hangup();
    assert.equal((await alice.ended()).code, 486);
    await records({ sip: 486, q850: 17, operator: { ended_by: 'callee' }, cloud: { ended_by: 'callee' } });
  });

  test('a_user_declines_and_the_phone_is_told_so', async () => {
    await phoneRings();
    await alice.reject();
    assert.match(await closed(), /^603 /);
    await records({ sip: 603, q850: 21, operator: { ended_by: 'callee' }, cloud: { ended_by: 'callee' } });
  });

  test('a_phone_cancels_and_the_user_stops_ringing', async () => {
    await phoneRings();
    await phone.hangup();
    await alice.stopsRinging();
    await records({ sip: 487, q850: 16, operator: { ended_by: 'caller' }, cloud: { ended_by: 'caller' } });
  });

  test('a_user_who_gave_up_is_not_there_when_the_phone_is_taken', async () => {
    await aliceRings();
    await alice.hangup();
    await alice.ended();
    await cloud.settled();
    await phone.accept();
    await closed();
    // The operator's side finds out by its answer, which the service does not take any more.
    await records({ sip: 487, q850: 16, operator: { ended_by: 'caller', answered: true }, cloud: { ended_by: 'caller' } });
  });

  test('keys_go_both_ways_between_two_carriers', async (t) => {
    const members = castOf(t);
    const far = await members.add(Sipp.start('answer', { port: cloud.carrier, audio: { hertz: 500 } }));
    const near = await members.add(Sipp.start('call_wait', {
      port: operator.carrier, to: operator.sip.udp, audio: { hertz: 700 }, values: { to: '+442071838750', from: '+14255550100' },
    }));
    await near.response(200, 15_000 * kSlow);
    const invite = await far.request('INVITE');
    assert.match(invite.first, /^INVITE sip:\+442071838750@/);
    assert.match(invite.header('from'), /<sip:\+14255550100@/);
    await assertHears('the far end', far.rtp, 700);
    await assertHears('the near end', near.rtp, 500);
    near.rtp.press('159#', 100);
    await until('the keys are at the far end', () => far.rtp.digits() === '159#', 10_000 * kSlow).catch((error) => assert.fail(`${error.message}: ${far.rtp.digits()}`));
    far.rtp.press('27*', 100);
    await until('the keys are at the near end', () => near.rtp.digits() === '27*', 10_000 * kSlow).catch((error) => assert.fail(`${error.message}: ${near.rtp.digits()}`));
    const [{ call_id }] = await operator.calls();
    assert.equal((await operator.command('hangup', call_id)).code, 0);
    await near.finished(10_000 * kSlow);
    await far.finished(10_000 * kSlow);
    await records({ ...kDone, operator: { ended_by: 'operator' }, cloud: { ended_by: 'caller' } });
  });

  test('keys_of_a_user_reach_who_called_from_a_carrier', async (t) => {
    const near = await castOf(t).add(Sipp.start('call_wait', {
      port: operator.carrier, to: operator.sip.udp, audio: { hertz: 700 }, values: { to: '+14255550101' },
    }));
    const incoming = await bob.rings();
    assert.equal(incoming.name, 'Carrier');
    await bob.accept();
    await near.response(200);
    await assertHears('the user', bob, 700);
    await bob.press('159#');
    await until('the keys are at the carrier', () => near.rtp.digits() === '159#', 10_000 * kSlow).catch((error) => assert.fail(`${error.message}: ${near.rtp.digits()}`));
    await bob.hangup();
    await near.finished(10_000 * kSlow);
    await records({ ...kDone, operator: { ended_by: 'callee' }, cloud: { ended_by: 'callee' } });
  });

  for (const [name, whats, asked] of [
    ['429', [{ status: 429, headers: { 'retry-after': '1' } }, 429], 3], ['500', [500, 503], 3],
  ]) {
    test(`a_service_that_answers_${name}_is_asked_again_and_calls_once`, async () => {
      two.rest.fail(kCreate, ...whats);
      mark = phone.mark();
      await phone.dial('201');
      await until('it was asked again', () => two.rest.seen(kCreate).length === asked, 30_000 * kSlow);
      await alice.rings();
      await alice.accept();
      await phone.event('CALL_ESTABLISHED', { after: mark });
      await soundsBothWays();
      await phone.hangup();
      await alice.ended();
      await records({ ...kDone, operator: { ended_by: 'caller' }, cloud: { ended_by: 'caller' } });
    });
  }

  test('an_answer_that_fails_at_first_is_sent_again', async () => {
    two.rest.fail(kAnswer, 500, 503);
    await aliceCalls();
    await soundsBothWays();
    assert.equal(two.rest.seen(kAnswer).length, 3);
    await phone.hangup();
    await alice.ended();
    await records({ ...kDone, operator: { ended_by: 'callee' }, cloud: { ended_by: 'callee' } });
  });

  test('an_answer_that_is_lost_is_sent_again_and_answers_once', async () => {
    two.rest.fail(kAnswer, 'lost');
    await aliceCalls();
    await soundsBothWays();
    await alice.hangup();
    await closed();
    await records({ ...kDone, operator: { ended_by: 'caller' }, cloud: { ended_by: 'caller' } });
  });

  test('callbacks_that_come_twice_do_no_harm', async () => {
    two.callbacks.copies = 2;
    await phoneCalls();
    await soundsBothWays();
    await alice.hangup();
    await closed();
    await records({ ...kDone, operator: { ended_by: 'callee' }, cloud: { ended_by: 'callee' } });
  });

  test('a_websocket_that_is_cut_in_a_call_comes_again', async () => {
    await phoneCalls();
    await soundsBothWays();
    two.callbacks.cut();
    await until('a new socket', () => two.callbacks.sockets.size > 0);
    await soundsBothWays();
    await phone.hangup();
    await alice.ended();
    await records({ ...kDone, operator: { ended_by: 'caller' }, cloud: { ended_by: 'caller' } });
  });

  test('the_access_key_is_rotated_in_a_call', async () => {
    await phoneCalls();
    await two.rotateKey();
    await soundsBothWays();
    await phone.hangup();
    await alice.ended();
    await records({ ...kDone, operator: { ended_by: 'caller' }, cloud: { ended_by: 'caller' } });
    since = Date.now();
    await phoneCalls();
    await alice.hangup();
    await closed();
    await records({ ...kDone, operator: { ended_by: 'callee' }, cloud: { ended_by: 'callee' } });
    assert.equal(operator.log(/access key is not one/).length, 0);
  });
});
