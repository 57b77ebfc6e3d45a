// The behaviour that the SDK's types do not show and that real consumers break without.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Call, CollectionUpdatedEvent } from '../src/index';
import { CallingCommunicationError, Features } from '../src/index';
import { media } from './support/fake_media';
import { settle, until } from './support/until';
import { P, rejection, S, statesOf, World } from './support/world';

const world = new World();
const phone = { phoneNumber: '+14255550142' };

test('start_call_is_synchronous_and_the_call_is_in_calls_on_return', async () => {
  const agent = await world.signIn();
  const call = agent.startCall([phone]);
  assert.equal(agent.calls.length, 1);
  assert.equal(agent.calls[0], call);
  assert.equal(typeof (call as unknown as { then?: unknown }).then, 'undefined', 'not a thenable');
  const joined = agent.join({ groupId: '11111111-2222-3333-4444-555555555555' });
  assert.deepEqual([...agent.calls], [call, joined]);
});

test('no_state_change_before_the_next_task_after_start_call', async () => {
  const agent = await world.signIn();
  const call = agent.startCall([phone]);
  let changes = 0;
  call.on('stateChanged', () => (changes += 1));
  for (let turn = 0; turn < 50; turn++) await Promise.resolve();
  assert.equal(changes, 0);
  await until('connecting', () => call.state === 'Connecting');
  assert.equal(changes, 1);
});

test('hang_up_in_the_same_task_as_start_call_changes_no_state_in_it', async () => {
  const agent = await world.signIn();
  const call = agent.startCall([phone]);
  const updates: string[] = [];
  agent.on('callsUpdated', ({ added, removed }) => {
    updates.push(...added.map(() => 'added'), ...removed.map(() => 'removed'));
  });
  const states = statesOf(call);
  const over = call.hangUp();
  assert.deepEqual(states, ['None']);
  await over;
  assert.equal(call.state, 'Disconnected');
  assert.deepEqual(updates, ['added', 'removed']);
  assert.equal(world.edge.count('invite'), 0);
});

test('the_call_id_is_a_uuid_that_never_changes', async () => {
  const agent = await world.signIn();
  const call = agent.startCall([phone]);
  const { id } = call;
  call.on('idChanged', () => assert.fail('idChanged'));
  const { frame } = await world.edge.next('invite');
  assert.equal(frame.invite?.callId, id);
  world.edge.update(id, S.CONNECTED, { serverCallId: 'server-7' });
  assert.equal(await call.info.getServerCallId(), 'server-7');
  assert.equal(call.id, id);
});

test('accept_resolves_in_connecting_and_connected_comes_in_a_later_task', async () => {
  await world.signIn();
  const incoming = await world.incoming();
  // The worst order: the gateway says Connected before it answers the Accept.
  world.edge.auto.delete('accept');
  const accepting = incoming.accept();
  const got = await world.edge.next('accept');
  world.edge.update(incoming.id, S.CONNECTED);
  world.edge.respond(got, {
    answer: { callId: incoming.id, generation: 1, sdp: 'answer' },
  });
  const call = await accepting;
  assert.equal(call.state, 'Connecting');
  const states = statesOf(call);
  for (let turn = 0; turn < 50; turn++) await Promise.resolve();
  assert.equal(call.state, 'Connecting');
  await until('connected', () => call.state === 'Connected');
  assert.deepEqual(states, ['Connecting', 'Connected']);
  assert.equal(call.direction, 'Incoming');
});

test('property_events_carry_nothing_and_the_value_is_new_when_they_come', async () => {
  await world.signIn();
  const call = await world.connectedCall();
  const seen: unknown[] = [];
  call.on('isMutedChanged', (...args: unknown[]) => seen.push([call.isMuted, args.length]));
  await call.mute();
  await call.unmute();
  assert.deepEqual(seen, [
    [true, 0],
    [false, 0],
  ]);
});

