import type { DiagnosticOptions } from '../types';
import type { acsedge } from '../edge/protocol';
import { version } from '../version';

const kMaxTags = 16;
const clean = (text: unknown): string =>
  String(text ?? '')
    .replace(/[^\x20-\x7e]/g, '')
    .slice(0, 64);

/** Who we are, for the gateway's log. */
export function clientInfo(diagnostics: DiagnosticOptions | undefined): acsedge.v1.IClientInfo {
  const app = [diagnostics?.appName, diagnostics?.appVersion].filter(Boolean).map(clean).join('/');
  const tags = [...(app ? [app] : []), ...(diagnostics?.tags ?? []).map(clean)];
  return {
    library: 'acs-gateway-calling',
    version,
    userAgent: (globalThis.navigator?.userAgent ?? '').slice(0, 256),
    tags: tags.slice(0, kMaxTags),
  };
}
