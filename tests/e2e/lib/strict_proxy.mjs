// Microsoft's SIP proxy as its reference describes it, and no kinder: refuses what that refuses, and says why in `refusals`.
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import tls from 'node:tls';
import { freePorts } from './ports.mjs';
import { Message } from './sipp.mjs';
import { SrtpKey } from './srtp.mjs';
import { until } from './wait.mjs';

const isAddress = (host) => /^[\d.]+$|:/.test(host);
const hostOf = (value) => /<sips?:(?:[^@>]*@)?([^:;>]+)/.exec(value ?? '')?.[1] ?? '';
const userOf = (value) => /<?sips?:([^@>]+)@/.exec(value ?? '')?.[1] ?? '';

export class StrictProxy {
  /**
   * options: name (its FQDN), files and ca (texts of PEM), sbc (the paired FQDN), invite: status, or a function of the Message,
   * rings: what comes before it, [status, To tag] each: a 180 of every endpoint that rings, one 183 with SDP a session at most.
   */
  static async start(options) {
    const proxy = new StrictProxy();
    Object.assign(proxy, { invite: 200, rings: [], received: [], refusals: [], sni: [], sockets: new Set(), ...options });
    proxy.port = options.port ?? (await freePorts());
    proxy.rtp = await freePorts(2);
    proxy.server = tls.createServer({
      cert: options.files.certificate, key: options.files.key, ca: options.ca, requestCert: true, rejectUnauthorized: true, minVersion: 'TLSv1.2',
    }, (socket) => proxy.#serve(socket));
    proxy.server.on('tlsClientError', (error) => proxy.refusals.push(`TLS: ${error.message}`));
    proxy.server.listen(proxy.port, '127.0.0.1');
    await once(proxy.server, 'listening');
    return proxy;
  }

  #serve(socket) {
    this.sni.push(socket.servername);
    const names = socket.getPeerCertificate().subjectaltname ?? '';
    if (!names.includes(`DNS:${this.sbc}`)) {
      this.refusals.push(`the client certificate names ${names}`);
      return socket.destroy();
    }
    this.sockets.add(socket);
    socket.on('close', () => this.sockets.delete(socket));
    socket.on('error', () => {});
    this.#read(socket, (message) => this.#take(socket, message));
  }

