import { randomBytes } from 'node:crypto';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { WebSocketServer } from 'ws';
import type { WebSocket as ServerSocket } from 'ws';
import { acsedge } from '../../src/edge/protocol';
import { until } from './until';

type ClientFrame = acsedge.v1.ClientFrame;
type Body = Omit<acsedge.v1.IServerFrame, 'seq' | 'requestId'>;
type Kind = keyof Omit<acsedge.v1.IClientFrame, 'requestId' | 'ack'>;

const requests: Kind[] = [
  'refreshToken',
  'invite',
  'join',
  'accept',
  'reject',
  'hangup',
  'hold',
  'mute',
  'sendDtmf',
  'transfer',
  'addParticipant',
  'removeParticipant',
  'muteParticipants',
  'offer',
];
const all: Kind[] = [...requests, 'register', 'unregister', 'ping', 'candidate', 'quality'];
const uuid4 = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

interface Session {
  key: Buffer;
  instanceId: string;
  seq: number;
  events: Array<{ seq: number; body: Body }>;
  responses: Map<number, acsedge.v1.IResponse>;
  seen: Set<number>;
  socket?: ServerSocket;
  lastAck: number;
}

export interface Got {
  kind: Kind;
  frame: ClientFrame;
  session: Session;
  repeated: boolean;
}

/** The gateway's edge as the protocol describes it, strict about what clients may send. */
export class FakeEdge {
  readonly got: Got[] = [];
  readonly violations: string[] = [];
  registrations: acsedge.v1.IRegister[] = [];
  sessions: Session[] = [];
  /** What Registered carries. */
  registered: acsedge.v1.IRegistered = {
    identity: '8:acs:1111_2222',
    pingIntervalMs: 60_000,
    pingTimeoutMs: 60_000,
    resumeWindowMs: 120_000,
    callerIds: ['+14255550100', '+14255550199'],
    displayName: 'Alice',
    iceServers: [{ urls: ['stun:127.0.0.1:3478'] }],
  };
  /** Answers at once to kinds listed here; others wait for respond(). */
  auto = new Map<Kind, (got: Got) => acsedge.v1.IResponse>();
  /** Instead of Registered, when set. */
  refuse?: (
    register: acsedge.v1.IRegister,
  ) => { close: number } | { status: acsedge.v1.IStatus } | undefined;
  forgetSessions = false;
  answersPings = true;
  private taken_ = 0;

  private constructor(private readonly server_: WebSocketServer) {
    server_.on('connection', (socket, request) => {
      if (socket.protocol !== 'acs-edge.v1') this.violations.push(`protocol ${socket.protocol}`);
      if (request.url?.includes('token')) this.violations.push('token in the URL');
      this.serve(socket);
    });
    for (const kind of requests) this.auto.set(kind, () => ({}));
    this.auto.set('invite', (got) => ({ answer: answerTo(got.frame.invite?.offer) }));
    this.auto.set('join', (got) => ({ answer: answerTo(got.frame.join?.offer) }));
    this.auto.set('accept', (got) => ({ answer: answerTo(got.frame.accept?.offer) }));
    this.auto.set('offer', (got) => ({ answer: answerTo(got.frame.offer) }));
  }

  /** On a port of its own, or at /edge of a server that is there. */
  static async start(http?: Server): Promise<FakeEdge> {
    const server = new WebSocketServer({
      ...(http ? { server: http, path: '/edge' } : { host: '127.0.0.1', port: 0 }),
      maxPayload: 64 * 1024,
      handleProtocols: (offered) => (offered.has('acs-edge.v1') ? 'acs-edge.v1' : false),
    });
    if (!http) await new Promise((listening) => server.once('listening', listening));
    return new FakeEdge(server);
  }

  get url(): string {
    return `ws://127.0.0.1:${(this.server_.address() as AddressInfo).port}/edge`;
  }

  get session(): Session {
    const session = this.sessions[this.sessions.length - 1];
    if (!session) throw new Error('no session');
    return session;
  }

  /** The next frame of this kind that no test has taken yet; those of other kinds are passed over. */
  async next(kind: Kind): Promise<Got> {
    let found = -1;
    await until(`a frame ${kind}`, () => {
      found = this.got.findIndex((g, at) => at >= this.taken_ && g.kind === kind);
      return found >= 0;
    });
    this.taken_ = found + 1;
    return this.got[found] as Got;
  }

  count(kind: Kind): number {
    return this.got.filter((g) => g.kind === kind).length;
  }

  respond(got: Got, response: acsedge.v1.IResponse = {}): void {
    got.session.responses.set(got.frame.requestId, response);
    write(got.session.socket, { requestId: got.frame.requestId, response });
  }

  event(body: Body, session = this.session): void {
    session.seq += 1;
    session.events.push({ seq: session.seq, body });
    write(session.socket, { ...body, seq: session.seq });
  }

  /** As it would be after a bug: with this seq. */
  rawEvent(body: Body, seq: number): void {
    write(this.session.socket, { ...body, seq });
  }

  rawBytes(bytes: Uint8Array | string): void {
    this.session.socket?.send(bytes);
  }

  update(callId: string, state: acsedge.v1.CallState, more: acsedge.v1.ICallUpdate = {}): void {
    this.event({ callUpdate: { callId, state, ...more } });
  }

