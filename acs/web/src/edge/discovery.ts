// Where the edge is. Unmodified apps name no address anywhere, so it is looked for in the client's
// options, then in the page, then in the token.
import type { CallClientOptions } from '../types';
import { fail, failures } from '../errors';

export function discoverEdge(options: CallClientOptions, token: string): string {
  const named =
    options.networkConfiguration?.proxy?.url ?? namedByPage() ?? claimsOf(token)?.edge ?? undefined;
  if (typeof named !== 'string' || !named) throw fail(failures.edgeUnknown);
  return checkEdgeUrl(named);
}

/** Secure sockets only: a token travels on it. Plain ones never leave the machine. */
export function checkEdgeUrl(named: string): string {
  let url: URL;
  try {
    url = new URL(named);
  } catch {
    throw fail(failures.edgeUnknown, 'It is not a URL.');
  }
  const loopback = ['localhost', '127.0.0.1', '[::1]'].includes(url.hostname);
  if (url.protocol !== 'wss:' && !(url.protocol === 'ws:' && loopback)) {
    throw fail(failures.edgeUnknown, 'It must be wss:, or ws: on this machine.');
  }
  if (url.username || url.password) throw fail(failures.edgeUnknown, 'It names a user.');
  url.hash = '';
  if (url.pathname === '/') url.pathname = '/edge';
  return url.href;
}

function namedByPage(): string | undefined {
  const global = globalThis as { __ACS_EDGE_URL__?: string };
  if (global.__ACS_EDGE_URL__) return global.__ACS_EDGE_URL__;
  if (typeof document === 'undefined') return undefined;
  return document.querySelector('meta[name="acs-edge"]')?.getAttribute('content') || undefined;
}

export interface TokenClaims {
  edge?: unknown;
  exp?: unknown;
  acsScope?: unknown;
  skypeid?: unknown;
}

/** The token's claims, unverified: the gateway verifies; we only spare the user a round trip. */
export function claimsOf(token: string): TokenClaims | undefined {
  const payload = token.split('.')[1];
  if (!payload) return undefined;
  try {
    const text = atob(payload.replace(/-/g, '+').replace(/_/g, '/'));
    const claims: unknown = JSON.parse(text);
    return typeof claims === 'object' && claims !== null ? claims : undefined;
  } catch {
    return undefined;
  }
}
