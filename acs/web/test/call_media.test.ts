// The sound of a call: connections, recovery, microphones.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { acsedge } from '../src/edge/protocol';
import { Features, LocalAudioStream } from '../src/index';
import { FakeStream, FakeTrack, media, pc } from './support/fake_media';
import { settle, until } from './support/until';
import { S, World } from './support/world';

const world = new World();
const phone = { phoneNumber: '+14255550142' };
const Why = acsedge.v1.OfferRequest.Why;

test('generations_count_up_and_late_answers_are_ignored', async () => {
  await world.signIn();
  const call = await world.connectedCall();
  world.edge.auto.delete('offer');
  world.edge.event({ offerRequest: { callId: call.id, generation: 2, why: Why.ICE_RESTART } });
  const second = await world.edge.next('offer');
  assert.equal(second.frame.offer?.generation, 2);
  assert.equal(second.frame.offer?.iceRestart, true);
  assert.equal(pc().restarts, 1);
  world.edge.event({ answer: { callId: call.id, generation: 1, sdp: 'late' } });
  world.edge.event({ answer: { callId: call.id, generation: 2, sdp: 'good' } });
  await until('applied', () => pc().remoteDescription?.sdp === 'good');
  world.edge.event({ offerRequest: { callId: call.id, generation: 2, why: Why.RENEGOTIATE } });
  world.edge.event({ offerRequest: { callId: call.id, generation: 3, why: Why.RENEGOTIATE } });
  const third = await world.edge.next('offer');
  assert.equal(third.frame.offer?.generation, 3);
  assert.equal(third.frame.offer?.iceRestart, false);
});

test('recovery_is_a_new_connection_with_the_same_microphone', async () => {
  await world.signIn();
  const call = await world.connectedCall();
  world.edge.event({ offerRequest: { callId: call.id, generation: 2, why: Why.RECOVERY } });
  const { frame } = await world.edge.next('offer');
  assert.equal(frame.offer?.generation, 2);
  assert.ok(pc(0).closed);
  assert.equal(pc(1).sender.track, media.tracks[0]);
  assert.equal(media.tracks[0]?.readyState, 'live');
  await until('answered', () => pc(1).remoteDescription !== null);
});

test('failed_ice_is_restarted_by_us', async () => {
  await world.signIn();
  await world.connectedCall();
  pc().move('failed');
  const { frame } = await world.edge.next('offer');
  assert.equal(frame.offer?.generation, 2);
  assert.equal(frame.offer?.iceRestart, true);
});

test('media_that_never_comes_ends_the_call_and_tells_the_gateway', async () => {
  await world.signIn();
  world.edge.auto.set('invite', () => ({}));
  world.edge.auto.set('offer', () => ({}));
  const call = world.agent.startCall([phone]);
  await world.edge.next('invite');
  world.edge.update(call.id, S.CONNECTED);
  for (let n = 0; n < 3; n++) {
    await settle();
    pc().move('failed');
    await world.edge.next('offer');
  }
  await settle();
  pc().move('failed');
  await until('over', () => call.state === 'Disconnected');
  assert.deepEqual([call.callEndReason?.code, call.callEndReason?.subCode], [410, 301004]);
  await world.edge.next('hangup');
});

test('the_microphone_is_processed_unless_told_otherwise', async () => {
  await world.signIn({
    networkConfiguration: { proxy: { url: world.edge.url } },
    audioProcessing: { noiseSuppression: false },
  });
  await world.connectedCall();
  assert.deepEqual(media.constraints[0]?.audio, {
    echoCancellation: true,
    noiseSuppression: false,
    autoGainControl: true,
  });
});

test('a_call_without_permission_goes_on_and_the_diagnostics_say_why_nobody_hears', async () => {
  await world.signIn();
  media.permission = 'denied';
  const call = await world.connectedCall();
  const { media: told } = call.feature(Features.UserFacingDiagnostics);
  assert.deepEqual(told.getLatest().microphonePermissionDenied, {
    value: true,
    valueType: 'DiagnosticFlag',
  });
});

test('another_microphone_is_switched_to_in_the_call', async () => {
  await world.signIn();
  const call = await world.connectedCall();
  const devices = await world.client.getDeviceManager();
  const headset = (await devices.getMicrophones()).find((m) => m.name === 'Headset');
  assert.ok(headset);
  await call.mute();
  await devices.selectMicrophone(headset);
  await until('switched', () => pc().sender.track?.deviceId === 'headset');
  assert.equal(pc().sender.track?.enabled, false, 'still muted');
  assert.equal(media.tracks[0]?.readyState, 'ended');
});

test('a_chosen_microphone_stays_chosen_when_others_come', async () => {
  await world.signIn();
  const devices = await world.client.getDeviceManager();
  const headset = (await devices.getMicrophones()).find((m) => m.name === 'Headset');
  assert.ok(headset);
  await devices.selectMicrophone(headset);
  media.plug({ kind: 'audioinput', deviceId: 'usb', label: 'USB' });
  assert.equal((await devices.getMicrophones()).length, 3);
  assert.equal(devices.selectedMicrophone?.name, 'Headset');
});

test('an_unplugged_microphone_gives_way_to_the_default', async () => {
  await world.signIn();
  const devices = await world.client.getDeviceManager();
  const headset = (await devices.getMicrophones()).find((m) => m.name === 'Headset');
  assert.ok(headset);
  await devices.selectMicrophone(headset);
  await world.connectedCall();
  const removed: string[] = [];
  devices.on('audioDevicesUpdated', (change) => removed.push(...change.removed.map((d) => d.name)));
  media.unplug('headset');
  await until('told', () => removed.length === 1);
  assert.deepEqual(removed, ['Headset']);
  await until('switched', () => pc().sender.track?.deviceId === 'default');
});

test('an_apps_own_stream_is_sent_as_a_copy', async () => {
  await world.signIn();
  const own = new FakeTrack('own');
  const stream = new LocalAudioStream(new FakeStream([own]) as never);
  const call = world.agent.startCall([phone], { audioOptions: { localAudioStreams: [stream] } });
  await world.edge.next('invite');
  assert.equal(pc().sender.track?.deviceId, 'own');
  assert.notEqual(pc().sender.track, own);
  assert.deepEqual([...call.localAudioStreams], [stream]);
  world.edge.update(call.id, S.CONNECTED);
  await until('connected', () => call.state === 'Connected');
  await call.mute();
  assert.equal(own.enabled, true);
  call.stopAudio();
  await until('the microphone again', () => pc().sender.track?.deviceId === 'default');
  world.edge.end(call.id, 0, 0);
  await until('over', () => call.state === 'Disconnected');
  assert.equal(own.readyState, 'live');
});
