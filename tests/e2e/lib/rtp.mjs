import dgram from 'node:dgram';
import { randomBytes } from 'node:crypto';
import { g711, keysIn, measure } from './tone.mjs';
import { pause, until } from './wait.mjs';

const kFrame = 160;  // 20 ms at 8 kHz
const kHeard = 30 * 8000;  // Samples kept of what was heard.
const kKeys = '0123456789*#ABCD';
const kRows = [697, 770, 852, 941], kColumns = [1209, 1336, 1477, 1633];
const kPad = '123A456B789C*0#D';

/** The media end of a SIP peer that has none (sipp): sends a tone as G.711 each 20 ms, keeps what it hears. */
export class RtpEndpoint {
  static async open(options = {}) {
    const endpoint = new RtpEndpoint(options);
    await new Promise((resolve, reject) => {
      endpoint.socket.once('error', reject);
      endpoint.socket.bind(options.port ?? 0, options.host ?? '127.0.0.1', resolve);
    });
    endpoint.port = endpoint.socket.address().port;
    return endpoint;
  }

  /** loss: the part of its packets that never leave, e.g. 0.05: evenly, with a shift so that no codec's rhythm is met. */
  constructor({ hertz = 1000, level = 0.25, payload = 0, eventPayload = 101, loss = 0 } = {}) {
    this.loss = loss;
    this.dropped = 0;
    this.pressed = [];  // Keys to play as tones: {low, high, on, off} in samples.
    this.events4733 = [];  // Keys to play as telephone events: {event, ticks, tick}.
    this.hertz = hertz;
    this.level = level;
    this.payload = payload;
    this.eventPayload = eventPayload;
    this.socket = dgram.createSocket('udp4');
    this.socket.on('message', (packet, from) => this.#receive(packet, from));
    this.packetsIn = 0;
    this.packetsOut = 0;
    this.heard = [];  // Samples at 8 kHz, newest last, in order of arrival.
    this.events = [];  // RFC 4733: {event, end, timestamp}
    this.ssrcs = new Set();
    this.payloads = new Set();
    this.sealed = undefined;  // SrtpKeys (srtp.mjs) of what goes out
    this.opened = undefined;  // and of what comes in; packets of another are counted.
    this.foreign = 0;
    this.stillUntil = 0;
    this.phase = 0;
    this.sequence = randomBytes(2).readUInt16BE();
    this.timestamp = randomBytes(4).readUInt32BE();
    this.ssrc = randomBytes(4).readUInt32BE();
  }

  /** Sends to `address`, or, without one, back to whoever sends here first. */
  talk(address) {
    this.to = address ?? this.to;
    if (this.timer) return;
    this.started = performance.now();
    this.frames = 0;
    this.timer = setInterval(() => this.#send(), 10);
  }

  quiet() {
    clearInterval(this.timer);
    this.timer = undefined;
  }

  forget() {
    this.heard.length = 0;
  }

  #send() {
    if (!this.to) {
      this.started = performance.now();
      return;
    }
    if (performance.now() < this.stillUntil) return;
    const due = Math.floor((performance.now() - this.started) / 20);
    if (due - this.frames > 25) this.frames = due - 25;  // A long pause of this process is not a burst of packets.
    for (; this.frames < due && !(performance.now() < this.stillUntil); this.frames++) {
      const packet = Buffer.alloc(12 + kFrame);
      packet[0] = 0x80;
      packet[1] = this.payload | (this.packetsOut === 0 ? 0x80 : 0);
      packet.writeUInt16BE(this.sequence, 2);
      packet.writeUInt32BE(this.timestamp, 4);
      packet.writeUInt32BE(this.ssrc, 8);
      if (this.events4733.length > 0) {
        this.#sendEvent(packet);
        continue;
      }
      const { encode } = g711[this.payload];
      for (let i = 0; i < kFrame; i++) packet[12 + i] = encode(Math.round(32767 * this.#sample()));
      this.#leave(packet);
    }
  }

  #leave(packet) {
    this.sequence = (this.sequence + 1) & 0xffff;
    this.timestamp = (this.timestamp + kFrame) >>> 0;
    this.packetsOut++;
    if (Math.floor((this.packetsOut + 1) * this.loss) > Math.floor(this.packetsOut * this.loss)) this.dropped++;
    else this.socket.send(this.sealed?.protect(packet) ?? packet, this.to.port, this.to.address);
  }

  // The voice is silent while a key sounds, and for as long after it.
  #sample() {
    const key = this.pressed[0];
    if (key) {
      const at = key.at++;
      if (at === key.on >> 1) this.stillUntil = performance.now() + key.stillFor;
      if (at + 1 >= key.on + key.off) this.pressed.shift();
      if (at >= key.on) return 0;
      return 0.2 * (Math.sin((2 * Math.PI * key.low * at) / 8000) + Math.sin((2 * Math.PI * key.high * at) / 8000));
    }
    this.phase = (this.phase + (2 * Math.PI * this.hertz) / 8000) % (2 * Math.PI);
    return this.level * Math.sin(this.phase);
  }

  // RFC 4733: one packet a tick with the timestamp of the key's beginning, the end three times.
  #sendEvent(audio) {
    const key = this.events4733[0];
    key.timestamp ??= this.timestamp;
    key.tick++;
    const end = key.tick >= key.ticks;
    const packet = Buffer.alloc(16);
    audio.copy(packet, 0, 0, 12);
    packet[1] = this.eventPayload | (key.tick === 1 ? 0x80 : 0);
    packet.writeUInt32BE(key.timestamp, 4);
    packet[12] = key.event;
    packet[13] = (end ? 0x80 : 0) | 10;
    packet.writeUInt16BE(Math.min(key.tick, key.ticks) * kFrame, 14);
    this.#leave(packet);
    if (key.tick >= key.ticks + 2) this.events4733.shift();
  }

