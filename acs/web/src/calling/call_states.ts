import type { CallState } from '../types';
import { acsedge } from '../edge/protocol';

const S = acsedge.v1.CallState;
const states: Record<number, CallState | undefined> = {
  [S.TRYING]: 'Connecting',
  [S.RINGING]: 'Ringing',
  [S.EARLY_MEDIA]: 'EarlyMedia',
  [S.CONNECTED]: 'Connected',
  [S.LOCAL_HOLD]: 'LocalHold',
  [S.REMOTE_HOLD]: 'RemoteHold',
  [S.IN_LOBBY]: 'InLobby',
};
const answered: CallState[] = ['Connected', 'LocalHold', 'RemoteHold', 'InLobby'];

/** The state that the gateway tells; nothing for one that we do not know. */
export function stateOf(told: acsedge.v1.ICallUpdate): CallState | undefined {
  return states[told.state ?? 0];
}

export function isAnswered(state: CallState): boolean {
  return answered.includes(state);
}
