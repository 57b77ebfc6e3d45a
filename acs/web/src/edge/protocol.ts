// The wire format: protobuf frames of proto/edge.proto, one per WebSocket message.
import './protobuf_setup';
import { acsedge } from '../gen/edge.js';

export { acsedge };
export type ServerFrame = acsedge.v1.ServerFrame;
export type ClientBody = Omit<acsedge.v1.IClientFrame, 'requestId' | 'ack'>;

export const kSubProtocol = 'acs-edge.v1';
export const kMaxFrame = 64 * 1024;

export function encode(frame: acsedge.v1.IClientFrame): Uint8Array {
  return acsedge.v1.ClientFrame.encode(frame).finish();
}

/** The frame, or nothing when the bytes are none of ours. */
export function decode(data: unknown): ServerFrame | undefined {
  if (!(data instanceof ArrayBuffer) || data.byteLength > kMaxFrame) return undefined;
  try {
    return acsedge.v1.ServerFrame.decode(new Uint8Array(data));
  } catch {
    return undefined;
  }
}
