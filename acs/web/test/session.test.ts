// The session at the edge: registration, keep-alive, coming back, resuming.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { timing } from '../src/timing';
import { acsedge } from '../src/edge/protocol';
import { FakeCredential, page, rejection, S, statesOf, tokenWith, World } from './support/world';
import { media } from './support/fake_media';
import { settle, until } from './support/until';

const world = new World();
const phone = { phoneNumber: '+14255550142' };
const Action = acsedge.v1.SessionClosing.Action;

test('register_carries_token_instance_name_and_client_and_the_url_no_token', async () => {
  await world.signIn({
    networkConfiguration: { proxy: { url: world.edge.url } },
    diagnostics: { appName: 'shop', appVersion: '3', tags: ['eu'] },
  });
  const [register] = world.edge.registrations;
  assert.equal(register?.token, world.credential.tokens[0]);
  assert.match(register?.instanceId ?? '', /^[0-9a-f-]{36}$/);
  assert.equal(register?.displayName, 'Al');
  assert.equal(register?.client?.library, 'acs-gateway-calling');
  assert.deepEqual(register?.client?.tags, ['shop/3', 'eu']);
  assert.equal(register?.resume, null);
});

test('a_dropped_socket_is_resumed_and_missed_events_arrive_once_and_in_order', async () => {
  await world.signIn();
  const call = await world.connectedCall();
  const states = statesOf(call);
  const { session } = world.edge;
  world.edge.refuse = () => ({ close: 1012 });
  world.edge.drop();
  await until('disconnected', () => world.agent.connectionState === 'Disconnected');
  world.edge.event({ callUpdate: { callId: call.id, state: S.REMOTE_HOLD } }, session);
  world.edge.event({ callUpdate: { callId: call.id, state: S.CONNECTED } }, session);
  world.edge.refuse = undefined;
  await until('connected', () => world.agent.connectionState === 'Connected');
  await until('caught up', () => states.length === 3);
  assert.deepEqual(states, ['Connected', 'RemoteHold', 'Connected']);
  const resume = world.edge.registrations[world.edge.registrations.length - 1]?.resume;
  assert.ok(session.key.equals(Buffer.from(resume?.sessionKey ?? [])));
  assert.equal(resume?.lastSeq, 1);
  assert.equal(world.edge.sessions.length, 1);
  assert.equal(world.edge.registrations[0]?.instanceId, session.instanceId);
});

test('replayed_events_that_were_handled_are_not_handled_again', async () => {
  await world.signIn();
  const call = await world.connectedCall();
  let muted = 0;
  call.on('mutedByOthers', () => (muted += 1));
  world.edge.event({ mutedByOther: { callId: call.id } });
  await until('muted', () => muted === 1);
  world.edge.rawEvent({ mutedByOther: { callId: call.id } }, 2);
  world.edge.update(call.id, S.REMOTE_HOLD);
  await until('the next one', () => call.state === 'RemoteHold');
  assert.equal(muted, 1);
});

test('an_unanswered_invite_goes_out_again_under_the_same_request_id', async () => {
  await world.signIn();
  world.edge.auto.delete('invite');
  const call = world.agent.startCall([phone]);
  const first = await world.edge.next('invite');
  world.edge.drop();
  const again = await world.edge.next('invite');
  assert.equal(again.frame.requestId, first.frame.requestId);
  assert.equal(again.frame.invite?.callId, call.id);
  assert.deepEqual(again.frame.invite?.offer, first.frame.invite?.offer);
  assert.ok(again.repeated, 'the gateway recognises it');
  world.edge.respond(again, { answer: { callId: call.id, generation: 1, sdp: 'answer' } });
  await until('answered', () => media.connections[0]?.remoteDescription?.sdp === 'answer');
});

test('a_request_made_while_disconnected_goes_out_once_when_back', async () => {
  await world.signIn();
  const call = await world.connectedCall();
  world.edge.refuse = () => ({ close: 1012 });
  world.edge.drop();
  await until('disconnected', () => world.agent.connectionState === 'Disconnected');
  const held = call.hold();
  await settle();
  assert.equal(world.edge.count('hold'), 0);
  world.edge.refuse = undefined;
  await held;
  assert.equal(world.edge.count('hold'), 1);
  assert.equal(call.state, 'LocalHold');
});

