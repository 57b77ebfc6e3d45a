import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { chromium } from 'playwright-core';
import { kSlow } from './daemon.mjs';
import { decibel, sine, wav } from './tone.mjs';
import { until } from './wait.mjs';

const kFlags = [
  '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
  '--disable-component-update', '--disable-sync', '--use-fake-device-for-media-stream',
  '--use-fake-ui-for-media-stream', '--autoplay-policy=no-user-gesture-required',
  // Every page of a test is in the foreground, however many there are.
  '--disable-background-timer-throttling', '--disable-backgrounding-occluded-windows', '--disable-renderer-backgrounding',
];

// Chromium plays the file again from its start, with a gap: longer than a test file takes.
const kMicrophoneSeconds = 180;

// Runs in the page before its own code. A pure tone is what noise suppression removes, so the microphone is taken
// unprocessed; peer connections are kept, so that what arrives can be measured below the library under test.
function instrument() {
  const media = navigator.mediaDevices;
  if (!media) return;
  const original = media.getUserMedia.bind(media);
  media.getUserMedia = (constraints) => {
    const asked = typeof constraints?.audio === 'object' ? constraints.audio : {};
    const audio = { ...asked, echoCancellation: false, noiseSuppression: false, autoGainControl: false };
    return original(constraints?.audio ? { ...constraints, audio } : constraints);
  };
  const connections = [];
  const Native = window.RTCPeerConnection;
  window.RTCPeerConnection = class extends Native {
    constructor(...args) {
      super(...args);
      connections.push(this);
    }
  };
  window.e2e = { connections, calls: [], incoming: [] };
}

// Runs in the page before its own code: which way its media may take. only: "udp" or "tcp", and family: 4 or 6, of the
// gateway's candidates that it gets to see; port: where they lead instead; policy: "relay" for TURN alone; relayBy: "udp"
// or "tcp", of the TURN servers that it gets to see.
function routeMedia({ only, family, port, policy, relayBy }) {
  const Native = window.RTCPeerConnection;
  const wanted = (line) => {
    const [, , transport, , address] = line.split(' ');
    return (!only || transport.toLowerCase() === only) && (!family || address.includes(':') === (family === 6));
  };
  const reaches = (url) => !relayBy || url.endsWith(`transport=${relayBy}`);
  const rerouted = (line) => (port ? line.replace(/^((?:\S+ ){5})\d+/, `$1${port}`) : line);
  window.RTCPeerConnection = class extends Native {
    constructor(config, ...rest) {
      const iceServers = config?.iceServers?.map((server) => ({ ...server, urls: [server.urls].flat().filter(reaches) }));
      super({ ...config, ...(iceServers && { iceServers }), ...(policy && { iceTransportPolicy: policy }) }, ...rest);
    }
    setRemoteDescription(description) {
      const lines = description.sdp.split('\r\n').flatMap((line) => {
        if (!line.startsWith('a=candidate:')) return [line];
        return wanted(line) ? [rerouted(line)] : [];
      });
      return super.setRemoteDescription({ type: description.type, sdp: lines.join('\r\n') });
    }
  };
}

// Runs in the page once the agent is there: writes down what an app would see.
function observe() {
  const { agent } = window.softphone;
  const { e2e } = window;
  const reason = (r) => r && { code: r.code, subCode: r.subCode, message: r.message };
  const follow = (call) => {
    const seen = {
      id: call.id, direction: call.direction, states: [call.state], caller: call.callerInfo?.identifier,
      participants: [], end: undefined,
    };
    e2e.calls.push(seen);
    call.on('stateChanged', () => {
      seen.states.push(call.state);
      seen.end = reason(call.callEndReason);
    });
    const guest = (participant) => {
      const who = { identifier: participant.identifier, name: participant.displayName, states: [participant.state] };
      seen.participants.push(who);
      participant.on('stateChanged', () => who.states.push(participant.state));
    };
    call.remoteParticipants.forEach(guest);
    call.on('remoteParticipantsUpdated', (event) => event.added.forEach(guest));
  };
  agent.calls.forEach(follow);
  agent.on('callsUpdated', (event) => event.added.forEach(follow));
  agent.on('incomingCall', ({ incomingCall }) => {
    const seen = {
      id: incomingCall.id, from: incomingCall.callerInfo.identifier, name: incomingCall.callerInfo.displayName, end: undefined,
    };
    e2e.incoming.push(seen);
    incomingCall.on('callEnded', (event) => {
      seen.end = reason(event?.callEndReason ?? incomingCall.callEndReason);
    });
  });
}

