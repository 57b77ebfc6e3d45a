// One call that comes in: accepted, warmed up, rejected, gone.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { acsedge } from '../src/edge/protocol';
import { timing } from '../src/timing';
import { media, pc } from './support/fake_media';
import { settle, until } from './support/until';
import { rejection, World } from './support/world';

const world = new World();
const Why = acsedge.v1.OfferRequest.Why;

test('an_accepted_call_sends_its_offer_and_its_microphone', async () => {
  await world.signIn();
  const incoming = await world.incoming();
  assert.equal(incoming.callerInfo.displayName, 'Bob');
  assert.equal(media.tracks.length, 0, 'no microphone while it rings');
  const call = await incoming.accept({ audioOptions: { muted: true } });
  const { frame } = await world.edge.next('accept');
  assert.equal(frame.accept?.startMuted, true);
  assert.equal(frame.accept?.offer?.generation, 1);
  assert.equal(pc().sender.track?.enabled, false);
  assert.equal(call.isMuted, true);
  assert.equal(call.id, incoming.id);
  assert.equal(world.agent.calls[0], call);
  assert.equal(world.agent.incomingCalls.length, 0);
  await assert.rejects(incoming.accept(), { subCode: 41006 });
  await assert.rejects(incoming.reject(), { subCode: 41007 });
});

test('a_warm_up_while_ringing_offers_without_a_microphone_and_accept_reuses_it', async () => {
  await world.signIn();
  const incoming = await world.incoming();
  world.edge.event({ offerRequest: { callId: incoming.id, generation: 1, why: Why.WARM_UP } });
  const offer = await world.edge.next('offer');
  assert.equal(offer.frame.offer?.generation, 1);
  await until('warm', () => pc().connectionState === 'connected');
  assert.equal(media.constraints.length, 0, 'the microphone is not touched');
  assert.equal(pc().sender.track, null);
  const call = await incoming.accept();
  const { frame } = await world.edge.next('accept');
  assert.equal(frame.accept?.offer, null);
  assert.equal(media.connections.length, 1);
  assert.equal(pc().sender.track, media.tracks[0]);
  assert.equal(call.remoteAudioStreams.length, 1, 'the stream that came early');
});

test('accept_carries_an_offer_when_the_warm_one_was_refused', async () => {
  await world.signIn();
  const incoming = await world.incoming();
  world.edge.auto.set('offer', () => ({ status: { code: 488, subCode: 0, message: 'no' } }));
  world.edge.event({ offerRequest: { callId: incoming.id, generation: 1, why: Why.WARM_UP } });
  await world.edge.next('offer');
  await settle();
  await incoming.accept();
  const { frame } = await world.edge.next('accept');
  assert.equal(frame.accept?.offer?.generation, 2);
});

test('a_warm_call_that_ends_or_is_rejected_closes_its_connection', async () => {
  await world.signIn();
  const first = await world.incoming('first');
  world.edge.event({ offerRequest: { callId: 'first', generation: 1, why: Why.WARM_UP } });
  await world.edge.next('offer');
  const reasons: unknown[] = [];
  first.on('callEnded', ({ callEndReason }) => reasons.push(callEndReason.subCode));
  world.edge.event({
    incomingCallEnded: { callId: 'first', reason: { status: { code: 487, subCode: 10003 } } },
  });
  await until('ended', () => reasons.length === 1);
  assert.deepEqual(reasons, [10003]);
  assert.equal(first.callEndReason?.code, 487);
  assert.ok(pc(0).closed);
  await assert.rejects(first.accept(), { code: 400, subCode: 41006 });
  const second = await world.incoming('second');
  world.edge.event({ offerRequest: { callId: 'second', generation: 1, why: Why.WARM_UP } });
  await world.edge.next('offer');
  await second.reject();
  assert.ok(pc(1).closed);
  assert.equal((await world.edge.next('reject')).frame.reject?.callId, 'second');
});

test('accept_of_a_call_that_was_cancelled_meanwhile_rejects_and_ends_the_call', async () => {
  const agent = await world.signIn();
  const incoming = await world.incoming();
  world.edge.auto.set('accept', () => ({ status: { code: 400, subCode: 41006, message: 'gone' } }));
  const error = await rejection(incoming.accept());
  assert.deepEqual([error.code, error.subCode], [400, 41006]);
  assert.equal(agent.calls.length, 0);
  assert.ok(pc().closed);
});

test('an_open_permission_prompt_delays_the_answer_but_not_for_long', async () => {
  timing.acceptMicrophoneMs = 20;
  await world.signIn();
  const incoming = await world.incoming();
  media.permission = 'prompt';
  await incoming.accept();
  await world.edge.next('accept');
  assert.equal(pc().sender.track, null);
  media.allow();
  await until('attached', () => pc().sender.track !== null);
});

test('a_rejected_call_tells_its_end_once', async () => {
  await world.signIn();
  const incoming = await world.incoming();
  const reasons: string[] = [];
  incoming.on('callEnded', ({ callEndReason: { code, subCode } }) => {
    reasons.push(`${code}/${subCode}`);
  });
  const rejected = incoming.reject();
  assert.equal(world.agent.incomingCalls.length, 0);
  const reason = { status: { code: 603, subCode: 0 } };
  await world.edge.next('reject');
  world.edge.event({ incomingCallEnded: { callId: incoming.id, reason } });
  await rejected;
  await settle();
  assert.deepEqual(reasons, ['603/0']);
  assert.equal(incoming.callEndReason?.code, 603);
});

test('a_reject_that_comes_too_late_is_400_41007_and_the_call_has_ended', async () => {
  await world.signIn();
  const incoming = await world.incoming();
  world.edge.auto.set('reject', () => ({ status: { code: 400, subCode: 41007, message: 'gone' } }));
  assert.equal((await rejection(incoming.reject())).subCode, 41007);
  assert.equal(incoming.callEndReason?.code, 487);
});
