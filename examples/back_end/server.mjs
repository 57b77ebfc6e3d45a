// A back end for an app whose users sign in by e-mail, in one file and without packages (Node 18 or newer).
//
//   POST /login {"email"}   -> {acsId, displayName, session}     who signs in gets an identity on first use
//   GET  /token             -> {token, expiresOn}                for AzureCommunicationTokenCredential's tokenRefresher
//   GET  /phone             -> {numbers, callerIds}              what the user may call from
//
// The latter two want "Authorization: Bearer SESSION". Here whoever knows an e-mail address is let in: put your own
// sign-in in place of `signIn`.
//
//   GATEWAY=https://gateway.example.com:8443 API_KEY=... PORT=3000 node server.mjs
//   NODE_EXTRA_CA_CERTS=certificate.pem trusts the gateway's first-start certificate.
import { randomBytes } from 'node:crypto';
import http from 'node:http';
import https from 'node:https';
import { pathToFileURL } from 'node:url';

const kMaxBody = 4096;
const kSessionLifetime = 12 * 3600_000;
const kMaxSessions = 10_000;

class HttpError extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

/** Asks the gateway who has this e-mail address; the answer has a fresh token. */
function identify(gateway, apiKey, email) {
  const body = JSON.stringify({ email });
  const url = new URL('/users:identify', gateway);
  const client = url.protocol === 'https:' ? https : http;
  return new Promise((resolve, reject) => {
    const request = client.request(url, {
      method: 'POST', timeout: 5_000,
      headers: { 'api-key': apiKey, 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) },
    }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (part) => (text += part)).on('error', reject);
      response.on('end', () => {
        if (response.statusCode === 200) return resolve(JSON.parse(text));
        if (response.statusCode === 404) return reject(new HttpError(401, 'There is no such user.'));
        reject(new HttpError(502, `The gateway answered ${response.statusCode}.`));
      });
    });
    request.on('timeout', () => request.destroy(new Error('the gateway does not answer')));
    request.on('error', (error) => reject(new HttpError(502, error.message)));
    request.end(body);
  });
}

async function readJson(request) {
  let text = '';
  for await (const part of request.setEncoding('utf8')) {
    text += part;
    if (text.length > kMaxBody) throw new HttpError(413, 'The body is too large.');
  }
  try {
    return JSON.parse(text);
  } catch {
    throw new HttpError(400, 'The body is no JSON.');
  }
}

/** The back end as an http.Server; `options` are {gateway, apiKey}. */
export function createBackEnd({ gateway, apiKey }) {
  const sessions = new Map();  // Session -> {email, ends}, the oldest first.

  function signedIn(request) {
    const key = /^Bearer (\S+)$/.exec(request.headers.authorization ?? '')?.[1];
    const session = sessions.get(key);
    if (!session || session.ends < Date.now()) throw new HttpError(401, 'Sign in first.');
    return session;
  }

  // Your own sign-in belongs here: a password, OpenID Connect, a link by mail.
  async function signIn({ email }) {
    if (typeof email !== 'string' || !email.includes('@')) throw new HttpError(400, 'An e-mail address is wanted.');
    const known = await identify(gateway, apiKey, email);
    const session = randomBytes(24).toString('base64url');
    sessions.set(session, { email, ends: Date.now() + kSessionLifetime });
    if (sessions.size > kMaxSessions) sessions.delete(sessions.keys().next().value);
    return { acsId: known.acsId, displayName: known.user.displayName, session };
  }

  const routes = {
    'POST /login': async (request) => signIn(await readJson(request)),
    'GET /token': async (request) => {
      const { token, expiresOn } = await identify(gateway, apiKey, signedIn(request).email);
      return { token, expiresOn };
    },
    'GET /phone': async (request) => {
      const { user } = await identify(gateway, apiKey, signedIn(request).email);
      return { extension: user.extension, numbers: user.numbers, callerIds: user.alternateCallerIds };
    },
  };

  return http.createServer(async (request, response) => {
    let status = 200;
    let answer;
    try {
      const route = routes[`${request.method} ${request.url.split('?')[0]}`];
      if (!route) throw new HttpError(404, 'There is nothing at this path.');
      answer = await route(request);
    } catch (error) {
      status = error.status ?? 500;
      answer = { error: { message: error.status ? error.message : 'Failed.' } };
    }
    response.writeHead(status, { 'content-type': 'application/json', 'cache-control': 'no-store' });
    response.end(JSON.stringify(answer));
  });
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  const { GATEWAY, API_KEY, PORT = '3000' } = process.env;
  if (!GATEWAY || !API_KEY) {
    console.error('GATEWAY and API_KEY are wanted');
    process.exit(2);
  }
  const server = createBackEnd({ gateway: GATEWAY, apiKey: API_KEY });
  server.listen(Number(PORT), '127.0.0.1', () => console.log(`listening on http://127.0.0.1:${server.address().port}`));
}
