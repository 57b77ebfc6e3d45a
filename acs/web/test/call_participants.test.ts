// Tones, participants, and the features that tell of a call.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { acsedge } from '../src/edge/protocol';
import { Features } from '../src/index';
import type { Call } from '../src/index';
import { media } from './support/fake_media';
import { until } from './support/until';
import { P, S, World } from './support/world';

const world = new World();
const phone = { phoneNumber: '+14255550142' };

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
