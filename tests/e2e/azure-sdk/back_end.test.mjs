// examples/back_end, with Azure's SDKs for identities and phone numbers and a connection string, against the gateway.
import assert from 'node:assert/strict';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { EdgeDevice } from '../lib/edge.mjs';
import { Program } from '../lib/process.mjs';
import { Gateway } from './lib/gateway.mjs';

const kApiKey = 'the-example-back-end';

describe('the example back end', () => {
  let gateway, server, url;
  before(async () => {
    gateway = await Gateway.start({
      set: { 'acs.api_keys': `["${kApiKey}"]` },
      edit: { 'users.toml': (text) => text.replace('name = "alice"\n', '$&email = "alice@example.com"\nnumbers = ["+14255550100", "+14255550177"]\n') },
    });
    server = new Program('back end', process.execPath, [path.join(path.dirname(fileURLToPath(import.meta.url)), 'sdk/back_end.mjs')], {
      env: {
        COMMUNICATION_CONNECTION_STRING: gateway.connectionString, API_KEY: kApiKey, NODE_EXTRA_CA_CERTS: gateway.certificate,
        NODE_TEST_CONTEXT: '',
      },
    });
    [, url] = await server.line(/^listening on (\S+)$/);
  });
  after(async () => {
    await server?.end();
    await gateway?.close();
  });

  const login = async (body) => {
    const response = await fetch(`${url}/login`, { method: 'POST', body });
    return { status: response.status, ...(await response.json()) };
  };
  const get = async (what, session) => {
    const response = await fetch(`${url}/${what}`, { headers: { authorization: `Bearer ${session}` } });
    return { status: response.status, ...(await response.json()) };
  };

  test('signs_a_user_in_and_hands_out_tokens_and_numbers', async () => {
    const { status, acsId, session } = await login('{"email":"alice@example.com"}');
    assert.equal(status, 200);
    assert.match(acsId, /^8:acs:/);
    const { token, expiresOn } = await get('token', session);
    assert.ok(new Date(expiresOn) > new Date());
    const device = await EdgeDevice.register(gateway.daemon, 'alice', { token });
    assert.ok(device.registered);
    await device.close();
    assert.deepEqual(await get('phone', session), { status: 200, extension: '201', numbers: ['+14255550100'], callerIds: ['+14255550100'] });
    for (const api of ['users', 'identity', 'phone_numbers']) {
      assert.equal(await gateway.daemon.metric('gw_rest_requests_total', `api="${api}"`), 1, `${api} was asked once`);
    }
  });

  test('refuses_strangers_and_nonsense', async () => {
    assert.equal((await login('{"email":"nobody@example.com"}')).status, 401);
    assert.equal((await login('{')).status, 400);
    assert.equal((await login('null')).status, 400);
    assert.equal((await login('{"email":7}')).status, 400);
    assert.equal((await login(`{"email":"${'x'.repeat(10_000)}"}`)).status, 413);
    assert.equal((await get('token', 'guessed')).status, 401);
    assert.equal((await get('nothing', 'x')).status, 404);
  });
});
