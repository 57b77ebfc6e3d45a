// One call, placed by us: its states, its offers, its end.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { media, pc } from './support/fake_media';
import { settle, until } from './support/until';
import { S, statesOf, World } from './support/world';

const world = new World();
const phone = { phoneNumber: '+14255550142' };

test('an_outgoing_call_offers_audio_and_goes_through_its_states', async () => {
  const agent = await world.signIn();
  const call = agent.startCall([phone], {
    alternateCallerId: { phoneNumber: '+14255550100' },
    customContext: { userToUser: 'abc', xHeaders: [{ key: 'Order', value: '7' }] },
  });
  const states = statesOf(call);
  const { frame } = await world.edge.next('invite');
  assert.equal(frame.invite?.callerId, '+14255550100');
  assert.equal(frame.invite?.context?.userToUser, 'abc');
  const [header] = frame.invite?.context?.headers ?? [];
  assert.deepEqual([header?.name, header?.value], ['X-MS-Custom-Order', '7']);
  assert.deepEqual(pc().transceivers, [{ kind: 'audio', direction: 'sendrecv' }]);
  assert.equal(frame.invite?.offer?.generation, 1);
  assert.equal(frame.invite?.offer?.sdp, pc().localDescription?.sdp);
  assert.deepEqual(pc().config.iceServers, [{ urls: ['stun:127.0.0.1:3478'] }]);
  assert.equal(pc().sender.track, media.tracks[0]);
  for (const state of [S.TRYING, S.RINGING, S.EARLY_MEDIA, S.CONNECTED]) {
    world.edge.update(call.id, state);
  }
  await until('connected', () => call.state === 'Connected');
  assert.deepEqual(states, ['None', 'Connecting', 'Ringing', 'EarlyMedia', 'Connected']);
  assert.match(pc().remoteDescription?.sdp ?? '', /^answer to offer 1/);
  assert.equal(call.direction, 'Outgoing');
});

test('early_media_never_goes_back_to_ringing', async () => {
  const agent = await world.signIn();
  const call = agent.startCall([phone]);
  const states = statesOf(call);
  await world.edge.next('invite');
  for (const state of [S.RINGING, S.EARLY_MEDIA, S.RINGING, S.TRYING, S.CONNECTED]) {
    world.edge.update(call.id, state);
  }
  await until('connected', () => call.state === 'Connected');
  assert.deepEqual(states, ['None', 'Connecting', 'Ringing', 'EarlyMedia', 'Connected']);
});

test('null_options_and_a_bare_caller_id_are_tolerated', async () => {
  const agent = await world.signIn();
  agent.startCall([phone], null);
  assert.equal((await world.edge.next('invite')).frame.invite?.callerId, '');
  agent.startCall([phone], { alternateCallerId: '+14255550100' });
  assert.equal((await world.edge.next('invite')).frame.invite?.callerId, '+14255550100');
});

test('arguments_that_make_no_sense_throw_at_once', async () => {
  const agent = await world.signIn();
  assert.throws(() => agent.startCall([]));
  assert.throws(() => agent.startCall([{} as never]));
  assert.throws(() => agent.startCall([null as never]));
  assert.throws(() => agent.startCall([{ microsoftTeamsUserId: 'x' } as never]), {
    subCode: 40231,
  });
  assert.throws(() => agent.join({ meetingLink: 'https://teams' }), { subCode: 40231 });
  assert.throws(() => agent.join({ groupId: 'not-a-guid' }));
  const crlf = { xHeaders: [{ key: 'A', value: 'x\r\nVia: evil' }] };
  assert.throws(() => agent.startCall([phone], { customContext: crlf }));
  assert.equal(agent.calls.length, 0);
});

test('candidates_follow_the_offer_that_they_belong_to_and_never_precede_it', async () => {
  const agent = await world.signIn();
  agent.startCall([phone]);
  const { frame } = await world.edge.next('candidate');
  assert.equal(frame.candidate?.generation, 1);
  assert.equal(frame.candidate?.candidate, 'candidate:1');
  const last = await world.edge.next('candidate');
  assert.equal(last.frame.candidate?.candidate, '');
  const kinds = world.edge.got.map((g) => g.kind);
  assert.ok(kinds.indexOf('invite') < kinds.indexOf('candidate'));
});

test('a_refused_invite_ends_the_call_with_the_gateways_reason', async () => {
  const agent = await world.signIn();
  const status = { code: 403, subCode: 510403, message: 'caller ID' };
  world.edge.auto.set('invite', () => ({ status }));
  const call = agent.startCall([phone]);
  const states = statesOf(call);
  await until('over', () => call.state === 'Disconnected');
  assert.deepEqual(states, ['None', 'Connecting', 'Disconnecting', 'Disconnected']);
  const { code, subCode, message, resultCategories } = call.callEndReason ?? {};
  assert.deepEqual([code, subCode, message], [403, 510403, 'caller ID']);
  assert.deepEqual(resultCategories, ['ExpectedError']);
  assert.ok(pc().closed);
  assert.equal(media.tracks[0]?.readyState, 'ended');
});

test('end_reasons_always_have_a_message_and_a_category', async () => {
  await world.signIn();
  const expected: Array<[number, number, string]> = [
    [486, 560486, 'Success'],
    [603, 560603, 'Success'],
    [487, 10003, 'Success'],
    [487, 10004, 'ExpectedError'],
    [480, 10037, 'ExpectedError'],
    [404, 560404, 'UnexpectedClientError'],
    [503, 560503, 'UnexpectedServerError'],
    [0, 5003, 'Success'],
    [499, 123456, 'UnexpectedClientError'],
  ];
  for (const [code, subCode, category] of expected) {
    const call = await world.connectedCall();
    world.edge.end(call.id, code, subCode);
    await until('over', () => call.state === 'Disconnected');
    assert.ok(call.callEndReason?.message, `${code}/${subCode}`);
    assert.deepEqual(call.callEndReason?.resultCategories, [category], `${code}/${subCode}`);
  }
});

test('giving_up_before_the_answer_is_487_until_the_gateway_says_more', async () => {
  const agent = await world.signIn();
  const call = agent.startCall([phone]);
  await world.edge.next('invite');
  world.edge.update(call.id, S.RINGING);
  await until('ringing', () => call.state === 'Ringing');
  const over = call.hangUp();
  await world.edge.next('hangup');
  world.edge.end(call.id, 487, 560487);
  await over;
  assert.deepEqual([call.callEndReason?.code, call.callEndReason?.subCode], [487, 560487]);
});

test('hanging_up_while_the_permission_prompt_is_open_sends_no_invite', async () => {
  const agent = await world.signIn();
  media.permission = 'prompt';
  const call = agent.startCall([phone]);
  await until('connecting', () => call.state === 'Connecting');
  await call.hangUp();
  media.allow();
  await until('opened', () => media.tracks.length === 1);
  await settle();
  assert.equal(world.edge.count('invite'), 0);
  assert.equal(media.tracks[0]?.readyState, 'ended', 'and the microphone is let go of');
});
