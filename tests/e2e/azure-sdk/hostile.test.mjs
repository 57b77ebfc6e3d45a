// Bad input at every endpoint of the REST API: refused in the shape of Azure's errors, and nothing stops.
import assert from 'node:assert/strict';
import { createPrivateKey, sign } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { after, afterEach, before, describe, test } from 'node:test';
import { kSlow } from '../lib/daemon.mjs';
import { announce, dribble, eachOf, trickyPaths } from '../lib/hostile_http.mjs';
import { until, within } from '../lib/wait.mjs';
import { Gateway } from './lib/gateway.mjs';

const kId = '8%3Aacs%3A11111111-2222-3333-4444-555555555555_00000001-aaaa-bbbb-cccc-000000000001';
const kEndpoints = [
  ['POST', '/identities?api-version=2023-10-01'],
  ['DELETE', `/identities/${kId}?api-version=2023-10-01`],
  ['POST', `/identities/${kId}/:issueAccessToken?api-version=2023-10-01`],
  ['POST', `/identities/${kId}/:revokeAccessTokens?api-version=2023-10-01`],
  ['POST', '/teamsUser/:exchangeAccessToken?api-version=2023-10-01'],
  ['GET', '/phoneNumbers?api-version=2025-06-01'],
  ['GET', '/phoneNumbers/%2B14255550100?api-version=2025-06-01'],
  ['GET', '/sip?api-version=2023-03-01'],
  ['PATCH', '/sip?api-version=2023-03-01'],
  ['POST', '/sip:testRoutesWithNumber?targetPhoneNumber=%2B1&api-version=2024-11-15-preview'],
  ['POST', '/users:identify'],
  ['GET', '/users/alice/calls'],
];
const kCalls = '/calling/callConnections', kCall = `${kCalls}/00000000-0000-4000-8000-000000000000`, kVersion = '?api-version=2026-03-12';
// Operations on calls: those whose body is read, and those without one.
const kCallBodies = [
  kCalls, `${kCalls}:answer`, `${kCalls}:redirect`, `${kCalls}:reject`, `${kCalls}:connect`,
  ...['add', 'remove', 'mute', 'cancelAddParticipant'].map((verb) => `${kCall}/participants:${verb}`),
  ...['transferToParticipant', 'play', 'recognize', 'startContinuousDtmfRecognition', 'stopContinuousDtmfRecognition', 'sendDtmfTones',
    'hold', 'unhold', 'startMediaStreaming', 'stopMediaStreaming'].map((verb) => `${kCall}:${verb}`),
].map((target) => ['POST', target + kVersion]);
const kCallOthers = [
  ['GET', kCall], ['DELETE', kCall], ['POST', `${kCall}:terminate`], ['POST', `${kCall}:cancelAllMediaOperations`],
  ['GET', `${kCall}/participants`], ['GET', `${kCall}/participants/4%3A%2B14255550100`],
].map(([method, target]) => [method, target + kVersion]);
const kCallRefused = [
  `${kCall}/participants:moveHere`, `${kCall}:startTranscription`, '/calling/recordings',
].map((target) => ['POST', target + kVersion]);
const kSigned = [...kEndpoints, ...kCallBodies, ...kCallOthers, ...kCallRefused];
// Whoever may ask these proves nothing.
const kOpen = [['GET', '/calling/keys'], ['GET', '/calling/.well-known/acsopenidconfiguration'], ['GET', '/eventgrid/validate?id=ivr&code=guess']];
const kAll = [...kSigned, ...kOpen];

function assertAcsError(answer, status, code, what = '') {
  assert.equal(answer.status, status, `${what} ${answer.body}`);
  assert.equal(typeof answer.json?.error?.message, 'string', `${what} ${answer.body}`);
  if (code) assert.equal(answer.json.error.code, code, what);
}

