// provider = "cloud": desk phones and carriers with users of an ACS resource, which is a strict mock of the service. What takes its
// time, and transfers and hold: cloud_outcomes.
import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach, describe, test } from 'node:test';
import { assertHears } from './lib/assertions.mjs';
import { Baresip } from './lib/baresip.mjs';
import { Cast, castOf } from './lib/cast.mjs';
import { cloudGateway, exchangeKey } from './lib/cloud.mjs';
import { Sipp } from './lib/sipp.mjs';
import { never, until } from './lib/wait.mjs';

const kPhoneHertz = 1000;
const kUserHertz = 440;

describe('phones and users of an acs resource', () => {
  const cast = new Cast();
  let cloud, acs, daemon, alice, phone, mark, recorded;

  before(async () => {
    cloud = await cloudGateway(cast, { tls: true, set: { 'calls.ring_timeout': '"60s"' } });
    ({ acs, daemon, alice } = cloud);
    phone = await cast.add(Baresip.start({ user: '101', password: 'demo-101', domain: daemon.sip.udp, hertz: kPhoneHertz }));
  });
  after(() => cast.close());
  beforeEach(async () => {
    recorded = new Set((await daemon.cdrs()).map((cdr) => cdr.call_id));
  });
  afterEach(async () => {
    Object.assign(acs, { delay: 0, copies: 1, casing: 'camel', failures: [] });
    await daemon.cleared(8_000);
    await until('no call is left at the service', () => acs.live.size === 0, 8_000)
      .catch((error) => assert.fail(`${error.message}: ${[...acs.live.values()].map((call) => call.state)}`));
    assert.deepEqual(acs.requests.filter(({ status, why }) => status >= 400 && why).map(({ operation, status, why }) => `${operation} ${status} ${why}`)
      .filter((line) => !acs.expected?.test(line)), [], 'the service refused nothing that the test did not want refused');
    assert.deepEqual(acs.calls.flatMap((call) => call.socket?.wrong ?? []), [], 'every frame was one of the published ones');
    acs.requests.length = 0;
    acs.expected = undefined;
  });

  const dial = (number) => {
    mark = phone.mark();
    return phone.dial(number);
  };
  const established = () => phone.event('CALL_ESTABLISHED', { after: mark });
  const closed = async (ms) => (await phone.event('CALL_CLOSED', { after: mark, ms })).param;
  // Of a call of this test: a record is written up to a second after its call.
  const causeOf = async (wanted = () => true) => (
    await daemon.cdr((cdr) => !recorded.has(cdr.call_id) && wanted(cdr))).cause;

  async function soundsBothWays(call) {
    await assertHears('the user', call.socket, kPhoneHertz);
    await assertHears('the phone', phone, kUserHertz);
  }

  /** The phone calls alice, who takes it. */
  async function talking(options) {
    const created = acs.created();
    await dial('201');
    const call = await created;
    await call.answer(options);
    await established();
    return call;
  }

  /** Alice calls the phone, which takes it. */
  async function called(options) {
    mark = phone.mark();
    const ringing = await acs.call(alice, await cloud.identity('101'), options);
    await phone.event('CALL_INCOMING', { after: mark });
    return ringing;
  }

  test('a_phone_calls_a_user_and_both_hear_each_other', async () => {
    const call = await talking();
    assert.equal(call.party, alice);
    assert.equal(call.source, await cloud.identity('101'));
    assert.equal(call.displayName, 'Reception');
    await soundsBothWays(call);
    await phone.hangup();
    await until('the call is ended at the service', () => call.state === 'disconnected');
    const record = await daemon.cdr((cdr) => cdr.dialled === '201');
    assert.equal(record.cause.sip, 200);
    assert.equal(record.ended_by, 'caller');
    assert.deepEqual(record.legs.map((leg) => leg.kind).sort(), ['cloud', 'sip']);
  });

  test('the_user_hangs_up', async () => {
    const call = await talking();
    await soundsBothWays(call);
    await call.hangUp();
    await closed();
    const record = await daemon.cdr((cdr) => cdr.ended_by === 'callee');
    assert.equal(record.cause.sip, 200);
    assert.equal(acs.seen('terminate_call').length, 0, 'what the service ended is not ended again');
  });

  for (const [name, code, subCode, details, sip, q850] of [
    ['is_busy', 486, 560486, { sipDetails: { code: 486, message: 'Busy Here' }, q850Details: { code: 17, message: 'User busy' } }, 486, 17],
    ['declines', 487, 10024, {}, 603, 21],
    ['does_not_answer', 487, 10004, {}, 480, 19],
    ['has_no_device', 480, 10037, {}, 480, 20],
    ['is_gone', 404, 511404, { sipDetails: { code: 404, message: 'Not Found' } }, 404, 1],
  ]) {
    test(`the_user_${name}_and_the_phone_is_told_so`, async () => {
      const created = acs.created();
      await dial('201');
      const call = await created;
      await phone.event('CALL_RINGING', { after: mark });
      await call.refuse(code, subCode, details);
      assert.match(await closed(), new RegExp(`^${sip} `));
      const cause = await causeOf();
      assert.deepEqual({ sip: cause.sip, q850: cause.q850 }, { sip, q850 });
    });
  }

  test('the_phone_cancels', async () => {
    const created = acs.created();
    await dial('201');
    const call = await created;
    await phone.event('CALL_RINGING', { after: mark });
    await phone.hangup();
    await until('the call is ended at the service', () => call.state === 'disconnected');
    assert.equal((await causeOf((cdr) => cdr.cause.sip === 487)).sip, 487);
  });

  test('a_user_calls_a_phone_which_is_answered_on_its_200_alone', async () => {
    const ringing = await called();
    await never('the service is answered', () => acs.seen('answer_call').length, 1_000);
    await phone.accept();
    await established();
    await until('the service has the answer', () => ringing.call?.socket);
    await soundsBothWays(ringing.call);
    await phone.hangup();
    await until('the call is ended at the service', () => ringing.call.state === 'disconnected');
    const record = await daemon.cdr((cdr) => cdr.source === 'user:alice');
    assert.equal(record.cause.sip, 200);
    assert.equal(record.ended_by, 'callee');
  });

  test('a_user_who_called_hangs_up', async () => {
    const ringing = await called();
    await phone.accept();
    await established();
    await until('the service has the answer', () => ringing.call?.socket);
    await ringing.call.hangUp();
    await closed();
    assert.equal((await causeOf((cdr) => cdr.source === 'user:alice' && cdr.ended_by === 'caller')).sip, 200);
  });

  test('a_busy_phone_is_told_to_the_service_as_busy', async () => {
    const ringing = await called();
    await phone.hangup();  // 486
    await until('the service is told', () => ringing.rejected);
    assert.equal(ringing.rejected, 'busy');
    assert.equal((await causeOf((cdr) => cdr.cause.sip === 486)).q850, 17);
  });

  test('an_incoming_call_delivered_three_times_rings_once', async () => {
    const ringing = await called({ copies: 3 });
    assert.equal((await daemon.calls()).length, 1);
    await phone.hangup();
    await until('the service is told', () => ringing.rejected);
  });

  test('keys_go_both_ways', async (t) => {
    const created = acs.created();
    const carrier = await castOf(t).add(Sipp.start('call', {
      port: daemon.carrier, to: daemon.sip.udp, audio: { hertz: 700 }, values: { to: '+14255550101' }, duration: 15_000,
    }));
    const call = await created;
    assert.equal(call.party, cloud.bob);
    await call.answer();
    await assertHears('the user', call.socket, 700);
    carrier.rtp.press('159#', 100);
    await until('the keys are at the service', () => call.keys === '159#', 10_000).catch((error) => assert.fail(`${error.message}: ${call.keys}`));
    for (const key of '27*') call.socket.key(key);
    await until('the keys are at the carrier', () => carrier.rtp.digits() === '27*', 10_000)
      .catch((error) => assert.fail(`${error.message}: ${carrier.rtp.digits()}`));
    await call.hangUp();
  });

  test('a_socket_that_is_cut_in_the_call_comes_again', async () => {
    const call = await talking();
    await soundsBothWays(call);
    call.socket.cut();
    await call.event('MediaStreamingFailed', {
      resultInformation: { code: 400, subCode: 8581, message: 'interrupted' },
      mediaStreamingUpdate: { contentType: 'Audio', mediaStreamingStatus: 'mediaStreamingFailed', mediaStreamingStatusDetails: 'streamConnectionInterrupted' },
    });
    await until('the service is asked for the sound again', () => acs.seen('start_media_streaming').length === 1);
    await until('a new socket', () => call.socket.ws.readyState === 1);
    await soundsBothWays(call);
    await phone.hangup();
  });

  for (const [name, failures] of [
    ['429', [{ status: 429, headers: { 'retry-after': '1' } }, 429]], ['500', [500, 503, 500]],
  ]) {
    test(`a_service_that_answers_${name}_at_first_is_asked_again`, async () => {
      acs.fail('create_call', ...failures);
      const created = acs.created(25_000);
      await dial('201');
      const call = await created;
      assert.equal(acs.seen('create_call').length, failures.length + 1);
      await call.answer();
      await established();
      await soundsBothWays(call);
      await phone.hangup();
    });
  }

  test('a_call_that_the_service_did_not_end_at_once_is_ended_in_the_end', async () => {
    const call = await talking();
    acs.fail('terminate_call', 500, 500);
    await phone.hangup();
    await until('the call is ended at the service', () => call.state === 'disconnected', 15_000);
  });

  test('an_access_key_is_exchanged_while_calls_go_on', async () => {
    const call = await talking();
    await exchangeKey(cloud, acs.keys[1]);
    acs.keys.shift();  // The old one is dead.
    await soundsBothWays(call);
    await phone.hangup();
    await until('the call is ended at the service', () => call.state === 'disconnected');
    const next = await talking();
    await phone.hangup();
    await until('the call is ended at the service', () => next.state === 'disconnected');
  });

  test('a_wrong_key_is_told_in_the_log_and_the_caller_hears_503', async () => {
    acs.expected = /401/;
    const [good] = acs.keys.splice(0, 1, Buffer.alloc(64, 7).toString('base64'));
    await dial('201');
    assert.match(await closed(), /^503 /);
    assert.ok(daemon.log(/access key/).length > 0, 'the operator is told what to look at');
    acs.keys.splice(0, 1, good);
  });

  test('a_number_leaves_by_the_resource_with_a_number_of_its_own', async () => {
    const created = acs.created();
    await dial('+442071838750');
    const call = await created;
    assert.equal(call.party, '4:+442071838750');
    assert.equal(call.number, '+14255550100');
    await call.answer();
    await established();
    await phone.hangup();
  });

  test('a_number_that_is_none_of_the_resource_is_not_presented', async (t) => {
    const other = await castOf(t).add(Baresip.start({ user: '102', password: 'demo-102', domain: daemon.sip.udp }));
    const from = other.mark();
    await other.dial('+442071838750');
    const { param } = await other.event('CALL_CLOSED', { after: from });
    assert.match(param, /^403 /);
    assert.equal(acs.seen('create_call').length, 0);
  });

  test('callbacks_that_acs_did_not_sign_for_us_are_refused', async () => {
    const call = await talking();
    const event = (id) => [{
      id: `${Math.random()}`, type: 'Microsoft.Communication.CallDisconnected', specversion: '1.0',
      data: { callConnectionId: id, resultInformation: { code: 200, subCode: 0, message: '' } },
    }];
    const deliver = (token, uri = call.callbackUri, id = call.id) => acs.deliver(uri, event(id), token ? { Authorization: `Bearer ${token}` } : {});
    const good = acs.issuer.token(300);
    const none = `${Buffer.from('{"alg":"none"}').toString('base64url')}.${good.split('.')[1]}.`;
    for (const token of [undefined, none, `${good.slice(0, -8)}AAAAAAAA`, acs.issuer.token(-600), acs.issuer.token(300, { aud: 'other' }), acs.issuer.token(300, { iss: 'https://evil.test' })]) {
      const { status, body } = await deliver(token);
      assert.equal(status, 401);
      assert.equal(JSON.parse(body).error.code, 'Denied');
    }
    assert.equal((await deliver(good, call.callbackUri, 'another-connection')).status, 404);
    assert.equal((await deliver(good, call.callbackUri.replace(/[^/]+$/, 'guess'))).status, 404);
    assert.equal((await acs.deliver(call.callbackUri, '[{"id":', { Authorization: `Bearer ${good}` })).status, 400);
    assert.equal((await acs.deliver(`${cloud.callback}/acs/events/guess`, [])).status, 401);
    await soundsBothWays(call);
    await phone.hangup();
  });

  test('a_media_socket_that_acs_did_not_open_for_this_call_is_refused', async () => {
    const call = await talking();
    const bearer = `Bearer ${acs.issuer.token(300)}`;
    const { StreamSocket } = await import('./lib/strict_acs_socket.mjs');
    for (const headers of [
      {}, { 'x-ms-call-connection-id': call.id }, { Authorization: bearer }, { 'x-ms-call-connection-id': 'other', Authorization: bearer },
      { 'x-ms-call-connection-id': call.id, Authorization: `Bearer ${acs.issuer.token(-600)}` },
    ]) {
      let socket;
      try {
        socket = await StreamSocket.dial({ url: call.media.transportUrl, ca: acs.ca, rate: 16000, hertz: 2000, headers });
        await until('the stranger is put out', () => socket.ws.readyState === 3, 5_000);
      } catch (error) {
        if (!error.status) throw error;
      }
      assert.equal(socket?.frames ?? 0, 0, 'a stranger hears nothing');
    }
    await soundsBothWays(call);
    await phone.hangup();
  });

  test('published_keys_are_fetched_again_when_they_were_rotated', async () => {
    acs.issuer.rotate();
    const created = acs.created();
    await dial('201');
    const call = await created;
    await until('a callback signed with the new key is taken', async () => {
      await call.answer().catch(() => call.socket?.cut());
      return phone.events.slice(mark).some(({ type }) => type === 'CALL_ESTABLISHED');
    }, 90_000, 5_000);
    await phone.hangup();
  });

  test('frames_in_pascal_case_are_understood', async () => {
    acs.casing = 'pascal';
    const call = await talking();
    await soundsBothWays(call);
    await phone.hangup();
  });

  test('operations_are_counted_and_no_secret_is_in_any_log_line', async () => {
    assert.ok((await daemon.metric('gw_cloud_requests_total', 'operation="create_call"')) > 0);
    assert.ok((await daemon.metric('gw_cloud_requests_total', 'operation="create_identity"')) > 0);
    assert.ok((await daemon.metric('gw_cloud_retries_total')) > 0);
    for (const secret of [...acs.keys, 'an-event-grid-secret-of-the-tests']) {
      assert.ok(!daemon.program.lines.some((line) => line.includes(secret)));
    }
  });
});

