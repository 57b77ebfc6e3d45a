// The service's end of media streaming: dials the gateway's WebSocket, talks 20 ms frames, hears what comes.
import WebSocket from 'ws';
import { measure } from './tone.mjs';
import { until, within } from './wait.mjs';

const kKept = 30;  // Seconds of what was heard.

export class StreamSocket {
  /** casing: how the service writes its frames, "camel" or "pascal". */
  static async dial({ url, headers, ca, rate, hertz = 440, level = 0.25, casing = 'camel', participant }) {
    const socket = new StreamSocket();
    Object.assign(socket, { rate, hertz, level, casing, participant, phase: 0, heard: [], stops: 0, frames: 0, wrong: [] });
    socket.ws = new WebSocket(url, { headers, ca });
    socket.closed = new Promise((resolve) => socket.ws.once('close', (code, reason) => resolve({ code, reason: `${reason}` })));
    socket.ws.on('message', (data, binary) => socket.#receive(data, binary));
    await within('the media WebSocket opens', new Promise((resolve, reject) => {
      socket.ws.once('open', resolve);
      socket.ws.once('unexpected-response', (_, response) => reject(Object.assign(new Error(`HTTP ${response.statusCode}`), { status: response.statusCode })));
      socket.ws.once('error', reject);
    }), 5_000);
    socket.#send('AudioMetadata', { subscriptionId: 's1', encoding: 'PCM', sampleRate: rate, channels: 1, length: rate / 25 });
    socket.#talk();
    return socket;
  }

  #send(kind, body) {
    const key = kind[0].toLowerCase() + kind.slice(1);
    const pascal = (object) => Object.fromEntries(Object.entries(object).map(([name, value]) => [name[0].toUpperCase() + name.slice(1), value]));
    const frame = this.casing === 'pascal' ? { Kind: kind, [kind]: pascal(body) } : { kind, [key]: body };
    if (this.ws.readyState === WebSocket.OPEN) this.ws.send(JSON.stringify(frame));
  }

  #talk() {
    const started = performance.now();
    let sent = 0;
    this.timer = setInterval(() => {
      const due = Math.floor((performance.now() - started) / 20);
      if (due - sent > 25) sent = due - 25;
      for (; sent < due; sent++) this.#frame();
    }, 10);
    this.ws.once('close', () => clearInterval(this.timer));
  }

  #frame() {
    const samples = new Int16Array(this.rate / 50);
    for (let i = 0; i < samples.length; i++) {
      samples[i] = Math.round(32767 * this.level * Math.sin(this.phase));
      this.phase = (this.phase + (2 * Math.PI * this.hertz) / this.rate) % (2 * Math.PI);
    }
    const data = Buffer.from(samples.buffer).toString('base64');
    this.#send('AudioData', {
      timestamp: new Date().toISOString(), ...(this.participant ? { participantRawID: this.participant } : {}), data, silent: this.level === 0,
    });
  }

  key(digit) {
    this.#send('DtmfData', { data: digit });
  }

  // Three casings are published: names are compared without it.
  #receive(data, binary) {
    const field = (object, name) => {
      const key = Object.keys(object ?? {}).find((one) => one.toLowerCase() === name);
      return key === undefined ? undefined : object[key];
    };
    let frame;
    try {
      if (binary) throw new Error('a binary frame');
      frame = JSON.parse(`${data}`);
      const kind = `${field(frame, 'kind')}`.toLowerCase();
      if (kind === 'stopaudio') {
        this.stops++;
        return;
      }
      if (kind !== 'audiodata') throw new Error(`a frame of kind ${kind}`);
      const bytes = Buffer.from(field(field(frame, 'audiodata'), 'data'), 'base64');
      if (bytes.length === 0 || bytes.length % 2 || bytes.length > this.rate / 5) throw new Error(`${bytes.length} bytes of sound`);
      this.frames++;
      for (let i = 0; i < bytes.length; i += 2) this.heard.push(bytes.readInt16LE(i));
      if (this.heard.length > kKept * this.rate) this.heard.splice(0, this.heard.length - kKept * this.rate);
    } catch (error) {
      this.wrong.push(`${error.message}: ${`${data}`.slice(0, 200)}`);
    }
  }

  /** The tone in the next `seconds` of what comes. */
  async listen(hertz, seconds = 1, ms = 10_000) {
    this.heard.length = 0;
    await until(`${seconds} s of sound at the service`, () => this.heard.length >= seconds * this.rate, ms);
    return measure(Int16Array.from(this.heard.slice(-Math.round(seconds * this.rate))), hertz, this.rate);
  }

  cut() {
    clearInterval(this.timer);
    this.ws.terminate();
  }
}