  #read(socket, take) {
    let rest = '';
    socket.setEncoding('utf8');
    socket.on('data', (text) => {
      rest += text;
      for (;;) {
        rest = rest.replace(/^(\r\n)+/, '');
        const end = rest.indexOf('\r\n\r\n');
        if (end < 0) return;
        const length = Number(/^(?:Content-Length|l)\s*:\s*(\d+)/im.exec(rest.slice(0, end))?.[1] ?? 0);
        if (rest.length < end + 4 + length) return;
        take(new Message('received', rest.slice(0, end + 4 + length)));
        rest = rest.slice(end + 4 + length);
      }
    });
  }

  #refuse(why, status) {
    this.refusals.push(why);
    return status;
  }

  /** The status for a request that makes or keeps a dialog, by the rules of the reference. */
  #judge(message) {
    const contact = message.header('contact');
    if (!contact) return this.#refuse(`${message.method} without Contact`, 400);
    if (isAddress(hostOf(contact)) || hostOf(contact) !== this.sbc) return this.#refuse(`Contact ${contact}`, 403);
    for (const [name, value] of message.headers) {
      if (name === 'record-route' && isAddress(hostOf(value))) return this.#refuse(`Record-Route ${value}`, 403);
    }
    if (/^\S+ sips:/.test(message.first)) return this.#refuse('a sips: URI', 400);
    const allow = message.header('allow') ?? '';
    if (message.method === 'OPTIONS' && !/\bNOTIFY\b/.test(allow)) return this.#refuse(`Allow ${allow}: nobody transfers`, 400);
    if (message.method === 'OPTIONS') return 200;
    const again = /;tag=/.test(message.header('to'));
    if (!again) {
      if (hostOf(message.header('from')) !== this.sbc) return this.#refuse(`From ${message.header('from')}`, 403);
      if (!userOf(message.first.split(' ')[1]).startsWith('+')) return this.#refuse(`Request-URI ${message.first}`, 404);
      if (!/;user=phone/.test(message.first)) return this.#refuse('no user=phone', 404);
      if (!/<sip:anonymous@/.test(message.header('from')) && !userOf(message.header('from')).startsWith('+')) {
        return this.#refuse(`From ${message.header('from')}`, 403);
      }
    }
    if (!message.body) return this.#refuse('no offer', 488);
    if (!/^m=audio \d+ RTP\/SAVP /m.test(message.body)) return this.#refuse('no RTP/SAVP', 488);
    if (!/^a=crypto:\d+ AES_CM_128_HMAC_SHA1_80 inline:/m.test(message.body)) return this.#refuse('no AES_CM_128_HMAC_SHA1_80', 488);
    if (/^c=IN IP4 0\.0\.0\.0/m.test(message.body)) return this.#refuse('0.0.0.0', 488);
    if (['sendonly', 'recvonly'].includes(message.audioDirection())) return this.#refuse(`a=${message.audioDirection()}`, 488);
    const place = JSON.stringify(message.rtp());
    this.places ??= new Map();
    const before = this.places.get(message.header('call-id'));
    if (before && before !== place) return this.#refuse('media moved', 488);
    this.places.set(message.header('call-id'), place);
    return 200;
  }

  #take(socket, message) {
    this.received.push(message);
    if (!message.method || message.method === 'ACK') return;
    let status = 200;
    const headers = [];
    let body = '';
    if (['OPTIONS', 'INVITE'].includes(message.method)) status = this.#judge(message);
    if (message.method === 'INVITE' && status === 200 && !/;tag=/.test(message.header('to'))) {
      status = typeof this.invite === 'function' ? this.invite(message) : this.invite;
      if (status === 503) headers.push('Retry-After: 1');
    }
    const again = /;tag=/.test(message.header('to'));
    const rings = message.method === 'INVITE' && status === 200 && !again ? this.rings : [];
    let sdp = '';
    if (message.method === 'INVITE' && status === 200) {
      const key = Buffer.alloc(30, 7).toString('base64');
      const direction = message.audioDirection() === 'inactive' ? 'inactive' : 'sendrecv';
      sdp = body = ['v=0', 'o=- 1 1 IN IP4 127.0.0.1', 's=session', 'c=IN IP4 127.0.0.1', 't=0 0', `m=audio ${this.rtp} RTP/SAVP 8 0 101`,
        'a=rtpmap:8 PCMA/8000', 'a=rtpmap:0 PCMU/8000', 'a=rtpmap:101 telephone-event/8000', `a=${direction}`,
        `a=crypto:${/^a=crypto:(\d+) AES_CM_128_HMAC_SHA1_80 /m.exec(message.body)[1]} AES_CM_128_HMAC_SHA1_80 inline:${key}|2^31`, ''].join('\r\n');
    }
    if (message.method === 'INVITE') this.#answer(socket, message, 100, [], '');
    for (const [early, tag] of rings) this.#answer(socket, message, early, [], early === 183 ? sdp : '', tag);
    this.#answer(socket, message, status, headers, body, rings.at(-1)?.[1]);
    if (message.method === 'OPTIONS' && status === 200 && this.askBack) this.ask(message).catch(() => {});
  }

  #answer(socket, request, status, headers, body, toTag = 'proxy') {
    const tag = /;tag=/.test(request.header('to')) || status === 100 ? '' : `;tag=${toTag}`;
    const lines = [`SIP/2.0 ${status} Scripted`, ...request.headers.filter(([name]) => name === 'via').map(([, value]) => `Via: ${value}`),
      `From: ${request.header('from')}`, `To: ${request.header('to')}${tag}`, `Call-ID: ${request.header('call-id')}`,
      `CSeq: ${request.header('cseq')}`, `Contact: <sip:${this.name}:${this.port};transport=tls>`, ...headers,
      ...(body ? ['Content-Type: application/sdp'] : []), `Content-Length: ${Buffer.byteLength(body)}`];
    socket.write(`${lines.join('\r\n')}\r\n\r\n${body}`);
  }

  // A connection of the proxy's own: it carries the proxy's requests and the answers to them, nothing else.
  async connect(port) {
    const socket = tls.connect({ port, host: '127.0.0.1', localAddress: '127.0.0.9', servername: this.sbc, ca: this.ca, cert: this.files.certificate, key: this.files.key });
    const answers = [];
    this.#read(socket, (message) => {
      if (message.method) this.refusals.push(`a request on the proxy's own connection: ${message.first}`);
      answers.push(message);
    });
    socket.on('error', (error) => answers.push(error));
    await once(socket, 'secureConnect');
    this.sockets.add(socket);
    return { socket, answers };
  }

  /** A request of the proxy's own to the SBC: its final response. */
  async request(text, port, ms = 5_000) {
    const { socket, answers } = await this.connect(port);
    socket.write(text);
    let found;
    await until('an answer to the proxy', () => (found = answers.find((one) => one instanceof Error || one.status >= 200)), ms);
    if (found instanceof Error) throw found;
    return { answer: found, write: (more) => socket.write(more), answers };
  }

  /** A call of the proxy's own to `number`, until it is answered: a ProxyCall. `rtp`: an RtpEndpoint, which is given the keys. */
  async call(number, port, options) {
    const call = new ProxyCall(this, number, port, options);
    await call.begin();
    return call;
  }

  async close() {
    for (const socket of this.sockets) socket.destroy();
    await new Promise((resolve) => this.server.close(resolve));
  }
}

/** A call that the proxy makes (section 8.6): a caller asserted with Privacy: id, keys as Microsoft lists them. */
class ProxyCall {
  constructor(proxy, number, port, { rtp, from = '+4722550100', asserted = '+4722550199', headers = [] }) {
    Object.assign(this, { proxy, port, rtp, from, asserted, headers, cseq: 0, id: randomBytes(8).toString('hex') });
    this.uri = `sip:${number}@${proxy.sbc}:${port};user=phone;transport=tls`;
    this.to = `<sip:${number}@${proxy.sbc};user=phone>`;
    this.rekey();
  }

