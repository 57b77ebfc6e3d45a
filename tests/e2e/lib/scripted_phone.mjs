import { randomBytes } from 'node:crypto';
import { credentials } from './digest.mjs';
import { RtpEndpoint } from './rtp.mjs';
import { SipSocket } from './sip_socket.mjs';
import { until } from './wait.mjs';

const kUri = /<(sip:[^>]+)>/;
const tagOf = (header) => /;tag=([^;>\s]+)/.exec(header)?.[1];

/** One dialog of a ScriptedPhone: says what a test tells it to, and remembers what it was told. */
class ScriptedCall {
  constructor(phone, rtp) {
    this.phone = phone;
    this.rtp = rtp;
    this.callId = randomBytes(8).toString('hex');
    this.tag = randomBytes(4).toString('hex');
    this.cseq = 0;
    this.notified = [];  // {status, state}, as NOTIFYs came.
    this.offers = [];    // Directions of the re-INVITEs that came.
    this.ended = false;  // By a BYE from the other side.
  }

  sdp(direction = 'sendrecv') {
    this.version = (this.version ?? 0) + 1;
    return [
      'v=0', `o=- 1 ${this.version} IN IP4 127.0.0.1`, 's=-', 'c=IN IP4 127.0.0.1', 't=0 0', `m=audio ${this.rtp.port} RTP/AVP 0 101`,
      'a=rtpmap:0 PCMU/8000', 'a=rtpmap:101 telephone-event/8000', `a=${direction}`, '',
    ].join('\r\n');
  }

  request(method, { headers = [], body = '', cseq = ++this.cseq } = {}) {
    const branch = `z9hG4bK${randomBytes(6).toString('hex')}`;
    const from = `<sip:${this.phone.user}@${this.phone.gateway}>;tag=${this.tag}`;
    const to = `<${this.remoteUri}>${this.remoteTag ? `;tag=${this.remoteTag}` : ''}`;
    const text = [
      `${method} ${this.target ?? this.remoteUri} SIP/2.0`, `Via: SIP/2.0/UDP 127.0.0.1:${this.phone.port};branch=${branch};rport`,
      'Max-Forwards: 70', `From: ${from}`, `To: ${to}`, `Call-ID: ${this.callId}`, `CSeq: ${cseq} ${method}`,
      `Contact: <sip:${this.phone.user}@127.0.0.1:${this.phone.port}>`, ...headers,
      ...(body ? ['Content-Type: application/sdp'] : []), `Content-Length: ${Buffer.byteLength(body)}`, '', body,
    ].join('\r\n');
    return text;
  }

  /** Sends a request of the dialog; its final response. */
  async ask(method, options = {}) {
    const answer = await this.phone.socket.ask(this.phone.gateway, this.request(method, options));
    if (method === 'INVITE') await this.ack(Number.parseInt(answer.header('cseq'), 10));
    return answer;
  }

  ack(cseq) {
    return this.phone.socket.send(this.phone.gateway, this.request('ACK', { cseq }));
  }

  learn(response) {
    this.remoteTag = tagOf(response.header('to'));
    this.target = kUri.exec(response.header('contact'))?.[1];
    const media = response.rtp();
    if (media) this.rtp.talk(media);
  }

  hold() {
    return this.ask('INVITE', { body: this.sdp('sendonly') });
  }

  resume() {
    return this.ask('INVITE', { body: this.sdp() });
  }

  /** Takes a call that rings here. */
  accept() {
    this.rtp.talk(this.invite.rtp());
    return this.answer(200, this.sdp());
  }

  /** Says something to the INVITE of a call that rings here; its retransmissions get the same. */
  answer(status, body = '') {
    this.lastAnswer = this.phone.response(this.invite, `${status} Scripted`, { tag: this.tag, body });
    return this.phone.socket.send(this.phone.gateway, this.lastAnswer);
  }

  /** REFER; `replaces` is another call of this phone's. Its final response. */
  refer(number, { replaces, headers = [] } = {}) {
    const named = replaces
      ? `?Replaces=${encodeURIComponent(`${replaces.callId};to-tag=${replaces.remoteTag};from-tag=${replaces.tag}`)}` : '';
    return this.ask('REFER', {
      headers: [`Refer-To: <sip:${number}@${this.phone.gateway}${named}>`, `Referred-By: <sip:${this.phone.user}@${this.phone.gateway}>`, ...headers],
    });
  }

  /** The NOTIFYs have come to a final status; all of them. */
  async outcome(ms = 10_000) {
    await until(`${this.phone.user} is told the outcome`, () => this.notified.at(-1)?.status >= 200, ms, 20);
    return this.notified.map(({ status }) => status);
  }

  over(ms = 10_000) {
    return until(`${this.phone.user} is hung up on`, () => this.ended, ms, 20);
  }

  bye() {
    return this.ask('BYE');
  }
}

/**
 * A phone of a test's own: for what baresip cannot do, such as attended transfer and odd orders. No registration is needed to
 * call; once it is registered it rings when it is called, or says what `options.incoming` is: a status, 200 to talk.
 */
export class ScriptedPhone {
  static async open(daemon, user, options = {}) {
    const phone = new ScriptedPhone();
    phone.gateway = daemon.sip.udp;
    phone.user = user;
    phone.password = options.password ?? `demo-${user}`;
    phone.hertz = options.hertz ?? 600;
    phone.incoming = options.incoming ?? 180;
    phone.socket = await SipSocket.open();
    phone.port = phone.socket.port;
    phone.calls = [];
    phone.endpoints = [];
    phone.socket.socket.on('message', (data) => phone.#receive(data.toString('latin1')));
    return phone;
  }

  async #call() {
    const rtp = await RtpEndpoint.open({ hertz: this.hertz });
    this.endpoints.push(rtp);
    const call = new ScriptedCall(this, rtp);
    this.calls.push(call);
    return call;
  }

