import { mkdir, mkdtemp, open, readdir, rm, stat, writeFile } from 'node:fs/promises';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { Program } from './process.mjs';
import { freePorts } from './ports.mjs';
import { measure, sine, wav } from './tone.mjs';
import { pause, until, within } from './wait.mjs';

const kModules = process.env.E2E_BARESIP_MODULES ?? '/usr/lib/baresip/modules';
const kWide = new Set(['G722']);  // Codecs that baresip feeds and records at 16 kHz.
// baresip takes a codec's name for one at 8 kHz, finds none, says so in a warning, and offers all that it has.
const kNamed = { G722: 'G722/16000/1', opus: 'opus/48000/2' };
const kWavHeader = 44;

/** One baresip: a desk phone with a tone as its microphone and a recorder as its loudspeaker. */
export class Baresip {
  /**
   * options: user, password, domain ("127.0.0.1:5060"), transport udp|tcp|tls, codecs, srtp ("srtp": SDES offered, "srtp-mand": SDES or nothing, "dtls_srtp"),
   * host: its own address ("127.0.0.1", "::1"), hertz and level of the microphone, register (false: no REGISTER), wait (false: not for its 200), answer ("auto" | "manual"), ca (PEM file).
   */
  static async start(options) {
    const phone = new Baresip(options);
    await phone.#start();
    return phone;
  }

  constructor(options) {
    this.options = { host: '127.0.0.1', transport: 'udp', codecs: 'PCMU', hertz: 1000, level: 0.25, answer: 'manual', register: true, ...options };
    this.rate = kWide.has(this.options.codecs) ? 16000 : 8000;
    this.events = [];
    this.replies = new Map();
    this.nextToken = 1;
  }