test('without_a_resumed_session_the_gateways_list_of_calls_is_the_truth', async () => {
  await world.signIn();
  const kept = await world.connectedCall();
  const lost = await world.connectedCall();
  const incoming = await world.incoming();
  world.edge.forgetSessions = true;
  world.edge.registered = {
    ...world.edge.registered,
    calls: [
      {
        call: { callId: kept.id, state: S.REMOTE_HOLD, outgoing: true },
        participants: [{ participantId: 'p9', identity: { rawId: '4:+14255550142' } }],
      },
      { incoming: { callId: 'other', from: { rawId: '4:anonymous' } } },
    ],
  };
  const rung: string[] = [];
  world.agent.on('incomingCall', ({ incomingCall }) => rung.push(incomingCall.id));
  let ended: unknown;
  incoming.on('callEnded', ({ callEndReason }) => (ended = callEndReason.subCode));
  world.edge.drop();
  await until('lost', () => lost.state === 'Disconnected');
  assert.equal(kept.state, 'RemoteHold');
  assert.deepEqual([lost.callEndReason?.code, lost.callEndReason?.subCode], [496, 7]);
  assert.equal(ended, 7);
  assert.deepEqual(rung, ['other']);
  assert.deepEqual([...world.agent.calls], [kept]);
  assert.equal(kept.remoteParticipants[0]?.endpointDetails[0]?.participantId, 'p9');
  // The new session counts its events from one again.
  world.edge.update(kept.id, S.CONNECTED);
  await until('connected', () => kept.state === 'Connected');
});

test('a_request_of_a_forgotten_session_fails_instead_of_being_done_twice', async () => {
  await world.signIn();
  world.edge.auto.delete('invite');
  const call = world.agent.startCall([phone]);
  await world.edge.next('invite');
  world.edge.forgetSessions = true;
  world.edge.drop();
  await until('over', () => call.state === 'Disconnected');
  assert.equal(call.callEndReason?.subCode, 7);
  await settle();
  assert.equal(world.edge.count('invite'), 1);
});

test('a_request_that_never_left_goes_out_in_the_new_session_too', async () => {
  await world.signIn();
  const call = await world.connectedCall();
  world.edge.refuse = () => ({ close: 1012 });
  world.edge.drop();
  await until('disconnected', () => world.agent.connectionState === 'Disconnected');
  const held = call.hold();
  world.edge.forgetSessions = true;
  world.edge.registered = {
    ...world.edge.registered,
    calls: [{ call: { callId: call.id, state: S.CONNECTED } }],
  };
  world.edge.refuse = undefined;
  await held;
  assert.equal(call.state, 'LocalHold');
  assert.equal(world.edge.sessions.length, 2);
});

test('a_mute_that_a_new_session_does_not_know_is_told_again', async () => {
  await world.signIn();
  const call = await world.connectedCall();
  await call.mute();
  world.edge.forgetSessions = true;
  world.edge.registered = {
    ...world.edge.registered,
    calls: [{ call: { callId: call.id, state: S.CONNECTED, muted: false } }],
  };
  world.edge.drop();
  await until('told again', () => world.edge.count('mute') === 2);
  assert.equal(call.isMuted, true);
});

test('calls_end_with_496_7_when_the_resume_window_is_over', async () => {
  world.edge.registered = { ...world.edge.registered, resumeWindowMs: 30 };
  await world.signIn();
  const call = await world.connectedCall();
  world.edge.refuse = () => ({ close: 1012 });
  world.edge.drop();
  await until('over', () => call.state === 'Disconnected');
  assert.deepEqual([call.callEndReason?.code, call.callEndReason?.subCode], [496, 7]);
  const anew = (): boolean => world.edge.registrations.slice(1).some((r) => r.resume === null);
  await until('registers anew', anew);
  world.edge.refuse = undefined;
  await until('back', () => world.agent.connectionState === 'Connected');
});

