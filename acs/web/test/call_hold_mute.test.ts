// Hold and mute, by us and by others.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pc } from './support/fake_media';
import { settle, until } from './support/until';
import { rejection, S, statesOf, World } from './support/world';

const world = new World();
const phone = { phoneNumber: '+14255550142' };

test('hold_silences_and_resolves_in_local_hold_and_resume_undoes_it', async () => {
  await world.signIn();
  const call = await world.connectedCall();
  await call.hold();
  assert.equal((await world.edge.next('hold')).frame.hold?.on, true);
  assert.equal(call.state, 'LocalHold');
  assert.equal(pc().sender.track?.enabled, false);
  await call.resume();
  assert.equal((await world.edge.next('hold')).frame.hold?.on, false);
  assert.equal(call.state, 'Connected');
  assert.equal(pc().sender.track?.enabled, true);
});

test('resume_while_the_other_side_holds_is_remote_hold', async () => {
  await world.signIn();
  const call = await world.connectedCall();
  await call.hold();
  const states = statesOf(call);
  world.edge.auto.delete('hold');
  const resumed = call.resume();
  let got = await world.edge.next('hold');
  if (got.frame.hold?.on) got = await world.edge.next('hold');
  world.edge.update(call.id, S.REMOTE_HOLD);
  world.edge.respond(got);
  await resumed;
  assert.deepEqual(states, ['LocalHold', 'RemoteHold']);
});

test('a_muted_call_stays_muted_through_hold_and_resume', async () => {
  await world.signIn();
  const call = await world.connectedCall();
  await call.mute();
  await call.hold();
  await call.resume();
  assert.equal(pc().sender.track?.enabled, false);
  await call.unmute();
  assert.equal(pc().sender.track?.enabled, true);
});

test('hold_before_connected_is_500_41033_and_resume_without_hold_500_41034', async () => {
  await world.signIn();
  const call = world.agent.startCall([phone]);
  assert.deepEqual((await rejection(call.hold())).subCode, 41033);
  assert.deepEqual((await rejection(call.resume())).subCode, 41034);
  await world.edge.next('invite');
});

test('mute_silences_here_before_the_gateway_answers', async () => {
  await world.signIn();
  const call = await world.connectedCall();
  world.edge.auto.delete('mute');
  const muted = call.mute();
  assert.equal(pc().sender.track?.enabled, false);
  assert.equal(call.isMuted, true);
  const got = await world.edge.next('mute');
  assert.equal(got.frame.mute?.on, true);
  // The gateway's older picture of the call does not unmute it.
  world.edge.update(call.id, S.CONNECTED, { muted: false });
  world.edge.respond(got);
  await muted;
  await settle();
  assert.equal(call.isMuted, true);
});

test('an_older_picture_of_the_call_does_not_undo_an_unmute_under_way', async () => {
  await world.signIn();
  const call = await world.connectedCall();
  await call.mute();
  world.edge.auto.delete('mute');
  const unmuted = call.unmute();
  let got = await world.edge.next('mute');
  if (got.frame.mute?.on) got = await world.edge.next('mute');
  world.edge.update(call.id, S.REMOTE_HOLD, { muted: true });
  await until('told', () => call.state === 'RemoteHold');
  assert.equal(call.isMuted, false);
  world.edge.respond(got);
  await unmuted;
  assert.equal(call.isMuted, false);
  world.edge.update(call.id, S.CONNECTED, { muted: true });
  await until('muted there', () => call.isMuted);
});

test('an_unmute_that_the_gateway_refuses_leaves_the_microphone_muted', async () => {
  await world.signIn();
  const call = await world.connectedCall();
  await call.mute();
  world.edge.auto.set('mute', () => ({ status: { code: 400, subCode: 1 } }));
  const error = await rejection(call.unmute());
  assert.deepEqual([error.code, error.subCode], [400, 41016]);
  assert.equal(call.isMuted, true);
  assert.equal(pc().sender.track?.enabled, false);
});

test('muted_before_the_invite_travels_in_it', async () => {
  await world.signIn();
  const call = world.agent.startCall([phone], { audioOptions: { muted: true } });
  assert.equal(call.isMuted, true);
  assert.equal((await world.edge.next('invite')).frame.invite?.startMuted, true);
  const late = world.agent.startCall([phone]);
  await late.mute();
  assert.equal((await world.edge.next('invite')).frame.invite?.startMuted, true);
  assert.equal(world.edge.count('mute'), 0);
});

test('muted_by_others_mutes_here_too_and_unmute_is_ours', async () => {
  await world.signIn();
  const call = await world.connectedCall();
  let told = 0;
  call.on('mutedByOthers', () => (told += 1));
  world.edge.event({ mutedByOther: { callId: call.id, byParticipantId: 'p1' } });
  await until('muted', () => call.isMuted);
  assert.equal(told, 1);
  assert.equal(pc().sender.track?.enabled, false);
  await call.unmute();
  assert.equal((await world.edge.next('mute')).frame.mute?.on, false);
});
