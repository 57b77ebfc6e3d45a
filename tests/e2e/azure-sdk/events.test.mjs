// What goes out to apps: both handshakes, IncomingCall in CloudEvents' schema, callbacks that come again, and what no app takes.
import assert from 'node:assert/strict';
import { readFile, stat } from 'node:fs/promises';
import http from 'node:http';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { Cast, castOf } from '../lib/cast.mjs';
import { kSlow } from '../lib/daemon.mjs';
import { Sipp } from '../lib/sipp.mjs';
import { until } from '../lib/wait.mjs';
import { Gateway } from './lib/gateway.mjs';

/** An app's web server: remembers what came, and answers what `answer` says: {status, headers, body}. */
class Receiver {
  static async start(answer = () => ({})) {
    const receiver = new Receiver();
    Object.assign(receiver, { requests: [], answer });
    receiver.server = http.createServer(async (request, response) => {
      let text = '';
      for await (const part of request.setEncoding('utf8')) text += part;
      const json = text ? JSON.parse(text) : undefined;
      const event = Array.isArray(json) ? json[0] : json;
      const entry = { method: request.method, path: request.url, headers: request.headers, event, name: event?.type?.split('.').pop() };
      receiver.requests.push(entry);
      const { status = 200, headers = {}, body = '' } = receiver.answer(entry) ?? {};
      response.writeHead(status, headers);
      response.end(body);
    });
    await new Promise((resolve) => receiver.server.listen(0, '127.0.0.1', resolve));
    receiver.url = `http://127.0.0.1:${receiver.server.address().port}`;
    return receiver;
  }

  named(name) {
    return this.requests.filter((request) => request.name === name);
  }

  async one(name, count = 1) {
    await until(`${count} ${name}`, () => this.named(name).length >= count, 15_000 * kSlow);
    return this.named(name)[count - 1];
  }

  async close() {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }
}

const allowed = ({ method }) => (method === 'OPTIONS' ? { headers: { 'webhook-allowed-origin': 'eventgrid.azure.net' } } : {});
const kVersion = '?api-version=2026-03-12';