test('a_gap_in_the_events_makes_a_new_session_with_a_snapshot', async () => {
  await world.signIn();
  const call = await world.connectedCall();
  world.edge.registered = {
    ...world.edge.registered,
    calls: [{ call: { callId: call.id, state: S.REMOTE_HOLD } }],
  };
  world.edge.rawEvent({ callUpdate: { callId: call.id, state: S.CONNECTED } }, 9);
  await until('restored', () => call.state === 'RemoteHold');
  assert.equal(world.edge.sessions.length, 2);
});

test('bytes_that_are_no_frame_and_oversized_ones_cost_the_socket_and_nothing_else', async () => {
  await world.signIn();
  const call = await world.connectedCall();
  for (const bytes of [new Uint8Array([0xff, 0xff, 0xff]), 'text', new Uint8Array(70_000)]) {
    const before = world.edge.registrations.length;
    world.edge.rawBytes(bytes);
    await until('resumed', () => world.edge.registrations.length === before + 1);
    await until('connected', () => world.agent.connectionState === 'Connected');
  }
  assert.equal(call.state, 'Connected');
  assert.equal(world.edge.sessions.length, 1);
});

test('pings_carry_acks_and_a_silent_gateway_is_left_and_resumed', async () => {
  world.edge.registered = { ...world.edge.registered, pingIntervalMs: 5, pingTimeoutMs: 40 };
  await world.signIn();
  const call = await world.connectedCall();
  const acks = (g: { frame: acsedge.v1.ClientFrame }) => !!g.frame.ping?.tMs && g.frame.ack === 1;
  await until('a ping with the ack', () => world.edge.got.some(acks));
  world.edge.answersPings = false;
  await until('left and back', () => world.edge.registrations.length >= 2);
  world.edge.answersPings = true;
  await until('connected', () => world.agent.connectionState === 'Connected');
  assert.equal(world.edge.sessions.length, 1);
  assert.equal(call.state, 'Connected');
});

test('a_gateway_that_answers_pings_is_not_left', async () => {
  world.edge.registered = { ...world.edge.registered, pingIntervalMs: 2, pingTimeoutMs: 20 };
  await world.signIn();
  const begun = Date.now();
  await until('many pings', () => world.edge.count('ping') > 20 && Date.now() - begun > 100);
  assert.equal(world.edge.registrations.length, 1);
});

test('many_events_are_acknowledged_before_the_next_regular_ping', async () => {
  await world.signIn();
  const call = await world.connectedCall();
  for (let n = 0; n < 40; n++) world.edge.update(call.id, S.CONNECTED);
  const { frame } = await world.edge.next('ping');
  assert.ok(frame.ack >= 16, `ack ${frame.ack}`);
});

test('a_token_about_to_expire_is_refreshed', async () => {
  const fresh = tokenWith({ n: 2 });
  world.credential = new FakeCredential([tokenWith(), fresh]);
  await world.signIn();
  world.edge.event({ tokenExpiring: { expiresAtMs: Date.now() + 300_000 } });
  const { frame } = await world.edge.next('refreshToken');
  assert.equal(frame.refreshToken?.token, fresh);
  world.edge.drop();
  await until('back', () => world.edge.registrations.length === 2);
  assert.equal(world.edge.registrations[1]?.token, fresh);
});

test('a_credential_without_a_newer_token_sends_no_refresh', async () => {
  await world.signIn();
  world.edge.event({ tokenExpiring: { expiresAtMs: 1 } });
  await until('asked', () => world.credential.asked === 2);
  await settle();
  assert.equal(world.edge.count('refreshToken'), 0);
});

test('4401_with_a_fresh_token_at_hand_comes_back', async () => {
  world.credential = new FakeCredential([tokenWith({ n: 1 }), tokenWith({ n: 2 })]);
  await world.signIn();
  const call = await world.connectedCall();
  world.edge.closeWith(4401);
  await until('registered again', () => world.edge.registrations.length === 2);
  assert.notEqual(world.edge.registrations[1]?.token, world.edge.registrations[0]?.token);
  await until('connected', () => world.agent.connectionState === 'Connected');
  assert.equal(call.state, 'Connected');
});

