import { SipSocket } from './sip_socket.mjs';
import { until } from './wait.mjs';

const attribute = (text, name) => new RegExp(`\\b${name}="([^"]*)"`).exec(text)?.[1];

/** The dialogs of a dialog-info document: {id, callId, localTag, remoteTag, direction, state, remote, display}. */
export function dialogsIn(document) {
  return [...document.matchAll(/<dialog [\s\S]*?<\/dialog>/g)].map(([text]) => {
    const remote = /<remote>[\s\S]*?<\/remote>/.exec(text)?.[0] ?? '';
    return {
      id: attribute(text, 'id'), callId: attribute(text, 'call-id'), localTag: attribute(text, 'local-tag'), remoteTag: attribute(text, 'remote-tag'),
      direction: attribute(text, 'direction'), state: /<state>(\w+)<\/state>/.exec(text)?.[1],
      remote: /<identity[^>]*>([^<]*)</.exec(remote)?.[1], display: attribute(remote, 'display'),
    };
  });
}

/** A phone's lamp: one subscription, and all that it was told. */
export class Watcher {
  static async open(daemon, { as, watches, event = 'dialog', expires = 300, headers = [] }) {
    const watcher = new Watcher();
    watcher.gateway = daemon.sip.udp;
    watcher.socket = await SipSocket.open();
    watcher.options = { as, user: watches, password: `demo-${as}`, headers: [`Event: ${event}`, `Expires: ${expires}`, ...headers] };
    watcher.event = event;
    watcher.notified = [];  // NOTIFYs in their order, none twice.
    watcher.socket.socket.on('message', (data) => watcher.#receive(data.toString('latin1')));
    watcher.answer = await watcher.socket.authenticated('SUBSCRIBE', watcher.gateway, watcher.options);
    return watcher;
  }

  #receive(text) {
    const message = text.startsWith('NOTIFY') && this.socket.messages.find((m) => m.text === text);
    if (!message) return;
    if (!this.notified.some((one) => one.header('cseq') === message.header('cseq'))) this.notified.push(message);
    this.socket.send(this.gateway, [
      'SIP/2.0 200 OK', ...message.headers.filter(([name]) => name === 'via').map(([, value]) => `Via: ${value}`),
      `From: ${message.header('from')}`, `To: ${message.header('to')}`, `Call-ID: ${message.header('call-id')}`,
      `CSeq: ${message.header('cseq')}`, 'Content-Length: 0', '', '',
    ].join('\r\n'));
  }

  /** A SUBSCRIBE in the dialog; its answer. */
  again(expires, event = this.event) {
    this.cseq = (this.cseq ?? 2) + 1;
    const tag = (name) => /;tag=([^;>\s]+)/.exec(this.answer.header(name))[1];
    return this.socket.ask(this.gateway, this.socket.request('SUBSCRIBE', this.gateway, {
      ...this.options, headers: [`Event: ${event}`, `Expires: ${expires}`], callId: this.answer.header('call-id'),
      cseq: this.cseq, fromTag: tag('from'), toTag: tag('to'),
    }));
  }

  get dialogs() {
    return this.notified.length ? dialogsIn(this.notified.at(-1).body) : undefined;
  }

  /** The only dialog came to this state; it. */
  sees(state, ms = 8_000) {
    return until(`${this.options.as} sees ${state} at ${this.options.user}; it has seen ${this.states()}`, () =>
      this.dialogs?.length === 1 && this.dialogs[0].state === state && this.dialogs[0], ms, 10);
  }

  /** Each NOTIFY's state of its first dialog, "-" where there was none. */
  states() {
    return this.notified.map((one) => dialogsIn(one.body)[0]?.state ?? '-');
  }

  ended(ms = 8_000) {
    return until('the subscription ends', () => {
      const state = this.notified.at(-1)?.header('subscription-state') ?? '';
      return state.startsWith('terminated') && state;
    }, ms, 10);
  }

  close() {
    return this.socket.close();
  }
}

/** The header by which a watcher takes a dialog that it was told of (RFC 3891: in the words of who is asked). */
export const replaces = (dialog, more = '') =>
  `Replaces: ${dialog.callId};to-tag=${dialog.remoteTag};from-tag=${dialog.localTag}${more}`;
