// Identifiers of the SDK <-> raw ids on the wire.
import {
  createIdentifierFromRawId,
  getIdentifierKind,
  getIdentifierRawId,
} from '@azure/communication-common';
import type {
  CommunicationIdentifier,
  CommunicationIdentifierKind,
  PhoneNumberIdentifier,
} from '@azure/communication-common';
import type { CallerInfo } from './types';
import type { acsedge } from './edge/protocol';
import { fail, failures } from './errors';

const kMaxRawId = 256;

/** `{id: '8:acs:...'}` is what quickstarts pass; it is resolved like any raw id. */
export function rawIdOf(identifier: CommunicationIdentifier): string {
  if (typeof identifier !== 'object' || identifier === null) throw fail(failures.badArgument);
  let raw: string | undefined;
  try {
    raw = getIdentifierRawId(identifier);
  } catch {
    throw fail(failures.badArgument, 'It is not a communication identifier.');
  }
  if (!raw || raw.length > kMaxRawId) throw fail(failures.badArgument, 'The identifier is empty.');
  return raw;
}

export function identifierOf(rawId: string): CommunicationIdentifierKind {
  const identifier = getIdentifierKind(createIdentifierFromRawId(rawId));
  // Apps show `phoneNumber` and compare `rawId`: both are always there.
  return identifier.kind === 'phoneNumber' ? { ...identifier, rawId } : identifier;
}

export function callerInfoOf(identity: acsedge.v1.IIdentity | null | undefined): CallerInfo {
  if (!identity?.rawId) return { identifier: undefined };
  const info = { identifier: identifierOf(identity.rawId) };
  return identity.displayName ? { ...info, displayName: identity.displayName } : info;
}

/** The number to present, from the identifier or the bare string of older samples. */
export function callerIdOf(alternate: PhoneNumberIdentifier | string | null | undefined): string {
  if (!alternate) return '';
  if (typeof alternate === 'string') return alternate;
  if (typeof alternate.phoneNumber === 'string') return alternate.phoneNumber;
  throw fail(failures.badArgument, 'alternateCallerId is not a phone number.');
}
