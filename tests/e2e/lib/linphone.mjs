import { mkdir, mkdtemp, open, rm, stat, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { freePorts } from './ports.mjs';
import { Program } from './process.mjs';
import { measure, sine, wav } from './tone.mjs';
import { pause, until } from './wait.mjs';

const kRate = 8000;
const kWavHeader = 44;

/** One linphonec without a sound card: registers over TLS, has SRTP or no call, plays a tone and records what it hears. */
export class Linphone {
  /** options: user, password, domain (the gateway's TLS listener), hertz, ca: PEM that its certificate is verified with. */
  static async start(options) {
    const phone = new Linphone();
    phone.options = { hertz: 1000, ...options };
    await phone.#start();
    return phone;
  }

  async #start() {
    const o = this.options;
    this.dir = await mkdtemp(path.join(os.tmpdir(), 'e2e-linphone-'));
    await mkdir(path.join(this.dir, '.local/share/linphone'), { recursive: true });
    this.records = 0;
    const rtp = await freePorts(8);  // A second call takes the next pair.
    await writeFile(path.join(this.dir, 'tone.wav'), wav(sine(o.hertz, 300, kRate, 0.25), kRate));
    await writeFile(path.join(this.dir, 'rc'), [
      '[sip]', 'sip_port=-1', 'sip_tcp_port=-1', 'sip_tls_port=-1', 'use_ipv6=0', 'default_proxy=0', 'guess_hostname=1',
      `verify_server_certs=${o.ca ? 1 : 0}`, 'verify_server_cn=0', ...(o.ca ? [`root_ca=${o.ca}`] : []),
      'media_encryption=srtp', 'media_encryption_mandatory=1', 'ping_with_options=0', 'lime=0',
      '[auth_info_0]', `username=${o.user}`, `passwd=${o.password}`, 'realm=' + o.realm, 'algorithm=MD5',
      '[proxy_0]', `reg_proxy=<sip:${o.domain};transport=tls>`, `reg_identity=<sip:${o.user}@${o.domain}>`, 'reg_expires=300', 'reg_sendregister=1',
      'publish=0', 'nat_policy_ref=',
      '[rtp]', `audio_rtp_port=${rtp}`,
      '[sound]', 'echocancellation=0', 'echolimiter=0',
      ...['PCMU'].flatMap((mime, i) => [`[audio_codec_${i}]`, `mime=${mime}`, 'rate=8000', 'channels=1', 'enabled=1']),
      '[misc]', 'uuid=00000000-0000-4000-8000-0000000' + String(o.user).padStart(5, '0'), '',
    ].join('\n'));
    // It does nothing between two lines of input unless that is a terminal.
    const linphonec = `${process.env.E2E_LINPHONE ?? 'linphonec'} -c rc -S -d ${process.env.E2E_LINPHONE_LOG ?? 0} -l ${path.join(this.dir, 'log')}`;
    this.program = new Program(`linphone-${o.user}`, 'script', ['-qefc', linphonec, '/dev/null'], {
      cwd: this.dir, env: { HOME: this.dir, LANG: 'C', TERM: 'dumb' },
    });
    await until(`linphone ${o.user} is registered`, async () => {
      this.command('status register');
      await pause(200);
      return this.program.lines.some((line) => /registered, identity=/.test(line));
    }, 15_000).catch((error) => {
      error.message += `\n${this.program.tail()}`;
      throw error;
    });
    this.command('soundcard use files');
    for (const index of [0, 1, 2, 4, 7]) this.command(`codec disable ${index}`);  // All but PCMU.
  }

  /** A line typed into it. */
  command(text) {
    this.program.child.stdin.write(`${text}\n`);
  }

  mark() {
    return this.program.lines.length;
  }

  /** The first line after `mark` that matches. */
  async event(pattern, { after = 0, ms = 10_000 } = {}) {
    let match;
    await until(`linphone ${this.options.user}: ${pattern}`, () => {
      if (this.program.ended) throw new Error(`linphonec ended\n${this.program.tail()}`);
      return this.program.lines.slice(after).some((line) => (match = pattern.exec(line)));
    }, ms).catch((error) => {
      error.message += `\n${this.program.tail()}`;
      throw error;
    });
    return match;
  }

  /** Its microphone: a tone, once a call is up. */
  speak() {
    this.command(`play ${path.join(this.dir, 'tone.wav')}`);
  }

  /** Calls, and is answered or not; the number that linphonec gives the call. */
  async dial(number) {
    const after = this.mark();
    this.command(`call sip:${number}@${this.options.domain}`);
    return Number((await this.event(/Establishing call id to .*, assigned id (\d+)/, { after }))[1]);
  }

  /** Is called; the call's number. */
  async rings({ after = 0 } = {}) {
    return Number((await this.event(/Receiving new incoming call from .*, assigned id (\d+)/, { after }))[1]);
  }

  /** The call's media is up: it was answered, or resumed. */
  talks(id, { after = 0 } = {}) {
    return this.event(new RegExp(`Media streams established with .* for call ${id} `), { after });
  }

  over(id, { after = 0 } = {}) {
    return this.event(new RegExp(`Call ${id} .*(ended|error|terminated)`, 'i'), { after });
  }

  /** One second of what it hears, of the tone `hertz`. */
  async listen(hertz, seconds = 1) {
    const file = path.join(this.dir, `heard-${++this.records}.wav`);
    this.command(`record ${file}`);
    const bytes = kWavHeader + 2 * Math.ceil((seconds + 0.5) * kRate);
    await until(`linphone ${this.options.user}: ${seconds} s of sound`, async () => {
      const found = await stat(file).catch(() => undefined);
      return found && found.size >= bytes;
    }, 10_000, 50);
    const handle = await open(file);
    const data = Buffer.alloc(2 * seconds * kRate);
    const { size } = await handle.stat();
    await handle.read(data, 0, data.length, size - data.length - (size % 2));
    await handle.close();
    return measure(new Int16Array(data.buffer, data.byteOffset, seconds * kRate), hertz, kRate);
  }

  async close() {
    if (!this.program.ended) this.command('quit');
    await pause(200);
    await this.program.end(5_000);
    await rm(this.dir, { recursive: true, force: true }).then(() => {});
  }
}