test('collections_are_replaced_not_changed', async () => {
  const agent = await world.signIn();
  const before = agent.calls;
  const call = agent.startCall([phone]);
  assert.deepEqual([...before], []);
  const participants = call.remoteParticipants;
  await world.edge.next('invite');
  world.edge.event({
    participants: {
      callId: call.id,
      version: 1,
      changed: [
        { participantId: 'p1', identity: { rawId: '4:+14255550142' }, state: P.P_RINGING },
        { participantId: 'p2', identity: { rawId: '8:acs:a_b' }, state: P.P_CONNECTED },
      ],
    },
  });
  await until('two', () => call.remoteParticipants.length === 2);
  assert.equal(participants.length, 1);
});

test('the_end_is_told_in_the_order_that_user_interfaces_rely_on', async () => {
  const agent = await world.signIn();
  const call = await world.connectedCall();
  const told: string[] = [];
  const [participant] = call.remoteParticipants;
  call.on('stateChanged', () => told.push(`${call.state} ${call.callEndReason?.subCode}`));
  participant?.on('stateChanged', () => told.push(`participant ${participant.state}`));
  call.on('remoteParticipantsUpdated', ({ removed }) => told.push(`left ${removed.length}`));
  agent.on('callsUpdated', ({ removed }) => {
    told.push(`removed ${removed[0] === call} ${agent.calls.length} ${call.state}`);
  });
  world.edge.end(call.id, 0, 560000);
  await until('disconnected', () => call.state === 'Disconnected');
  assert.deepEqual(told, [
    'Disconnecting 560000',
    'participant Disconnected',
    'left 1',
    'Disconnected 560000',
    'removed true 0 Disconnected',
  ]);
  assert.ok(call.callEndReason?.message);
});

test('hang_up_resolves_after_the_call_has_left_calls', async () => {
  const agent = await world.signIn();
  const call = await world.connectedCall();
  const over = call.hangUp({ forEveryone: true });
  const { frame } = await world.edge.next('hangup');
  assert.equal(frame.hangup?.forEveryone, true);
  assert.equal(call.state, 'Disconnecting');
  assert.equal(agent.calls.length, 1);
  world.edge.end(call.id, 0, 0);
  await over;
  assert.equal(call.state, 'Disconnected');
  assert.equal(agent.calls.length, 0);
  assert.deepEqual([call.callEndReason?.code, call.callEndReason?.subCode], [0, 0]);
});

test('errors_are_real_errors_with_name_and_codes', async () => {
  await world.signIn();
  const call = await world.connectedCall();
  world.edge.auto.set('hold', () => ({ status: { code: 500, subCode: 1, message: 'no' } }));
  const error = await rejection(call.hold());
  assert.ok(error instanceof Error && error instanceof CallingCommunicationError);
  assert.equal(error.name, 'CallingCommunicationError');
  assert.deepEqual([error.code, error.subCode], [500, 41033]);
  assert.equal(call.state, 'Connected');
});

test('an_unknown_event_name_throws', async () => {
  await world.signIn();
  const call = await world.connectedCall();
  const message = /Not able to subscribe to Call event, unknown event name\./;
  const on = call.on.bind(call) as unknown as (event: string, listener: () => void) => void;
  const off = call.off.bind(call) as unknown as (event: string, listener: () => void) => void;
  assert.throws(() => on('noSuchEvent', () => undefined), message);
  assert.throws(() => off('noSuchEvent', () => undefined), message);
  assert.throws(() => on('__proto__', () => undefined), message);
});

test('objects_work_behind_a_proxy_and_can_be_given_properties', async () => {
  const agent = await world.signIn();
  const proxied = new Proxy(agent, { get: (target, name) => Reflect.get(target, name) });
  const call = proxied.startCall([phone]);
  const behind: Call = new Proxy(call, { get: (target, name) => Reflect.get(target, name) });
  await world.edge.next('invite');
  world.edge.update(call.id, S.CONNECTED);
  await until('connected', () => behind.state === 'Connected');
  await behind.mute();
  assert.equal(call.isMuted, true);
  Object.defineProperty(world.client, 'extra', { value: 1 });
  Object.defineProperty(call, 'extra', { value: 1 });
});

