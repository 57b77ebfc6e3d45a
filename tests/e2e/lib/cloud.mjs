// A gateway with provider "cloud", and the strict mock of ACS as its resource.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { certificateOfLoopback } from './certificates.mjs';
import { Daemon, kSlow } from './daemon.mjs';
import { freePorts } from './ports.mjs';
import { StrictAcs } from './strict_acs.mjs';
import { until } from './wait.mjs';

export const kWebhookSecret = 'an-event-grid-secret-of-the-tests';

/**
 * {acs, daemon, alice, bob, users}: the demo with its users in the cloud; numbers +44... leave by the resource's own.
 * phones: more desk phones ("103"); users: more users, {name: extension}; tls: the resource's REST speaks TLS.
 */
export async function cloudGateway(cast, { set = {}, schema = 'EventGrid', numbers, phones = [], users = {}, tls = false } = {}) {
  const dir = await mkdtemp(path.join(os.tmpdir(), 'e2e-cloud-'));
  await cast.add({ close: () => rm(dir, { recursive: true, force: true }) });
  const certificate = tls ? await certificateOfLoopback(dir) : undefined;
  const acs = await cast.add(StrictAcs.start({ numbers, certificate }));
  const alice = acs.newUser(), bob = acs.newUser();
  const identities = Object.fromEntries(Object.keys(users).map((name) => [name, acs.newUser()]));
  const more = Object.entries(users).map(([name, extension]) => `\n[[user]]\nname = "${name}"\nid = "${identities[name]}"\nextension = "${extension}"\n`).join('');
  const desks = phones.map((name) => `\n[[phone]]\nusername = "${name}"\npassword = "demo-${name}"\nextension = "${name}"\ndigest = ["MD5"]\n`).join('');
  const port = await freePorts();
  const callback = `https://127.0.0.1:${port}`;
  const daemon = await cast.add(Daemon.start({
    files: {
      'acs-connection': acs.connectionString(),
    },
    edit: {
      'users.toml': (text) => text.replace('name = "alice"\n', `$&id = "${alice}"\n`).replace('name = "bob"\n', `$&id = "${bob}"\n`) + more,
      'phones.toml': (text) => text + desks,
      'routes.toml': (text) => `[[route]]\nname = "britain"\nfrom = ["phones"]\nto = "+44*"\ntargets = ["trunk:acs"]\n${text}`,
    },
    set: {
      'edge.listen': `"127.0.0.1:${port}"`,
      'acs.provider': '"cloud"',
      'acs.resource_id': `"${acs.resourceId}"`,
      'acs.connection_string': '"file:acs-connection"',
      'acs.callback_url': `"${callback}"`,
      'acs.webhook_secret': `"${kWebhookSecret}"`,
      'acs.token_issuer': `"${acs.origin}"`,
      'acs.token_metadata': `"${acs.origin}/calling/.well-known/acsopenidconfiguration"`,
      ...(tls ? { 'acs.cloud_ca': `"${certificate.certFile}"` } : {}),
      ...set,
    },
  }));
  await acs.trust(path.join(daemon.conf, 'state/certificate.pem'));
  await acs.subscribe(`${callback}/acs/events/${kWebhookSecret}`, schema);
  await until('every phone has an identity', async () => (await daemon.phones()).every((phone) => phone.identity), 10_000 * kSlow);
  const identity = async (username) => (await daemon.phones()).find((phone) => phone.username === username).identity;
  return { acs, daemon, alice, bob, users: { alice, bob, ...identities }, callback, identity };
}

/** Another key of the resource from now on. */
export async function exchangeKey({ acs, daemon }, key) {
  await writeFile(path.join(daemon.conf, 'acs-connection'), acs.connectionString(key));
  const { code, stdout } = await daemon.command('reload');
  if (code !== 0) throw new Error(`reload: ${stdout}`);
}
