// What provider "cloud" serves to its resource - callbacks, Event Grid, media sockets - meets who is not the resource.
import assert from 'node:assert/strict';
import https from 'node:https';
import { after, afterEach, before, describe, test } from 'node:test';
import { Cast } from './lib/cast.mjs';
import { cloudGateway, kWebhookSecret } from './lib/cloud.mjs';
import { kSlow } from './lib/daemon.mjs';
import { announce, dribble, eachOf, trickyPaths } from './lib/hostile_http.mjs';
import { until, within } from './lib/wait.mjs';

const kToken = '00000000000000000000000000000000';
const kEvents = `/acs/events/${kWebhookSecret}`;
const kEndpoints = [
  ['POST', `/acs/callbacks/${kToken}`], ['POST', kEvents], ['POST', '/acs/events/guess'], ['OPTIONS', kEvents], ['GET', `/acs/media/${kToken}`],
];

describe('what is served to the resource meets strangers', () => {
  const cast = new Cast();
  let cloud, acs, daemon;
  before(async () => {
    cloud = await cloudGateway(cast);
    ({ acs, daemon } = cloud);
  });
  after(() => cast.close());
  afterEach(async () => {
    assert.ok(daemon.alive, daemon.program.tail(60));
    assert.equal((await daemon.calls()).length, 0);
  });

  const ask = (method, path, { body, headers = {} } = {}) => new Promise((resolve, reject) => {
    const request = https.request(`${cloud.callback}${path}`, { method, ca: acs.ca, agent: false, headers }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (part) => (text += part));
      response.on('end', () => resolve({ status: response.statusCode, headers: response.headers, body: text }));
    });
    request.on('error', reject);
    request.end(body);
  });
  function assertError(answer, statuses, what) {
    assert.ok([statuses].flat().includes(answer.status), `${answer.status} ${what} ${answer.body}`);
    // Where no API is, files are.
    if (answer.status === 404 && answer.body === 'not found\n') return;
    assert.equal(typeof JSON.parse(answer.body).error.message, 'string', `${what} ${answer.body}`);
  }
  const incoming = (data) => JSON.stringify([{
    id: '1', topic: '/s', subject: '', eventType: 'Microsoft.Communication.IncomingCall', eventTime: new Date().toISOString(), dataVersion: '1.0',
    metadataVersion: '1', data,
  }]);

  test('deliveries_that_are_no_events_are_refused_and_make_no_call', async () => {
    const before = await daemon.metric('gw_cloud_callbacks_refused_total', 'reason="malformed"');
    const broken = ['', '{', '[{"id":', 'null', '7', '"x"', '\xff\xfe', '['.repeat(100_000), `[{"data":${'{"a":'.repeat(5_000)}`];
    await eachOf(broken.map((body) => [body]), async (body) => {
      assertError(await ask('POST', kEvents, { body }), 400, body.slice(0, 40));
    });
    assert.equal(await daemon.metric('gw_cloud_callbacks_refused_total', 'reason="malformed"'), before + broken.length);
    // Well-formed, of another resource's users or of nothing that can ring.
    const party = (rawId) => ({ kind: 'communicationUser', rawId, communicationUser: { id: rawId } });
    for (const data of [{}, [], { to: 1, from: 2, incomingCallContext: 3 }, { to: party('8:acs:a_b'), from: party('x'), incomingCallContext: 'x' },
      { to: party('8:acs:a_b'), from: party(cloud.alice), incomingCallContext: 'x'.repeat(500_000), correlationId: 'y' }]) {
      const { status } = await ask('POST', kEvents, { body: incoming(data) });
      assert.ok([200, 400].includes(status), `${status} ${JSON.stringify(data).slice(0, 60)}`);
    }
    assert.equal(acs.seen('answer_call').length, 0);
  });

  test('whoever_has_no_secret_and_no_token_is_refused', async () => {
    const bearer = `Bearer ${acs.issuer.token(300)}`;
    assertError(await ask('POST', '/acs/events/guess', { body: incoming({}) }), 401, 'guess');
    assertError(await ask('POST', `${kEvents}x`, { body: incoming({}) }), 401, 'longer');
    assertError(await ask('POST', kEvents.slice(0, -1), { body: incoming({}) }), 401, 'shorter');
    assertError(await ask('OPTIONS', '/acs/events/guess', { headers: { 'webhook-request-origin': 'eventgrid.azure.net' } }), 401, 'handshake');
    assertError(await ask('OPTIONS', kEvents), 400, 'a handshake of nobody');
    for (const headers of [{}, { authorization: bearer }]) {
      assertError(await ask('POST', `/acs/callbacks/${kToken}`, { body: '[]', headers }), 404, 'no such call');
    }
    for (const path of [`/acs/media/${kToken}`, '/acs/media/']) {
      const answer = await ask('GET', path, {
        headers: { connection: 'Upgrade', upgrade: 'websocket', 'sec-websocket-version': '13', 'sec-websocket-key': 'AAAAAAAAAAAAAAAAAAAAAA==', authorization: bearer },
      });
      assert.equal(answer.status, 403, path);
    }
  });

  test('bodies_of_10_mib_are_refused_before_they_are_read', async () => {
    const server = { url: cloud.callback, ca: acs.ca };
    await eachOf(kEndpoints, async (method, path) => {
      const answer = await within(`an answer to ${method} ${path}`, announce(server, method, path, 10 << 20), 20_000 * kSlow);
      assert.match(answer, /^HTTP\/1\.1 413 /, `${method} ${path}`);
      assert.equal(JSON.parse(answer.slice(answer.indexOf('\r\n\r\n'))).error.code, 'RequestBodyTooLarge');
    });
  });

  test('requests_that_dribble_in_are_ended_and_paths_that_play_tricks_lead_nowhere', async () => {
    const server = { url: daemon.local };
    const before = await daemon.metric('gw_http_refused_total', 'reason="timeout"');
    const slow = kEndpoints.flatMap(([method, path]) => [dribble(server, method, path), dribble(server, method, path, { body: true })]);
    await eachOf(kEndpoints.flatMap(([method, path]) => trickyPaths(path).map((tricky) => [method, tricky])), async (method, path) => {
      assertError(await ask(method, path, { body: method === 'POST' ? incoming({}) : undefined }), [400, 401, 403, 404, 405], `${method} ${path}`);
    });
    await within('all of them are ended', Promise.all(slow), 30_000 * kSlow);
    await until('they are counted', async () => (await daemon.metric('gw_http_refused_total', 'reason="timeout"')) >= before + slow.length, 5_000);
  });
});
