import type { CustomContext, xHeader } from '../types';
import type { acsedge } from '../edge/protocol';
import { fail, failures } from '../errors';

const kMaxHeaders = 5;
const kPrefix = 'X-MS-Custom-';

/** An app's context as it crosses to SIP: User-to-User and at most five X-MS-Custom-* headers. */
export function wireContext(
  context: CustomContext | null | undefined,
): acsedge.v1.ICallContext | undefined {
  if (!context) return undefined;
  const given = [context.xHeaders, context.sipHeaders, context.voipHeaders].flatMap((h) => h ?? []);
  const headers = given.map(checkHeader);
  if (headers.length > kMaxHeaders) throw fail(failures.badArgument, 'At most five headers.');
  const userToUser = context.userToUser ?? '';
  if (/[\r\n\0]/.test(userToUser) || userToUser.length > 256) {
    throw fail(failures.badArgument, 'userToUser is not valid.');
  }
  return { userToUser, headers };
}

function checkHeader(header: xHeader): acsedge.v1.IHeader {
  const name = header.key.startsWith(kPrefix) ? header.key : kPrefix + header.key;
  const clean = /^[A-Za-z0-9-]{1,64}$/.test(name) && !/[\r\n\0]/.test(header.value);
  if (!clean || header.value.length > 256) {
    throw fail(failures.badArgument, 'A custom header is not valid.');
  }
  return { name, value: header.value };
}

export function contextOf(
  context: acsedge.v1.ICallContext | null | undefined,
): CustomContext | undefined {
  if (!context) return undefined;
  const xHeaders = (context.headers ?? []).map((h) => ({
    key: h.name ?? '',
    value: h.value ?? '',
  }));
  return { ...(context.userToUser ? { userToUser: context.userToUser } : {}), xHeaders };
}