  /** Calls a number and is answered; or, with `wait` false, only rings. */
  async dial(number, { wait = true, headers = [], ms = 15_000 } = {}) {
    const call = await this.#call();
    call.remoteUri = `sip:${number}@${this.gateway}`;
    const body = call.sdp();
    const challenge = await this.socket.ask(this.gateway, call.request('INVITE', { body, headers }));
    await this.#acknowledgeRefusal(call, challenge);
    const authorization = credentials(challenge.header('www-authenticate'), {
      user: this.user, password: this.password, method: 'INVITE', uri: call.remoteUri,
    });
    const text = call.request('INVITE', { body, headers: [...headers, `Authorization: ${authorization}`] });
    if (!wait) {
      await this.socket.send(this.gateway, text);
      const cseq = `${call.cseq} INVITE`;
      let ringing;
      await until(`${number} rings`, () => (ringing = this.socket.messages.find(
        (m) => m.status === 180 && m.header('call-id') === call.callId && m.header('cseq') === cseq)), 10_000, 20);
      call.remoteTag = tagOf(ringing.header('to'));
      return call;
    }
    const answer = await this.socket.ask(this.gateway, text, ms);
    if (answer.status !== 200) {
      await this.#acknowledgeRefusal(call, answer);
      throw new Error(`${number}: ${answer.first}`);
    }
    call.learn(answer);
    await call.ack(call.cseq);
    return call;
  }

  async register() {
    const answer = await this.socket.authenticated('REGISTER', this.gateway, {
      as: this.user, password: this.password, headers: ['Expires: 300'],
    });
    if (answer.status !== 200) throw new Error(`REGISTER: ${answer.first}`);
  }

  /** The call that rings here, or rang: the newest that began after `count` others. */
  async rings(count = 0, ms = 10_000) {
    const came = () => this.calls.filter((call) => call.invite);
    await until(`${this.user} rings`, () => came().length > count, ms, 20);
    return came().at(-1);
  }

  async #ring(invite) {
    const call = await this.#call();
    call.callId = invite.header('call-id');
    call.invite = invite;
    call.remoteUri = kUri.exec(invite.header('from'))[1];
    call.remoteTag = tagOf(invite.header('from'));
    call.target = kUri.exec(invite.header('contact'))[1];
    if (this.incoming === 200) return call.accept();
    return call.answer(this.incoming);
  }

  // A call that came here and has no answer yet is cancelled.
  #cancel(call, message) {
    this.socket.send(this.gateway, this.response(message, '200 OK'));
    call.cancelled = true;
    call.answer(487);
  }

  response(message, status, { tag, body = '' } = {}) {
    return [
      `SIP/2.0 ${status}`, ...message.headers.filter(([name]) => name === 'via').map(([, value]) => `Via: ${value}`),
      ...message.headers.filter(([name]) => name === 'record-route').map(([, value]) => `Record-Route: ${value}`),
      `From: ${message.header('from')}`, `To: ${message.header('to')}${tag ? `;tag=${tag}` : ''}`, `Call-ID: ${message.header('call-id')}`,
      `CSeq: ${message.header('cseq')}`, `Contact: <sip:${this.user}@127.0.0.1:${this.port}>`,
      ...(body ? ['Content-Type: application/sdp'] : []), `Content-Length: ${Buffer.byteLength(body)}`, '', body,
    ].join('\r\n');
  }

  // RFC 3261 17.1.1.3: in the INVITE's own transaction.
  #acknowledgeRefusal(call, response) {
    const ack = call.request('ACK', { cseq: call.cseq });
    return this.socket.send(this.gateway, ack.replace(/^To: .*$/m, `To: ${response.header('to')}`)
      .replace(/^Via: .*$/m, `Via: ${response.header('via')}`));
  }

  // Requests of the gateway's: INVITE, and in our dialogs NOTIFY, BYE, CANCEL and re-INVITE.
  #receive(text) {
    if (text.startsWith('SIP/2.0')) return;
    const message = this.socket.messages.find((m) => m.text === text) ?? undefined;
    if (!message) return;
    const call = this.calls.find((one) => one.callId === message.header('call-id'));
    if (message.method === 'ACK') return;
    if (message.method === 'INVITE' && !tagOf(message.header('to'))) {
      if (call) this.socket.send(this.gateway, call.lastAnswer);
      else this.#ring(message);
      return;
    }
    if (!call) return;
    if (message.method === 'CANCEL') return void this.#cancel(call, message);
    let body = '';
    if (message.method === 'NOTIFY') {
      const status = Number(/^SIP\/2\.0 (\d+)/.exec(message.body)?.[1]);
      const known = call.notified.some((one) => one.cseq === message.header('cseq'));
      if (!known) call.notified.push({ status, state: message.header('subscription-state'), cseq: message.header('cseq') });
    } else if (message.method === 'BYE') {
      call.ended = true;
    } else if (message.method === 'INVITE') {
      call.offers.push(message.audioDirection());
      const mirror = { sendonly: 'recvonly', recvonly: 'sendonly' }[message.audioDirection()] ?? message.audioDirection();
      body = call.sdp(mirror);
    }
    this.socket.send(this.gateway, this.response(message, '200 OK', { body }));
  }

  async close() {
    for (const endpoint of this.endpoints) await endpoint.close();
    await this.socket.close();
  }
}