  async #start() {
    const o = this.options;
    this.dir = await mkdtemp(path.join(os.tmpdir(), 'e2e-baresip-'));
    this.recordings = path.join(this.dir, 'heard');
    await mkdir(this.recordings);
    await writeFile(path.join(this.dir, 'tone.wav'), wav(sine(o.hertz, 300, this.rate, o.level), this.rate));
    const control = await freePorts();
    this.sipPort = await freePorts(2);  // The next one up is its TLS listener.
    const account =
      `<sip:${o.user}@${o.domain};transport=${o.transport}>;auth_user=${o.user};auth_pass=${o.password}` +
      `;regint=${o.register ? 300 : 0};audio_codecs=${o.codecs.split(',').map((name) => kNamed[name] ?? name).join(',')};answermode=${o.answer}` +
      `${o.srtp ? `;mediaenc=${o.srtp}` : ''};ptime=20`;
    await writeFile(path.join(this.dir, 'accounts'), account + '\n');
    await writeFile(path.join(this.dir, 'contacts'), '');
    const modules = ['menu', 'ctrl_tcp', 'aufile', 'aubridge', 'sndfile', 'g711', 'g722', 'opus', 'srtp', 'dtls_srtp', 'account'];
    await writeFile(path.join(this.dir, 'config'), [
      'poll_method epoll', `sip_listen ${o.host.includes(':') ? `[${o.host}]` : o.host}:${this.sipPort}`, ...(o.ca ? [`sip_cafile ${o.ca}`] : []),
      'call_local_timeout 120', 'call_max_calls 8',
      `audio_source aufile,${path.join(this.dir, 'tone.wav')}`, 'audio_player aubridge,nowhere', 'audio_alert aubridge,bell',
      'audio_channels 1-1', 'audio_buffer 20-160', 'jitter_buffer_delay 1-5', 'rtp_timeout 0', `net_interface ${o.host}`,
      'rtp_ports 32000-32760', 'rtp_bandwidth 512-1024',
      `module_path ${kModules}`, ...modules.map((name) => `module ${name}.so`),
      `ctrl_tcp_listen 127.0.0.1:${control}`, `snd_path ${this.recordings}`, 'menu_bell no', 'ring_aufile none', '',
    ].join('\n'));
    this.program = new Program(`baresip-${o.user}`, process.env.E2E_BARESIP ?? 'baresip', ['-f', this.dir, '-v', '-s'], {
      cwd: this.dir,
    });
    await this.#connect(control);
    if (o.register && o.wait !== false) await this.registered();
  }

  async #connect(port) {
    this.socket = await until(`baresip ${this.options.user}: control port`, () => {
      if (this.program.ended) throw new Error(`baresip ended\n${this.program.tail()}`);
      return new Promise((resolve) => {
        const socket = net.connect(port, '127.0.0.1', () => resolve(socket));
        socket.once('error', () => resolve(undefined));
      });
    });
    this.socket.on('error', () => {});
    let rest = Buffer.alloc(0);
    this.socket.on('data', (data) => {
      rest = Buffer.concat([rest, data]);
      for (;;) {
        // Netstrings: length, colon, text, comma.
        const colon = rest.indexOf(':');
        if (colon < 0) return;
        const length = Number(rest.subarray(0, colon).toString());
        if (rest.length < colon + 1 + length + 1) return;
        this.#message(rest.subarray(colon + 1, colon + 1 + length).toString());
        rest = rest.subarray(colon + 1 + length + 1);
      }
    });
  }

  #message(text) {
    let message;
    try {
      message = JSON.parse(text);
    } catch {
      return;  // baresip 1.0 does not escape everything that it puts into a text.
    }
    if (message.event) this.events.push(message);
    else this.replies.get(message.token)?.(message);
  }

  /** One command of baresip's menu, e.g. command('dial', '9196'). */
  async command(command, params = '') {
    const token = String(this.nextToken++);
    const reply = new Promise((resolve) => this.replies.set(token, resolve));
    const text = JSON.stringify({ command, params, token });
    this.socket.write(`${Buffer.byteLength(text)}:${text},`);
    try {
      return await within(`baresip ${this.options.user}: reply to ${command}`, reply, 5_000);
    } finally {
      this.replies.delete(token);
    }
  }

  /** The next event of `type` after `mark` (see `mark()`); REGISTER_OK, CALL_RINGING, CALL_ESTABLISHED, CALL_CLOSED ... */
  async event(type, { ms = 10_000, after = 0 } = {}) {
    try {
      return await until(`baresip ${this.options.user}: ${type}`, () => {
        const found = this.events.slice(after).find((event) => event.type === type);
        if (!found && this.program.ended) throw new Error(`baresip ended: ${JSON.stringify(this.program.ended)}`);
        return found;
      }, ms);
    } catch (error) {
      error.message += `; saw ${this.events.slice(after).map((e) => `${e.type} ${e.param ?? ''}`).join(', ')}\n${this.program.tail()}`;
      throw error;
    }
  }

  /** Where the events stand now: pass it as `after`. */
  mark() {
    return this.events.length;
  }

  // From what it prints: the event may have come before anybody listened at the control port.
  registered(ms = 10_000) {
    return this.program.line(/ 200 OK .*\[\d+ bindings?\]/, ms);
  }

  /** Its registration was refused: the status. */
  async refused(ms = 10_000) {
    const [, status] = await this.program.line(/^(?:\x1b\[\S+?m)?reg: \S+: (\d{3}) /, ms);
    return Number(status);
  }

  dial(number) {
    const uri = number.startsWith('sip:') ? number : `sip:${number}@${this.options.domain};transport=${this.options.transport}`;
    return this.command('dial', uri);
  }

  accept() {
    return this.command('accept');
  }

  /** Hangs up; before the answer that is CANCEL, while it rings 486. */
  hangup() {
    return this.command('hangup');
  }

  hold() {
    return this.command('hold');
  }

  resume() {
    return this.command('resume');
  }

  /** Of the call in progress: {codec, sent, received, secure}. */
  async statistics() {
    const { data } = await this.command('audio_debug');
    const find = (pattern) => pattern.exec(data)?.[1];
    return {
      codec: find(/encode: (\S+)/),
      sent: Number(find(/TX: packets=(\d+)/) ?? 0),
      received: Number(find(/rcvd=(\d+)/) ?? 0),
      secure: find(/menc: .*\(secure=(\w+)\)/) === 'yes',
    };
  }

  async #recording() {
    const names = (await readdir(this.recordings)).filter((name) => /-dec\.wav$/.test(name));
    const files = await Promise.all(names.map(async (name) => {
      const file = path.join(this.recordings, name);
      const { size, birthtimeMs } = await stat(file);
      return { file, size, birthtimeMs };
    }));
    return files.sort((a, b) => b.birthtimeMs - a.birthtimeMs)[0];
  }

  // Samples in the newest recording; hold and resume begin a new one.
  async #heard() {
    const recording = await this.#recording();
    return { file: recording?.file, count: recording ? Math.max(0, Math.floor((recording.size - kWavHeader) / 2)) : 0 };
  }

  /** `seconds` of what this phone hears from now on, at its codec's rate. */
  async record(seconds, ms = 10_000) {
    let from = await this.#heard();
    const count = Math.round(seconds * this.rate);
    await until(`${seconds} s of audio heard by ${this.options.user}`, async () => {
      const now = await this.#heard();
      if (now.file !== from.file) from = { file: now.file, count: 0 };
      return now.count >= from.count + count;
    }, ms);
    return this.#samples(from, count);
  }

  async #samples({ file: name, count: from }, count) {
    const file = await open(name);
    const data = Buffer.alloc(count * 2);
    await file.read(data, 0, data.length, kWavHeader + from * 2);
    await file.close();
    return new Int16Array(data.buffer, data.byteOffset, count);
  }

  /** The tone in the next `seconds` of what this phone hears. */
  async listen(hertz, seconds = 1, ms = 10_000) {
    return measure(await this.record(seconds, ms), hertz, this.rate);
  }

  /**
   * Packets come again: at least half a second of them. baresip 1.0 stops recording at the first re-INVITE, so that
   * after a hold this is all that can be asked of it; what they sound like is asked of sipp's RTP endpoint.
   */
  async flowing(ms = 5_000) {
    const { received } = await this.statistics();
    await until(`packets at ${this.options.user}`, async () => (await this.statistics()).received >= received + 25, ms, 100);
  }

  /** The tone in whatever comes within the next `seconds`, which may be nothing at all. */
  async overhear(hertz, seconds = 1) {
    const before = await this.#heard();
    await pause(seconds * 1000);
    const now = await this.#heard();
    const from = now.file === before.file ? before : { file: now.file, count: 0 };
    const count = now.count - from.count;
    if (count < 80) return { level: -200, purity: 0, silent: true, seconds: 0 };
    return measure(await this.#samples(from, count), hertz, this.rate);
  }

  async close() {
    this.socket?.destroy();
    const end = this.program ? await this.program.end() : undefined;
    await rm(this.dir, { recursive: true, force: true });
    return end;
  }
}
