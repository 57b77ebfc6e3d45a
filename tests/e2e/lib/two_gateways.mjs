// Two gateways: `cloud` serves ACS, `operator` has it as its resource (provider "cloud"). Between them two proxies that can
// fail: `rest` before the cloud's REST, `callbacks` before what the operator serves to it.
import { randomBytes, randomUUID } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { certificateOfLoopback } from './certificates.mjs';
import { Daemon, kSlow } from './daemon.mjs';
import { FaultProxy } from './fault_proxy.mjs';
import { freePorts } from './ports.mjs';
import { until } from './wait.mjs';

const kWebhookSecret = 'an-event-grid-secret-of-the-tests';
const kOut = '+44*';  // What leaves by the resource, and there by its carrier.

export class TwoGateways {
  /**
   * set: more of the operator's configuration; cloud: {set} of the cloud's; phones: more desk phones ("103"); users: more
   * users of both sides, {name: extension}; rings: how long a call to a phone may ring at the cloud.
   */
  static async start(cast, { set = {}, cloud = {}, phones = [], users = {}, rings = '30s' } = {}) {
    const two = new TwoGateways();
    two.rings = rings;
    two.users = { carol: '203', ...users };
    two.identities = Object.fromEntries(['alice', 'bob', ...Object.keys(two.users)].map((name) => [name, '']));
    two.dir = await mkdtemp(path.join(os.tmpdir(), 'e2e-two-'));
    await cast.add({ close: () => rm(two.dir, { recursive: true, force: true }) });
    const certificate = await certificateOfLoopback(two.dir);  // For everybody, who trusts it by name.
    two.resourceId = randomUUID();
    two.keys = [randomBytes(64).toString('base64'), randomBytes(64).toString('base64')];
    for (const name of Object.keys(two.identities)) two.identities[name] = two.#identity();
    const desks = phones.map((name) => `\n[[phone]]\nusername = "${name}"\npassword = "demo-${name}"\nextension = "${name}"\ndigest = ["MD5"]\n`).join('');
    const cloudPort = await freePorts(), operatorPort = await freePorts();
    two.rest = await cast.add(FaultProxy.start(cloudPort, certificate));
    two.callbacks = await cast.add(FaultProxy.start(operatorPort, certificate));
    const tls = { 'edge.certificate': `"${certificate.certFile}"`, 'edge.key': `"${certificate.keyFile}"`, 'acs.resource_id': `"${two.resourceId}"` };

    two.cloud = await cast.add(Daemon.start({
      edit: { 'users.toml': (text) => two.#known(text) },
      files: { 'key-0': two.keys[0], 'key-1': two.keys[1] },
      set: {
        'edge.listen': `"127.0.0.1:${cloudPort}"`, ...tls, 'acs.access_keys': '["file:key-0", "file:key-1"]',
        'acs.app_ca': `"${certificate.certFile}"`, ...cloud.set,
      },
    }));
    two.operator = await cast.add(Daemon.start({
      edit: {
        'users.toml': (text) => two.#known(text),
        'phones.toml': (text) => text + desks,
        'routes.toml': (text) => `[[route]]\nname = "resource"\nfrom = ["phones", "trunk:carrier"]\nto = "${kOut}"\ntargets = ["trunk:acs"]\ncaller_id = "owned"\n${text}`,
      },
      files: { 'acs-connection': two.connectionString(two.keys[0]) },
      set: {
        'edge.listen': `"127.0.0.1:${operatorPort}"`, ...tls,
        'acs.provider': '"cloud"',
        'acs.connection_string': '"file:acs-connection"',
        'acs.callback_url': `"${two.callbacks.url}"`,
        'acs.webhook_secret': `"${kWebhookSecret}"`,
        'acs.cloud_ca': `"${certificate.certFile}"`,
        'acs.token_metadata': `"${two.rest.url}/calling/.well-known/acsopenidconfiguration"`,
        ...set,
      },
    }));
    await until('every phone has an identity', async () => (await two.operator.phones()).every((phone) => phone.identity), 20_000 * kSlow);
    await two.subscribe();
    return two;
  }

  #identity() {
    return `8:acs:${this.resourceId}_${randomUUID()}`;
  }

  #known(text) {
    for (const name of ['alice', 'bob']) text = text.replace(`name = "${name}"\n`, `$&id = "${this.identities[name]}"\n`);
    return text + Object.entries(this.users)
      .map(([name, extension]) => `\n[[user]]\nname = "${name}"\nid = "${this.identities[name]}"\nextension = "${extension}"\n`).join('');
  }

  connectionString(key) {
    return `endpoint=${this.rest.url}/;accesskey=${key}`;
  }

  /** The operator's webhook hears of every call to an identity of the resource, as by a subscription of Event Grid. */
  async subscribe() {
    await writeFile(path.join(this.cloud.conf, 'apps.toml'),
      `[[app]]\nname = "operator"\nwebhook = "${this.callbacks.url}/acs/events/${kWebhookSecret}"\ncalls_to = ["8:acs:*"]\nring_timeout = "${this.rings}"\n`);
    await this.#reload(this.cloud);
    await until('the webhook proved itself', () => this.cloud.log(/webhook proved/).length > 0, 10_000 * kSlow);
  }

  async #reload(daemon) {
    const { code, stdout } = await daemon.command('reload');
    if (code !== 0) throw new Error(`reload: ${stdout}`);
  }

  /** The operator takes another key; then the cloud forgets the first. */
  async rotateKey() {
    await writeFile(path.join(this.operator.conf, 'acs-connection'), this.connectionString(this.keys[1]));
    await this.#reload(this.operator);
    const dead = randomBytes(64).toString('base64');
    await writeFile(path.join(this.cloud.conf, 'key-0'), dead);
    await this.#reload(this.cloud);
  }

  async identityOf(username) {
    return (await this.operator.phones()).find((phone) => phone.username === username).identity;
  }

  /** Nothing is left of any call, on either side. */
  async cleared(ms = 10_000) {
    this.rest.calm();
    this.callbacks.calm();
    await Promise.all([this.operator.cleared(ms), this.cloud.cleared(ms)]);
  }
}
