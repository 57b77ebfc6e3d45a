// Two gateways: `cloud` serves ACS, `operator` has it as its resource (provider "cloud"). Between them two proxies that can
// fail: `rest` before the cloud's REST, `callbacks` before what the operator serves to it.
import { randomBytes, randomUUID } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { Daemon, kSlow } from './daemon.mjs';
import { FaultProxy } from './fault_proxy.mjs';
import { freePorts } from './ports.mjs';
import { run } from './process.mjs';
import { until } from './wait.mjs';

const kWebhookSecret = 'an-event-grid-secret-of-the-tests';
const kOut = '+44*';  // What leaves by the resource, and there by its carrier.

// One certificate for everybody on 127.0.0.1, which each of them trusts by name.
async function makeCertificate(dir) {
  const cert = path.join(dir, 'certificate.pem'), key = path.join(dir, 'key.pem');
  const { code, stderr } = await run('openssl', [
    'req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '30', '-subj', '/CN=two gateways',
    '-addext', 'subjectAltName=IP:127.0.0.1', '-keyout', key, '-out', cert,
  ]);
  if (code !== 0) throw new Error(stderr);
  return { certFile: cert, keyFile: key, cert: await readFile(cert), key: await readFile(key) };
}

export class TwoGateways {
  /** set: more of the operator's configuration; cloud: {set} of the cloud's. */
  static async start(cast, { set = {}, cloud = {} } = {}) {
    const two = new TwoGateways();
    two.dir = await mkdtemp(path.join(os.tmpdir(), 'e2e-two-'));
    await cast.add({ close: () => rm(two.dir, { recursive: true, force: true }) });
    const certificate = await makeCertificate(two.dir);
    two.resourceId = randomUUID();
    two.keys = [randomBytes(64).toString('base64'), randomBytes(64).toString('base64')];
    two.alice = two.#identity();
    two.bob = two.#identity();
    two.carol = two.#identity();
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
    return text.replace('name = "alice"\n', `$&id = "${this.alice}"\n`).replace('name = "bob"\n', `$&id = "${this.bob}"\n`) +
      `\n[[user]]\nname = "carol"\nid = "${this.carol}"\nextension = "203"\n`;
  }

  connectionString(key) {
    return `endpoint=${this.rest.url}/;accesskey=${key}`;
  }

  /** The operator's webhook hears of every call to an identity of the resource, as by a subscription of Event Grid. */
  async subscribe() {
    await writeFile(path.join(this.cloud.conf, 'apps.toml'),
      `[[app]]\nname = "operator"\nwebhook = "${this.callbacks.url}/acs/events/${kWebhookSecret}"\ncalls_to = ["8:acs:*"]\n`);
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
