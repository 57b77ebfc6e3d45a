// A back end for an app whose users sign in by e-mail.
//
//   POST /login {"email"}   -> {acsId, displayName, session}          who signs in gets an identity on first use
//   GET  /token             -> {token, expiresOn}                     for AzureCommunicationTokenCredential's tokenRefresher
//   GET  /phone             -> {extension, numbers, callerIds}        what the user is reached at, and may call from
//
// The latter two want "Authorization: Bearer SESSION". Here whoever knows an e-mail address is let in: put your own
// sign-in in place of `signIn`.
//
// `identities` is a CommunicationIdentityClient of @azure/communication-identity and `phoneNumbers` a PhoneNumbersClient of
// @azure/communication-phone-numbers; who has an e-mail address is the one thing that Azure has no API for, and the
// gateway's own `POST /users:identify` answers it.
import { randomBytes } from 'node:crypto';
import http from 'node:http';
import https from 'node:https';

const kMaxBody = 4096;
const kSessionLifetime = 12 * 3600_000;
const kMaxSessions = 10_000;

class HttpError extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

/** Asks the gateway who has this e-mail address. */
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

/** The back end as an http.Server; `gateway` is the endpoint of the clients' connection string. */
export function createBackEnd({ identities, phoneNumbers, gateway, apiKey }) {
  const sessions = new Map();  // Session -> {acsId, user, ends}, the oldest first.

  function signedIn(request) {
    const key = /^Bearer (\S+)$/.exec(request.headers.authorization ?? '')?.[1];
    const session = sessions.get(key);
    if (!session || session.ends < Date.now()) throw new HttpError(401, 'Sign in first.');
    return session;
  }

  // Your own sign-in belongs here: a password, OpenID Connect, a link by mail.
  async function signIn({ email }) {
    if (typeof email !== 'string' || !email.includes('@')) throw new HttpError(400, 'An e-mail address is wanted.');
    const { acsId, user } = await identify(gateway, apiKey, email);
    const session = randomBytes(24).toString('base64url');
    sessions.set(session, { acsId, user, ends: Date.now() + kSessionLifetime });
    if (sessions.size > kMaxSessions) sessions.delete(sessions.keys().next().value);
    return { acsId, displayName: user.displayName, session };
  }

  async function tokenOf({ acsId }) {
    const { token, expiresOn } = await identities.getToken({ communicationUserId: acsId }, ['voip']);
    return { token, expiresOn };
  }

  // Of what the directory gives the user, what the resource has.
  async function phoneOf({ user }) {
    const owned = new Set();
    for await (const { phoneNumber } of phoneNumbers.listPurchasedPhoneNumbers()) owned.add(phoneNumber);
    const ours = (numbers) => numbers.filter((number) => owned.has(number));
    return { extension: user.extension, numbers: ours(user.numbers), callerIds: ours(user.alternateCallerIds) };
  }

  const routes = {
    'POST /login': async (request) => signIn((await readJson(request)) ?? {}),
    'GET /token': (request) => tokenOf(signedIn(request)),
    'GET /phone': (request) => phoneOf(signedIn(request)),
  };

  return http.createServer(async (request, response) => {
    let status = 200;
    let answer;
    try {
      const route = routes[`${request.method} ${request.url.split('?')[0]}`];
      if (!route) throw new HttpError(404, 'There is nothing at this path.');
      answer = await route(request);
    } catch (error) {
      // What the SDKs throw has a statusCode, or is a connection that failed; a user may be gone since the sign-in.
      status = error.status ?? (error.statusCode === 404 ? 401 : 502);
      answer = { error: { message: error.status ? error.message : 'The gateway does not serve this now.' } };
    }
    response.writeHead(status, { 'content-type': 'application/json', 'cache-control': 'no-store' });
    response.end(JSON.stringify(answer));
  });
}
