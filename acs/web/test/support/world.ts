import { webcrypto } from 'node:crypto';
import { after, afterEach, beforeEach } from 'node:test';
import assert from 'node:assert/strict';
import { WebSocket } from 'ws';
import type { Call, CallAgent, CallClientOptions, CallState, IncomingCall } from '../../src/index';
import { CallClient, setLogLevel } from '../../src/index';
import { acsedge } from '../../src/edge/protocol';
import { timing } from '../../src/timing';
import { FakeEdge } from './fake_edge';
import { installMedia, media } from './fake_media';
import { until } from './until';

// Browsers deliver each message in a task of its own; so must this socket.
class BrowserLikeSocket extends WebSocket {
  constructor(url: string, protocol: string) {
    super(url, protocol, { allowSynchronousEvents: false } as object);
  }
}

const global = globalThis as Record<string, unknown>;
global.WebSocket = BrowserLikeSocket;
global.crypto ??= webcrypto;
/** Events of the window. */
export const page = new EventTarget();
global.addEventListener = page.addEventListener.bind(page);
global.removeEventListener = page.removeEventListener.bind(page);
installMedia();
setLogLevel(undefined);
const usualTiming = { ...timing };

export const S = acsedge.v1.CallState;
export const P = acsedge.v1.ParticipantState;

/** A token in three parts; nobody here checks its signature. */
export function tokenWith(claims: Record<string, unknown> = {}): string {
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  const exp = Math.floor(Date.now() / 1000) + 3600;
  return `${part({ alg: 'none' })}.${part({ exp, acsScope: 'voip', ...claims })}.sig`;
}

export class FakeCredential {
  asked = 0;
  constructor(public tokens: string[] = [tokenWith()]) {}
  async getToken(): Promise<{ token: string; expiresOnTimestamp: number }> {
    this.asked += 1;
    const token = this.tokens.length > 1 ? (this.tokens.shift() as string) : (this.tokens[0] ?? '');
    return { token, expiresOnTimestamp: Date.now() + 3_600_000 };
  }
  dispose(): void {}
}

/** One edge and one signed-in user, made anew for each test of a file. */
export class World {
  edge!: FakeEdge;
  client!: CallClient;
  agent!: CallAgent;
  credential!: FakeCredential;
  private clients_: CallClient[] = [];

  constructor() {
    beforeEach(async () => {
      Object.assign(timing, usualTiming, { backoffMinMs: 1, backoffMaxMs: 4, hangUpMs: 100 });
      media.reset();
      this.edge = await FakeEdge.start();
      this.credential = new FakeCredential();
    });
    afterEach(async () => {
      for (const client of this.clients_.splice(0)) await client.dispose();
      await this.edge.stop();
      assert.deepEqual(this.edge.violations, [], 'the protocol was kept');
    });
    after(() => Object.assign(timing, usualTiming));
  }

  newClient(options: CallClientOptions = {}): CallClient {
    const client = new CallClient({
      networkConfiguration: { proxy: { url: this.edge.url } },
      ...options,
    });
    this.clients_.push(client);
    return client;
  }

  async signIn(options?: CallClientOptions): Promise<CallAgent> {
    this.client = this.newClient(options);
    this.agent = await this.client.createCallAgent(this.credential as never, { displayName: 'Al' });
    await until('connected', () => this.agent.connectionState === 'Connected');
    return this.agent;
  }

  /** An outgoing call in state Connected. */
  async connectedCall(): Promise<Call> {
    const call = this.agent.startCall([{ phoneNumber: '+14255550142' }]);
    await this.edge.next('invite');
    this.edge.update(call.id, S.CONNECTED);
    await until('connected', () => call.state === 'Connected');
    return call;
  }

  async incoming(callId = '00000000-0000-4000-8000-000000000001'): Promise<IncomingCall> {
    const rung = new Promise<IncomingCall>((resolve) => {
      this.agent.on('incomingCall', ({ incomingCall }) => resolve(incomingCall));
    });
    this.edge.ring(callId);
    return rung;
  }
}

/** The states of a call from now on. */
export function statesOf(call: Call): CallState[] {
  const states: CallState[] = [call.state];
  call.on('stateChanged', () => states.push(call.state));
  return states;
}

export async function rejection(
  promise: Promise<unknown>,
): Promise<Error & { code: number; subCode: number }> {
  try {
    await promise;
  } catch (error) {
    return error as Error & { code: number; subCode: number };
  }
  throw new Error('it was expected to be rejected');
}