describe('hostile REST requests', () => {
  let gateway;
  before(async () => { gateway = await Gateway.start(); });
  after(() => gateway.close());
  afterEach(async () => {
    assert.ok(gateway.daemon.alive, gateway.daemon.program.tail(60));
    assert.equal((await gateway.ask('GET', '/phoneNumbers?api-version=2025-06-01')).status, 200, 'the API lives');
  });

  test('without_a_signature_or_with_a_wrong_one_every_endpoint_answers_401', async () => {
    let source = 0;
    await eachOf(kSigned, async (method, target) => {
      // Whoever is refused too often is refused for a while: an address an endpoint.
      const from = `127.0.1.${++source}`;
      const none = await gateway.request(method, target, { from });
      assertAcsError(none, 401, 'Denied', `${method} ${target}`);
      assert.match(none.headers['x-ms-request-id'], /^[0-9a-f-]{36}$/);
      assert.ok(none.headers['ms-cv']);
      assertAcsError(await gateway.ask(method, target, { from, key: Buffer.alloc(64, 9).toString('base64') }), 401, 'Denied', target);
      const other = gateway.sign(method, `${target}&x=1`);
      assertAcsError(await gateway.request(method, target, { from, headers: other }), 401, 'Denied', target);
    });
  });

  test('a_skewed_clock_is_told_so', async () => {
    for (const minutes of [-6, 6]) {
      const answer = await gateway.ask('GET', '/sip?api-version=2023-03-01', { date: new Date(Date.now() + minutes * 60_000) });
      assertAcsError(answer, 401, 'Denied');
      assert.match(answer.json.error.message, /allowed margin of 5 minutes/);
    }
    assert.equal((await gateway.ask('GET', '/sip?api-version=2023-03-01', { date: new Date(Date.now() - 4 * 60_000) })).status, 200);
  });

  test('another_body_than_the_one_signed', async () => {
    const target = '/identities?api-version=2023-10-01';
    const headers = gateway.sign('POST', target, '{"createTokenWithScopes":["chat"]}');
    assertAcsError(await gateway.request('POST', target, { headers, body: '{"createTokenWithScopes":["voip"]}' }), 401, 'Denied');
  });

  test('api_versions_that_are_missing_or_unknown', async () => {
    assertAcsError(await gateway.ask('POST', '/identities'), 400, 'MissingApiVersionParameter');
    for (const version of ['2019-01-01', '2099-01-01', 'latest', '2023-10-01x', '']) {
      const answer = await gateway.ask('POST', `/identities?api-version=${version}`);
      assertAcsError(answer, 400, undefined, version);
    }
    for (const version of ['2021-03-07', '2022-10-01', '2023-10-01', '2021-10-31-preview']) {
      assert.equal((await gateway.ask('POST', `/identities?api-version=${version}`)).status, 201, version);
    }
  });

  test('bodies_that_are_no_json_or_another_json', async () => {
    const { json } = await gateway.ask('POST', '/identities?api-version=2023-10-01');
    const issue = `/identities/${encodeURIComponent(json.identity.id)}/:issueAccessToken?api-version=2023-10-01`;
    const bodies = ['{', '{"scopes":["voip"', 'null', '[]', '"voip"', '{"scopes":"voip"}', '{"scopes":[1]}', '{"scopes":[null]}',
      '{"scopes":["voip"],"expiresInMinutes":"60"}', '{"scopes":["voip"],"expiresInMinutes":1e400}', '{"scopes":["voip"],"expiresInMinutes":60.5}',
      '{"scopes":["voip"],"expiresInMinutes":-1}', '\xff\xfe', '['.repeat(100_000), `{"scopes":[${'"voip",'.repeat(50)}"voip"]}`];
    for (const body of bodies) assertAcsError(await gateway.ask('POST', issue, { body }), 400, 'ValidationError', body.slice(0, 40));
    for (const body of bodies.slice(0, 5)) {
      const answer = await gateway.ask('PATCH', '/sip?api-version=2023-03-01', { body });
      assertAcsError(answer, 400, 'BadRequest', body.slice(0, 40));
      assertAcsError(await gateway.ask('POST', '/users:identify', { body }), 400, 'ValidationError', body.slice(0, 40));
    }
  });

  test('calls_are_not_asked_for_by_what_is_no_json_or_another_json', async () => {
    const bodies = ['', '{', '{"operationContext":"x"', 'null', '[]', '"voip"', '7', '\xff\xfe', '['.repeat(100_000), `{"targets":${'['.repeat(200)}`];
    await eachOf(kCallBodies.flatMap(([method, target]) => bodies.map((body) => [method, target, body])), async (method, target, body) => {
      // Streaming and the like need no body: such a call is not there.
      const answer = await gateway.ask(method, target, { body });
      assertAcsError(answer, body === '' && answer.status === 404 ? 404 : 400, undefined, `${target} ${body.slice(0, 40)}`);
    });
    await eachOf(kCallBodies.map(([method, target]) => [method, target, JSON.stringify({
      targets: [{ rawId: 7 }], callbackUri: 'javascript:alert(1)', incomingCallContext: {}, target: [], callLocator: 1, targetParticipant: { rawId: [] },
      targetParticipants: 'all', participantToAdd: {}, participantToRemove: null, invitationId: 1, playSources: {}, recognizeInputType: 7,
      tones: ['one', 1], operationCallbackUri: 'file:///etc/passwd', callRejectReason: 5,
    })]), async (method, target, body) => {
      assertAcsError(await gateway.ask(method, target, { body }), 400, undefined, target);
    });
    for (const [method, target] of kCallOthers) assertAcsError(await gateway.ask(method, target), 404, '8522', target);
    for (const [method, target] of kCallRefused) assertAcsError(await gateway.ask(method, target, { body: '{' }), 501, 'NotSupported', target);
    assert.equal((await gateway.daemon.calls()).length, 0);
  });

  test('a_body_of_10_mib_is_refused_before_it_is_read_at_every_endpoint', async () => {
    const server = { url: gateway.endpoint, ca: gateway.ca };
    await eachOf(kAll, async (method, target) => {
      const answer = await within(`an answer to ${method} ${target}`, announce(server, method, target, 10 << 20), 20_000 * kSlow);
      assert.match(answer, /^HTTP\/1\.1 413 /, `${method} ${target}`);
      assert.equal(JSON.parse(answer.slice(answer.indexOf('\r\n\r\n'))).error.code, 'RequestBodyTooLarge', `${method} ${target}`);
    });
  });

  test('requests_that_dribble_in_are_ended_and_harm_nobody', async () => {
    const server = { url: gateway.daemon.local };
    const before = await gateway.daemon.metric('gw_http_refused_total', 'reason="timeout"');
    const slow = kAll.flatMap(([method, target]) => [dribble(server, method, target), dribble(server, method, target, { body: true })]);
    assert.equal((await gateway.ask('POST', '/identities?api-version=2023-10-01')).status, 201, 'others are served meanwhile');
    await within('all of them are ended', Promise.all(slow), 30_000 * kSlow);
    await until('they are counted', async () => (await gateway.daemon.metric('gw_http_refused_total', 'reason="timeout"')) >= before + slow.length, 5_000);
  });

  test('every_path_that_plays_tricks_is_refused', async () => {
    await eachOf(kAll.flatMap(([method, target]) => trickyPaths(target).map((tricky) => [method, tricky])), async (method, target) => {
      const answer = await gateway.ask(method, target);
      assert.ok([400, 404, 405, 501].includes(answer.status), `${answer.status} ${method} ${target} ${answer.body}`);
      // Where no API is, files are.
      if (answer.body !== 'not found\n') assertAcsError(answer, answer.status, undefined, target);
    });
  });

  test('identities_that_are_none_and_methods_that_a_path_does_not_take', async () => {
    for (const target of [
      '/identities/../admin?api-version=2023-10-01', '/identities/%2e%2e/%2e%2e/etc/passwd?api-version=2023-10-01',
      '/identities/..%2f..%2fetc?api-version=2023-10-01', `/identities/${kId}/../:issueAccessToken?api-version=2023-10-01`,
      `/identities/${kId}%2f:issueAccessToken%00?api-version=2023-10-01`, '/identities/%zz?api-version=2023-10-01',
    ]) {
      const answer = await gateway.ask('POST', target);
      assert.ok([400, 404].includes(answer.status), `${answer.status} ${target}`);
      assertAcsError(answer, answer.status, undefined, target);
    }
    for (const id of ['alice', '8:acs:x', '4:+14255550100', '8:echo123', '8:acs:a_b_c', 'x'.repeat(4000)]) {
      assertAcsError(await gateway.ask('POST', `/identities/${encodeURIComponent(id)}/:revokeAccessTokens?api-version=2023-10-01`), 404, 'IdentityNotFound', id);
    }
    assertAcsError(await gateway.ask('PUT', `/identities/${kId}?api-version=2023-10-01`), 405, 'MethodNotAllowed');
    assertAcsError(await gateway.ask('GET', `/identities/8:acs:a_b?api-version=2023-10-01`), 405, 'MethodNotAllowed');
  });

  test('users_tokens_open_only_what_is_theirs', async () => {
    const { token } = await (await fetch(`${gateway.daemon.local}/demo/token`, {
      method: 'POST', headers: { 'content-type': 'application/json' }, body: '{"user":"alice"}',
    })).json();
    const bearer = (jwt) => ({ headers: { authorization: `Bearer ${jwt}` } });
    let source = 0;
    await eachOf(kSigned.filter(([, target]) => target !== '/users/alice/calls'), async (method, target) => {
      assertAcsError(await gateway.request(method, target, { ...bearer(token), from: `127.0.2.${++source}` }), 401, 'Denied', target);
    });
    assert.equal((await gateway.request('GET', '/users/alice/calls', bearer(token))).status, 200);
    assertAcsError(await gateway.request('GET', '/users/bob/calls', bearer(token)), 403, 'Forbidden');

    const [header, payload, signature] = token.split('.');
    const encode = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');
    const claims = JSON.parse(Buffer.from(payload, 'base64url'));
    // By the gateway's own key, so that nothing is wrong but what a row says.
    const key = createPrivateKey(await readFile(path.join(gateway.daemon.conf, 'state/token-key.pem')));
    const signed = (changed) => {
      const text = `${header}.${encode({ ...claims, ...changed })}`;
      return `${text}.${sign('sha256', Buffer.from(text), { key, dsaEncoding: 'ieee-p1363' }).toString('base64url')}`;
    };
    assert.equal((await gateway.request('GET', '/users/alice/calls', bearer(signed({ jti: 'another' })))).status, 200, 'signed as the gateway does');
    const forged = {
      'alg none': `${encode({ alg: 'none' })}.${payload}.`,
      'alg none with the signature': `${encode({ alg: 'none' })}.${payload}.${signature}`,
      'another algorithm': `${encode({ alg: 'HS256' })}.${payload}.${signature}`,
      'another resource, well signed': signed({ resourceId: '00000000-0000-4000-8000-000000000000' }),
      'another issuer, well signed': signed({ iss: 'https://evil.test' }),
      'nobody, well signed': signed({ skypeid: undefined }),
      'expired, well signed': signed({ iat: claims.iat - 7200, iatMs: claims.iatMs - 7_200_000, exp: claims.iat - 3600 }),
      'another resource, as it was signed': `${header}.${encode({ ...claims, resourceId: '00000000-0000-4000-8000-000000000000' })}.${signature}`,
      'a later end': `${header}.${encode({ ...claims, exp: claims.exp + 3600 })}.${signature}`,
      'no token': 'x',
    };
    for (const [what, jwt] of Object.entries(forged)) {
      assertAcsError(await gateway.request('GET', '/users/alice/calls', bearer(jwt)), 401, 'Denied', what);
      assert.equal(await gateway.edgeRefuses(jwt), 4401, what);
    }
  });
});