// Runs in the page: what the newest live connection plays, as `seconds` of samples, measured at `hertz`; and the longest
// time without it, in steps of 20 ms.
async function hear({ hertz, seconds }) {
  window.e2e.listened = 0;
  const live = window.e2e.connections.filter((pc) => pc.connectionState === 'connected').at(-1);
  const track = live?.getReceivers().find((receiver) => receiver.track?.kind === 'audio')?.track;
  if (!track) return { level: -200, purity: 0, silent: true, seconds: 0, gap: seconds };
  const context = new AudioContext();
  await context.resume();
  const source = context.createMediaStreamSource(new MediaStream([track]));
  const size = 4096;
  const tap = context.createScriptProcessor(size, 1, 1);
  const wanted = Math.round(seconds * context.sampleRate);
  const samples = new Float32Array(wanted);
  let at = 0, skipped = 0;
  await new Promise((resolve) => {
    tap.onaudioprocess = (event) => {
      if (skipped++ < 3) return;  // The first blocks may be from before the tap was in place.
      const block = event.inputBuffer.getChannelData(0);
      const take = Math.min(block.length, wanted - at);
      samples.set(block.subarray(0, take), at);
      at += take;
      window.e2e.listened = at / context.sampleRate;
      if (at >= wanted) resolve();
    };
    source.connect(tap);
    tap.connect(context.destination);
  });
  tap.onaudioprocess = null;
  source.disconnect();
  tap.disconnect();
  const rate = context.sampleRate;
  await context.close();
  let re = 0, im = 0, energy = 0;
  const step = (2 * Math.PI * hertz) / rate;
  for (let i = 0; i < wanted; i++) {
    re += samples[i] * Math.cos(step * i);
    im += samples[i] * Math.sin(step * i);
    energy += samples[i] ** 2;
  }
  const frame = Math.round(rate / 50);
  let gap = 0, silent = 0;
  for (let from = 0; from + frame <= wanted; from += frame) {
    let c = 0, s = 0;
    for (let i = from; i < from + frame; i++) {
      c += samples[i] * Math.cos(step * i);
      s += samples[i] * Math.sin(step * i);
    }
    silent = (2 * Math.hypot(c, s)) / frame < 0.06 ? silent + 1 : 0;  // 12 dB under the tone of these tests.
    gap = Math.max(gap, silent / 50);
  }
  return { amplitude: (2 * Math.hypot(re, im)) / wanted, rms: Math.sqrt(energy / wanted), seconds, gap };
}

// What an administrator's policy or a privacy extension sets is a preference, and those are a profile's.
async function launchWithoutUdp(dir, options) {
  const profile = path.join(dir, 'profile');
  await mkdir(path.join(profile, 'Default'), { recursive: true });
  const preferences = { webrtc: { ip_handling_policy: 'disable_non_proxied_udp' } };
  await writeFile(path.join(profile, 'Default/Preferences'), JSON.stringify(preferences));
  return (await chromium.launchPersistentContext(profile, options)).browser();
}

