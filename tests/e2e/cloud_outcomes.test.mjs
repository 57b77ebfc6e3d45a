// provider = "cloud": how calls go on and end when a party holds or transfers, or the service is slow or silent. Each story has a
// phone and a user of its own; they run side by side.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { assertHears, assertNoTone } from './lib/assertions.mjs';
import { Cast, castOf } from './lib/cast.mjs';
import { cloudGateway } from './lib/cloud.mjs';
import { kSlow } from './lib/daemon.mjs';
import { ScriptedPhone } from './lib/scripted_phone.mjs';
import { until } from './lib/wait.mjs';

const kPhoneHertz = 1000;
const kUserHertz = 440;
const kUsers = { dave: '203', erin: '204', frank: '205', grace: '206', heidi: '207', ivan: '208', judy: '209', kim: '210', leo: '211' };
const kPhones = ['103', '104', '105', '106', '107', '108', '109', '110', '111'];

describe('phones and users of an acs resource, side by side', () => {
  const cast = new Cast();
  let cloud, acs, daemon;
  before(async () => {
    cloud = await cloudGateway(cast, { tls: true, phones: kPhones, users: kUsers, set: { 'calls.ring_timeout': '"60s"' } });
    ({ acs, daemon } = cloud);
  });
  after(async () => {
    await daemon?.cleared(8_000);
    assert.equal(acs.live.size, 0, 'no call is left at the service');
    assert.deepEqual(acs.requests.filter(({ why }) => why).map(({ operation, status, why }) => `${operation} ${status} ${why}`), [], 'the service refused nothing');
    assert.deepEqual(acs.calls.flatMap((call) => call.socket?.wrong ?? []), [], 'every frame was one of the published ones');
    await cast.close();
  });

  async function phoneOf(t, user, incoming = 180) {
    const phone = await castOf(t).add(ScriptedPhone.open(daemon, user, { hertz: kPhoneHertz, incoming }));
    await phone.register();
    return phone;
  }

  /** The phone calls the user, who takes it as `options` say: {call: the phone's, line: the service's}. */
  async function talking(phone, name, { prepare = () => {}, options } = {}) {
    const created = acs.created(30_000 * kSlow, cloud.users[name]);
    const answered = phone.dial(kUsers[name], { ms: 40_000 * kSlow });
    const line = await created;
    prepare(line);
    await line.answer(options);
    return { call: await answered, line };
  }
  async function soundsBothWays({ call, line }) {
    await assertHears('the user', line.socket, kPhoneHertz);
    await assertHears('the phone', call.rtp, kUserHertz);
  }
  const cdrOf = (party) => daemon.cdr((cdr) => cdr.source === party || cdr.legs.some((leg) => leg.party === party), 5_000);
  async function ended(party, { sip, q850, by }) {
    const { cause, ended_by } = await cdrOf(party);
    assert.deepEqual({ sip: cause.sip, q850: cause.q850, by: ended_by }, { sip, q850, by });
  }
  const lineOver = (line) => until('the call is ended at the service', () => line.state === 'disconnected', 10_000 * kSlow);
  const kDone = { sip: 200, q850: 16 };

  describe('stories', { concurrency: true }, () => {
    test('who_the_phone_holds_hears_nothing_and_hears_it_again', async (t) => {
      const both = await talking(await phoneOf(t, '103'), 'dave');
      await soundsBothWays(both);
      assert.equal((await both.call.hold()).status, 200);
      await until('the user hears no more of the phone', async () => (await both.line.socket.listen(kPhoneHertz, 0.2)).level < -60, 10_000 * kSlow);
      assertNoTone('the user', await both.line.socket.listen(kPhoneHertz, 1));
      assert.equal(both.line.state, 'connected', 'the service is asked for nothing');
      assert.equal((await both.call.resume()).status, 200);
      await soundsBothWays(both);
      await both.call.bye();
      await lineOver(both.line);
      await ended('phone:103', { ...kDone, by: 'caller' });
    });

    test('a_phone_refers_its_user_to_another_phone', async (t) => {
      const other = await phoneOf(t, '105', 200);
      const both = await talking(await phoneOf(t, '104'), 'erin');
      await soundsBothWays(both);
      assert.equal((await both.call.refer('105')).status, 202);
      const there = await other.rings();
      assert.equal((await both.call.outcome()).at(-1), 200);
      await both.call.over();
      await assertHears('the user', both.line.socket, kPhoneHertz);
      await assertHears('the other phone', there.rtp, kUserHertz);
      await both.line.hangUp();
      await there.over();
      await daemon.cdr((cdr) => cdr.legs.some((leg) => leg.party === 'phone:105') && cdr.cause.sip === 200, 5_000);
    });

    test('an_operator_transfers_the_user_when_the_service_can_and_is_told_when_it_cannot', async (t) => {
      const both = await talking(await phoneOf(t, '106'), 'frank');
      const call = async () => (await daemon.calls()).find(({ source }) => source === 'phone:106').call_id;
      const transfer = async (to) => daemon.command('transfer', await call(), to);
      assert.match((await transfer('+442071838750')).stderr, /not to a number/);
      acs.transferFailure = { code: 487, subCode: 10004, message: 'nobody answered' };
      const failed = await transfer('user:bob');
      assert.notEqual(failed.code, 0);
      assert.match(failed.stderr, /487\/10004 nobody answered/);
      acs.fail('transfer_call', 403);
      const refused = await transfer('user:bob');
      assert.notEqual(refused.code, 0);
      assert.match(refused.stderr, /403/);
      await soundsBothWays(both);
      acs.transferFailure = undefined;
      assert.equal((await transfer('user:bob')).code, 0);
      await both.call.over();
      assert.equal(both.line.transferredTo, cloud.users.bob);
      await ended('phone:106', { ...kDone, by: 'callee' });
    });

    test('a_phone_that_nobody_takes_stops_before_the_service_does_and_the_call_rings_out', async (t) => {
      const phone = await phoneOf(t, '107');
      const ringing = await acs.call(cloud.users.grace, await cloud.identity('107'));
      const call = await phone.rings();
      const began = Date.now();
      await until('the phone rings no more', () => call.cancelled, 32_000 * kSlow);
      assert.ok(Date.now() - began > 20_000 && Date.now() - began < 30_000 * kSlow, `${Date.now() - began} ms`);
      assert.equal(ringing.rejected, undefined);
      await ended('phone:107', { sip: 480, q850: 19, by: 'caller' });
    });

    for (const [how, fault, number, name] of [['late', { delay: 3_000 }, '108', 'heidi'], ['doubled', { copies: 2 }, '109', 'ivan']]) {
      test(`events_that_are_${how}_do_no_harm`, async (t) => {
        const phone = await phoneOf(t, number, 200);
        const both = await talking(phone, name, { prepare: (line) => Object.assign(line, fault), options: { connectFirst: false } });
        await soundsBothWays(both);
        await both.call.bye();
        await lineOver(both.line);
        await ended(`phone:${number}`, { ...kDone, by: 'caller' });
        const told = () => acs.callbacks.filter(({ call }) => call === both.line);
        await until('its last event was taken', () => told().some(({ type }) => type.endsWith('CallDisconnected')), 10_000 * kSlow);
        assert.deepEqual(told().filter(({ status }) => status !== 200), [], 'late events are acknowledged');
      });
    }

    test('a_socket_that_stays_away_ends_the_call_as_lost_media', async (t) => {
      const both = await talking(await phoneOf(t, '110'), 'judy');
      both.line.socket.cut();
      await both.call.over(20_000 * kSlow);
      const { cause } = await cdrOf('phone:110');
      assert.deepEqual([cause.code, cause.sub_code], [410, 301005]);
    });

    test('a_service_that_says_nothing_at_first_is_asked_again', async (t) => {
      acs.failWhere('create_call', cloud.users.kim, 'nothing');
      const both = await talking(await phoneOf(t, '111'), 'kim');
      await soundsBothWays(both);
      assert.equal(acs.seen('create_call').filter(({ body }) => body.includes(cloud.users.kim)).length, 2);
      await both.call.bye();
      await lineOver(both.line);
      await ended('phone:111', { ...kDone, by: 'caller' });
    });

    test('a_service_that_says_nothing_at_all_ends_the_call_with_a_reason', async (t) => {
      acs.failWhere('create_call', cloud.users.leo, ...Array(6).fill('nothing'));
      const phone = await castOf(t).add(ScriptedPhone.open(daemon, '102'));
      await assert.rejects(phone.dial(kUsers.leo, { ms: 30_000 * kSlow }), /SIP\/2\.0 408/);
      await ended('phone:102', { sip: 408, q850: 102, by: 'callee' });
    });
  });
});
