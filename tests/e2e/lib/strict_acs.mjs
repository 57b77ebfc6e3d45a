// A strict mock of an ACS resource, written from the ACS reference alone: it refuses what the service refuses (signatures,
// skew, api-versions, unknown fields, callers' numbers that are not its own, answers after 30 s, events without handshake).
import { randomBytes, randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import http from 'node:http';
import https from 'node:https';
import { StreamSocket } from './strict_acs_socket.mjs';
import {
  Issuer, Refusal, flag, identifier, list, mediaStreamingOptions, needed, numberModel, optional, partyOf, rawIdOf, shape, text, url,
  userModel, verifySignature, word,
} from './strict_acs_wire.mjs';
import { pause, until } from './wait.mjs';

const kRings = 30_000;
const kVersions = { '/identities': '2023-10-01', '/phoneNumbers': '2025-06-01', '/calling': '2026-03-12' };
const kTones = ['zero', 'one', 'two', 'three', 'four', 'five', 'six', 'seven', 'eight', 'nine', 'a', 'b', 'c', 'd', 'pound', 'asterisk'];
const kKeys = { pound: '#', asterisk: '*', a: 'A', b: 'B', c: 'C', d: 'D' };

/** A call connection, from the side of whoever is at its other end. */
export class CloudCall {
  constructor(acs, { callbackUri, media, party, operationContext, source, number }) {
    Object.assign(this, { acs, callbackUri, media, party, operationContext, source, number });
    this.id = randomUUID();
    this.serverCallId = randomBytes(12).toString('base64');
    this.correlationId = randomUUID();
    this.state = 'connecting';
    this.keys = '';  // What came by sendDtmfTones.
    this.sequence = 0;
  }

  properties() {
    return {
      callConnectionId: this.id, serverCallId: this.serverCallId, correlationId: this.correlationId, callConnectionState: this.state,
      callbackUri: this.callbackUri, targets: [partyOf(this.party)],
    };
  }

  /** The other end takes the call: the service connects it and dials the WebSocket, which may be up first. */
  async answer({ connectFirst = true } = {}) {
    this.state = 'connected';
    const connected = async () => {
      await this.event('CallConnected');
      await this.event('ParticipantsUpdated', { participants: [{ identifier: partyOf(this.party), isMuted: false, isOnHold: false }], sequenceNumber: ++this.sequence });
    };
    if (connectFirst) await connected();
    await this.stream();
    if (!connectFirst) await connected();
  }

  async stream(options = {}) {
    if (!this.media?.startMediaStreaming) return;
    this.socket = await StreamSocket.dial({
      url: this.media.transportUrl, ca: this.acs.ca, rate: this.media.audioFormat === 'pcm24KMono' ? 24000 : 16000,
      participant: this.media.audioChannelType === 'unmixed' ? this.party : undefined, casing: this.acs.casing,
      headers: {
        'x-ms-call-connection-id': this.id, 'x-ms-call-correlation-id': this.correlationId,
        Authorization: `Bearer ${this.acs.issuer.token(24 * 3600)}`,
      },
      ...options,
    });
    await this.event('MediaStreamingStarted', { mediaStreamingUpdate: { contentType: 'Audio', mediaStreamingStatus: 'mediaStreamingStarted', mediaStreamingStatusDetails: 'subscriptionStarted' } });
  }

  /** The other end does not take the call: what CreateCallFailed says. */
  async refuse(code, subCode, details = {}) {
    this.end();
    await this.event('CreateCallFailed', { resultInformation: { code, subCode, message: 'refused', ...details } });
  }

  async hangUp(result = { code: 200, subCode: 7000, message: 'The conversation has ended.' }) {
    this.end();
    await this.event('CallDisconnected', { resultInformation: result });
  }

  end() {
    this.state = 'disconnected';
    this.socket?.cut();
    this.acs.live.delete(this.id);
  }

  event(type, data = {}) {
    return this.acs.callBack(this, {
      id: randomUUID(), source: `calling/callConnections/${this.id}`, subject: `calling/callConnections/${this.id}`,
      type: `Microsoft.Communication.${type}`, time: new Date().toISOString(), specversion: '1.0', datacontenttype: 'application/json',
      data: {
        callConnectionId: this.id, serverCallId: this.serverCallId, correlationId: this.correlationId,
        ...(this.operationContext ? { operationContext: this.operationContext } : {}), ...data,
      },
    });
  }
}

export class StrictAcs {
  /** certificate = {cert, key} (PEM): its REST speaks TLS. */
  static async start({ numbers = ['+14255550100'], certificate } = {}) {
    const acs = new StrictAcs();
    acs.resourceId = randomUUID();
    acs.keys = [randomBytes(64).toString('base64'), randomBytes(64).toString('base64')];
    acs.numbers = numbers;
    const serve = (request, response) => acs.#serve(request, response);
    acs.server = certificate ? https.createServer(certificate, serve) : http.createServer(serve);
    await new Promise((resolve) => acs.server.listen(0, '127.0.0.1', resolve));
    acs.origin = `http${certificate ? 's' : ''}://127.0.0.1:${acs.server.address().port}`;
    acs.issuer = new Issuer(acs.origin, acs.resourceId);
    return acs;
  }

  identities = new Set();
  calls = [];         // Every connection that was made.
  live = new Map();   // Those that did not end, by id.
  incoming = new Map();  // Contexts that ring.
  requests = [];      // {operation, status, why}
  answered = new Map();  // Repeatability ids.
  failures = [];      // [{operation, what: status | "nothing" | {status, headers}}], each once.
  casing = 'camel';
  delay = 0;          // Of each callback, ms.
  copies = 1;
  transferFailure = undefined;  // What CallTransferFailed says instead of a transfer.
  callbacks = [];     // {type, status}

  connectionString(key = this.keys[0]) {
    return `endpoint=${this.origin}/;accesskey=${key}`;
  }

  /** The next requests of an operation are not served: by a status, or by no answer at all. */
  fail(operation, ...whats) {
    this.failWhere(operation, '', ...whats);
  }

  /** Only those whose body has this text: another test's calls are served meanwhile. */
  failWhere(operation, text, ...whats) {
    for (const what of whats) this.failures.push({ operation, text, what });
  }

  newUser() {
    const id = `8:acs:${this.resourceId}_${randomUUID()}`;
    this.identities.add(id);
    return id;
  }

  /** The next connection that is created, to `party` if one is named. */
  async created(ms = 10_000, party) {
    const before = this.calls.length;
    let call;
    await until('a call is created at the service', () => (call = this.calls.slice(before).find((one) => !party || one.party === party)), ms);
    return call;
  }

  seen(operation) {
    return this.requests.filter((request) => request.operation === operation);
  }

  async trust(file) {
    this.ca = await readFile(file);
  }

  #post(target, body, headers) {
    return new Promise((resolve, reject) => {
      const request = https.request(target, { method: 'POST', ca: this.ca, headers: { 'content-type': 'application/json', ...headers } }, (response) => {
        let answer = '';
        response.on('data', (data) => (answer += data));
        response.on('end', () => resolve({ status: response.statusCode, body: answer, headers: response.headers }));
      });
      request.once('error', reject);
      request.end(typeof body === 'string' ? body : JSON.stringify(body));
    });
  }

  /** At least once, by a new token each time. */
  async callBack(call, event) {
    const { callbackUri, delay = this.delay, copies = this.copies } = call;
    if (delay) await pause(delay);
    let last;
    for (let i = 0; i < copies; i++) {
      last = await this.#post(callbackUri, [event], { Authorization: `Bearer ${this.issuer.token(300)}` });
      this.callbacks.push({ type: event.type, status: last.status, call });
    }
    return last;
  }

  /** A delivery with a credential of the test's choice. */
  deliver(uri, body, headers = {}) {
    return this.#post(uri, body, headers);
  }

  /** Event Grid: nothing is delivered to a webhook that did not answer the handshake. */
  async subscribe(webhook, schema = 'EventGrid') {
    if (schema === 'EventGrid') {
      const validationCode = randomUUID();
      const answer = await this.#post(webhook, [{
        id: randomUUID(), topic: '/subscriptions/s', subject: '', eventType: 'Microsoft.EventGrid.SubscriptionValidationEvent',
        eventTime: new Date().toISOString(), metadataVersion: '1', dataVersion: '2',
        data: { validationCode, validationUrl: 'https://rp-eastus2.eventgrid.azure.net/eventsubscriptions/x' },
      }], { 'aeg-event-type': 'SubscriptionValidation' });
      if (answer.status !== 200 || JSON.parse(answer.body).validationResponse !== validationCode) {
        throw new Error(`the webhook did not validate: ${answer.status} ${answer.body}`);
      }
    } else {
      const answer = await new Promise((resolve, reject) => {
        const request = https.request(webhook, { method: 'OPTIONS', ca: this.ca, headers: { 'WebHook-Request-Origin': 'eventgrid.azure.net' } }, resolve);
        request.once('error', reject);
        request.end();
      });
      answer.resume();
      if (answer.statusCode !== 200 || !['*', 'eventgrid.azure.net'].includes(answer.headers['webhook-allowed-origin'])) {
        throw new Error(`the webhook did not validate: ${answer.statusCode}`);
      }
    }
    this.subscription = { webhook, schema };
  }

  /** `from` calls `to`: IncomingCall is delivered, and the call rings for 30 s. */
  async call(from, to, { name = 'John Doe', copies = 1 } = {}) {
    const context = `eyJ${randomBytes(2000).toString('base64url')}`;
    const ringing = { from, to, since: Date.now(), context };
    this.incoming.set(context, ringing);
    const data = {
      to: partyOf(to), from: partyOf(from), serverCallId: randomBytes(12).toString('base64'), callerDisplayName: name,
      incomingCallContext: context, correlationId: randomUUID(),
    };
    const type = 'Microsoft.Communication.IncomingCall', id = randomUUID(), subject = `/caller/${from}/recipient/${to}`;
    const event = this.subscription.schema === 'EventGrid'
      ? [{ id, topic: '/subscriptions/s', subject, data, eventType: type, dataVersion: '1.0', metadataVersion: '1', eventTime: new Date().toISOString() }]
      : { id, source: '/subscriptions/s', subject, type, time: new Date().toISOString(), specversion: '1.0', data };
    for (let i = 0; i < copies; i++) {
      const { status } = await this.#post(this.subscription.webhook, event, { 'aeg-event-type': 'Notification' });
      if (status !== 200) throw new Error(`IncomingCall was answered ${status}`);
    }
    return ringing;
  }

  async #serve(request, response) {
    const chunks = [];
    for await (const chunk of request) chunks.push(chunk);
    const body = Buffer.concat(chunks);
    const asked = { method: request.method, url: request.url, headers: request.headers, body };
    const entry = { operation: this.#operation(asked), body: body.toString('utf8'), status: 0, at: Date.now() };
    const answer = (status, content, headers = {}) => {
      entry.status = status;
      const sent = content === undefined ? '' : JSON.stringify(content);
      response.writeHead(status, { ...(sent ? { 'content-type': 'application/json' } : {}), ...headers });
      response.end(sent);
    };
    if (this.#published(asked, answer)) return;
    this.requests.push(entry);
    const failure = this.failures.findIndex(({ operation, text: about }) => operation === entry.operation && body.includes(about));
    if (failure >= 0) {
      const [{ what }] = this.failures.splice(failure, 1);
      if (what === 'nothing') return void (entry.status = 'nothing');  // The connection stays open, and silent.
      const { status, headers } = typeof what === 'number' ? { status: what } : what;
      return void answer(status, { error: { code: `${status}`, message: 'made to fail' } }, headers);
    }
    try {
      verifySignature(asked, this.keys);
      this.#version(asked);
      const repeat = this.#repeatability(asked, entry.operation);
      if (repeat && this.answered.has(repeat)) return void answer(...this.answered.get(repeat));
      const result = this.#act(entry.operation, asked);
      if (repeat) this.answered.set(repeat, result);
      answer(...result);
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      entry.why = error.why ?? error.message;
      answer(error.status, error.body);
    }
  }

  #published({ url: target }, answer) {
    if (target === '/calling/.well-known/acsopenidconfiguration') {
      answer(200, { issuer: this.issuer.issuer, jwks_uri: `${this.origin}/calling/keys`, id_token_signing_alg_values_supported: ['RS256'] });
      return true;
    }
    if (target !== '/calling/keys') return false;
    answer(200, { keys: this.issuer.published });
    return true;
  }

  #operation({ method, url: target }) {
    const { pathname } = new URL(target, this.origin);
    const rules = [
      ['POST', /^\/identities$/, 'create_identity'], ['GET', /^\/phoneNumbers$/, 'list_numbers'],
      ['POST', /^\/calling\/callConnections$/, 'create_call'], ['POST', /^\/calling\/callConnections:answer$/, 'answer_call'],
      ['POST', /^\/calling\/callConnections:reject$/, 'reject_call'], ['POST', /^\/calling\/callConnections:redirect$/, 'redirect_call'],
      ['DELETE', /^\/calling\/callConnections\/[^/:]+$/, 'leave_call'],
      ['POST', /^\/calling\/callConnections\/[^/:]+:terminate$/, 'terminate_call'],
      ['POST', /^\/calling\/callConnections\/[^/:]+:transferToParticipant$/, 'transfer_call'],
      ['POST', /^\/calling\/callConnections\/[^/:]+:sendDtmfTones$/, 'send_dtmf'],
      ['POST', /^\/calling\/callConnections\/[^/:]+:startMediaStreaming$/, 'start_media_streaming'],
    ];
    return rules.find(([verb, path]) => verb === method && path.test(pathname))?.[2] ?? 'unknown';
  }

  #version({ url: target }) {
    const { pathname, searchParams } = new URL(target, this.origin);
    const api = Object.keys(kVersions).find((start) => pathname.startsWith(start));
    if (!api) throw new Refusal(404, 'NotFound', 'No HTTP resource was found.');
    if (searchParams.get('api-version') !== kVersions[api]) throw new Refusal(400, 'UnsupportedApiVersion', `api-version must be ${kVersions[api]}`);
  }

  // Both headers or none; the first-sent date in the same form as all.
  #repeatability({ headers }, operation) {
    const id = headers['repeatability-request-id'], first = headers['repeatability-first-sent'];
    if (!id && !first) return undefined;
    if (!/^[0-9a-f]{8}-[0-9a-f]{4}-[1-5][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/.test(id ?? '') || Number.isNaN(Date.parse(first ?? ''))) {
      throw new Refusal(400, 'BadRequest', 'the Repeatability headers are broken');
    }
    return `${operation} ${id}`;
  }

  #act(operation, { url: target, headers, body }) {
    const parsed = () => {
      if (!/^application\/json/.test(headers['content-type'] ?? '')) throw new Refusal(415, 'UnsupportedMediaType', 'application/json is wanted');
      try {
        return JSON.parse(body.toString('utf8'));
      } catch {
        throw new Refusal(400, 'BadRequest', 'the body is no JSON');
      }
    };
    const connection = () => {
      const id = decodeURIComponent(/callConnections\/([^/:?]+)/.exec(target)[1]);
      const call = this.live.get(id);
      if (!call) throw new Refusal(404, '8522', 'Call not found');
      return call;
    };
    const connected = () => {
      const call = connection();
      if (call.state !== 'connected') throw new Refusal(409, '8501', 'the call is not established');
      return call;
    };
    switch (operation) {
      case 'create_identity': return this.#createIdentity(body, parsed);
      case 'list_numbers': return this.#listNumbers(target);
      case 'create_call': return this.#create(parsed());
      case 'answer_call': return this.#answerCall(parsed());
      case 'reject_call': return this.#reject(parsed());
      case 'leave_call':
      case 'terminate_call': {
        const call = connection();
        call.end();
        // The service tells the app of its own hang-up as well.
        setImmediate(() => call.event('CallDisconnected', { resultInformation: { code: 200, subCode: 7000, message: 'ended' } }).catch(() => {}));
        return [204];
      }
      case 'transfer_call': return this.#transfer(connected(), parsed());
      case 'send_dtmf': return this.#sendDtmf(connected(), parsed());
      case 'start_media_streaming': {
        const call = connected();
        shape(parsed(), { operationContext: optional(text), operationCallbackUri: optional(url('https')) });
        setImmediate(() => call.stream().catch(() => {}));
        return [202];
      }
      default: throw new Refusal(404, 'NotFound', 'No HTTP resource was found.');
    }
  }

  #createIdentity(body, parsed) {
    if (body.length) shape(parsed(), { createTokenWithScopes: optional(list(text)), expiresInMinutes: optional(() => {}) });
    return [201, { identity: { id: this.newUser() } }];
  }

  #listNumbers(target) {
    const { searchParams } = new URL(target, this.origin);
    const skip = Number(searchParams.get('skip') ?? 0), top = Math.min(2, Number(searchParams.get('top') ?? 100));
    const page = this.numbers.slice(skip, skip + top).map((number) => ({
      id: number.slice(1), phoneNumber: number, countryCode: 'US', phoneNumberType: 'geographic',
      capabilities: { calling: 'inbound+outbound', sms: 'none' }, assignmentType: 'application',
    }));
    const more = skip + top < this.numbers.length;
    return [200, { phoneNumbers: page, ...(more ? { nextLink: `${this.origin}/phoneNumbers?skip=${skip + top}&top=${top}&api-version=2025-06-01` } : {}) }];
  }

  #create(body) {
    shape(body, {
      targets: needed(list(identifier)), callbackUri: needed(url('https')), source: optional(userModel), sourceDisplayName: optional(text),
      sourceCallerIdNumber: optional(numberModel), operationContext: optional(text), mediaStreamingOptions: optional(mediaStreamingOptions),
    });
    const party = rawIdOf(body.targets[0]);
    if (body.source && !this.identities.has(body.source.id)) throw new Refusal(403, '8500', 'the source is no identity of this resource');
    if (party.startsWith('4:')) {
      const number = body.sourceCallerIdNumber?.value;
      if (!number) throw new Refusal(400, 'BadRequest', 'sourceCallerIdNumber is missing');
      if (!this.numbers.includes(number)) throw new Refusal(403, '8514', 'Not allowed to impersonate');
    } else if (!this.identities.has(party)) {
      throw new Refusal(404, '8523', 'the target is no identity of this resource');
    }
    return [201, this.#connect(body, party).properties()];
  }

  #connect(body, party) {
    const call = new CloudCall(this, {
      callbackUri: body.callbackUri, media: body.mediaStreamingOptions, party, operationContext: body.operationContext,
      source: body.source?.id, number: body.sourceCallerIdNumber?.value,
    });
    call.displayName = body.sourceDisplayName;
    this.calls.push(call);
    this.live.set(call.id, call);
    return call;
  }

  #ringing(context) {
    const ringing = this.incoming.get(context);
    if (!ringing) throw new Refusal(404, '8522', 'Call not found');
    this.incoming.delete(context);
    if (Date.now() - ringing.since > kRings) throw new Refusal(404, '8522', 'Call not found');
    return ringing;
  }

  #answerCall(body) {
    shape(body, {
      incomingCallContext: needed(text), callbackUri: needed(url('https')), operationContext: optional(text), answeredBy: optional(userModel),
      mediaStreamingOptions: optional(mediaStreamingOptions),
    });
    const ringing = this.#ringing(body.incomingCallContext);
    if (body.answeredBy && !this.identities.has(body.answeredBy.id)) throw new Refusal(403, '8500', 'answeredBy is no identity of this resource');
    const call = this.#connect(body, ringing.from);
    ringing.answeredAfter = Date.now() - ringing.since;
    ringing.call = call;
    setImmediate(() => call.answer().catch((error) => (call.trouble = error)));
    return [200, call.properties()];
  }

  #reject(body) {
    shape(body, { incomingCallContext: needed(text), callRejectReason: optional(word('none', 'busy', 'forbidden')) });
    this.#ringing(body.incomingCallContext).rejected = body.callRejectReason ?? 'none';
    return [204];
  }

  #transfer(call, body) {
    shape(body, {
      targetParticipant: needed(identifier), transferee: optional(identifier), sourceCallerIdNumber: optional(numberModel),
      operationContext: optional(text), customCallingContext: optional(() => {}), operationCallbackUri: optional(url('https')),
    });
    const target = rawIdOf(body.targetParticipant);
    if (target.startsWith('4:') && call.party.startsWith('8:')) throw new Refusal(400, '8500', 'a VoIP call cannot be transferred to a number');
    const failure = this.transferFailure;
    if (failure) {
      setImmediate(() => call.event('CallTransferFailed', { resultInformation: failure }));
      return [202, { operationContext: body.operationContext }];
    }
    call.transferredTo = target;
    setImmediate(async () => {
      await call.event('CallTransferAccepted', { transferTarget: partyOf(target), transferee: partyOf(call.party) });
      await call.hangUp();
    });
    return [202, { operationContext: body.operationContext }];
  }

  #sendDtmf(call, body) {
    shape(body, {
      tones: needed(list(word(...kTones))), targetParticipant: needed(identifier), operationContext: optional(text), operationCallbackUri: optional(url('https')),
    });
    if (rawIdOf(body.targetParticipant) !== call.party) throw new Refusal(400, '8583', 'the participant is not in the call');
    call.keys += body.tones.map((tone) => kKeys[tone] ?? kTones.indexOf(tone)).join('');
    setImmediate(() => call.event('SendDtmfTonesCompleted').catch(() => {}));
    return [202, {}];
  }

  async close() {
    for (const call of this.live.values()) call.socket?.cut();
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }
}
