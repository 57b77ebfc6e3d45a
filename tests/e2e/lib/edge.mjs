import { randomUUID } from 'node:crypto';
import path from 'node:path';
import protobuf from 'protobufjs';
import WebSocket from 'ws';
import { kRepository, kSlow } from './daemon.mjs';
import { until, within } from './wait.mjs';

const root = await protobuf.load(path.join(kRepository, 'proto/edge.proto'));
export const ClientFrame = root.lookupType('acsedge.v1.ClientFrame');
export const ServerFrame = root.lookupType('acsedge.v1.ServerFrame');

/** A token of the demo, as the softphone page fetches it. */
export async function demoToken(daemon, user) {
  const response = await fetch(`${daemon.local}/demo/token`, {
    method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ user }),
  });
  if (!response.ok) throw new Error(`POST /demo/token: ${response.status} ${await response.text()}`);
  return response.json();
}

// A browser's offer; nobody is behind it.
const kOffer = [
  'v=0', 'o=- 1 1 IN IP4 127.0.0.1', 's=-', 't=0 0', 'a=group:BUNDLE 0', 'm=audio 9 UDP/TLS/RTP/SAVPF 111', 'c=IN IP4 0.0.0.0',
  'a=rtpmap:111 opus/48000/2', 'a=ice-ufrag:nobo', 'a=ice-pwd:nobodyisbehindthisoffer1', `a=fingerprint:sha-256 ${Array(32).fill('AB').join(':')}`,
  'a=setup:actpass', 'a=mid:0', 'a=rtcp-mux', 'a=sendrecv', '',
].join('\r\n');

/** A device on the edge without media, for what a browser would not do: bad frames, many devices, odd moments. */
export class EdgeDevice {
  static async connect(daemon, { origin = daemon.local, protocol = 'acs-edge.v1' } = {}) {
    const device = new EdgeDevice();
    device.frames = [];
    device.nextRequest = 1;
    device.socket = new WebSocket(`${daemon.local.replace(/^http/, 'ws')}/edge`, protocol, { origin });
    device.closed = new Promise((resolve) => device.socket.once('close', (code, reason) => resolve({ code, reason: `${reason}` })));
    device.socket.on('message', (data) => {
      device.frames.push(ServerFrame.toObject(ServerFrame.decode(data), { longs: Number, enums: String, oneofs: true }));
    });
    await within('the edge socket opens', new Promise((resolve, reject) => {
      device.socket.once('open', resolve);
      device.socket.once('unexpected-response', (_, response) => reject(new Error(`HTTP ${response.statusCode}`)));
      device.socket.once('error', reject);
    }), 5_000 * kSlow);
    return device;
  }

  /** Connected and registered as `user`. */
  static async register(daemon, user, options = {}) {
    const device = await EdgeDevice.connect(daemon, options);
    const { token } = options.token ? options : await demoToken(daemon, user);
    device.registered = await device.request('register', {
      token, instanceId: options.instanceId ?? randomUUID(), displayName: user, resume: options.resume,
    });
    return device;
  }

  /** Sends a request; its Response or Registered. */
  async request(kind, body) {
    const requestId = this.nextRequest++;
    this.raw(ClientFrame.encode(ClientFrame.fromObject({ requestId, [kind]: body })).finish());
    let answer;
    await until(`an answer to ${kind}`, () => (answer = this.frames.find((frame) => frame.requestId === requestId)), 5_000 * kSlow, 10);
    return answer.registered ?? answer.response;
  }

  /** Takes the call that comes in; its id. Without media it lasts until that is missed. */
  async accept(ms) {
    const { callId } = await this.event('incomingCall', () => true, ms);
    const { status } = await this.request('accept', { callId, offer: { callId, generation: 1, sdp: kOffer } });
    if (status.code) throw new Error(`accept: ${JSON.stringify(status)}`);
    return callId;
  }

  /** Calls somebody; the call's id. */
  async dial(rawId) {
    const callId = randomUUID();
    const { status } = await this.request('invite', { callId, to: [{ rawId }], offer: { callId, generation: 1, sdp: kOffer } });
    if (status.code) throw new Error(`invite: ${JSON.stringify(status)}`);
    return callId;
  }

  /** Why the call ended. */
  async ended(callId, ms) {
    return (await this.event('callEnded', (end) => end.callId === callId, ms)).reason;
  }

  raw(bytes) {
    this.socket.send(bytes);
  }

  /** The first event of this kind ("incomingCall", "callUpdate", "callEnded" ...) that `wanted` likes. */
  async event(kind, wanted = () => true, ms = 5_000) {
    let found;
    await until(`edge event ${kind}`, () => (found = this.frames.find((frame) => frame[kind] && wanted(frame[kind]))), ms * kSlow, 10);
    return found[kind];
  }

  async close() {
    this.socket.terminate();
    await this.closed;
  }
}