  /** Presses keys as telephone events, each `ms` long. */
  press(digits, ms = 100) {
    for (const digit of digits) this.events4733.push({ event: kKeys.indexOf(digit), ticks: Math.round(ms / 20), tick: 0 });
  }

  /**
   * Plays keys as tones in the sound, each `ms` long with as long a pause. In the middle of each nothing is sent for
   * `stillFor` ms, and then at once what was due: a sender, or a network, that stood still.
   */
  playKeys(digits, ms = 100, stillFor = 0) {
    for (const digit of digits) {
      const place = kPad.indexOf(digit);
      this.pressed.push({
        low: kRows[place >> 2], high: kColumns[place & 3], on: ms * 8, off: ms * 8, at: 0, stillFor,
      });
    }
  }

  /** The keys that were heard as tones in the sound. */
  tones() {
    return keysIn(Int16Array.from(this.heard));
  }

  #receive(packet, from) {
    if (packet.length < 12 || packet[0] >> 6 !== 2) return;
    const payload = packet[1] & 0x7f;
    if (payload >= 72 && payload <= 79) return;  // RTCP, RFC 5761 4.
    if (this.opened) {
      const plain = this.opened.open(packet);
      if (!plain) {
        this.foreign++;
        return;
      }
      packet = plain;
    }
    this.packetsIn++;
    this.from = from;
    this.to ??= { address: from.address, port: from.port };
    this.ssrcs.add(packet.readUInt32BE(8));
    this.payloads.add(payload);
    const body = packet.subarray(12 + 4 * (packet[0] & 0x0f));
    if (payload === this.eventPayload) {
      this.events.push({
        event: body[0], end: (body[1] & 0x80) !== 0, timestamp: packet.readUInt32BE(4), duration: body.readUInt16BE(2),
      });
      return;
    }
    const codec = g711[payload];
    if (!codec) return;
    for (const code of body) this.heard.push(codec.decode(code));
    if (this.heard.length > kHeard) this.heard.splice(0, this.heard.length - kHeard);
  }

  /** The digits heard as telephone events, each once however often it was repeated on the wire. */
  digits() {
    const seen = new Map();
    for (const { event, timestamp } of this.events) seen.set(timestamp, '0123456789*#ABCD'[event] ?? '?');
    return [...seen.values()].join('');
  }

  /** The tone in the last `seconds` that are still to come. */
  async listen(hertz, seconds = 1, ms = 10_000) {
    this.forget();
    await until(`${seconds} s of audio on RTP port ${this.port}`, () => this.heard.length >= seconds * 8000, ms);
    return measure(Int16Array.from(this.heard.slice(-Math.round(seconds * 8000))), hertz, 8000);
  }

  /** The tone in whatever comes within the next `seconds`, which may be nothing at all. */
  async overhear(hertz, seconds = 1) {
    this.forget();
    await pause(seconds * 1000);
    if (this.heard.length < 80) return { level: -200, purity: 0, silent: true, seconds: 0 };
    return measure(Int16Array.from(this.heard), hertz, 8000);
  }

  close() {
    this.quiet();
    return new Promise((resolve) => this.socket.close(resolve));
  }
}

/** A peer that says again what it hears, packet by packet, whatever the codec, under numbers of its own. */
export class RtpMirror {
  static async open(payload) {
    const mirror = new RtpMirror();
    mirror.payload = payload;
    mirror.socket = dgram.createSocket('udp4');
    await new Promise((resolve, reject) => {
      mirror.socket.once('error', reject);
      mirror.socket.bind(0, '127.0.0.1', resolve);
    });
    mirror.port = mirror.socket.address().port;
    mirror.payloads = new Map();  // How many packets came, by payload number.
    mirror.bodies = [];  // Of the last packets of `payload`, in hexadecimal.
    mirror.socket.on('message', (packet, from) => mirror.#receive(packet, from));
    return mirror;
  }

  #receive(packet, from) {
    if (packet.length < 12 || packet[0] >> 6 !== 2) return;
    const number = packet[1] & 0x7f;
    if (number >= 72 && number <= 79) return;  // RTCP, RFC 5761 4.
    this.payloads.set(number, (this.payloads.get(number) ?? 0) + 1);
    if (number !== this.payload) return;
    this.bodies.push(packet.subarray(12).toString('hex'));
    if (this.bodies.length > 200) this.bodies.shift();
    packet.writeUInt32BE(0x5eed5eed, 8);
    this.socket.send(packet, from.port, from.address);
  }

  close() {
    return new Promise((resolve) => this.socket.close(resolve));
  }
}