/** One Chromium; its microphone is a tone. All users in it share that microphone. */
export class Browser {
  /** udp: false = WebRTC opens no UDP socket at all, as if behind a firewall that lets nothing but TCP through. */
  static async start({ hertz = 1000, level = 0.25, udp = true } = {}) {
    const browser = new Browser();
    browser.dir = await mkdtemp(path.join(os.tmpdir(), 'e2e-browser-'));
    const microphone = path.join(browser.dir, 'microphone.wav');
    // Longer than any call here: where the file begins again the sound breaks, and that is not the gateway's doing.
    await writeFile(microphone, wav(sine(hertz, 120, 48_000, level), 48_000));
    const options = {
      executablePath: process.env.E2E_CHROMIUM ?? '/usr/bin/chromium',
      headless: true,
      args: [...kFlags, `--use-file-for-fake-audio-capture=${microphone}`],
      handleSIGINT: false, handleSIGTERM: false, handleSIGHUP: false,
    };
    browser.chromium = udp ? await chromium.launch(options) : await launchWithoutUdp(browser.dir, options);
    return browser;
  }

  /**
   * A user of the softphone page, signed in. base: where the page is loaded from (default: the gateway itself);
   * media: {only, family, port, policy, relayBy}, the way its media takes (see routeMedia).
   */
  async user(daemon, name, { base = daemon.local, media } = {}) {
    const context = await this.chromium.newContext({ permissions: ['microphone'] });
    if (media) await context.addInitScript(routeMedia, media);
    await context.addInitScript(instrument);
    const page = await context.newPage();
    const user = new SoftphoneUser(name, context, page);
    await page.goto(`${base}/?user=${name}&auto=1`);
    await user.signedIn();
    await page.evaluate(observe);
    return user;
  }

  async close() {
    await this.chromium.close();
    await rm(this.dir, { recursive: true, force: true });
  }
}

/** A person at the softphone page. */
export class SoftphoneUser {
  constructor(name, context, page) {
    this.name = name;
    this.context = context;
    this.page = page;
    this.console = [];
    page.on('console', (message) => this.console.push(`${message.type()}: ${message.text()}`));
    page.on('pageerror', (error) => this.console.push(`error: ${error.message}`));
    page.setDefaultTimeout(10_000 * kSlow);
  }

