import type { acsedge, ClientBody } from '../edge/protocol';
import type { EdgeDeviceManager } from '../devices/device_manager';
import type { Log } from '../log';
import type { CallMedia } from '../media/call_media';
import type { EdgeCall } from './call';

/** What a call needs of the agent it belongs to. */
export interface CallHost {
  readonly log: Log;
  readonly devices: EdgeDeviceManager;
  readonly isRegistered: boolean;
  request(body: ClientBody): Promise<acsedge.v1.IResponse>;
  send(body: ClientBody): void;
  /** Registered, so that the ICE servers are known; rejects when that can no longer happen. */
  whenRegistered(): Promise<void>;
  createMedia(callId: string): CallMedia;
  findCall(callId: string): EdgeCall | undefined;
  callBegan(call: EdgeCall): void;
  callOver(call: EdgeCall): void;
}
