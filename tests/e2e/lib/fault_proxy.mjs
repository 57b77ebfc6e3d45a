// HTTPS that goes wrong when a test says so: stands before a gateway, passes everything on as it came, and answers,
// swallows, delays or doubles what it was told to.
import https from 'node:https';
import tls from 'node:tls';
import { pause } from './wait.mjs';

const matches = (pattern, line, body) => (typeof pattern === 'function' ? pattern(line, body) : pattern.test(line));

export class FaultProxy {
  /** certificate = {cert, key} (PEM) that it shows and by which it knows `port` behind it. */
  static async start(port, certificate) {
    const proxy = new FaultProxy();
    Object.assign(proxy, { upstream: port, certificate });
    proxy.agent = new https.Agent({ keepAlive: true, ca: certificate.cert });
    proxy.server = https.createServer({ cert: certificate.cert, key: certificate.key }, (request, response) => {
      proxy.#serve(request, response).catch(() => response.destroy());
    });
    proxy.server.on('upgrade', (request, socket, head) => proxy.#tunnel(request, socket, head));
    await new Promise((resolve) => proxy.server.listen(0, '127.0.0.1', resolve));
    proxy.url = `https://127.0.0.1:${proxy.server.address().port}`;
    return proxy;
  }

  failures = [];       // [{pattern, what}], each once.
  delay = 0;           // Of each request, ms.
  copies = 1;          // Of each request that has no fault.
  requests = [];       // {line, status}
  sockets = new Set();  // Pairs of WebSockets.

  /**
   * The next requests whose "METHOD /path" matches (or of whose line and body a function says so) are not served: by a status ({status, headers} too), by "nothing"
   * (no answer at all) or by "lost" (served, and the answer swallowed).
   */
  fail(pattern, ...whats) {
    for (const what of whats) this.failures.push({ pattern, what });
  }

  seen(pattern) {
    return this.requests.filter(({ line, body }) => matches(pattern, line, body));
  }

  async #serve(request, response) {
    const parts = [];
    for await (const part of request) parts.push(part);
    const body = Buffer.concat(parts);
    const record = { line: `${request.method} ${request.url}`, body: body.toString('utf8') };
    this.requests.push(record);
    const at = this.failures.findIndex(({ pattern }) => matches(pattern, record.line, record.body));
    const fault = at < 0 ? undefined : this.failures.splice(at, 1)[0].what;
    record.status = fault;
    if (fault === 'nothing') return;
    if (fault && fault !== 'lost') {
      const { status, headers = {} } = typeof fault === 'number' ? { status: fault } : fault;
      response.writeHead(status, { 'content-type': 'application/json', ...headers });
      response.end(JSON.stringify({ error: { code: 'Fault', message: 'as the test wants it' } }));
      return;
    }
    if (this.delay) await pause(this.delay);
    let answer;
    for (let copy = 0; copy < this.copies; copy++) answer = await this.#pass(request, body);
    if (fault === 'lost') return;
    record.status = answer.status;
    response.writeHead(answer.status, answer.headers);
    response.end(answer.body);
  }

  // As it came, its Host included: that is signed.
  #pass({ method, url, headers }, body) {
    return new Promise((resolve, reject) => {
      const request = https.request({ host: '127.0.0.1', port: this.upstream, method, path: url, headers, agent: this.agent }, async (response) => {
        const parts = [];
        response.on('data', (part) => parts.push(part));
        response.on('end', () => resolve({ status: response.statusCode, headers: response.headers, body: Buffer.concat(parts) }));
        response.on('error', reject);
      });
      request.on('error', reject);
      request.end(body);
    });
  }

  #tunnel(request, near, head) {
    const far = tls.connect({ host: '127.0.0.1', port: this.upstream, ca: this.certificate.cert }, () => {
      const lines = [`${request.method} ${request.url} HTTP/1.1`];
      for (let i = 0; i < request.rawHeaders.length; i += 2) lines.push(`${request.rawHeaders[i]}: ${request.rawHeaders[i + 1]}`);
      far.write(`${lines.join('\r\n')}\r\n\r\n`);
      far.write(head);
      near.pipe(far);
      far.pipe(near);
    });
    const pair = [near, far];
    this.sockets.add(pair);
    for (const socket of pair) {
      socket.on('error', () => {});
      socket.on('close', () => {
        this.sockets.delete(pair);
        for (const other of pair) other.destroy();
      });
    }
  }

  /** Every WebSocket that goes through here breaks, without a word of WebSocket. */
  cut() {
    for (const pair of this.sockets) for (const socket of pair) socket.destroy();
  }

  calm() {
    Object.assign(this, { failures: [], delay: 0, copies: 1 });
    this.requests.length = 0;
  }

  async close() {
    this.cut();
    this.agent.destroy();
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }
}