test('4401_with_the_same_token_is_invalid_token_and_ends_the_calls', async () => {
  await world.signIn();
  const call = await world.connectedCall();
  const reasons: unknown[] = [];
  world.agent.on('connectionStateChanged', ({ newValue, reason }) =>
    reasons.push(newValue, reason),
  );
  world.edge.closeWith(4401);
  await until('over', () => call.state === 'Disconnected');
  assert.deepEqual(reasons, ['Disconnected', 'invalidToken']);
  assert.deepEqual([call.callEndReason?.code, call.callEndReason?.subCode], [495, 4507]);
  await settle();
  assert.equal(world.edge.registrations.length, 1);
  assert.throws(() => world.agent.startCall([phone]), { subCode: 40235 });
});

test('4409_and_stop_mean_never_to_come_back', async () => {
  await world.signIn();
  const call = await world.connectedCall();
  world.edge.closeWith(4409);
  await until('over', () => call.state === 'Disconnected');
  await settle();
  assert.equal(world.edge.registrations.length, 1);
  assert.equal(world.agent.connectionState, 'Disconnected');
});

test('session_closing_resume_reregister_and_stop_are_obeyed', async () => {
  await world.signIn();
  const call = await world.connectedCall();
  world.edge.event({ closing: { action: Action.RESUME, retryAfterMs: 1 } });
  await until('resumed', () => world.edge.registrations.length === 2);
  assert.ok(world.edge.registrations[1]?.resume);
  await until('connected', () => world.agent.connectionState === 'Connected');
  assert.equal(call.state, 'Connected');
  world.edge.event({ closing: { action: Action.REREGISTER } });
  await until('registered', () => world.edge.registrations.length === 3);
  assert.equal(world.edge.registrations[2]?.resume, null);
  await until('connected', () => world.agent.connectionState === 'Connected');
  assert.equal(call.callEndReason?.subCode, 7, 'not in the new session');
  world.edge.event({
    closing: { action: Action.STOP, status: { code: 401, subCode: 40235, message: 'revoked' } },
  });
  await until('gone', () => world.agent.connectionState === 'Disconnected');
  await settle();
  assert.equal(world.edge.registrations.length, 3);
});

test('retry_after_is_kept_to', async () => {
  await world.signIn();
  const before = Date.now();
  world.edge.event({ closing: { action: Action.RESUME, retryAfterMs: 60 } });
  await until('resumed', () => world.edge.registrations.length === 2);
  assert.ok(Date.now() - before >= 58);
});

test('an_alternate_url_that_is_not_secure_is_not_followed', async () => {
  await world.signIn();
  world.edge.event({
    closing: { action: Action.RESUME, retryAfterMs: 1, alternateUrl: 'ws://evil.example/edge' },
  });
  await until('resumed here', () => world.edge.registrations.length === 2);
});

test('4429_waits_longer', async () => {
  timing.rateLimitedMs = 50;
  await world.signIn();
  const before = Date.now();
  world.edge.closeWith(4429);
  await until('back', () => world.edge.registrations.length === 2);
  assert.ok(Date.now() - before >= 48);
});

test('dispose_unregisters_ends_calls_and_resolves_twice', async () => {
  await world.signIn();
  const call = await world.connectedCall();
  world.edge.auto.set('hangup', () => {
    world.edge.end(call.id, 0, 0);
    return {};
  });
  await Promise.all([world.agent.dispose(), world.agent.dispose()]);
  assert.equal(call.state, 'Disconnected');
  await world.edge.next('unregister');
  assert.equal(world.agent.connectionState, 'Disconnected');
  assert.throws(() => world.agent.startCall([phone]));
});

// ---- createCallAgent ----