  #at(id) {
    return this.page.getByTestId(id);
  }

  async #until(what, look, ms = 10_000) {
    try {
      return await until(`${this.name}: ${what}`, look, ms * kSlow, 50);
    } catch (error) {
      const seen = await this.seen().catch(() => undefined);
      error.message += `\nseen: ${JSON.stringify(seen)}\n${this.console.slice(-15).join('\n')}`;
      throw error;
    }
  }

  signedIn(ms = 15_000) {
    return this.#until('signed in', () => this.page.evaluate(() => window.softphone?.agent?.connectionState === 'Connected'), ms);
  }

  disconnected(ms) {
    return this.#until('agent disconnected', () => this.page.evaluate(() => window.softphone.agent.connectionState !== 'Connected'), ms);
  }

  /** Everything written down so far: {calls, incoming}. */
  seen() {
    return this.page.evaluate(() => ({ calls: window.e2e.calls, incoming: window.e2e.incoming }));
  }

  async lastCall() {
    return (await this.seen()).calls.at(-1);
  }

  async dial(number, { callerId } = {}) {
    const before = (await this.seen()).calls.length;
    await this.#at('caller-id').fill(callerId ?? '');
    await this.#at('dial-input').fill(number);
    await this.#at('call-button').click();
    await this.#until(`a call to ${number}`, async () => (await this.seen()).calls.length > before);
  }

  /** The newest call of this user reaches `state`. */
  async reaches(state, ms) {
    await this.#until(`call state ${state}`, async () => (await this.lastCall())?.states.at(-1) === state, ms);
    return this.lastCall();
  }

  connected(ms) {
    return this.reaches('Connected', ms);
  }

  /** The newest call has ended: {code, subCode, message}. */
  async ended(ms) {
    const { end } = await this.reaches('Disconnected', ms);
    return end;
  }

  /** The page rings; gives who calls. */
  async rings(ms) {
    await this.#at('incoming').waitFor({ state: 'visible', timeout: (ms ?? 10_000) * kSlow });
    return (await this.seen()).incoming.at(-1);
  }

  /** The page no longer rings. */
  quiet(ms = 10_000) {
    return this.#at('incoming').waitFor({ state: 'hidden', timeout: ms * kSlow });
  }

  /** The page no longer rings, and not by its own doing: why. */
  async stopsRinging(ms) {
    await this.quiet(ms);
    await this.#until('the incoming call ended', async () => (await this.seen()).incoming.at(-1).end);
    return (await this.seen()).incoming.at(-1).end;
  }

  accept() {
    return this.#at('accept-button').click();
  }

  reject() {
    return this.#at('reject-button').click();
  }

  hangup() {
    return this.#at('hangup-button').click();
  }

  /** Holds, or resumes when held. */
  toggleHold() {
    return this.#at('hold-button').click();
  }

  /** Gives its place in the call to somebody else, by the page's own form. */
  async transfer(number) {
    await this.#at('transfer-button').click();
    await this.#at('transfer-input').fill(number);
    await this.#at('transfer-go').click();
  }

  toggleMute() {
    return this.#at('mute-button').click();
  }

  async press(digits) {
    for (const digit of digits) {
      await this.#at(`dtmf-${{ '*': 'star', '#': 'pound' }[digit] ?? digit}`).click();
    }
  }

  /** The browser's own telephone events (RFC 4733), below the library: RTCDTMFSender. */
  insertDtmf(digits, ms = 120, gap = 80) {
    return this.page.evaluate(({ digits, ms, gap }) => {
      const live = window.e2e.connections.filter((pc) => pc.connectionState === 'connected').at(-1);
      live.getSenders().find((sender) => sender.dtmf).dtmf.insertDTMF(digits, ms, gap);
    }, { digits, ms, gap });
  }

  text(id) {
    return this.#at(id).innerText();
  }

  /** The tone in what this user hears, for `seconds` from now; gap: the longest time without it, in seconds. */
  async listen(hertz, seconds = 1) {
    const heard = await this.page.evaluate(hear, { hertz, seconds });
    if (heard.rms === undefined) return heard;
    return {
      level: decibel(heard.amplitude),
      purity: heard.rms > 0 ? heard.amplitude ** 2 / 2 / heard.rms ** 2 : 0,
      silent: decibel(heard.rms) < -55,
      seconds,
      gap: heard.gap,
    };
  }

  /** How many seconds of the listen() under way are over. */
  listened() {
    return this.page.evaluate(() => window.e2e.listened ?? 0);
  }

  /** The protocols that the newest connection could send by: of its own candidates, and toward its relays. */
  protocols() {
    return this.page.evaluate(async () => {
      const stats = [...(await window.e2e.connections.at(-1).getStats()).values()];
      const own = stats.filter((one) => one.type === 'local-candidate');
      return [...new Set(own.map((one) => (one.candidateType === 'relay' ? one.relayProtocol : one.protocol)))].sort();
    });
  }

  /** The pair that the newest live connection uses: {protocol, type, address, port} of each end, and its states. */
  pair() {
    return this.page.evaluate(async () => {
      const pc = window.e2e.connections.at(-1);
      const stats = await pc.getStats();
      const transport = [...stats.values()].find((one) => one.type === 'transport');
      const pair = stats.get(transport?.selectedCandidatePairId);
      const end = (id) => {
        const one = stats.get(id);
        return one && {
          protocol: one.protocol, type: one.candidateType, address: one.address, port: one.port, relayProtocol: one.relayProtocol,
        };
      };
      return {
        ice: pc.iceConnectionState,
        ufrag: /a=ice-ufrag:(\S+)/.exec(pc.localDescription?.sdp ?? '')?.[1],
        local: end(pair?.localCandidateId),
        remote: end(pair?.remoteCandidateId),
      };
    });
  }

  noErrors() {
    assert.deepEqual(this.console.filter((line) => line.startsWith('error:')), [], `${this.name}'s page has no errors`);
  }

  close() {
    return this.context.close();
  }
}
