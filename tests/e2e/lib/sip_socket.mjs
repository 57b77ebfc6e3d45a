import { randomBytes } from 'node:crypto';
import dgram from 'node:dgram';
import { credentials } from './digest.mjs';
import { Message } from './sipp.mjs';
import { until } from './wait.mjs';

/** A UDP socket that speaks as much or as little SIP as a test wants: for what no proper client would send. */
export class SipSocket {
  static async open(port = 0) {
    const peer = new SipSocket();
    peer.socket = dgram.createSocket('udp4');
    peer.messages = [];
    peer.socket.on('message', (data) => peer.messages.push(new Message('received', data.toString('latin1'))));
    peer.socket.on('error', () => {});
    await new Promise((resolve) => peer.socket.bind(port, '127.0.0.1', resolve));
    peer.port = peer.socket.address().port;
    return peer;
  }

  send(address, data) {
    const [host, port] = address.split(':');
    return new Promise((resolve) => this.socket.send(data, Number(port), host, () => resolve()));
  }

  /** A proper request to `user` from phone `as`; `headers` are added, `drop` names headers left out. */
  request(method, address, { as = '101', contact, user, headers = [], body = '', drop = [], callId, cseq = 1, fromTag, toTag } = {}) {
    const id = randomBytes(8).toString('hex');
    const to = method === 'REGISTER' ? (user ?? as) : user;  // A REGISTER's To is who registers.
    const lines = [
      `${method} sip:${user ? `${user}@` : ''}${address} SIP/2.0`,
      `Via: SIP/2.0/UDP 127.0.0.1:${this.port};branch=z9hG4bK${id};rport`,
      'Max-Forwards: 70',
      `From: <sip:${as}@${address}>;tag=${fromTag ?? id}`,
      `To: <sip:${to ? `${to}@` : ''}${address}>${toTag ? `;tag=${toTag}` : ''}`,
      `Call-ID: ${callId ?? id}`,
      `CSeq: ${cseq} ${method}`,
      `Contact: <${contact ?? `sip:${as}@127.0.0.1:${this.port}`}>`,
      ...headers,
      ...(body ? ['Content-Type: application/sdp'] : []),
      `Content-Length: ${Buffer.byteLength(body)}`,
    ].filter((line) => !drop.includes(line.split(':')[0]));
    return `${lines.join('\r\n')}\r\n\r\n${body}`;
  }

  /** Sends a request and gives its first final response. */
  async ask(address, text, ms = 5_000) {
    const callId = /^Call-ID: (.*)$/m.exec(text)[1].trim();
    const cseq = /^CSeq: (.*)$/m.exec(text)[1].trim();
    await this.send(address, text);
    let answer;
    await until(`an answer to ${text.split('\r\n')[0]}`, () => (answer = this.messages.find(
      (m) => m.status >= 200 && m.header('call-id') === callId && m.header('cseq') === cseq)), ms, 10);
    return answer;
  }

  /** A request that is challenged, sent again with the password; its final response. */
  async authenticated(method, address, { password, as = '101', algorithm = 'MD5', ...options } = {}) {
    const callId = randomBytes(8).toString('hex');
    const first = await this.ask(address, this.request(method, address, { ...options, as, callId }));
    if (method === 'INVITE') await this.acknowledge(address, first, { ...options, callId });
    const challenges = first.headers.filter(([name]) => /^(www|proxy)-authenticate$/.test(name)).map(([, value]) => value);
    const challenge = challenges.find((value) => value.includes(`algorithm=${algorithm},`)) ?? challenges[0];
    if (!challenge) return first;
    const uri = `sip:${options.user ? `${options.user}@` : ''}${address}`;
    const name = first.status === 407 ? 'Proxy-Authorization' : 'Authorization';
    const headers = [...(options.headers ?? []), `${name}: ${credentials(challenge, { user: as, password, method, uri })}`];
    return this.ask(address, this.request(method, address, { ...options, as, callId, cseq: 2, headers }));
  }

  /** The ACK to a final response; to a 2xx it goes to the Contact. */
  acknowledge(address, response, { callId, user, cseq }) {
    const number = cseq ?? Number.parseInt(response.header('cseq'), 10);
    const uri = response.status < 300 ? /<(sip:[^>]+)>/.exec(response.header('contact') ?? '')?.[1] : undefined;
    const text = [
      `ACK ${uri ?? `sip:${user ? `${user}@` : ''}${address}`} SIP/2.0`,
      response.status < 300
        ? `Via: SIP/2.0/UDP 127.0.0.1:${this.port};branch=z9hG4bK${randomBytes(6).toString('hex')};rport`
        : `Via: ${response.header('via')}`,
      'Max-Forwards: 70', `From: ${response.header('from')}`, `To: ${response.header('to')}`,
      `Call-ID: ${callId ?? response.header('call-id')}`, `CSeq: ${number} ACK`, 'Content-Length: 0',
    ].join('\r\n');
    return this.send(address, `${text}\r\n\r\n`);
  }

  close() {
    return new Promise((resolve) => this.socket.close(resolve));
  }
}
