// Azure's identity SDK against the gateway: identities, tokens, what they open, and how they end.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { kSlow } from '../lib/daemon.mjs';
import { EdgeDevice } from '../lib/edge.mjs';
import { within } from '../lib/wait.mjs';
import { Gateway } from './lib/gateway.mjs';

const kIdentity = /^8:acs:[0-9a-f-]{36}_[0-9a-f-]{36}$/;
const claims = (token) => JSON.parse(Buffer.from(token.split('.')[1], 'base64url'));
const minutes = (expiresOn) => (new Date(expiresOn) - Date.now()) / 60_000;

describe('identity by the official SDK', () => {
  let gateway;
  before(async () => { gateway = await Gateway.start(); });
  after(() => gateway.close());

  test('every_operation', async () => {
    const out = await gateway.sdk('identity');
    assert.match(out.user, kIdentity);
    assert.match(out.bare, kIdentity);
    assert.match(out.created.user.communicationUserId, kIdentity);
    assert.notEqual(out.created.user.communicationUserId, out.user);

    const claimed = claims(out.token.token);
    assert.equal(`8:${claimed.skypeid}`, out.user);
    assert.equal(claimed.acsScope, 'chat,voip');
    assert.equal(out.user.startsWith(`8:acs:${claimed.resourceId}_`), true);
    assert.equal(out.readBySdk, claimed.exp * 1000);
    assert.equal(claims(out.joining.token).acsScope, 'voip.join,chat.join,chat.join.limited');
    assert.ok(Math.abs(minutes(out.token.expiresOn) - 1440) < 2, 'a day when nothing is asked');
    assert.ok(Math.abs(minutes(out.short.expiresOn) - 60) < 2);

    for (const name of ['tooShort', 'tooLong', 'noScope', 'strangeScope']) {
      assert.equal(out[name].status, 400, name);
      assert.equal(out[name].code, 'ValidationError', name);
    }
    assert.equal(out.teams.status, 501);
    assert.equal(out.stranger.status, 404);
    assert.equal(out.wrongKey.status, 401);
    assert.equal(out.wrongKey.code, 'Denied');
    assert.equal(out.afterDeletion.status, 404);
    assert.equal(out.deletedTwice.status, 404);
  });

  test('a_token_of_the_sdk_opens_the_edge_and_revocation_ends_the_session_within_a_second', async () => {
    const { token, user } = await gateway.sdk('one_user', { OPERATION: 'create' });
    const device = await EdgeDevice.register(gateway.daemon, 'carol', { token });
    assert.ok(device.registered, 'registered');

    // The SDK's process takes its time to start; the gateway's second begins with the request.
    const target = `/identities/${encodeURIComponent(user.communicationUserId)}/:revokeAccessTokens?api-version=2023-10-01`;
    const answer = await gateway.ask('POST', target);
    assert.equal(answer.status, 204);
    const { code } = await within('the session ends', device.closed, 1_000 * kSlow);
    assert.equal(code, 4401);

    assert.equal(await gateway.edgeRefuses(token), 4401, 'the old token is dead');
    const fresh = await gateway.sdk('one_user', { OPERATION: 'token', IDENTITY: user.communicationUserId });
    const again = await EdgeDevice.register(gateway.daemon, 'carol', { token: fresh.token });
    assert.ok(again.registered, 'a new one works at once');

    await gateway.sdk('one_user', { OPERATION: 'delete', IDENTITY: user.communicationUserId });
    assert.equal((await within('the session ends with its identity', again.closed, 1_000 * kSlow)).code, 4401);
  });

  test('what_was_issued_and_revoked_is_in_the_log_and_no_token_is', () => {
    const issued = gateway.daemon.log(/msg="token was issued"/);
    assert.ok(issued.length > 3);
    assert.match(issued[0], /by=access-key-1 identity=8:acs:\S+ scopes=\S+ expires=/);
    assert.ok(gateway.daemon.log(/msg="tokens were revoked" by=access-key-1/).length >= 2);
    assert.deepEqual(gateway.daemon.log(/eyJ/), []);
    assert.deepEqual(gateway.daemon.log(new RegExp(gateway.key.slice(0, 20).replace(/[+/]/g, '.'))), []);
  });

  test('identities_and_revocations_outlive_a_restart', async () => {
    const kept = await gateway.sdk('one_user', { OPERATION: 'create' });
    const revoked = await gateway.sdk('one_user', { OPERATION: 'create' });
    await gateway.sdk('one_user', { OPERATION: 'revoke', IDENTITY: revoked.user.communicationUserId });
    await gateway.daemon.restart('SIGKILL');
    const device = await EdgeDevice.register(gateway.daemon, 'kept', { token: kept.token });
    assert.ok(device.registered);
    await device.close();
    const fresh = await gateway.sdk('one_user', { OPERATION: 'token', IDENTITY: kept.user.communicationUserId });
    assert.ok(fresh.token);
    assert.equal(await gateway.edgeRefuses(revoked.token), 4401, 'revoked before, revoked after');
  });

  test('an_operator_s_user_has_tokens_and_is_not_deleted_from_here', async () => {
    const { users } = JSON.parse((await gateway.daemon.command('user', 'list', '--json')).stdout);
    const alice = users.find((user) => user.name === 'alice').id;
    const { token } = await gateway.sdk('one_user', { OPERATION: 'token', IDENTITY: alice });
    assert.equal(`8:${claims(token).skypeid}`, alice);
    const answer = await gateway.ask('DELETE', `/identities/${encodeURIComponent(alice)}?api-version=2023-10-01`);
    assert.equal(answer.status, 403);
  });

  test('the_signing_key_is_exchanged_and_sessions_and_tokens_live_on', async () => {
    const { token } = await gateway.sdk('one_user', { OPERATION: 'create' });
    const kid = (jwt) => JSON.parse(Buffer.from(jwt.split('.')[0], 'base64url')).kid;
    const session = await EdgeDevice.register(gateway.daemon, 'dora', { token });
    const { code, stderr } = await gateway.daemon.command('token', 'rotate-key');
    assert.equal(code, 0, stderr);
    const fresh = await gateway.sdk('one_user', { OPERATION: 'create' });
    assert.notEqual(kid(fresh.token), kid(token), 'the new key signs');
    const another = await EdgeDevice.register(gateway.daemon, 'dora', { token });
    assert.ok(another.registered, 'the old key still verifies');
    assert.equal(session.socket.readyState, 1, 'the session stays');
    await another.close();
    await session.close();
  });
});
