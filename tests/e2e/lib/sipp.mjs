import { mkdtemp, readFile, readdir, readlink, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { Program } from './process.mjs';
import { RtpEndpoint } from './rtp.mjs';
import { freePorts } from './ports.mjs';
import { until } from './wait.mjs';

const kScenarios = path.join(path.dirname(fileURLToPath(import.meta.url)), '..', 'sipp');

/** A SIP message as it was on the wire. */
export class Message {
  constructor(direction, text) {
    this.direction = direction;  // "received" | "sent", as sipp sees it.
    this.text = text;
    const [head, ...body] = text.split(/\r?\n\r?\n/);
    const lines = head.split(/\r?\n/);
    this.first = lines[0];
    this.body = body.join('\n\n');
    this.headers = lines.slice(1).map((line) => {
      const colon = line.indexOf(':');
      return [line.slice(0, colon).trim().toLowerCase(), line.slice(colon + 1).trim()];
    });
  }

  get method() {
    return this.first.startsWith('SIP/2.0') ? undefined : this.first.split(' ')[0];
  }

  get status() {
    return this.first.startsWith('SIP/2.0') ? Number(this.first.split(' ')[1]) : undefined;
  }

  header(name) {
    return this.headers.find(([key]) => key === name.toLowerCase())?.[1];
  }

  /** Where this SDP wants its audio. */
  rtp() {
    const address = /^c=IN IP[46] (\S+)/m.exec(this.body)?.[1];
    const port = Number(/^m=audio (\d+)/m.exec(this.body)?.[1]);
    return address && port ? { address, port } : undefined;
  }

  /** sendrecv unless the SDP says otherwise (RFC 3264 5.1). */
  audioDirection() {
    return /^a=(sendonly|recvonly|inactive|sendrecv)\r?$/m.exec(this.body)?.[1] ?? 'sendrecv';
  }
}

/** One sipp running one scenario, with an RTP endpoint as its media; a carrier or a phone by the parameters given. */
export class Sipp {
  /**
   * options: host (its own address; default 127.0.0.1), port (its own; default: free), to (remote "host:port"; absent for a callee), transport udp|tcp,
   * values for the %names% of the scenario, duration (-d, ms), calls (-m), rate (-r), limit (-l),
   * audio: options of RtpEndpoint, or false for none, talk: false to stay silent.
   */
  static async start(scenario, options = {}) {
    const sipp = new Sipp();
    await sipp.#start(scenario, options);
    return sipp;
  }

  async #start(scenario, options) {
    this.scenario = scenario;
    this.dir = await mkdtemp(path.join(os.tmpdir(), 'e2e-sipp-'));
    const host = options.host ?? '127.0.0.1';
    this.port = options.port ?? (await freePorts());
    if (options.audio !== false) this.rtp = await RtpEndpoint.open({ host, ...options.audio });
    const payload = this.rtp?.payload ?? 0;
    const values = {
      name: 'Carrier', from: '+12065550100', to: '', rtp: this.rtp?.port ?? 9,
      payloads: payload === 8 ? '8 0 101' : '0 8 101', status: '486', reason: 'Busy Here', username: '', password: '',
      ...options.values,
    };
    const template = await readFile(path.join(kScenarios, `${scenario}.xml`), 'utf8');
    const text = template.replace(/%([a-z]+)%/g, (whole, name) => values[name] ?? whole);
    const file = path.join(this.dir, `${scenario}.xml`);
    await writeFile(file, text);
    this.trace = path.join(this.dir, 'messages');
    const args = [
      ...(options.to ? [options.to] : []), '-sf', file, '-i', host, '-p', String(this.port),
      '-t', { udp: 'u1', tcp: 't1' }[options.transport ?? 'udp'], '-m', String(options.calls ?? 1), '-nostdin',
      '-recv_timeout', String(options.patience ?? 60_000), '-default_behaviors', 'all,-bye', '-fd', '1',
      ...(options.trace === false ? [] : ['-trace_msg', '-message_file', this.trace, '-message_overwrite', 'false']),
      '-trace_err', '-error_file', path.join(this.dir, 'errors'),
      ...(options.duration === undefined ? [] : ['-d', String(options.duration)]),
      ...(options.rate ? ['-r', String(options.rate)] : []), ...(options.limit ? ['-l', String(options.limit)] : []),
    ];
    this.program = new Program(`sipp-${scenario}`, process.env.E2E_SIPP ?? 'sipp', args, {
      cwd: this.dir, env: { TERM: 'dumb' }, keep: 400,
    });
    if (this.rtp && options.talk !== false) this.rtp.talk();
    if (!options.to) await this.#listening(options.transport);
  }

  // sipp tells nobody when its port is open; the kernel does, and whose it is.
  async #listening(transport = 'udp') {
    const wanted = `:${this.port.toString(16).toUpperCase().padStart(4, '0')}`;
    await until(`sipp listens on ${this.port}`, async () => {
      if (this.program.ended) throw new Error(`sipp ended\n${await this.errors()}`);
      const table = await readFile(`/proc/net/${transport}`, 'utf8');
      const rows = table.split('\n').map((line) => line.trim().split(/\s+/)).filter((row) => row[1]?.endsWith(wanted));
      const sockets = new Set(rows.map((row) => `socket:[${row[9]}]`));
      return sockets.size > 0 && (await this.#descriptors()).some((one) => sockets.has(one));
    });
  }

  async #descriptors() {
    const folder = `/proc/${this.program.pid}/fd`;
    const names = await readdir(folder).catch(() => []);
    return Promise.all(names.map((name) => readlink(path.join(folder, name)).catch(() => '')));
  }

  async messages() {
    const text = await readFile(this.trace, 'utf8').catch(() => '');
    const found = [];
    for (const part of text.split(/^-{20,} .*$/m).slice(1)) {
      const match = /^\s*\w+ message (received|sent) [^\n]*\n\s*\n([\s\S]*)$/.exec(part);
      if (match) found.push(new Message(match[1], match[2].replace(/\s+$/, '\r\n\r\n')));
    }
    return found;
  }

  /** The first message that sipp received and that `wanted` likes, already there or to come. */
  async received(what, wanted, ms = 10_000) {
    let found;
    await until(`sipp ${this.scenario} receives ${what}`, async () => {
      found = (await this.messages()).find((message) => message.direction === 'received' && wanted(message));
      if (!found && this.program.ended) throw new Error(`sipp ended ${JSON.stringify(this.program.ended)}\n${await this.errors()}`);
      return found;
    }, ms, 50);
    return found;
  }

  request(method, ms) {
    return this.received(method, (message) => message.method === method, ms);
  }

  response(status, ms) {
    return this.received(String(status), (message) => message.status === status, ms);
  }

  async errors() {
    return (await readFile(path.join(this.dir, 'errors'), 'utf8').catch(() => '')) + this.program.tail(30);
  }

  /** The scenario went as written, for every call. */
  async finished(ms = 30_000) {
    let end;
    await until(`sipp ${this.scenario} finishes`, () => (end = this.program.ended), ms);
    if (end.code !== 0) throw new Error(`sipp ${this.scenario}: exit ${end.code}\n${(await this.errors()).slice(0, 6000)}`);
  }

  async close() {
    await this.program?.end(2_000);
    await this.rtp?.close();
    await rm(this.dir, { recursive: true, force: true });
  }
}