describe('limits of the REST API', () => {
  test('a_caller_over_the_limit_gets_429_with_retry_after', async () => {
    const gateway = await Gateway.start({ set: { 'limits.rest_requests_per_second': '1' } });
    try {
      const answers = await Promise.all(Array.from({ length: 30 }, () => gateway.ask('GET', '/sip?api-version=2023-03-01')));
      const refused = answers.find((answer) => answer.status === 429);
      assert.ok(refused, `${answers.map((answer) => answer.status)}`);
      assertAcsError(refused, 429, 'TooManyRequests');
      assert.ok(Number(refused.headers['retry-after']) >= 1);
      assert.ok(answers.filter((answer) => answer.status === 200).length >= 10);
    } finally {
      await gateway.close();
    }
  });

  test('whoever_guesses_keys_gets_429_and_its_attempts_are_counted', async () => {
    const gateway = await Gateway.start();
    try {
      const statuses = [];
      for (let i = 0; i < 300; ++i) {
        const answer = await fetch(`${gateway.daemon.local}/sip?api-version=2023-03-01`);
        await answer.arrayBuffer();
        statuses.push(answer.status);
      }
      assert.equal(statuses[0], 401);
      assert.ok(statuses.includes(429), `${statuses}`);
      assert.ok((await gateway.daemon.metric('gw_rest_denied_total', 'reason="no_credential"')) >= 100);
    } finally {
      await gateway.close();
    }
  });

  test('keys_are_exchanged_without_a_restart', async () => {
    const first = Buffer.alloc(64, 1).toString('base64'), second = Buffer.alloc(64, 2).toString('base64');
    const keys = (...list) => ({ 'keys.toml': `[acs]\naccess_keys = [${list.map((key) => `"${key}"`).join(', ')}]\n` });
    const gateway = await Gateway.start({ files: keys(first, second) });
    try {
      const status = async (key) => (await gateway.ask('GET', '/sip?api-version=2023-03-01', { key })).status;
      assert.deepEqual([await status(first), await status(second)], [200, 200]);
      await writeFile(`${gateway.daemon.conf}/keys.toml`, keys(second)['keys.toml']);
      const reloaded = await gateway.daemon.command('reload');
      assert.equal(reloaded.code, 0, reloaded.stderr);
      assert.doesNotMatch(reloaded.stdout, /needs a restart/);
      assert.deepEqual([await status(first), await status(second)], [401, 200]);
    } finally {
      await gateway.close();
    }
  });
});