test('what_is_handed_out_may_be_frozen', async () => {
  await world.signIn();
  const incoming = await world.incoming();
  const call = await incoming.accept();
  const freeze = (value: unknown): void => {
    if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return;
    Object.freeze(value);
    Object.values(value).forEach(freeze);
  };
  const diagnostics = call.feature(Features.UserFacingDiagnostics);
  freeze(call.callerInfo);
  freeze(call.remoteParticipants[0]?.identifier);
  freeze(call.remoteParticipants[0]?.endpointDetails);
  freeze(diagnostics.network.getLatest());
  world.edge.update(call.id, S.CONNECTED, {
    remote: { rawId: '4:+14255550143', displayName: 'Bobby' },
  });
  world.edge.event({
    participants: {
      callId: call.id,
      version: 1,
      changed: [{ participantId: 'p', identity: { rawId: '4:+14255550143' }, state: P.P_HOLD }],
    },
  });
  await until('renamed', () => call.callerInfo.displayName === 'Bobby');
  await until('held', () => call.remoteParticipants[0]?.state === 'Hold');
  world.edge.drop();
  await until('told', () => diagnostics.network.getLatest().networkReconnect?.value !== undefined);
});

test('device_manager_features_and_the_agent_are_one_each', async () => {
  const agent = await world.signIn();
  assert.equal(await world.client.getDeviceManager(), await world.client.getDeviceManager());
  const call = agent.startCall([phone]);
  assert.equal(call.feature(Features.MediaStats), call.feature(Features.MediaStats));
  assert.notEqual(
    call.feature(Features.MediaStats),
    agent.startCall([phone]).feature(Features.MediaStats),
  );
  assert.equal(world.client.feature(Features.DebugInfo), world.client.feature(Features.DebugInfo));
  const second = await rejection(world.client.createCallAgent(world.credential as never));
  assert.deepEqual([second.code, second.subCode], [409, 40228]);
  await agent.dispose();
  await agent.dispose();
  await world.client.createCallAgent(world.credential as never);
});

test('two_agents_asked_for_at_once_are_refused', async () => {
  const client = world.newClient();
  const first = client.createCallAgent(world.credential as never);
  const second = await rejection(client.createCallAgent(world.credential as never));
  assert.equal(second.subCode, 40228);
  await first;
});

test('identifiers_have_a_kind_and_phones_their_number_and_raw_id', async () => {
  await world.signIn();
  const incoming = await world.incoming();
  const caller = incoming.callerInfo.identifier;
  assert.ok(caller?.kind === 'phoneNumber');
  assert.deepEqual([caller.phoneNumber, caller.rawId], ['+14255550142', '4:+14255550142']);
  const call = world.agent.startCall([{ id: '8:acs:aa_bb' }]);
  assert.deepEqual(call.remoteParticipants[0]?.identifier, {
    kind: 'communicationUser',
    communicationUserId: '8:acs:aa_bb',
  });
  const { frame } = await world.edge.next('invite');
  assert.equal(frame.invite?.to?.[0]?.rawId, '8:acs:aa_bb');
});

test('an_extension_is_dialled_as_a_number', async () => {
  const agent = await world.signIn();
  agent.startCall([{ phoneNumber: '101' }]);
  const { frame } = await world.edge.next('invite');
  assert.equal(frame.invite?.to?.[0]?.rawId, '4:101');
});

test('permission_asked_for_audio_and_video_gives_audio_and_never_rejects_for_video', async () => {
  await world.signIn();
  const devices = await world.client.getDeviceManager();
  assert.deepEqual(await devices.askDevicePermission({ audio: true, video: true }), {
    audio: true,
    video: false,
  });
  assert.equal(media.tracks[0]?.readyState, 'ended', 'the microphone is let go of');
  assert.deepEqual(await devices.getCameras(), []);
  assert.deepEqual(await devices.askDevicePermission({ video: true } as never), {
    audio: false,
    video: false,
  });
  media.permission = 'denied';
  assert.deepEqual(await devices.askDevicePermission({ audio: true, video: true }), {
    audio: false,
    video: false,
  });
});

