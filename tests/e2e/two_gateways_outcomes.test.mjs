// Two gateways, one the other's ACS: calls that nobody takes, that are refused, whose service or callbacks go wrong. What takes
// its time runs side by side, each story with a phone and a user of its own; the records of both sides say how each ended.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { Cast, castOf } from './lib/cast.mjs';
import { kSlow } from './lib/daemon.mjs';
import { EdgeDevice } from './lib/edge.mjs';
import { ScriptedPhone } from './lib/scripted_phone.mjs';
import { TwoGateways } from './lib/two_gateways.mjs';
import { until } from './lib/wait.mjs';

const kUsers = { dave: '204', erin: '205', frank: '206', grace: '207', heidi: '208', ivan: '209', judy: '210', kim: '211', leo: '212', mia: '213' };
const kPhones = ['103', '104', '105', '106', '107', '108', '109', '110', '111'];
const kDone = { sip: 200, q850: 16 };
const kCreate = /^POST \/calling\/callConnections\?/;

describe('how calls of a phone and a user of its resource end, which is another gateway', () => {
  const cast = new Cast();
  let two, operator, cloud;
  before(async () => {
    two = await TwoGateways.start(cast, {
      set: { 'calls.ring_timeout': '"60s"' }, cloud: { set: { 'calls.ring_timeout': '"12s"' } }, rings: '8s', phones: kPhones, users: kUsers,
    });
    ({ operator, cloud } = two);
  });
  after(async () => {
    await two?.cleared(15_000);
    await cast.close();
  });

  /** A phone of the operator's (101 and on) and a user's app, which end with the test. */
  async function pair(t, number, name, { incoming = 180 } = {}) {
    const members = castOf(t);
    const phone = await members.add(ScriptedPhone.open(operator, number, { incoming }));
    await phone.register();
    const user = await members.add(EdgeDevice.register(cloud, name));
    return { phone, user, number, name, desk: await two.identityOf(number) };
  }

  const involves = (cdr, party, identity) => cdr.source === party || cdr.legs.some((leg) => leg.party === party) || cdr.dialled === identity;
  /**
   * What both sides recorded of the newest call of this phone and this user, the count-th: {sip, q850}, and of each side who
   * ended it (null: that side had no call).
   */
  async function records({ number, name }, { operator: ours, cloud: theirs, count = 1, ...codes }) {
    for (const [side, daemon, party, ended_by] of [['operator', operator, `phone:${number}`, ours], ['cloud', cloud, `user:${name}`, theirs]]) {
      const mine = async () => (await daemon.cdrs()).filter((cdr) => involves(cdr, party, side === 'cloud' && two.identities[name]));
      if (ended_by === null) {
        assert.deepEqual(await mine(), [], `${side} has no call`);
        continue;
      }
      await until(`the ${side}'s record of ${party}`, async () => (await mine()).length >= count, 10_000 * kSlow);
      const all = await mine();
      assert.equal(all.length, count, `${side}: ${JSON.stringify(all)}`);
      const { cause, answered, ended_by: by } = all.at(-1);
      assert.deepEqual({ sip: cause.sip, q850: cause.q850, ended_by: by, answered: Boolean(answered) },
        { sip: codes.sip, q850: codes.q850, ended_by, answered: codes.sip === 200 }, `${side}: ${JSON.stringify(all.at(-1))}`);
    }
  }

  /** The phone dials, and is refused: the status. */
  async function refused(phone, extension, ms) {
    const error = await phone.dial(extension, { ms: ms * kSlow }).then(() => undefined, (failure) => failure);
    assert.ok(error, 'the call is refused');
    return Number(/SIP\/2\.0 (\d+)/.exec(error.message)?.[1] ?? assert.fail(error.message));
  }
  const connected = (user, callId) => user.event('callUpdate', (update) => update.callId === callId && update.state === 'CONNECTED', 20_000);

  /** The phone calls the user, who takes it: the phone's call and the user's id of it. */
  async function phoneCalls({ phone, user, name }, ms = 30_000, rung = async () => {}) {
    const before = user.frames.length;
    const accepts = async () => {
      await user.event('incomingCall', () => true, ms);
      await rung();
      return user.accept();
    };
    const [call, callId] = await Promise.all([phone.dial(kUsers[name], { ms: ms * kSlow }), accepts()]);
    assert.equal(user.frames.slice(before).filter((frame) => frame.incomingCall).length, 1, 'it rang once');
    return { call, callId };
  }
  /** The user calls the phone, which takes it. */
  async function userCalls({ phone, user, desk }) {
    const before = phone.calls.length;
    phone.incoming = 200;
    const callId = await user.dial(desk);
    const call = await phone.rings(before, 20_000 * kSlow);
    await connected(user, callId);
    return { call, callId };
  }

  describe('side by side', { concurrency: true }, () => {
    test('a_user_who_does_not_answer_rings_out_at_the_phone', async (t) => {
      const story = await pair(t, '102', 'dave');
      assert.equal(await refused(story.phone, '204', 20_000), 480);
      await records(story, { sip: 480, q850: 19, operator: 'callee', cloud: 'callee' });
    });

    test('a_phone_that_nobody_takes_rings_out_at_the_user', async (t) => {
      const story = await pair(t, '103', 'erin');
      const callId = await story.user.dial(story.desk);
      const call = await story.phone.rings();
      const { status } = await story.user.ended(callId, 15_000);
      assert.deepEqual([status.code, status.subCode], [487, 10004], JSON.stringify(status));
      // The operator's side is told nothing: it stops ringing when the caller's service must have given up.
      await until('the phone rings no more', () => call.cancelled, 35_000 * kSlow);
      await records(story, { sip: 480, q850: 19, operator: 'caller', cloud: 'callee' });
    });

    test('a_user_without_a_device_is_not_reached', async (t) => {
      const phone = await castOf(t).add(ScriptedPhone.open(operator, '104'));
      assert.equal(await refused(phone, '206', 25_000), 480);
      await records({ number: '104', name: 'frank' }, { sip: 480, q850: 19, operator: 'callee', cloud: 'callee' });
    });

    test('a_service_that_says_nothing_at_all_ends_the_call_with_a_reason', async (t) => {
      two.rest.fail((line, body) => kCreate.test(line) && body.includes(two.identities.grace), ...Array(6).fill('nothing'));
      const phone = await castOf(t).add(ScriptedPhone.open(operator, '105'));
      assert.equal(await refused(phone, '207', 40_000), 408);
      await records({ number: '105', name: 'grace' }, { sip: 408, q850: 102, operator: 'callee', cloud: null });
    });

    for (const [name, what, number] of [['heidi', 'nothing', '106'], ['ivan', 'lost', '107']]) {
      test(`a_service_whose_answer_is_${what}_is_asked_again_and_calls_once`, async (t) => {
        const story = await pair(t, number, name);
        const creates = (line, body) => kCreate.test(line) && body.includes(two.identities[name]);
        two.rest.fail(creates, what);
        const again = () => until('it was asked again', () => two.rest.seen(creates).length === 2, 20_000 * kSlow);
        const { call, callId } = await phoneCalls(story, 30_000, again);
        await call.bye();
        assert.ok(await story.user.ended(callId));
        await records(story, { ...kDone, operator: 'caller', cloud: 'caller' });
      });
    }

    test('a_user_who_is_busy_is_busy_to_the_phone', async (t) => {
      const story = await pair(t, '108', 'judy');
      const answer = refused(story.phone, kUsers.judy, 10_000);
      const { callId } = await story.user.event('incomingCall');
      await story.user.request('reject', { callId, as: 'BUSY' });
      assert.equal(await answer, 486);
      await records(story, { sip: 486, q850: 17, operator: 'callee', cloud: 'callee' });
    });

    test('a_phone_that_refuses_is_told_to_the_user_as_far_as_the_service_has_words', async (t) => {
      const story = await pair(t, '109', 'kim');
      let count = 0;
      for (const [status, [sip, q850], told] of [[486, [486, 17], 486], [600, [600, 17], 486], [603, [603, 21], 603], [403, [403, 21], 403], [404, [404, 1], 603]]) {
        story.phone.incoming = status;
        const callId = await story.user.dial(story.desk);
        const { status: end } = await story.user.ended(callId);
        assert.equal(end.code, told, `${status}: ${JSON.stringify(end)}`);
        ++count;
        await until('the records', async () => (await operator.cdrs()).filter((cdr) => involves(cdr, 'phone:109')).length === count);
        const ours = (await operator.cdrs()).filter((cdr) => involves(cdr, 'phone:109')).at(-1);
        assert.deepEqual([ours.cause.sip, ours.cause.q850, ours.ended_by], [sip, q850, 'callee'], `${status}: ${JSON.stringify(ours)}`);
      }
    });
  });

  describe('callbacks', () => {
    for (const [how, fault] of [['three_seconds_late', { delay: 3_000 }], ['twice', { copies: 2 }]]) {
      test(`that_come_${how}_do_no_harm_to_a_call_of_the_phone`, async (t) => {
        const story = await pair(t, how === 'twice' ? '110' : '111', how === 'twice' ? 'leo' : 'mia');
        Object.assign(two.callbacks, fault);
        const { call, callId } = await phoneCalls(story);
        await story.user.request('hangup', { callId });
        await call.over(20_000 * kSlow);
        two.callbacks.calm();
        await records(story, { ...kDone, operator: 'callee', cloud: 'callee' });
      });

      test(`that_come_${how}_do_no_harm_to_a_call_of_the_user`, async (t) => {
        const story = await pair(t, how === 'twice' ? '110' : '111', how === 'twice' ? 'leo' : 'mia');
        Object.assign(two.callbacks, fault);
        const { call, callId } = await userCalls(story);
        await call.bye();
        assert.ok(await story.user.ended(callId, 20_000));
        two.callbacks.calm();
        await records(story, { ...kDone, operator: 'callee', cloud: 'callee', count: 2 });
      });
    }
  });
});
