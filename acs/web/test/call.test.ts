// One call: states, media, hold, mute, tones, participants, the end.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { acsedge } from '../src/edge/protocol';
import { timing } from '../src/timing';
import { Features, LocalAudioStream } from '../src/index';
import type { Call } from '../src/index';
import { FakeStream, FakeTrack, media } from './support/fake_media';
import { settle, until } from './support/until';
import { P, rejection, S, statesOf, World } from './support/world';

const world = new World();
const phone = { phoneNumber: '+14255550142' };
const Why = acsedge.v1.OfferRequest.Why;
const pc = (at = 0) => {
  const connection = media.connections[at];
  assert.ok(connection, `peer connection ${at}`);
  return connection;
};

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

// ---- Incoming ----

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

// ---- Media ----

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

// ---- Hold and mute ----

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

// ---- Tones and participants ----

test('tones_are_sent_by_signalling', async () => {
  await world.signIn();
  const call = await world.connectedCall();
  for (const tone of ['Num0', 'Num9', 'Star', 'Pound', 'A', 'Flash'] as const) {
    await call.sendDtmf(tone);
  }
  const sent = world.edge.got.filter((g) => g.kind === 'sendDtmf');
  assert.equal(sent.map((g) => g.frame.sendDtmf?.digits).join(''), '09*#A!');
  await assert.rejects(call.sendDtmf('Num10' as never));
  await assert.rejects(call.sendDtmf('toString' as never));
});

test('tones_before_the_call_is_up_are_refused', async () => {
  await world.signIn();
  const call = world.agent.startCall([phone]);
  await assert.rejects(call.sendDtmf('Num1'));
  await world.edge.next('invite');
});

test('a_dialled_extension_that_comes_back_under_its_number_is_one_participant', async () => {
  await world.signIn();
  const call = world.agent.startCall([{ phoneNumber: '101' }]);
  const [participant] = call.remoteParticipants;
  await world.edge.next('invite');
  const identity = { rawId: '4:+14255550100', displayName: 'Desk' };
  world.edge.event({
    participants: {
      callId: call.id,
      version: 1,
      changed: [{ participantId: 'p1', identity, state: P.P_RINGING }],
    },
  });
  await until('ringing', () => participant?.state === 'Ringing');
  assert.equal(call.remoteParticipants.length, 1);
  assert.equal(call.remoteParticipants[0], participant);
  assert.equal(participant?.displayName, 'Desk');
  assert.equal((participant?.identifier as { phoneNumber: string }).phoneNumber, '+14255550100');
});

test('participants_follow_the_call_when_the_gateway_names_none', async () => {
  await world.signIn();
  const call = world.agent.startCall([phone]);
  const [participant] = call.remoteParticipants;
  await world.edge.next('invite');
  world.edge.update(call.id, S.RINGING);
  await until('ringing', () => participant?.state === 'Ringing');
  world.edge.update(call.id, S.CONNECTED);
  await until('connected', () => participant?.state === 'Connected');
  world.edge.update(call.id, S.REMOTE_HOLD);
  await until('held', () => participant?.state === 'Hold');
});

test('an_older_version_of_the_participants_is_ignored', async () => {
  await world.signIn();
  const call = await world.connectedCall();
  const tell = (version: number, muted: boolean): void =>
    world.edge.event({
      participants: {
        callId: call.id,
        version,
        changed: [{ participantId: 'p1', identity: { rawId: '4:+14255550142' }, muted }],
      },
    });
  tell(5, true);
  tell(4, false);
  world.edge.update(call.id, S.REMOTE_HOLD);
  await until('all told', () => call.state === 'RemoteHold');
  assert.equal(call.remoteParticipants[0]?.isMuted, true);
});

test('an_added_participant_that_declines_says_why_and_leaves', async () => {
  await world.signIn();
  const call = await world.connectedCall();
  world.edge.auto.set('addParticipant', () => ({ participant: { participantId: 'p7' } }));
  const added = call.addParticipant(
    { phoneNumber: '+14255550177' },
    { alternateCallerId: { phoneNumber: '+14255550100' } },
  );
  assert.equal(added.state, 'Connecting');
  assert.ok(call.remoteParticipants.includes(added));
  const { frame } = await world.edge.next('addParticipant');
  assert.equal(frame.addParticipant?.identity?.rawId, '4:+14255550177');
  assert.equal(frame.addParticipant?.callerId, '+14255550100');
  await until('bound', () => added.endpointDetails[0]?.participantId === 'p7');
  world.edge.event({
    participants: {
      callId: call.id,
      version: 1,
      removed: [{ participantId: 'p7', endReason: { status: { code: 603, subCode: 560603 } } }],
    },
  });
  await until('left', () => !call.remoteParticipants.includes(added));
  assert.equal(added.state, 'Disconnected');
  assert.equal(added.callEndReason?.subCode, 560603);
});

