// The operator's directory for back ends: users by e-mail, their calls, CSV in and out.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { kSlow } from '../lib/daemon.mjs';
import { EdgeDevice } from '../lib/edge.mjs';
import { until } from '../lib/wait.mjs';
import { Gateway } from './lib/gateway.mjs';

const kApiKey = 'a-back-end-without-an-sdk';

describe('users of the operator', () => {
  let gateway;
  before(async () => {
    gateway = await Gateway.start({
      set: { 'acs.api_keys': `["${kApiKey}"]` },
      edit: { 'users.toml': (text) => text.replace('name = "alice"\n', '$&email = "alice@example.com"\n') },
    });
  });
  after(() => gateway.close());

  const identify = (email, headers = { 'api-key': kApiKey }) =>
    gateway.request('POST', '/users:identify', { headers: { ...headers, 'content-type': 'application/json' }, body: JSON.stringify({ email }) });

  test('an_api_key_turns_an_e_mail_into_an_identity_and_a_token_that_opens_the_edge', async () => {
    const first = await identify('Alice@Example.com');
    assert.equal(first.status, 200, first.body);
    assert.equal(first.json.created, true);
    assert.deepEqual(first.json.user, {
      name: 'alice', email: 'alice@example.com', displayName: 'alice', extension: '201', numbers: [], alternateCallerIds: ['+14255550100'],
    });
    assert.ok(new Date(first.json.expiresOn) > new Date());
    const device = await EdgeDevice.register(gateway.daemon, 'alice', { token: first.json.token });
    assert.ok(device.registered);
    await device.close();
    const again = await identify('alice@example.com');
    assert.equal(again.json.acsId, first.json.acsId);
    assert.equal(again.json.created, false);
  });

  test('nobody_else_gets_one', async () => {
    assert.equal((await identify('nobody@example.com')).status, 404);
    assert.equal((await identify('')).status, 400);
    assert.equal((await identify('alice@example.com', {})).status, 401);
    assert.equal((await identify('alice@example.com', { 'api-key': `${kApiKey}x` })).status, 401);
    // An API key opens the gateway's own API and not Azure's.
    assert.equal((await gateway.request('POST', '/identities?api-version=2023-10-01', { headers: { 'api-key': kApiKey } })).status, 401);
    const signed = await gateway.ask('POST', '/users:identify', { body: JSON.stringify({ email: 'alice@example.com' }) });
    assert.equal(signed.status, 200, 'an access key opens both');
  });

  test('a_user_sees_the_calls_they_were_in', async () => {
    const alice = await EdgeDevice.register(gateway.daemon, 'alice');
    const callId = randomUUID();
    await alice.request('invite', { callId, to: [{ rawId: '8:echo123' }] });
    await alice.request('hangup', { callId });
    await alice.close();
    const calls = async () => (await gateway.request('GET', '/users/alice/calls?top=1', { headers: { 'api-key': kApiKey } })).json.calls;
    await until('the call is in the history', async () => (await calls()).length === 1, 5_000 * kSlow);
    const [call] = await calls();
    assert.equal(call.source, 'user:alice');
    assert.match(call.call_id, /^[0-9a-f]{16}$/);
    const bob = await gateway.request('GET', '/users/bob/calls', { headers: { 'api-key': kApiKey } });
    assert.deepEqual(bob.json.calls, []);
    assert.equal((await gateway.request('GET', '/users/nobody/calls', { headers: { 'api-key': kApiKey } })).status, 404);
  });

  test('csv_in_and_out', async () => {
    const file = path.join(gateway.daemon.dir, 'users.csv');
    await writeFile(file, '\ufeffname,email,display_name,extension,numbers\r\n' +
      'carol,carol@example.com,"Carol ""C"" Jones, CEO",203,+14255550102;(425)555-0103\r\ndave,dave@example.com,,204,\r\n');
    const imported = await gateway.daemon.command('user', 'import', file);
    assert.equal(imported.code, 0, imported.stderr);
    await until('the daemon knows them', async () => (await identify('carol@example.com')).status === 200, 5_000 * kSlow);
    const { json } = await identify('carol@example.com');
    assert.equal(json.user.displayName, 'Carol "C" Jones, CEO');
    assert.deepEqual(json.user.numbers, ['+14255550102', '+14255550103']);

    const exported = await gateway.daemon.command('user', 'export');
    const carol = exported.stdout.split('\r\n').find((line) => line.startsWith('carol'));
    assert.equal(carol, `carol,carol@example.com,"Carol ""C"" Jones, CEO",203,+14255550102 +14255550103,,${json.acsId}`);
    // What was exported can be imported: nothing changes.
    await writeFile(file, exported.stdout);
    const again = await gateway.daemon.command('user', 'import', file, '--json');
    assert.equal(again.code, 0, again.stderr);
    assert.deepEqual(JSON.parse(again.stdout), { imported: 0, unchanged: 5 });

    for (const [text, why] of [
      ['email\nx@example.com\n', /name is missing/], ['name,colour\nx,red\n', /no column "colour"/], ['name\n"x\n', /quote/],
      ['name,extension\nx,201\n', /user\.x\.extension: "201" is taken already, at users\.toml:\d+: extensions must differ/], ['name,numbers\nx,12\n', /line 2: "12" is no phone number/],
      ['name\nerin\nerin\n,\n', /cells/],
    ]) {
      await writeFile(file, text);
      const refused = await gateway.daemon.command('user', 'import', file);
      assert.notEqual(refused.code, 0, text);
      assert.match(refused.stderr, why);
    }
  });
});
