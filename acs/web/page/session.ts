import { AzureCommunicationTokenCredential } from '../src/index';

/** Asks the gateway of the demo for a token; a real deployment has a back end for that. */
async function demoToken(user: string): Promise<string> {
  const response = await fetch('/demo/token', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ user }),
  });
  if (!response.ok) {
    const why =
      response.status === 404 ? 'no demo tokens here; use an access token' : response.statusText;
    throw new Error(`Sign-in failed: ${why || response.status}.`);
  }
  const { token } = (await response.json()) as { token?: unknown };
  if (typeof token !== 'string') throw new Error('Sign-in failed: no token came.');
  return token;
}

export async function credentialFor(
  user: string,
  token: string,
): Promise<AzureCommunicationTokenCredential> {
  if (token) return new AzureCommunicationTokenCredential(token);
  return new AzureCommunicationTokenCredential({
    token: await demoToken(user),
    tokenRefresher: () => demoToken(user),
    refreshProactively: true,
  });
}

/** The edge is where the page came from, unless the page was told otherwise. */
export function nameEdge(): void {
  const global = globalThis as { __ACS_EDGE_URL__?: string };
  if (global.__ACS_EDGE_URL__ || document.querySelector('meta[name="acs-edge"]')) return;
  const meta = document.createElement('meta');
  meta.name = 'acs-edge';
  meta.content = `${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}/edge`;
  document.head.append(meta);
}