test('the_default_microphone_is_selected_after_permission', async () => {
  await world.signIn();
  const devices = await world.client.getDeviceManager();
  assert.equal(await devices.selectedMicrophone, undefined);
  await devices.askDevicePermission({ audio: true, video: false });
  assert.equal(devices.selectedMicrophone?.isSystemDefault, true);
  assert.equal((await devices.getMicrophones()).length, 2);
});

test('connection_state_begins_disconnected_and_connected_is_told_to_who_subscribes', async () => {
  const client = world.newClient();
  const agent = await client.createCallAgent(world.credential as never);
  assert.equal(agent.connectionState, 'Disconnected');
  const told: unknown[] = [];
  agent.on('connectionStateChanged', (args) => told.push(args));
  await until('connected', () => agent.connectionState === 'Connected');
  assert.deepEqual(told, [
    {
      newValue: 'Connected',
      oldValue: 'Disconnected',
      newState: 'Connected',
      oldState: 'Disconnected',
    },
  ]);
  assert.deepEqual([...agent.callerIds], ['+14255550100', '+14255550199']);
  assert.equal(agent.displayName, 'Alice');
});

test('a_call_started_while_disconnected_goes_out_after_registration', async () => {
  const agent = await world.signIn();
  world.edge.refuse = () => ({ close: 1012 });
  world.edge.drop();
  await until('disconnected', () => agent.connectionState === 'Disconnected');
  const call = agent.startCall([phone]);
  await settle();
  assert.equal(world.edge.count('invite'), 0);
  assert.equal(call.state, 'Connecting');
  world.edge.refuse = undefined;
  const { frame } = await world.edge.next('invite');
  assert.equal(frame.invite?.callId, call.id);
});

test('hang_up_twice_and_hang_up_after_the_end_resolve', async () => {
  await world.signIn();
  const call = await world.connectedCall();
  world.edge.auto.set('hangup', () => ({ status: { code: 404, subCode: 1 } }));
  await Promise.all([call.hangUp(), call.hangUp()]);
  await call.hangUp();
  assert.equal(world.edge.count('hangup'), 1);
  const ended = await world.connectedCall();
  world.edge.end(ended.id, 486, 560486);
  await until('ended', () => ended.state === 'Disconnected');
  await ended.hangUp();
  assert.equal(world.edge.count('hangup'), 1);
});

test('a_silent_gateway_does_not_keep_a_hung_up_call_alive', async () => {
  await world.signIn();
  const call = await world.connectedCall();
  await call.hangUp();
  assert.equal(call.state, 'Disconnected');
  assert.deepEqual([call.callEndReason?.code, call.callEndReason?.subCode], [0, 0]);
});

test('a_listener_that_throws_disturbs_nobody', async () => {
  const agent = await world.signIn();
  const call = await world.connectedCall();
  const removed: CollectionUpdatedEvent<Call> = () => {
    throw new Error('app bug');
  };
  agent.on('callsUpdated', removed);
  call.on('stateChanged', () => {
    throw new Error('app bug');
  });
  const states = statesOf(call);
  world.edge.end(call.id, 0, 5003);
  await until('over', () => call.state === 'Disconnected');
  assert.deepEqual(states, ['Connected', 'Disconnecting', 'Disconnected']);
  assert.equal(agent.calls.length, 0);
});

test('inert_features_can_be_read_and_subscribed_to', async () => {
  await world.signIn();
  const call = await world.connectedCall();
  for (const factory of Object.values(Features)) {
    if (!('callApiCtor' in factory)) continue;
    const feature = call.feature(factory as never) as { name: string };
    assert.equal(typeof feature.name, 'string');
  }
  const capabilities = call.feature(Features.Capabilities) as never as {
    capabilities: Record<string, { isPresent: boolean }>;
  };
  assert.equal(capabilities.capabilities.turnVideoOn?.isPresent, false);
  assert.equal(call.feature(Features.OptimalVideoCount).optimalVideoCount, 0);
  call.feature(Features.RaiseHand).on('raisedHandEvent', () => undefined);
});
