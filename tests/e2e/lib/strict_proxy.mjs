// Microsoft's SIP proxy as its reference describes it, and no kinder: refuses what that refuses, and says why in `refusals`.
import { once } from 'node:events';
import tls from 'node:tls';
import { freePorts } from './ports.mjs';
import { Message } from './sipp.mjs';
import { until } from './wait.mjs';

const isAddress = (host) => /^[\d.]+$|:/.test(host);
const hostOf = (value) => /<sips?:(?:[^@>]*@)?([^:;>]+)/.exec(value ?? '')?.[1] ?? '';
const userOf = (value) => /<?sips?:([^@>]+)@/.exec(value ?? '')?.[1] ?? '';

export class StrictProxy {
  /** options: name (its FQDN), files and ca (texts of PEM), sbc (the paired FQDN), invite: status, or a function of the Message. */
  static async start(options) {
    const proxy = new StrictProxy();
    Object.assign(proxy, { invite: 200, received: [], refusals: [], sni: [], sockets: new Set(), ...options });
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
    if (message.method === 'INVITE' && status === 200) {
      const key = Buffer.alloc(30, 7).toString('base64');
      const direction = message.audioDirection() === 'inactive' ? 'inactive' : 'sendrecv';
      body = ['v=0', 'o=- 1 1 IN IP4 127.0.0.1', 's=session', 'c=IN IP4 127.0.0.1', 't=0 0', `m=audio ${this.rtp} RTP/SAVP 8 0 101`,
        'a=rtpmap:8 PCMA/8000', 'a=rtpmap:0 PCMU/8000', 'a=rtpmap:101 telephone-event/8000', `a=${direction}`,
        `a=crypto:${/^a=crypto:(\d+) AES_CM_128_HMAC_SHA1_80 /m.exec(message.body)[1]} AES_CM_128_HMAC_SHA1_80 inline:${key}|2^31`, ''].join('\r\n');
    }
    if (message.method === 'INVITE') this.#answer(socket, message, 100, [], '');
    this.#answer(socket, message, status, headers, body);
    if (message.method === 'OPTIONS' && status === 200 && this.askBack) this.ask(message).catch(() => {});
  }

  #answer(socket, request, status, headers, body) {
    const tag = /;tag=/.test(request.header('to')) || status === 100 ? '' : ';tag=proxy';
    const lines = [`SIP/2.0 ${status} Scripted`, ...request.headers.filter(([name]) => name === 'via').map(([, value]) => `Via: ${value}`),
      `From: ${request.header('from')}`, `To: ${request.header('to')}${tag}`, `Call-ID: ${request.header('call-id')}`,
      `CSeq: ${request.header('cseq')}`, `Contact: <sip:${this.name}:${this.port};transport=tls>`, ...headers,
      ...(body ? ['Content-Type: application/sdp'] : []), `Content-Length: ${Buffer.byteLength(body)}`];
    socket.write(`${lines.join('\r\n')}\r\n\r\n${body}`);
  }

  /** A request of the proxy's own, on a connection of its own, to the SBC: its final response. */
  async request(text, port, ms = 5_000) {
    const socket = tls.connect({ port, host: '127.0.0.1', localAddress: '127.0.0.9', servername: this.sbc, ca: this.ca, cert: this.files.certificate, key: this.files.key });
    const answers = [];
    this.#read(socket, (message) => answers.push(message));
    socket.on('error', (error) => answers.push(error));
    await once(socket, 'secureConnect');
    socket.write(text);
    let found;
    await until('an answer to the proxy', () => (found = answers.find((one) => one instanceof Error || one.status >= 200)), ms);
    this.sockets.add(socket);
    if (found instanceof Error) throw found;
    return { answer: found, write: (more) => socket.write(more), answers };
  }

  async close() {
    for (const socket of this.sockets) socket.destroy();
    await new Promise((resolve) => this.server.close(resolve));
  }
}