test('a_refused_add_removes_the_participant_with_the_reason', async () => {
  await world.signIn();
  const call = await world.connectedCall();
  world.edge.auto.set('addParticipant', () => ({ status: { code: 501, subCode: 90501 } }));
  const added = call.addParticipant({ phoneNumber: '+14255550177' });
  await until('removed', () => added.state === 'Disconnected');
  assert.equal(added.callEndReason?.code, 501);
  assert.equal(call.remoteParticipants.length, 1);
});

test('muting_others_is_for_group_calls_only', async () => {
  await world.signIn();
  const call = await world.connectedCall();
  await assert.rejects(call.muteAllRemoteParticipants());
  const group = world.agent.join({ groupId: '11111111-2222-3333-4444-555555555555' });
  const { frame } = await world.edge.next('join');
  assert.equal(frame.join?.groupId, '11111111-2222-3333-4444-555555555555');
  assert.equal(group.info.groupId, '11111111-2222-3333-4444-555555555555');
  await group.muteAllRemoteParticipants();
  assert.deepEqual(
    (await world.edge.next('muteParticipants')).frame.muteParticipants?.participantIds,
    [],
  );
});

// ---- Features ----

test('a_transfer_is_told_through_its_states', async () => {
  await world.signIn();
  const call = await world.connectedCall();
  const feature = call.feature(Features.Transfer);
  const transfer = feature.transfer({ targetParticipant: { phoneNumber: '+14255550177' } });
  const states: string[] = [];
  transfer.on('stateChanged', () => states.push(transfer.state));
  const { frame } = await world.edge.next('transfer');
  assert.equal(frame.transfer?.target?.rawId, '4:+14255550177');
  const State = acsedge.v1.TransferUpdate.State;
  world.edge.event({ transfer: { callId: call.id, state: State.TRANSFERRED } });
  await until('done', () => transfer.state === 'Transferred');
  assert.deepEqual(states, ['Transferring', 'Transferred']);
  world.edge.auto.set('transfer', () => ({ status: { code: 501, subCode: 90501 } }));
  const refused = feature.transfer({ targetCallId: 'x' });
  await until('failed', () => refused.state === 'Failed');
  assert.deepEqual(refused.error, { code: 501, subCode: 90501 });
});

test('recording_is_told_even_to_who_asks_late', async () => {
  await world.signIn();
  const call = await world.connectedCall();
  world.edge.event({ recording: { callId: call.id, active: true } });
  world.edge.update(call.id, S.REMOTE_HOLD);
  await until('told', () => call.state === 'RemoteHold');
  const recording = call.feature(Features.Recording);
  assert.equal(recording.isRecordingActive, true);
  let changes = 0;
  recording.on('isRecordingActiveChanged', () => (changes += 1));
  world.edge.event({ recording: { callId: call.id, active: false } });
  await until('over', () => !recording.isRecordingActive);
  assert.equal(changes, 1);
});

test('dominant_speakers_are_the_latest_first', async () => {
  await world.signIn();
  const call = await world.connectedCall();
  const speakers = call.feature(Features.DominantSpeakers);
  const speak = (version: number, id: string, speaking: boolean): void =>
    world.edge.event({
      participants: {
        callId: call.id,
        version,
        changed: [{ participantId: id, identity: { rawId: `8:acs:${id}` }, speaking }],
      },
    });
  speak(1, 'a', false);
  speak(2, 'b', true);
  speak(3, 'a', true);
  await until('two', () => speakers.dominantSpeakers.speakersList.length === 2);
  const names = () =>
    speakers.dominantSpeakers.speakersList.map(
      (s) => 'communicationUserId' in s && s.communicationUserId,
    );
  assert.deepEqual(names(), ['8:acs:a', '8:acs:b']);
  speak(4, 'a', false);
  await until('one', () => speakers.dominantSpeakers.speakersList.length === 1);
  assert.deepEqual(names(), ['8:acs:b']);
});

test('events_of_unknown_calls_are_ignored', async () => {
  await world.signIn();
  const call: Call = await world.connectedCall();
  world.edge.update('nobody', S.CONNECTED);
  world.edge.end('nobody', 0, 0);
  world.edge.event({ offerRequest: { callId: 'nobody', generation: 1 } });
  world.edge.update(call.id, S.REMOTE_HOLD);
  await until('goes on', () => call.state === 'RemoteHold');
  assert.equal(media.connections.length, 1);
});
