import { randomBytes, randomInt } from 'node:crypto';
import dgram from 'node:dgram';
import { readFile } from 'node:fs/promises';
import net from 'node:net';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { kSlow } from './daemon.mjs';
import { Message } from './sipp.mjs';
import { until } from './wait.mjs';

const kFolder = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../torture');

/** The bytes that RFC 4475 means by its markup (2.1 to 2.3): long lines, bytes that do not print, repetitions. */
export function bytesOf(markup) {
  const text = markup
    .replace(/<allOneLine>\n([^]*?)\n<\/allOneLine>/g, (_, lines) => lines.replaceAll('\n', ''))
    .replace(/<repeat count=(\d+)>(.*?)<\/repeat>/g, (_, count, what) => what.repeat(Number(count)))
    .replaceAll('\n', '\r\n');
  const parts = text.split(/<hex>([0-9A-Fa-f]*)<\/hex>/);
  return Buffer.concat(parts.map((part, i) => Buffer.from(part, i % 2 ? 'hex' : 'utf8')));
}

/** A message as the RFC has it, but that its first Via names the transport by which it is really sent (RFC 3261 18.1.1). */
export async function tortureMessage(name, transport) {
  const message = bytesOf(await readFile(path.join(kFolder, `${name}.sip`), 'utf8')).toString('latin1');
  return Buffer.from(message.replace(/^((?:Via|v)\s*:\s*SIP\s*\/\s*\d\.0\s*\/\s*)(?:UDP|TCP|TLS)/im, `$1${transport}`), 'latin1');
}

/**
 * Says one message to the gateway and tells what comes back. The messages' Vias ask for answers at port 5060 or 5050 of
 * where they came from: an address of its own, so that both are free.
 */
export class Torturer {
  static async open() {
    const torturer = new Torturer();
    torturer.gateway = undefined;  // {udp, tcp}: "host:port".
    torturer.address = `127.75.${randomInt(1, 255)}.${randomInt(1, 255)}`;
    torturer.received = [];
    torturer.sockets = [];
    for (const port of [5060, 5050]) {
      const socket = dgram.createSocket('udp4');
      socket.on('message', (data) => torturer.received.push(new Message('received', data.toString('latin1'))));
      await new Promise((resolve, reject) => socket.once('error', reject).bind(port, torturer.address, resolve));
      torturer.sockets.push(socket);
    }
    return torturer;
  }

  // Its answer says that all that was sent before it was dealt with: nothing is waited for by the clock.
  #fence(transport) {
    const id = randomBytes(8).toString('hex');
    const text = [
      'OPTIONS sip:127.0.0.1 SIP/2.0', `Via: SIP/2.0/${transport} ${this.address};branch=z9hG4bK${id}`, 'Max-Forwards: 70',
      `From: <sip:fence@127.0.0.1>;tag=${id}`, 'To: <sip:127.0.0.1>', `Call-ID: ${id}`, 'CSeq: 1 OPTIONS', 'Content-Length: 0', '', '',
    ].join('\r\n');
    return { id, text };
  }

  /** The statuses that come back to this datagram. */
  async byUdp(message) {
    const [host, port] = this.gateway.udp.split(':');
    const { id, text } = this.#fence('UDP');
    this.received.length = 0;
    const socket = this.sockets[0];
    await new Promise((resolve) => socket.send(message, Number(port), host, resolve));
    await new Promise((resolve) => socket.send(text, Number(port), host, resolve));
    await until('the gateway serves on', () => this.received.find((m) => m.header('call-id') === id), 5_000 * kSlow, 5);
    return this.received.filter((m) => m.header('call-id') !== id);
  }

  /**
   * What comes back on a connection: {answers, closed}. `whole`: the message ends where its Content-Length says, so that
   * the next one on the connection is a fence; else the gateway is given a moment to say or close.
   */
  async byTcp(message, { whole = true } = {}) {
    const [host, port] = this.gateway.tcp.split(':');
    const { id, text } = this.#fence('TCP');
    const socket = net.connect({ port: Number(port), host, localAddress: this.address });
    let heard = '', closed = false;
    socket.on('data', (data) => (heard += data.toString('latin1')));
    socket.on('error', () => {});
    socket.on('close', () => (closed = true));
    await new Promise((resolve) => socket.once('connect', resolve));
    socket.write(message);
    if (whole) socket.write(text);
    await until('an answer or the end of the connection', () => closed || heard.includes(id), whole ? 5_000 * kSlow : 200, 5).catch((error) => {
      if (whole) throw error;
    });
    socket.destroy();
    const answers = heard.split(/(?=^SIP\/2\.0 )/m).filter(Boolean).map((one) => new Message('received', one));
    return { answers: answers.filter((m) => m.header('call-id') !== id), closed };
  }

  async close() {
    for (const socket of this.sockets) await new Promise((resolve) => socket.close(resolve));
  }
}
