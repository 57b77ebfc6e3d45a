import { createHash, createHmac } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import https from 'node:https';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { Daemon, kSlow } from '../../lib/daemon.mjs';
import { ClientFrame, EdgeDevice } from '../../lib/edge.mjs';
import { run } from '../../lib/process.mjs';
import { within } from '../../lib/wait.mjs';

const kScripts = path.join(path.dirname(fileURLToPath(import.meta.url)), '../sdk');

/** The gateway with what an app's back end gets from its operator: a connection string and a certificate to trust. */
export class Gateway {
  static async start(options = {}) {
    const gateway = new Gateway();
    gateway.daemon = await Daemon.start(options);
    const state = path.join(gateway.daemon.conf, 'state');
    gateway.certificate = path.join(state, 'certificate.pem');
    gateway.ca = await readFile(gateway.certificate);
    // With access_keys in the configuration there is none.
    gateway.key = (await readFile(path.join(state, 'access-key'), 'utf8').catch(() => '')).trim();
    gateway.endpoint = gateway.daemon.edge;
    return gateway;
  }

  get connectionString() {
    return `endpoint=${this.endpoint}/;accesskey=${this.key}`;
  }

  /**
   * Runs sdk/NAME.mjs as an app's back end runs: an own process that knows the connection string and trusts the
   * certificate through NODE_EXTRA_CA_CERTS. Its last line is JSON.
   */
  async sdk(name, environment = {}) {
    const { code, stdout, stderr } = await run(process.execPath, [path.join(kScripts, `${name}.mjs`)], {
      env: {
        ...process.env, COMMUNICATION_CONNECTION_STRING: this.connectionString, NODE_EXTRA_CA_CERTS: this.certificate,
        NODE_TEST_CONTEXT: '', ...environment,
      },
    });
    if (code !== 0) throw new Error(`${name} ended with ${code}\n${stdout}\n${stderr}\n${this.daemon.program.tail()}`);
    return JSON.parse(stdout.trim().split('\n').pop());
  }

  /** The headers of Azure's HMAC scheme for a request, as its documentation has them. */
  sign(method, target, body = '', { key = this.key, date = new Date(), host = new URL(this.endpoint).host } = {}) {
    const when = date.toUTCString();
    const hash = createHash('sha256').update(body).digest('base64');
    const signature = createHmac('sha256', Buffer.from(key, 'base64'))
      .update(`${method}\n${target}\n${when};${host};${hash}`).digest('base64');
    return {
      host, 'x-ms-date': when, 'x-ms-content-sha256': hash,
      authorization: `HMAC-SHA256 SignedHeaders=x-ms-date;host;x-ms-content-sha256&Signature=${signature}`,
    };
  }

  /** One request as it stands, from an address of the loopback: {status, headers, body, json}. */
  request(method, target, { headers = {}, body, from } = {}) {
    return new Promise((resolve, reject) => {
      const { hostname, port } = new URL(this.endpoint);
      const request = https.request({ hostname, port, method, path: target, headers, ca: this.ca, agent: false, localAddress: from }, (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (part) => (text += part));
        response.on('end', () => {
          let json;
          try { json = JSON.parse(text); } catch { /* Not every answer is JSON. */ }
          resolve({ status: response.statusCode, headers: response.headers, body: text, json });
        });
        response.on('error', reject);
      });
      request.on('error', reject);
      request.end(body);
    });
  }

  /** A signed request. */
  ask(method, target, { body, headers = {}, from, ...options } = {}) {
    const type = body === undefined ? {} : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) };
    return this.request(method, target, { headers: { ...type, ...this.sign(method, target, body, options), ...headers }, body, from });
  }

  /** The code with which the edge closes on whoever registers with this token. */
  async edgeRefuses(token) {
    const device = await EdgeDevice.connect(this.daemon);
    device.raw(ClientFrame.encode({ requestId: 1, register: { token, instanceId: 'x' } }).finish());
    return (await within('the edge closes', device.closed, 5_000 * kSlow)).code;
  }

  close() {
    return this.daemon.close();
  }
}
