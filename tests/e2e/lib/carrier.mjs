// A carrier of our own on a UDP socket: says to each INVITE what a test wants, and remembers all that it was told.
import { randomBytes } from 'node:crypto';
import dgram from 'node:dgram';
import { genuine } from './digest.mjs';
import { freePorts } from './ports.mjs';
import { Message } from './sipp.mjs';
import { until } from './wait.mjs';

const kSdp = (port) => ['v=0', 'o=carrier 1 1 IN IP4 127.0.0.1', 's=-', 'c=IN IP4 127.0.0.1', 't=0 0', `m=audio ${port} RTP/AVP 0`,
  'a=rtpmap:0 PCMU/8000', ''].join('\r\n');

export class Carrier {
  /**
   * options: port, invite: status to answer INVITEs with ('silent' = none; 200 is a call until BYE) or a function of the
   * Message that gives it, headers: lines added to it, password: REGISTERs must be signed with it, expires: seconds granted.
   */
  static async start(options = {}) {
    const carrier = new Carrier();
    carrier.options = { invite: 200, options: 200, headers: [], expires: 3600, ...options };
    carrier.port = options.port ?? (await freePorts());
    carrier.received = [];
    carrier.socket = dgram.createSocket('udp4');
    carrier.socket.on('error', () => {});
    carrier.socket.on('message', (data, from) => carrier.#take(new Message('received', data.toString('utf8')), from));
    await new Promise((resolve) => carrier.socket.bind(carrier.port, '127.0.0.1', resolve));
    return carrier;
  }

  get address() {
    return `127.0.0.1:${this.port}`;
  }

  /** What came of one method, retransmissions left out. */
  requests(method) {
    const seen = new Set();
    return this.received.filter((message) => {
      const branch = message.header('via');
      return message.method === method && !seen.has(branch) && seen.add(branch);
    });
  }

  async request(method, ms = 10_000, count = 1) {
    await until(`the carrier gets ${count} ${method}`, () => this.requests(method).length >= count, ms);
    return this.requests(method)[count - 1];
  }

  #take(message, from) {
    this.received.push(message);
    if (!message.method || message.method === 'ACK') return;
    let status = 200;
    const headers = [];
    let body = '';
    if (message.method === 'OPTIONS') status = this.options.options;
    if (message.method === 'INVITE') {
      status = typeof this.options.invite === 'function' ? this.options.invite(message) : this.options.invite;
      headers.push(...this.options.headers);
      if (status === 200) body = kSdp(this.port + 1);
    }
    if (message.method === 'REGISTER' && this.options.password) {
      const given = message.header('authorization');
      if (!given || !genuine(given, { password: this.options.password, method: 'REGISTER' })) {
        status = 401;
        headers.push(`WWW-Authenticate: Digest realm="carrier", nonce="${randomBytes(8).toString('hex')}", algorithm=MD5, qop="auth"`);
      }
    }
    if (message.method === 'REGISTER' && status === 200) headers.push(`Contact: ${message.header('contact')};expires=${this.options.expires}`);
    if (status === 'silent') return;
    if (message.method === 'INVITE') this.#send(message, 100, [], '', from);
    this.#send(message, status, headers, body, from);
  }

  #send(request, status, headers, body, from) {
    const tag = /;tag=/.test(request.header('to')) || status === 100 ? '' : `;tag=c${this.port}`;
    const contact = headers.some((line) => line.startsWith('Contact:')) ? [] : [`Contact: <sip:carrier@${this.address}>`];
    const lines = [
      `SIP/2.0 ${status} Scripted`, ...request.headers.filter(([name]) => name === 'via').map(([, value]) => `Via: ${value}`),
      `From: ${request.header('from')}`, `To: ${request.header('to')}${tag}`, `Call-ID: ${request.header('call-id')}`,
      `CSeq: ${request.header('cseq')}`, ...contact, ...headers, ...(body ? ['Content-Type: application/sdp'] : []),
      `Content-Length: ${Buffer.byteLength(body)}`,
    ];
    this.socket.send(`${lines.join('\r\n')}\r\n\r\n${body}`, from.port, from.address);
  }

  close() {
    return new Promise((resolve) => this.socket.close(resolve));
  }
}
