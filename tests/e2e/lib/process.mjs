import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { until, within } from './wait.mjs';

// Every process that a test starts, so that none outlives the test file, however it ends.
const alive = new Set();
process.on('exit', () => {
  for (const child of alive) child.kill('SIGKILL');
});
for (const signal of ['SIGINT', 'SIGTERM']) {
  process.once(signal, () => process.exit(1));
}

/** A program under test or a peer: its lines as they come, its end by pid. */
export class Program {
  constructor(name, file, args, options = {}) {
    this.name = name;
    this.lines = [];
    this.keep = options.keep ?? 20_000;  // Lines kept; a chatty peer must not eat the test's memory.
    this.child = spawn(file, args, {
      cwd: options.cwd,
      env: { ...process.env, ...options.env },
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    alive.add(this.child);
    this.child.stdin.on('error', () => {});
    this.exit = new Promise((resolve) => {
      this.child.once('error', (error) => {
        this.lines.push(`${name}: ${error.message}`);
        alive.delete(this.child);
        resolve({ code: 127, signal: null });
      });
      this.child.once('close', (code, signal) => {
        alive.delete(this.child);
        this.ended = { code, signal };
        resolve(this.ended);
      });
    });
    for (const stream of [this.child.stdout, this.child.stderr]) this.#read(stream);
  }

  #read(stream) {
    let rest = '';
    stream.setEncoding('utf8');
    stream.on('data', (text) => {
      const lines = (rest + text).split(/\r?\n/);
      rest = lines.pop();
      this.lines.push(...lines);
      if (this.lines.length > this.keep) this.lines.splice(0, this.lines.length - this.keep);
      if (process.env.E2E_VERBOSE) for (const line of lines) console.error(`${this.name}| ${line}`);
    });
    stream.on('end', () => rest && this.lines.push(rest));
  }

  get pid() {
    return this.child.pid;
  }

  /** The first line matching `pattern`, already printed or still to come. */
  async line(pattern, ms = 10_000) {
    let match;
    try {
      await until(`${this.name}: a line ${pattern}`, () => {
        for (const line of this.lines) if ((match = pattern.exec(line))) return true;
        if (this.ended) throw new Error(`${this.name} ended (${JSON.stringify(this.ended)})`);
        return false;
      }, ms);
    } catch (error) {
      error.message += `\n${this.tail()}`;
      throw error;
    }
    return match;
  }

  tail(count = 40) {
    return this.lines.slice(-count).map((line) => `  ${this.name}| ${line}`).join('\n');
  }

  signal(name) {
    if (!this.ended) this.child.kill(name);
  }

  /** Asks it to end, insists after `ms`; returns how it ended. */
  async end(ms = 5_000, signal = 'SIGTERM') {
    if (this.ended) return this.ended;
    this.signal(signal);
    try {
      return await within(`${this.name} ends on ${signal}`, this.exit, ms);
    } catch {
      this.signal('SIGKILL');
      await this.exit;
      return this.ended;
    }
  }
}

/** Runs a command to its end: {code, stdout, stderr}. */
export async function run(file, args, options = {}) {
  const child = spawn(file, args, { stdio: ['ignore', 'pipe', 'pipe'], ...options });
  alive.add(child);
  const out = { stdout: '', stderr: '' };
  child.stdout.setEncoding('utf8').on('data', (text) => (out.stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text) => (out.stderr += text));
  const [code, signal] = await within(`${file} ${args[0] ?? ''}`, once(child, 'close'), options.ms ?? 60_000);
  alive.delete(child);
  return { code, signal, ...out };
}
