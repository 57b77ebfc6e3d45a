// A registered phone on a UDP socket: does with each INVITE what a test wants, and remembers all that it was told.
import { randomBytes } from 'node:crypto';
import assert from 'node:assert/strict';
import { Message } from './sipp.mjs';
import { SipSocket } from './sip_socket.mjs';
import { until } from './wait.mjs';

const kSdp = (port) => ['v=0', 'o=desk 1 1 IN IP4 127.0.0.1', 's=-', 'c=IN IP4 127.0.0.1', 't=0 0', `m=audio ${port} RTP/AVP 0`,
  'a=rtpmap:0 PCMU/8000', ''].join('\r\n');

export class DeskPhone {
  /** `answers`: the statuses that an INVITE is answered with, in order; without a final one it rings until it is cancelled. */
  static async open(daemon, user, answers = [180]) {
    const phone = new DeskPhone();
    phone.user = user;
    phone.answers = answers;
    phone.gateway = daemon.sip.udp;
    phone.socket = await SipSocket.open();
    phone.received = [];
    phone.invites = new Map();
    phone.tag = randomBytes(4).toString('hex');
    phone.socket.socket.on('message', (data) => phone.#take(new Message('received', data.toString('latin1'))));
    const registered = await phone.socket.authenticated('REGISTER', phone.gateway, { as: user, password: `demo-${user}` });
    assert.equal(registered.status, 200, `${user} registers`);
    return phone;
  }

  /** What came of one method, retransmissions left out. */
  requests(method) {
    const seen = new Set();
    return this.received.filter((m) => m.method === method && !seen.has(m.header('via')) && seen.add(m.header('via')));
  }

  async request(method, count = 1, ms = 8_000) {
    await until(`${this.user} gets ${count} ${method}`, () => this.requests(method).length >= count, ms, 20);
    return this.requests(method)[count - 1];
  }

  #take(message) {
    if (!message.method) return;
    const again = this.received.some((m) => m.method === message.method && m.header('via') === message.header('via'));
    this.received.push(message);
    if (message.method === 'ACK' || again) return;
    if (message.method === 'INVITE') {
      this.invites.set(message.header('call-id'), message);
      for (const status of this.answers) this.#send(message, status);
      return;
    }
    this.#send(message, 200);
    if (message.method === 'CANCEL') this.#send(this.invites.get(message.header('call-id')), 487);
  }

  #send(request, status) {
    const body = status === 200 && request.method === 'INVITE' ? kSdp(9) : '';
    const tag = /;tag=/.test(request.header('to')) ? '' : `;tag=${this.tag}`;
    const lines = [
      `SIP/2.0 ${status} Scripted`, ...request.headers.filter(([name]) => name === 'via').map(([, value]) => `Via: ${value}`),
      `From: ${request.header('from')}`, `To: ${request.header('to')}${tag}`, `Call-ID: ${request.header('call-id')}`,
      `CSeq: ${request.header('cseq')}`, `Contact: <sip:${this.user}@127.0.0.1:${this.socket.port}>`,
      ...(body ? ['Content-Type: application/sdp'] : []), `Content-Length: ${Buffer.byteLength(body)}`,
    ];
    this.socket.send(this.gateway, `${lines.join('\r\n')}\r\n\r\n${body}`);
  }

  /** Leaves no registration behind. */
  async close() {
    await this.socket.authenticated('REGISTER', this.gateway, { as: this.user, password: `demo-${this.user}`, headers: ['Expires: 0'] });
    await this.socket.close();
  }
}
