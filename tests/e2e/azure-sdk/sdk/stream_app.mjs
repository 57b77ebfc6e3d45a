// An app with a call and a media stream in it: what it was told, what it heard of whom, and a voice.
import http from 'node:http';
import { CallAutomationClient, StreamingData, createOutboundAudioData, parseCallAutomationEvent } from '@azure/communication-call-automation';
import { listen } from './web_socket_server.mjs';

export async function until(what, look, ms = 20_000) {
  for (const end = Date.now() + ms; Date.now() < end;) {
    const seen = look();
    if (seen) return seen;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error(`${what}: not within ${ms} ms`);
}

/** Amplitude of a tone in samples. */
export function peakAt(samples, hertz, rate) {
  let re = 0, im = 0;
  samples.forEach((sample, i) => {
    re += sample * Math.cos((2 * Math.PI * hertz * i) / rate);
    im += sample * Math.sin((2 * Math.PI * hertz * i) / rate);
  });
  return (2 * Math.hypot(re, im)) / samples.length;
}

const rawId = (who) => (who?.phoneNumber ? `4:${who.phoneNumber}` : who?.communicationUserId ?? who?.id ?? '');

export class StreamApp {
  static async start(rate) {
    const app = new StreamApp();
    Object.assign(app, { rate, events: [], keys: [], heard: new Map() });
    app.client = new CallAutomationClient(process.env.COMMUNICATION_CONNECTION_STRING);
    app.server = http.createServer(async (request, response) => {
      let text = '';
      for await (const part of request.setEncoding('utf8')) text += part;
      response.writeHead(200).end();
      app.events.push(parseCallAutomationEvent(text));
    });
    await new Promise((resolve) => app.server.listen(0, '127.0.0.1', resolve));
    app.callbackUrl = `http://127.0.0.1:${app.server.address().port}/`;
    app.socket = await listen((text) => app.#receive(text));
    return app;
  }

  #receive(text) {
    const data = StreamingData.parse(text);
    const raw = JSON.parse(text);
    if (raw.kind === 'AudioMetadata') this.metadata = raw.audioMetadata;
    if (raw.kind === 'DtmfData') this.keys.push(raw.dtmfData);
    if (raw.kind !== 'AudioData') return;
    const who = rawId(data.participant);
    if (!this.heard.has(who)) this.heard.set(who, []);
    const samples = this.heard.get(who);
    const pcm = Buffer.from(data.data, 'base64');
    for (let i = 0; i + 1 < pcm.length; i += 2) samples.push(pcm.readInt16LE(i));
    if (samples.length > 10 * this.rate) samples.splice(0, samples.length - 10 * this.rate);
  }

  mediaStreamingOptions(more) {
    return {
      transportUrl: this.socket.url, transportType: 'websocket', contentType: 'audio', startMediaStreaming: true, enableBidirectional: true,
      audioFormat: this.rate === 24_000 ? 'pcm24KMono' : 'pcm16KMono', ...more,
    };
  }

  event(kind) {
    return until(kind, () => this.events.find((one) => one.kind === kind)).catch((error) => {
      throw new Error(`${error.message}; ${this.events.map((one) => one.kind)}`);
    });
  }

  /** The last second of what this participant ("" = all, mixed) said is this tone; its amplitude. */
  hears(who, hertz, least) {
    let peak;
    const second = () => (this.heard.get(who) ?? []).slice(-this.rate);
    return until(`${hertz} Hz of ${who}`, () => second().length === this.rate && (peak = peakAt(second(), hertz, this.rate)) > least && peak)
      .catch((error) => {
        throw new Error(`${error.message}: ${peak}; heard ${[...this.heard.keys()]}`);
      });
  }

  /** Says a tone of amplitude 8000 until it is stopped: the answer. */
  talk(hertz) {
    const frame = this.rate / 50;
    let position = 0;
    const timer = setInterval(() => {
      const pcm = Buffer.alloc(2 * frame);
      for (let i = 0; i < frame; i += 1) pcm.writeInt16LE(Math.round(8000 * Math.sin((2 * Math.PI * hertz * (position + i)) / this.rate)), 2 * i);
      position += frame;
      this.socket.peer.send(createOutboundAudioData(pcm.toString('base64')));
    }, 20);
    return () => clearInterval(timer);
  }

  close() {
    this.socket.close();
    this.server.close();
    this.server.closeAllConnections();
  }
}
