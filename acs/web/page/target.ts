import type { CommunicationIdentifier } from '../src/index';
import { createIdentifierFromRawId } from '../src/index';

const kGuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

export type Target = { identifier: CommunicationIdentifier } | { groupId: string };

/** What was typed: a raw id ("8:acs:...", "8:echo123"), a group call's GUID, or a number. */
export function parseTarget(text: string): Target | undefined {
  const typed = text.trim();
  if (/^(4|8|28):\S+$/.test(typed)) return { identifier: createIdentifierFromRawId(typed) };
  if (kGuid.test(typed)) return { groupId: typed };
  const number = typed.replace(/[\s().-]/g, '');
  return /^\+?[0-9*#]{1,32}$/.test(number) ? { identifier: { phoneNumber: number } } : undefined;
}
