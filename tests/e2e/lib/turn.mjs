import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { freePorts } from './ports.mjs';
import { Program } from './process.mjs';

/** coturn on loopback, which knows its users by a shared secret alone. */
export class TurnServer {
  static async start({ secret = 'the shared secret' } = {}) {
    const turn = new TurnServer();
    turn.secret = secret;
    turn.port = await freePorts();
    const relays = await freePorts(40);
    turn.dir = await mkdtemp(path.join(os.tmpdir(), 'e2e-turn-'));
    turn.program = new Program('turnserver', 'turnserver', [
      '-n', '--listening-ip=127.0.0.1', `--listening-port=${turn.port}`, '--relay-ip=127.0.0.1',
      `--min-port=${relays}`, `--max-port=${relays + 39}`, '--use-auth-secret', `--static-auth-secret=${secret}`,
      '--realm=e2e', '--fingerprint', '--allow-loopback-peers', '--no-cli', '--no-tls', '--no-dtls', '--verbose',
      '--log-file=stdout', '--simple-log', `--pidfile=${turn.dir}/pid`, `--userdb=${turn.dir}/users`,
    ]);
    await turn.program.line(/IPv4\. UDP listener opened on.*127\.0\.0\.1/i);
    return turn;
  }

  get url() {
    return `turn:127.0.0.1:${this.port}?transport=udp`;
  }

  /** The same by TCP, for browsers without UDP; what is relayed is UDP from there on. */
  get tcpUrl() {
    return `turn:127.0.0.1:${this.port}?transport=tcp`;
  }

  lines(pattern) {
    return this.program.lines.filter((line) => pattern.test(line));
  }

  async close() {
    await this.program.end(5_000);
    await rm(this.dir, { recursive: true, force: true });
  }
}