  end(callId: string, code: number, subCode: number, message = ''): void {
    this.event({ callEnded: { callId, reason: { status: { code, subCode, message } } } });
  }

  ring(callId: string, more: acsedge.v1.IIncomingCall = {}): void {
    this.event({
      incomingCall: { callId, from: { rawId: '4:+14255550142', displayName: 'Bob' }, ...more },
    });
  }

  /** The network goes: sockets die without a close frame. */
  drop(): void {
    for (const socket of this.server_.clients) socket.terminate();
  }

  closeWith(code: number): void {
    for (const socket of this.server_.clients) socket.close(code);
  }

  async stop(): Promise<void> {
    this.drop();
    await new Promise((done) => this.server_.close(done));
  }

  // ---- One socket ----

  private serve(socket: ServerSocket): void {
    let session: Session | undefined;
    socket.on('message', (data, isBinary) => {
      if (!isBinary) return void this.violations.push('a text frame');
      const frame = acsedge.v1.ClientFrame.decode(data as Buffer);
      const kind = all.find((k) => frame[k] != null && Object.hasOwn(frame, k));
      if (!kind) return void this.violations.push('a frame without a body');
      if (kind === 'register') {
        session = this.register(socket, frame);
        return;
      }
      if (!session) return void this.violations.push(`${kind} before register`);
      this.take(kind, frame, session);
    });
    socket.on('error', () => undefined);
  }

  private register(socket: ServerSocket, frame: ClientFrame): Session | undefined {
    const register = frame.register ?? {};
    this.registrations.push(register);
    if (!frame.requestId) this.violations.push('register without a request id');
    if (!register.token) this.violations.push('register without a token');
    const refusal = this.refuse?.(register);
    if (refusal) {
      if ('close' in refusal) socket.close(refusal.close);
      else write(socket, { requestId: frame.requestId, response: { status: refusal.status } });
      return undefined;
    }
    const key = register.resume?.sessionKey;
    const known = this.sessions.find((s) => key && s.key.equals(Buffer.from(key)));
    const resumed = !!known && !this.forgetSessions;
    const session = resumed && known ? known : this.open(register.instanceId ?? '');
    if (session.socket !== socket) session.socket?.terminate();
    session.socket = socket;
    const registered = { ...this.registered, sessionKey: session.key, resumed };
    write(socket, { requestId: frame.requestId, registered });
    if (!resumed) return session;
    const from = register.resume?.lastSeq ?? 0;
    for (const event of session.events) {
      if (event.seq > from) write(socket, { ...event.body, seq: event.seq });
    }
    return session;
  }

  private open(instanceId: string): Session {
    const session: Session = {
      key: randomBytes(16),
      instanceId,
      seq: 0,
      events: [],
      responses: new Map(),
      seen: new Set(),
      lastAck: 0,
    };
    this.sessions.push(session);
    return session;
  }

  private take(kind: Kind, frame: ClientFrame, session: Session): void {
    this.check(kind, frame, session);
    if (kind === 'ping') {
      this.got.push({ kind, frame, session, repeated: false });
      if (this.answersPings) {
        write(session.socket, { pong: { tMs: frame.ping?.tMs ?? 0, serverTMs: Date.now() } });
      }
      return;
    }
    const id = frame.requestId;
    const repeated = id > 0 && session.seen.has(id);
    if (id > 0) session.seen.add(id);
    const got: Got = { kind, frame, session, repeated };
    this.got.push(got);
    if (id === 0) return;
    const cached = session.responses.get(id);
    if (cached) return write(session.socket, { requestId: id, response: cached });
    const answer = this.auto.get(kind);
    if (answer && !repeated) this.respond(got, answer(got));
  }

  private check(kind: Kind, frame: ClientFrame, session: Session): void {
    const isRequest = requests.includes(kind);
    if (isRequest && !frame.requestId) this.violations.push(`${kind} without a request id`);
    if (!isRequest && frame.requestId) this.violations.push(`${kind} with a request id`);
    if (frame.ack > session.seq) this.violations.push(`ack ${frame.ack} of ${session.seq}`);
    if (frame.ack < session.lastAck) this.violations.push('ack went back');
    session.lastAck = frame.ack;
    const body = frame[kind] as { callId?: string; offer?: acsedge.v1.ISessionDescription };
    if ((kind === 'invite' || kind === 'join') && !uuid4.test(body.callId ?? '')) {
      this.violations.push(`call id ${body.callId}`);
    }
    const offer = kind === 'offer' ? frame.offer : body.offer;
    if (offer && (!offer.sdp || !offer.generation)) this.violations.push(`${kind}: bad offer`);
    if (kind === 'candidate' && !frame.candidate?.generation) {
      this.violations.push('candidate without a generation');
    }
  }
}

export function answerTo(
  offer: acsedge.v1.ISessionDescription | null | undefined,
): acsedge.v1.ISessionDescription | undefined {
  if (!offer) return undefined;
  const generation = offer.generation ?? 0;
  return { callId: offer.callId ?? '', generation, sdp: `answer to ${offer.sdp}` };
}

function write(socket: ServerSocket | undefined, frame: acsedge.v1.IServerFrame): void {
  if (socket?.readyState === 1) socket.send(acsedge.v1.ServerFrame.encode(frame).finish());
}