describe('24 kHz, one stream a participant, cloudevents', () => {
  const cast = new Cast();
  let cloud, phone;

  before(async () => {
    cloud = await cloudGateway(cast, { schema: 'CloudEvents', set: {
      'calls.drain_timeout': '"1s"', 'acs.sample_rate': '24000', 'acs.audio_channels': '"unmixed"' } });
    phone = await cast.add(Baresip.start({ user: '101', password: 'demo-101', domain: cloud.daemon.sip.udp, hertz: kPhoneHertz }));
  });
  after(() => cast.close());

  test('a_user_calls_a_phone', async () => {
    const mark = phone.mark();
    const ringing = await cloud.acs.call(cloud.alice, await cloud.identity('101'));
    await phone.event('CALL_INCOMING', { after: mark });
    await phone.accept();
    await until('the service has the answer', () => ringing.call?.socket);
    assert.equal(ringing.call.media.audioFormat, 'pcm24KMono');
    assert.equal(ringing.call.media.audioChannelType, 'unmixed');
    await assertHears('the user', ringing.call.socket, kPhoneHertz);
    await assertHears('the phone', phone, kUserHertz);
    await phone.hangup();
    await until('the call is ended at the service', () => ringing.call.state === 'disconnected');
    await cloud.daemon.settled();
  });

  test('a_gateway_that_stops_ends_its_calls_and_knows_its_identities_when_it_is_back', async () => {
    const mark = phone.mark();
    const created = cloud.acs.created();
    await phone.dial('201');
    const call = await created;
    await call.answer();
    await phone.event('CALL_ESTABLISHED', { after: mark });
    const kept = await cloud.identity('101');
    const made = cloud.acs.seen('create_identity').length;
    await cloud.daemon.restart();
    assert.equal(call.state, 'disconnected');
    assert.equal(await cloud.identity('101'), kept);
    assert.equal(cloud.acs.seen('create_identity').length, made);
  });
});
