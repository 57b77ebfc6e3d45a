// Azure's call automation SDK against the gateway: every operation, and a small IVR while a carrier calls.
import assert from 'node:assert/strict';
import { createPublicKey, verify } from 'node:crypto';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { assertHears } from '../lib/assertions.mjs';
import { Cast, castOf } from '../lib/cast.mjs';
import { kSlow } from '../lib/daemon.mjs';
import { EdgeDevice } from '../lib/edge.mjs';
import { freePorts } from '../lib/ports.mjs';
import { Program } from '../lib/process.mjs';
import { ScriptedPhone } from '../lib/scripted_phone.mjs';
import { Sipp } from '../lib/sipp.mjs';
import { until } from '../lib/wait.mjs';
import { Gateway } from './lib/gateway.mjs';

const kSecret = 'the-ivr';
const kMenuHertz = 440;
const kDeskHertz = 700;
const kCallerHertz = 1000;
const kDoor = { '+14255550195': 'none', '+14255550196': 'forbidden', '+14255550197': 'busy', '+14255550198': '101' };
const kScripts = path.join(path.dirname(fileURLToPath(import.meta.url)), 'sdk');

describe('call automation by the official SDK', () => {
  const cast = new Cast();
  let gateway, ivr, desk, passes;
  before(async () => {
    const port = await freePorts(), door = await freePorts();
    desk = await freePorts();
    gateway = await cast.add(Gateway.start({
      files: {
        'trunks.d/desk.toml': `name = "desk"\ntargets = ["127.0.0.1:${desk}"]\npeers = ["127.0.0.1:${desk}"]\noptions_interval = "0s"\n`,
        'apps.toml': `[[app]]\nname = "ivr"\nwebhook = "http://127.0.0.1:${port}/incoming?key=${kSecret}"\nring_timeout = "10s"\n` +
          `[[app]]\nname = "door"\nwebhook = "http://127.0.0.1:${door}/"\n`,
      },
      edit: {
        'routes.toml': (text) => `[[route]]\nname = "ivr"\nfrom = ["trunk:carrier"]\nto = "+14255550199"\ntargets = ["app:ivr"]\n` +
          `[[route]]\nname = "door"\nfrom = ["trunk:carrier"]\nto = "+1425555019*"\ntargets = ["app:door"]\n` +
          `[[route]]\nname = "transfers"\nfrom = ["app:ivr"]\nto = "142"\ntargets = ["trunk:desk"]\n${text}`,
      },
    }));
    const program = async (name, env) => {
      const started = await cast.add(new Program(name, process.execPath, [path.join(kScripts, `${name}.mjs`)], {
        env: {
          COMMUNICATION_CONNECTION_STRING: gateway.connectionString, NODE_EXTRA_CA_CERTS: gateway.certificate, NODE_TEST_CONTEXT: '', ...env,
        },
      }));
      started.close = () => started.end();
      return started;
    };
    ivr = await program('ivr', { PORT: String(port), SECRET: kSecret, HERTZ: String(kMenuHertz) });
    passes = await program('door', { PORT: String(door), DECISIONS: JSON.stringify(kDoor) });
  });
  after(() => cast.close());

  test('every_operation', async (t) => {
    const carrier = await castOf(t).add(Sipp.start('answer', { port: gateway.daemon.carrier, audio: { hertz: 700 } }));
    const out = await gateway.sdk('calls');
    assert.equal(out.created.callConnectionState, 'connecting');
    assert.equal(out.connected.callConnectionId, out.created.callConnectionId);
    assert.equal(out.connected.operationContext, 'first');
    assert.equal(out.properties.callConnectionState, 'connected');
    assert.equal(out.properties.serverCallId, out.connected.serverCallId);
    assert.equal(out.updated.participants.length, 1);
    assert.equal(out.participants.length, 1);
    assert.equal(out.nobody.status, 404);

    assert.ok(out.added.invitationId);
    assert.equal(out.addSucceeded.operationContext, 'add');
    assert.equal(out.operationsAt, '/operations', 'events of an operation go where it says');
    assert.equal(out.three, 2);
    assert.equal(out.foreign.status, 403);
    assert.equal(out.muted, true);
    assert.equal(out.held, true);
    const invite = await carrier.request('INVITE');
    assert.match(invite.first, /^INVITE sip:\+12065550123@/);
    assert.match(invite.header('from'), /<sip:\+14255550100@/);
    assert.equal(invite.header('user-to-user'), '00FF;encoding=hex');

    assert.equal(out.playStarted.operationContext, 'play');
    assert.equal(out.playCompleted.operationContext, 'play');
    assert.equal(out.playFailed.resultInformation.subCode, 8536);
    assert.equal(out.playCanceled.resultInformation.subCode, 8508);
    assert.equal(out.sending.operationContext, 'tones');
    assert.equal(out.sent.operationContext, 'tones');
    assert.equal(carrier.rtp.digits(), '1#');
    assert.equal(out.silence.resultInformation.subCode, 8510);
    assert.equal(out.removed.operationContext, 'remove');
    assert.equal(out.addFailed.operationContext, 'absent');
    assert.equal(out.cancelFailed.kind, 'CancelAddParticipantFailed');
    assert.notEqual(out.second.callConnectionId, out.connected.callConnectionId);
    assert.equal(out.secondLeft.callConnectionId, out.second.callConnectionId);
    assert.equal(out.ended.callConnectionId, out.connected.callConnectionId);
    assert.equal(out.gone.status, 404);
    assert.equal(out.createFailed.resultInformation.code, 480);
    assert.equal(out.badContext.status, 404);
    assert.equal(out.badCallback.status, 400);
    assert.equal(out.moved.status, 501);
    await carrier.finished(20_000 * kSlow);
    await gateway.daemon.cleared();
    await verified(out.authorization);
  });

  /** A callback's token, by the documents that an app finds. */
  async function verified(authorization) {
    const { json: found } = await gateway.request('GET', '/calling/.well-known/acsopenidconfiguration');
    assert.equal(found.jwks_uri, `${gateway.endpoint}/calling/keys`);
    const { json: { keys } } = await gateway.request('GET', '/calling/keys');
    const [scheme, token] = authorization.split(' ');
    assert.equal(scheme, 'Bearer');
    const [head, body, signature] = token.split('.');
    const header = JSON.parse(Buffer.from(head, 'base64url'));
    const key = createPublicKey({ key: keys.find(({ kid }) => kid === header.kid), format: 'jwk' });
    assert.equal(header.alg, 'RS256');
    assert.ok(verify('RSA-SHA256', Buffer.from(`${head}.${body}`), key, Buffer.from(signature, 'base64url')));
    const claims = JSON.parse(Buffer.from(body, 'base64url'));
    assert.equal(claims.iss, found.issuer);
    assert.equal(claims.exp - claims.iat, 300);
    assert.match(claims.aud, /^[0-9a-f-]{36}$/);
  }

  test('an_app_hears_and_speaks_by_a_media_stream', async () => {
    const out = await gateway.sdk('streaming');
    assert.equal(out.started.mediaStreamingUpdate.mediaStreamingStatus, 'mediaStreamingStarted');
    assert.equal(out.headers.connection, out.started.callConnectionId);
    assert.equal(out.headers.authorization, 'Bearer eyJ');
    assert.equal(out.metadata.sampleRate, 16_000);
    assert.equal(out.metadata.length, 640);
    assert.ok(out.peak > 4_000 && out.peak < 12_000, `what it says comes back: ${out.peak} of 8000`);
    assert.equal(out.stopped.mediaStreamingUpdate.mediaStreamingStatusDetails, 'subscriptionStopped');
    assert.equal(out.again.operationContext, 'again');
    assert.equal(out.again.mediaStreamingUpdate.mediaStreamingStatus, 'mediaStreamingStarted');
    assert.ok(out.secondPeak > 4_000 && out.secondPeak < 12_000, `started again, it goes both ways again: ${out.secondPeak} of 8000`);
    assert.ok(out.ended);
    await gateway.daemon.cleared();
  });

  test('a_users_app_and_a_desk_phone_are_muted_held_with_a_file_pressed_on_and_invited_in_vain', async (t) => {
    const members = castOf(t);
    const alice = await members.add(EdgeDevice.register(gateway.daemon, 'alice'));
    const phone = await members.add(ScriptedPhone.open(gateway.daemon, '101', { incoming: 200, hertz: kDeskHertz }));
    const other = await members.add(ScriptedPhone.open(gateway.daemon, '102'));
    await phone.register();
    await other.register();
    const running = gateway.sdk('desk', { USER_ID: alice.registered.identity });
    const played = async () => {
      const callId = await alice.accept(20_000);
      await alice.event('callEnded', (event) => event.callId === callId, 20_000);
      const { rtp } = await phone.rings();
      await assertHears('the phone on hold', rtp, 800);
      rtp.press('5');
      const ringing = await other.rings(0, 30_000 * kSlow);
      assert.equal(ringing.cancelled, undefined);
      rtp.press('#');
      await until('the invited phone rings no more', () => ringing.cancelled);
      await (await phone.rings()).over();
    };
    const [out] = await Promise.all([running, played()]);
    assert.deepEqual([out.muted, out.held, out.unheld], [true, true, false]);
    assert.deepEqual([out.first, out.second].map(({ tone, sequenceId, operationContext }) => [tone, sequenceId, operationContext]),
      [['five', 1, 'keys'], ['pound', 2, 'keys']]);
    assert.equal(out.transfer.operationContext, 'transfer');
    assert.equal(out.transfer.resultInformation.code, 480);
    assert.equal(out.cancelled.invitationId, out.invitation);
    assert.equal(out.cancelled.operationContext, 'cancel');
    assert.deepEqual(out.participants.map(({ identifier }) => identifier.phoneNumber), ['101']);
    await gateway.daemon.cleared();
  });

  test('an_app_rejects_calls_and_passes_one_on_to_a_desk_phone', async (t) => {
    await until('the webhook proves itself', () => gateway.daemon.log(/webhook proved.*door|door.*webhook proved/).length > 0, 60_000 * kSlow);
    const members = castOf(t);
    const phone = await members.add(ScriptedPhone.open(gateway.daemon, '101', { incoming: 200, hertz: kDeskHertz }));
    await phone.register();
    const call = { port: gateway.daemon.carrier, to: gateway.daemon.sip.udp, audio: { hertz: kCallerHertz } };
    for (const [number, status] of Object.entries({ '+14255550195': '603', '+14255550196': '403', '+14255550197': '486' })) {
      const caller = await members.add(Sipp.start('call_refused', { ...call, values: { to: number, status } }));
      await caller.finished(20_000 * kSlow);
    }
    const caller = await members.add(Sipp.start('call', { ...call, values: { to: '+14255550198' }, duration: 6_000 }));
    await passes.line(/^\+14255550198 101$/);
    const { invite, rtp } = await phone.rings();
    assert.match(invite.header('from'), /<sip:\+12065550100@/, 'the phone sees who called');
    await assertHears('the phone', rtp, kCallerHertz);
    await assertHears('the caller', caller.rtp, kDeskHertz);
    await caller.finished(30_000 * kSlow);
    await gateway.daemon.cleared();
  });

  test('an_unmixed_stream_of_24_khz_has_each_participant_and_their_keys_by_themselves', async (t) => {
    const carrier = await castOf(t).add(Sipp.start('answer', { port: gateway.daemon.carrier, audio: { hertz: 700 } }));
    const running = gateway.sdk('streams_apart');
    const asked = until('the app asks for keys', () => carrier.rtp.digits() === '1', 40_000 * kSlow).then(() => carrier.rtp.press('5#'));
    const [out] = await Promise.all([running, asked]);
    assert.equal(out.metadata.sampleRate, 24_000);
    assert.equal(out.metadata.length, 960);
    assert.deepEqual(out.participants, ['4:+12065550123', '8:echo123']);
    assert.ok(out.phone.said < 100, `the phone never said what the app said: ${JSON.stringify(out)}`);
    assert.deepEqual(out.keys.map(({ data, participantRawID }) => [data, participantRawID]), [['5', '4:+12065550123'], ['#', '4:+12065550123']]);
    await gateway.daemon.cleared();
  });

  test('an_ivr_answers_plays_recognises_two_digits_and_transfers_to_a_phone', async (t) => {
    await until('the webhook proves itself', () => gateway.daemon.log(/webhook proved/).length > 0, 60_000 * kSlow);
    const phone = await castOf(t).add(Sipp.start('answer', { port: desk, audio: { hertz: kDeskHertz } }));
    const caller = await castOf(t).add(Sipp.start('call', {
      port: gateway.daemon.carrier, to: gateway.daemon.sip.udp, audio: { hertz: kCallerHertz }, values: { to: '+14255550199' }, duration: 15_000,
    }));
    await caller.response(200);
    await assertHears('the caller', caller.rtp, kMenuHertz);
    caller.rtp.press('42');
    await ivr.line(/^extension 142$/);
    const invite = await phone.request('INVITE');
    assert.match(invite.first, /^INVITE sip:142@/);
    assert.match(invite.header('from'), /<sip:\+12065550100@/, 'the phone sees who called');
    await ivr.line(/^CallTransferAccepted 200\/0$/);
    await ivr.line(/^CallDisconnected/);
    await assertHears('the caller', caller.rtp, kDeskHertz);
    await assertHears('the phone', phone.rtp, kCallerHertz);
    await caller.finished(30_000 * kSlow);
    await phone.finished(30_000 * kSlow);
    const cdr = await gateway.daemon.cdr((record) => record.dialled === '+14255550199');
    assert.deepEqual(cdr.legs.map((leg) => leg.kind), ['sip', 'app', 'sip']);
  });
});
