import assert from 'node:assert/strict';
import { cp, mkdtemp, readFile, readdir, readlink, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { Program, run } from './process.mjs';
import { freePorts } from './ports.mjs';
import { until } from './wait.mjs';

export const kRepository = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../../..');
export const kGateway = process.env.E2E_GATEWAY ?? path.join(kRepository, 'build/release/acs-gateway');

/** How much longer everything may take: more than 1 under a sanitizer. */
export const kSlow = Number(process.env.E2E_SLOW ?? 1);

/** The gateway under test: conf/demo with free ports, and a state of its own that goes away afterwards. */
export class Daemon {
  /**
   * options: set = {"calls.ring_timeout": '"3s"'} (TOML values), files = {"more.toml": text} added to the configuration,
   * edit = {"users.toml": (text) => text}, carrier = port where the trunk "carrier" lives, sha256 = true: phone 101 is
   * offered SHA-256 as well, as in conf/demo. baresip 1.0 gives up on an algorithm that it does not know, so that
   * otherwise 101 is offered MD5 alone, as 102 always is. wrapper = command that starts the daemon, env = its variables.
   */
  static async start(options = {}) {
    const daemon = new Daemon();
    daemon.wrapper = options.wrapper ?? [];
    daemon.env = options.env ?? {};
    daemon.dir = await mkdtemp(path.join(os.tmpdir(), 'e2e-gateway-'));
    daemon.conf = path.join(daemon.dir, 'conf');
    await cp(path.join(kRepository, 'conf/demo'), daemon.conf, {
      recursive: true,
      filter: (file) => path.basename(file) !== 'state',
    });
    daemon.carrier = options.carrier ?? (await freePorts());
    await daemon.#move('127.0.0.1:5070', `127.0.0.1:${daemon.carrier}`);
    if (!options.sha256) await daemon.#edit('phones.toml', (text) => text.replace('username = "101"\n', '$&digest = ["MD5"]\n'));
    for (const [name, text] of Object.entries(options.files ?? {})) await writeFile(path.join(daemon.conf, name), text);
    for (const [name, edit] of Object.entries(options.edit ?? {})) await daemon.#edit(name, edit);
    const rtp = await freePorts(400);
    const webrtc = await freePorts(8);
    daemon.cdrFile = path.join(daemon.dir, 'cdr.jsonl');
    daemon.set = {
      'sip.listen': '["udp:127.0.0.1:0", "tcp:127.0.0.1:0", "tls:127.0.0.1:0"]',
      'edge.listen': '"127.0.0.1:0"',
      'edge.local_http': '"127.0.0.1:0"',
      'admin.listen': '"127.0.0.1:0"',
      'media.ports': `"${rtp}-${rtp + 399}"`,
      'media.webrtc_ports': `"${webrtc}-${webrtc + 7}"`,
      'cdr.file': `"${daemon.cdrFile}"`,
      'limits.shed_lag': '"1s"',  // Other tests keep this machine busy; who tests overload says so.
      'calls.hold_music': '""',  // So that a test may hear that nobody is heard.
      ...options.set,
    };
    await daemon.#run();
    return daemon;
  }

  async #edit(name, edit) {
    const file = path.join(this.conf, name);
    await writeFile(file, edit(await readFile(file, 'utf8')));
  }

  // The trunk of conf/demo lives on a fixed port; this test's carrier has one of its own.
  async #move(from, to) {
    for (const name of await readdir(this.conf, { recursive: true })) {
      if (name.endsWith('.toml')) await this.#edit(name, (text) => text.replaceAll(from, to));
    }
  }

  #arguments(set) {
    return ['-c', this.conf, ...Object.entries(set).flatMap(([key, value]) => ['--set', `${key}=${value}`])];
  }

  async #run() {
    const [file, ...before] = [...this.wrapper, kGateway];
    this.program = new Program('gateway', file, [...before, 'run', ...this.#arguments(this.set)], {
      keep: 200_000, env: this.env,
    });
    const [, text] = await this.program.line(/^(?:.*\s)?ready (sip=.*)$/, 30_000 * kSlow);
    const ready = Object.fromEntries(text.trim().split(/\s+/).map((pair) => {
      const at = pair.indexOf('=');
      return [pair.slice(0, at), pair.slice(at + 1)];
    }));
    this.sip = {};
    this.sip6 = {};  // The IPv6 listeners, if a test wants some.
    this.listeners = ready.sip.split(',');
    for (const listener of this.listeners) {
      const [, transport, address] = /^(udp|tcp|tls):(.*)$/.exec(listener);
      (address.startsWith('[') ? this.sip6 : this.sip)[transport] ??= address;
    }
    this.edge = ready.edge;
    this.local = ready.local;
    this.admin = ready.admin;
    return ready;
  }

  /** Stops as asked, and starts again on the same ports and the same state. */
  async restart(signal = 'SIGTERM') {
    const end = await this.program.end(20_000 * kSlow, signal);
    const port = (url) => new URL(url).port;
    this.set['sip.listen'] = `[${Object.entries(this.sip).map(([name, address]) => `"${name}:${address}"`).join(', ')}]`;
    this.set['edge.listen'] = `"127.0.0.1:${port(this.edge)}"`;
    this.set['edge.local_http'] = `"127.0.0.1:${port(this.local)}"`;
    this.set['admin.listen'] = `"127.0.0.1:${port(this.admin)}"`;
    await this.#run();
    return end;
  }

  /** A subcommand of the same binary with the same configuration, and with the port that was picked. */
  command(...args) {
    const admin = { 'admin.listen': `"${new URL(this.admin).host}"` };
    return run(kGateway, [...args, ...this.#arguments({ ...this.set, ...admin })]);
  }

  async api(name) {
    const response = await fetch(`${this.admin}/api/${name}`);
    assert.equal(response.status, 200, `/api/${name}`);
    return response.json();
  }

  async calls() {
    const { calls } = await this.api('calls');
    assert.ok(Array.isArray(calls), '/api/calls answers {"calls": [...]}');
    return calls;
  }

  async phones() {
    const { phones } = await this.api('phones');
    return phones;
  }

  /** All samples of /metrics whose name starts so: Map of "name{labels}" to value. */
  async metrics(prefix = '') {
    const text = await (await fetch(`${this.admin}/metrics`)).text();
    const found = new Map();
    for (const line of text.split('\n')) {
      const match = /^([a-zA-Z_:][\w:]*(?:\{.*\})?) (\S+)$/.exec(line);
      if (match && match[1].startsWith(prefix)) found.set(match[1], Number(match[2]));
    }
    return found;
  }

  /** The sum of one metric over its labels that contain `label`. */
  async metric(name, label = '') {
    let sum = 0;
    for (const [key, value] of await this.metrics(name)) {
      if ((key === name || key.startsWith(`${name}{`)) && key.includes(label)) sum += value;
    }
    return sum;
  }

  async cdrs() {
    const text = await readFile(this.cdrFile, 'utf8').catch(() => '');
    return text.split('\n').filter(Boolean).map((line) => JSON.parse(line));
  }

  /** The newest record that `wanted` likes, once it is written. */
  async cdr(wanted = () => true, ms = 3_000) {
    let found;
    await until('a call detail record', async () => (found = (await this.cdrs()).reverse().find(wanted)), ms * kSlow);
    return found;
  }

  /** What the process holds: descriptors and resident memory in kB. */
  async resources() {
    const pid = this.program.pid;
    const status = await readFile(`/proc/${pid}/status`, 'utf8');
    const names = await readdir(`/proc/${pid}/fd`);
    const links = await Promise.all(names.map((name) => readlink(`/proc/${pid}/fd/${name}`).catch(() => undefined)));
    return {
      descriptors: links.filter(Boolean).length,
      sockets: links.filter((link) => link?.startsWith('socket:')).length,
      rss: Number(/^VmRSS:\s+(\d+)/m.exec(status)[1]),
    };
  }

  /** No call is left, neither in the registry nor in its metric. */
  async settled(ms = 5_000) {
    let calls;
    await until('every call is gone', async () => (calls = await this.calls()).length === 0, ms * kSlow)
      .catch((error) => assert.fail(`${error.message}: ${JSON.stringify(calls)}`));
  }

  /** No call is left; what is left after all is told, and ended, so that the next test begins afresh. */
  async cleared(ms) {
    try {
      await this.settled(ms);
    } catch (error) {
      for (const { call_id } of await this.calls()) {
        await fetch(`${this.admin}/api/hangup?call=${encodeURIComponent(call_id)}`, { method: 'POST' });
      }
      throw error;
    }
  }

  get alive() {
    return !this.program.ended;
  }

  log(pattern) {
    return this.program.lines.filter((line) => pattern.test(line));
  }

  /** Ends it by SIGTERM; it must have lived until now and end by itself. */
  async close() {
    const crashed = this.program.ended;
    if (!crashed) await this.settled().catch((error) => (this.leftover = error));
    const end = crashed ?? (await this.program.end(20_000 * kSlow));
    await rm(this.dir, { recursive: true, force: true });
    assert.equal(crashed, undefined, `the gateway ended by itself: ${JSON.stringify(crashed)}\n${this.program.tail(80)}`);
    if (this.leftover) throw this.leftover;
    assert.deepEqual(end, { code: 0, signal: null }, `the gateway's end\n${this.program.tail(80)}`);
  }
}