test('create_call_agent_refuses_what_a_token_itself_tells', async () => {
  const refused = async (token: string): Promise<number[]> => {
    const client = world.newClient();
    const error = await rejection(client.createCallAgent(new FakeCredential([token]) as never));
    return [error.code, error.subCode];
  };
  assert.deepEqual(await refused(tokenWith({ exp: 1 })), [401, 40235]);
  assert.deepEqual(await refused(tokenWith({ acsScope: 'chat' })), [401, 44114]);
  assert.deepEqual(await refused(tokenWith({ skypeid: 'orgid:1' })), [403, 40229]);
  assert.deepEqual(await refused(''), [401, 44110]);
  assert.equal(world.edge.registrations.length, 0);
});

test('voip_join_is_scope_enough_to_register', async () => {
  world.credential = new FakeCredential([tokenWith({ acsScope: 'voip.join' })]);
  await world.signIn();
});

test('create_call_agent_is_rejected_with_the_gateways_reason', async () => {
  world.edge.refuse = () => ({ status: { code: 401, subCode: 40235, message: 'expired there' } });
  const error = await rejection(world.newClient().createCallAgent(world.credential as never));
  assert.deepEqual([error.code, error.subCode, error.message], [401, 40235, 'expired there']);
  world.edge.refuse = () => ({ close: 4403 });
  const forbidden = await rejection(world.newClient().createCallAgent(world.credential as never));
  assert.equal(forbidden.code, 403);
});

test('an_unreachable_gateway_is_408_40114_after_trying_again', async () => {
  timing.createAgentMs = 60;
  world.edge.refuse = () => ({ close: 1012 });
  const error = await rejection(world.newClient().createCallAgent(world.credential as never));
  assert.deepEqual([error.code, error.subCode], [408, 40114]);
  assert.ok(world.edge.registrations.length > 1);
  await settle(); // What was on its way arrives.
  const tries = world.edge.registrations.length;
  await settle();
  assert.equal(world.edge.registrations.length, tries, 'and then no more');
});

test('a_failed_create_call_agent_can_be_tried_again', async () => {
  const client = world.newClient();
  world.edge.refuse = () => ({ close: 4403 });
  await rejection(client.createCallAgent(world.credential as never));
  world.edge.refuse = undefined;
  await client.createCallAgent(world.credential as never);
});

test('an_incoming_call_before_anybody_listens_is_told_to_the_first_listener', async () => {
  await world.signIn();
  world.edge.ring('early');
  await until('rings', () => world.agent.incomingCalls.length === 1);
  const rung: string[] = [];
  world.agent.on('incomingCall', ({ incomingCall }) => rung.push(incomingCall.id));
  await until('told', () => rung.length === 1);
  assert.deepEqual(rung, ['early']);
});

test('a_page_that_is_closed_unregisters_and_one_that_is_only_hidden_does_not', async () => {
  await world.signIn();
  page.dispatchEvent(Object.assign(new Event('pagehide'), { persisted: true }));
  await settle();
  assert.equal(world.edge.count('unregister'), 0);
  page.dispatchEvent(Object.assign(new Event('pagehide'), { persisted: false }));
  await world.edge.next('unregister');
});

test('a_network_that_is_back_is_used_at_once', async () => {
  await world.signIn();
  Object.assign(timing, { backoffMinMs: 60_000, backoffMaxMs: 60_000 });
  world.edge.drop();
  await until('disconnected', () => world.agent.connectionState === 'Disconnected');
  page.dispatchEvent(new Event('online'));
  await until('back', () => world.agent.connectionState === 'Connected');
});

test('a_refusal_that_is_not_final_is_tried_again_and_told_in_the_end', async () => {
  timing.createAgentMs = 60;
  timing.rateLimitedMs = 5;
  const status = { code: 429, subCode: 90429, message: 'too many devices' };
  world.edge.refuse = () => ({ status });
  const error = await rejection(world.newClient().createCallAgent(world.credential as never));
  assert.deepEqual([error.code, error.message], [429, 'too many devices']);
  assert.ok(world.edge.registrations.length > 1);
});