describe('events to apps', () => {
  const cast = new Cast();
  let gateway, good, mute, deaf;
  before(async () => {
    good = await cast.add(Receiver.start(allowed));
    mute = await cast.add(Receiver.start());  // Answers the handshake without the header that it is about.
    deaf = await cast.add(Receiver.start((request) => (request.method === 'OPTIONS' ? allowed(request) : { status: 500 })));
    const app = (name, { url }) => `[[app]]\nname = "${name}"\nwebhook = "${url}/incoming?key=hidden"\nschema = "cloud-events"\nring_timeout = "4s"\n`;
    const route = (name, to) => `[[route]]\nname = "${name}"\nfrom = ["trunk:carrier"]\nto = "${to}"\ntargets = ["app:${name}"]\n`;
    gateway = await cast.add(Gateway.start({
      files: { 'apps.toml': app('good', good) + app('mute', mute) + app('deaf', deaf) },
      edit: { 'routes.toml': (text) => route('good', '+14255550181') + route('mute', '+14255550182') + route('deaf', '+14255550183') + text },
      set: { 'calls.drain_timeout': '"1s"' },
    }));
    await until('the webhooks prove themselves', () => gateway.daemon.log(/webhook proved/).length === 2, 10_000 * kSlow);
  });
  after(() => cast.close());

  const deadLetters = async () => (await readFile(path.join(gateway.daemon.conf, 'state/dead-letters.jsonl'), 'utf8').catch(() => ''))
    .split('\n').filter(Boolean).map((line) => JSON.parse(line));
  const call = (t, to, scenario = 'call', more = {}) => castOf(t).add(Sipp.start(scenario, {
    port: gateway.daemon.carrier, to: gateway.daemon.sip.udp, values: { to, ...more.values }, duration: more.duration ?? 3_000,
  }));

  test('a_webhook_in_cloud_events_schema_answers_options_and_its_calls_come_as_cloud_events', async (t) => {
    const [handshake] = good.requests;
    assert.equal(handshake.method, 'OPTIONS');
    assert.equal(handshake.path, '/incoming?key=hidden');
    assert.equal(handshake.headers['webhook-request-origin'], 'eventgrid.azure.net');

    // The first attempt at a callback is not taken: it comes again, the same event with another token.
    let failed;
    good.answer = (request) => {
      if (request.name !== 'CallConnected' || failed) return {};
      failed = request;
      return { status: 500 };
    };
    const caller = await call(t, '+14255550181');
    const { headers, event } = await good.one('IncomingCall');
    assert.match(headers['content-type'], /^application\/cloudevents\+json/);
    assert.equal(headers['aeg-event-type'], undefined);
    assert.equal(event.specversion, '1.0');
    assert.equal(event.type, 'Microsoft.Communication.IncomingCall');
    assert.match(event.source, /^\/subscriptions\//);
    assert.equal(event.data.from.phoneNumber.value, '+12065550100');
    assert.equal(event.data.to.phoneNumber.value, '+14255550181');

    const body = JSON.stringify({ incomingCallContext: event.data.incomingCallContext, callbackUri: `${good.url}/callbacks?key=secret` });
    const answered = await gateway.ask('POST', `/calling/callConnections:answer${kVersion}`, { body });
    assert.equal(answered.status, 200, answered.body);
    await caller.response(200);
    const again = await good.one('CallConnected', 2);
    assert.equal(again.event.id, failed.event.id);
    assert.deepEqual(again.event.data, failed.event.data);
    assert.equal(again.path, '/callbacks?key=secret');
    assert.match(again.headers.authorization, /^Bearer /);
    assert.equal(again.headers['x-ms-call-connection-id'], answered.json.callConnectionId);
    // In order: what came after it waited for it.
    const order = good.requests.filter(({ path: at }) => at.startsWith('/callbacks')).map(({ name }) => name);
    assert.deepEqual(order.slice(0, 3), ['CallConnected', 'CallConnected', 'ParticipantsUpdated']);
    await caller.finished(20_000 * kSlow);
    await good.one('CallDisconnected');
    assert.equal((await deadLetters()).length, 0);
  });

  test('a_webhook_that_did_not_prove_itself_hears_of_no_call', async (t) => {
    const caller = await call(t, '+14255550182', 'call_refused', { values: { status: '480' } });
    await caller.finished(10_000 * kSlow);
    assert.ok(mute.requests.every(({ method }) => method === 'OPTIONS'), 'it is asked, and told nothing');
  });

  test('a_call_that_its_app_never_takes_rings_out_and_is_a_dead_letter', async (t) => {
    const caller = await call(t, '+14255550183', 'call_refused', { values: { status: '480' } });
    await caller.finished(15_000 * kSlow);
    let letter;
    await until('a dead letter', async () => (letter = (await deadLetters()).find(({ event }) => event === 'IncomingCall')), 10_000 * kSlow);
    assert.ok(letter.attempts >= 2, JSON.stringify(letter));
    assert.equal(letter.why, 'status 500');
    assert.equal(letter.url, `${deaf.url}/incoming`, 'without what may be a secret');
    assert.equal(JSON.parse(letter.body).id, deaf.named('IncomingCall')[0].event.id, 'to be sent again by hand');
    assert.equal((await stat(path.join(gateway.daemon.conf, 'state/dead-letters.jsonl'))).mode & 0o777, 0o600);
  });

  test('callbacks_that_are_refused_for_good_or_wait_when_the_gateway_stops_are_dead_letters', async (t) => {
    good.answer = () => ({});
    deaf.answer = ({ name }) => ({ status: name === 'CallConnected' ? 404 : 503 });
    const seen = good.named('IncomingCall').length;
    const caller = await call(t, '+14255550181', 'call', { duration: 60_000 });
    const { event } = await good.one('IncomingCall', seen + 1);
    const body = JSON.stringify({ incomingCallContext: event.data.incomingCallContext, callbackUri: `${deaf.url}/callbacks` });
    assert.equal((await gateway.ask('POST', `/calling/callConnections:answer${kVersion}`, { body })).status, 200);
    await caller.response(200);
    await deaf.one('ParticipantsUpdated');
    let letter;
    await until('a dead letter', async () => (letter = (await deadLetters()).find((one) => one.event === 'CallConnected')), 5_000 * kSlow);
    assert.deepEqual([letter.attempts, letter.why], [1, 'status 404']);
    await gateway.daemon.restart();
    const left = (await deadLetters()).filter(({ why }) => why === 'the gateway stopped').map((one) => one.event);
    assert.deepEqual(left.slice(0, 1), ['ParticipantsUpdated'], 'what waited is kept');
  });
});
