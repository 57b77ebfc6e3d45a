import { randomBytes } from 'node:crypto';
import net from 'node:net';
import { credentials } from './digest.mjs';
import { Message } from './sipp.mjs';
import { until } from './wait.mjs';

/** One flow of a phone (RFC 5626): a TCP connection that registers, and refuses calls as busy. */
export class Flow {
  static async open(daemon, { user, instance, regId }) {
    const flow = new Flow();
    Object.assign(flow, { user, instance, regId, gateway: daemon.sip.tcp, messages: [], callId: randomBytes(8).toString('hex'), cseq: 0 });
    const [host, port] = flow.gateway.split(':');
    await new Promise((resolve, reject) => {
      flow.socket = net.connect(Number(port), host, resolve);
      flow.socket.once('error', reject);
    });
    flow.socket.on('error', () => {});
    let rest = '';
    flow.socket.on('data', (data) => {
      rest += data.toString('latin1');
      for (;;) {
        const end = rest.indexOf('\r\n\r\n');
        if (end < 0) return;
        const size = end + 4 + Number(/^Content-Length: *(\d+)/mi.exec(rest.slice(0, end))?.[1] ?? 0);
        if (rest.length < size) return;
        flow.#receive(new Message('received', rest.slice(0, size)));
        rest = rest.slice(size);
      }
    });
    flow.answer = await flow.register();
    return flow;
  }

  #receive(message) {
    this.messages.push(message);
    if (message.method !== 'INVITE') return;
    this.socket.write([
      'SIP/2.0 486 Busy Here', ...message.headers.filter(([name]) => name === 'via').map(([, value]) => `Via: ${value}`),
      `From: ${message.header('from')}`, `To: ${message.header('to')};tag=${this.callId}`, `Call-ID: ${message.header('call-id')}`,
      `CSeq: ${message.header('cseq')}`, 'Content-Length: 0', '', '',
    ].join('\r\n'));
  }

  async #ask(extra) {
    const cseq = `${++this.cseq} REGISTER`;
    const { address, port } = { address: '127.0.0.1', port: this.socket.localPort };
    this.socket.write([
      `REGISTER sip:${this.gateway} SIP/2.0`, `Via: SIP/2.0/TCP ${address}:${port};branch=z9hG4bK${randomBytes(6).toString('hex')};rport`,
      'Max-Forwards: 70', `From: <sip:${this.user}@${this.gateway}>;tag=${this.callId}`, `To: <sip:${this.user}@${this.gateway}>`,
      `Call-ID: ${this.callId}`, `CSeq: ${cseq}`, 'Supported: path, outbound', 'Expires: 300',
      `Contact: <sip:${this.user}@${address}:5060;transport=tcp;ob>;reg-id=${this.regId};+sip.instance=${this.instance}`,
      ...extra, 'Content-Length: 0', '', '',
    ].join('\r\n'));
    let answer;
    await until('an answer to REGISTER', () => (answer = this.messages.find((m) => m.status >= 200 && m.header('cseq') === cseq)), 5_000, 10);
    return answer;
  }

  async register() {
    const challenge = await this.#ask([]);
    return this.#ask([`Authorization: ${credentials(challenge.header('www-authenticate'), {
      user: this.user, password: `demo-${this.user}`, method: 'REGISTER', uri: `sip:${this.gateway}`,
    })}`]);
  }

  get calls() {
    return this.messages.filter((m) => m.method === 'INVITE').length;
  }

  /** A network that drops the connection: the phone has not noticed yet. */
  cut() {
    this.socket.resetAndDestroy();
  }

  async close() {
    this.socket.destroy();
  }
}
