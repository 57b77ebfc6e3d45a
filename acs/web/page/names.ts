import type { Call, CallerInfo, CommunicationIdentifierKind } from '../src/index';

export function nameOf(identifier: CommunicationIdentifierKind | undefined): string {
  if (!identifier) return 'Unknown';
  switch (identifier.kind) {
    case 'phoneNumber':
      return identifier.phoneNumber === 'anonymous' ? 'Anonymous' : identifier.phoneNumber;
    case 'communicationUser':
      return shortUser(identifier.communicationUserId);
    case 'unknown':
      return identifier.id === '8:echo123' ? 'Echo' : identifier.id;
    default:
      return identifier.kind;
  }
}

/** A raw id is long and says little: its end is enough to tell two apart. */
function shortUser(rawId: string): string {
  if (rawId === '8:echo123') return 'Echo';
  return rawId.length > 24 ? `User …${rawId.slice(-8)}` : rawId;
}

export function callerName(info: CallerInfo): string {
  const number = nameOf(info.identifier);
  return info.displayName && info.displayName !== number
    ? `${info.displayName} (${number})`
    : number;
}

export function peerName(call: Call): string {
  const others = call.remoteParticipants;
  if (others.length > 1) return `${others.length + 1} people`;
  const [other] = others;
  if (other) return other.displayName || nameOf(other.identifier);
  if (call.direction === 'Incoming') return callerName(call.callerInfo);
  return call.info.groupId ? 'Group call' : 'Call';
}