  /** Another key from the next offer on, and with it a rollover counter of zero. */
  rekey() {
    this.key = randomBytes(30).toString('base64');
  }

  get offer() {
    const other = () => randomBytes(30).toString('base64');
    return ['v=0', `o=- 0 ${this.cseq} IN IP4 127.0.0.1`, 's=session', 'c=IN IP4 127.0.0.1', 'b=CT:10000000', 't=0 0',
      `m=audio ${this.rtp.port} RTP/SAVP 103 0 8 101 13`, `a=rtcp:${this.rtp.port + 1}`, 'a=label:main-audio', 'a=mid:1',
      `a=crypto:1 AES_CM_128_HMAC_SHA1_32 inline:${other()}|2^31`, `a=crypto:2 AES_CM_128_HMAC_SHA1_80 inline:${other()}|2^31|1:1`,
      `a=crypto:3 AES_CM_128_HMAC_SHA1_80 inline:${this.key}|2^31`, 'a=sendrecv', 'a=rtpmap:103 SILK/8000', 'a=rtpmap:0 PCMU/8000', 'a=rtpmap:8 PCMA/8000',
      'a=rtpmap:101 telephone-event/8000', 'a=fmtp:101 0-16', 'a=rtpmap:13 CN/8000', 'a=ptime:20', ''].join('\r\n');
  }

  #send(method, { body = '', headers = [], cseq = ++this.cseq } = {}) {
    this.socket.write([`${method} ${this.target ?? this.uri} SIP/2.0`, `Via: SIP/2.0/TLS 127.0.0.9:5061;branch=z9hG4bK${randomBytes(6).toString('hex')}`,
      'Max-Forwards: 70', `From: "Contoso" <sip:${this.from}@${this.proxy.name}:5061;user=phone>;tag=${this.id}`, `To: ${this.to}`, `Call-ID: ${this.id}`,
      `CSeq: ${cseq} ${method}`, `Contact: <sip:${this.proxy.name}:${this.proxy.port};transport=tls>`, ...headers,
      ...(body ? ['Content-Type: application/sdp'] : []), `Content-Length: ${Buffer.byteLength(body)}`, '', body].join('\r\n'));
    return cseq;
  }

  async #answered(cseq, method, ms = 10_000) {
    let found;
    await until(`an answer to the proxy's ${method}`, () => (found = this.answers.find(
      (one) => one instanceof Error || (one.status >= 200 && one.header('cseq') === `${cseq} ${method}`))), ms, 10);
    if (found instanceof Error) throw found;
    return found;
  }

  /** An INVITE with the present key, its 200 and the ACK. */
  async #invite(headers = []) {
    const cseq = this.#send('INVITE', { body: this.offer, headers });
    const answer = await this.#answered(cseq, 'INVITE');
    this.to = answer.header('to');
    this.target = /<(sip:[^>]+)>/.exec(answer.header('contact') ?? '')?.[1] ?? this.target;
    this.#send('ACK', { cseq });
    if (answer.status !== 200) throw new Error(`the SBC refused: ${answer.first}`);
    const wrong = (why) => this.proxy.refusals.push(`${why} in ${answer.text}`);
    if (hostOf(answer.header('contact')) !== this.proxy.sbc) wrong('Contact');
    if (!/^m=audio \d+ RTP\/SAVP /m.test(answer.body)) wrong('no RTP/SAVP');
    const key = /^a=crypto:3 AES_CM_128_HMAC_SHA1_80 inline:([^|\s]+)/m.exec(answer.body)?.[1];
    if (!key) wrong('not the key without an MKI');
    if (/^a=(sendonly|recvonly)/m.test(answer.body)) wrong('a direction that is not understood');
    if (this.rtp.sealed?.inline !== this.key) this.rtp.sealed = new SrtpKey(this.key);
    if (this.rtp.opened?.inline !== key) this.rtp.opened = new SrtpKey(key);
    return answer;
  }

  async begin() {
    ({ socket: this.socket, answers: this.answers } = await this.proxy.connect(this.port));
    this.answer = await this.#invite([`P-Asserted-Identity: <tel:${this.asserted}>`, `P-Asserted-Identity: <sip:${this.asserted}@${this.proxy.name};user=phone>`,
      'Privacy: id', 'Supported: timer', 'Session-Expires: 3600;refresher=uac', 'Min-SE: 300',
      'Allow: INVITE,ACK,OPTIONS,CANCEL,BYE,NOTIFY', 'User-Agent: Microsoft.PSTNHub.SIPProxy v.2026.11.29', ...this.headers]);
    this.rtp.talk(this.answer.rtp());
  }

  /** The refresh of the session (after some 27 minutes), with the same key or after rekey(). */
  again() {
    return this.#invite();
  }

  async bye() {
    return this.#answered(this.#send('BYE'), 'BYE');
  }
}
