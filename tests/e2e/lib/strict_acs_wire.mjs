// What the strict mock of ACS checks on the wire, and how it signs: the rules of its reference, nothing of the gateway's.
import { createHash, createHmac, createSign, generateKeyPairSync, randomUUID, timingSafeEqual } from 'node:crypto';

const base64url = (data) => Buffer.from(data).toString('base64url');
const kSkew = 5 * 60_000;
const kDate = /^(Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d{2} (Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) \d{4} \d{2}:\d{2}:\d{2} GMT$/;

/** A refusal in the service's shape. */
export class Refusal extends Error {
  constructor(status, code, message, pascal = false) {
    super(message);
    this.status = status;
    this.body = pascal ? { Error: { Code: code, Message: message } } : { error: { code, message } };
  }
}

/** The HMAC-SHA256 scheme: throws unless the request is signed by one of `keys` (base64). */
export function verifySignature({ method, url, headers, body }, keys, now = Date.now()) {
  const call = url.startsWith('/calling');
  const denied = (why) => {
    const refusal = call
      ? new Refusal(401, '7509', 'HMAC-SHA256 validation failed', true)
      : new Refusal(401, 'Denied', 'Denied by the resource provider.');
    refusal.why = why;
    return refusal;
  };
  const date = headers['x-ms-date'];
  if (!date || !kDate.test(date)) throw denied('no x-ms-date, or no IMF-fixdate');
  if (Math.abs(Date.parse(date) - now) > kSkew) {
    throw new Refusal(401, 'Denied', 'The time difference between the originating client and the server is greater than the allowed margin of 5 minutes.');
  }
  const content = createHash('sha256').update(body).digest('base64');
  if (headers['x-ms-content-sha256'] !== content) throw denied('x-ms-content-sha256 is not of the body');
  const match = /^HMAC-SHA256 SignedHeaders=x-ms-date;host;x-ms-content-sha256&Signature=(.+)$/.exec(headers.authorization ?? '');
  if (!match) throw denied('Authorization has another form');
  const text = `${method}\n${url}\n${date};${headers.host};${content}`;
  const given = Buffer.from(match[1], 'base64');
  const good = keys.some((key) => {
    const wanted = createHmac('sha256', Buffer.from(key, 'base64')).update(text, 'utf8').digest();
    return wanted.length === given.length && timingSafeEqual(wanted, given);
  });
  if (!good) throw denied('the signature is of no active key');
}

/** The keys that callbacks and WebSocket upgrades are signed with: RS256, published as a JWK set. */
export class Issuer {
  constructor(issuer, audience) {
    this.issuer = issuer;
    this.audience = audience;
    this.rotate();
  }

  rotate() {
    const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    this.key = privateKey;
    this.kid = randomUUID();
    this.jwk = { ...publicKey.export({ format: 'jwk' }), use: 'sig', alg: 'RS256', kid: this.kid };
    this.published = [...(this.published ?? []).slice(-1), this.jwk];
  }

  token(seconds, claims = {}) {
    const now = Math.floor(Date.now() / 1000);
    const head = base64url(JSON.stringify({ alg: 'RS256', kid: this.kid, typ: 'JWT' }));
    const body = base64url(JSON.stringify({ iss: this.issuer, aud: this.audience, nbf: now, iat: now, exp: now + seconds, ...claims }));
    const signature = createSign('RSA-SHA256').update(`${head}.${body}`).sign(this.key);
    return `${head}.${body}.${base64url(signature)}`;
  }
}

/** Strict reading of a JSON body: only these keys, all the required ones; each value as its check wants it. */
export function shape(body, fields, where = '') {
  if (body === null || typeof body !== 'object' || Array.isArray(body)) throw new Refusal(400, 'BadRequest', `${where || 'the body'} is no object`);
  for (const key of Object.keys(body)) {
    if (!(key in fields)) throw new Refusal(400, 'BadRequest', `${where}${key} is not known here`);
  }
  for (const [key, { required, check }] of Object.entries(fields)) {
    if (body[key] === undefined) {
      if (required) throw new Refusal(400, 'BadRequest', `${where}${key} is missing`);
      continue;
    }
    check(body[key], `${where}${key}`);
  }
}

export const needed = (check) => ({ required: true, check });
export const optional = (check) => ({ required: false, check });
const bad = (where, what) => new Refusal(400, 'BadRequest', `${where} ${what}`);

export const text = (value, where) => {
  if (typeof value !== 'string' || value === '') throw bad(where, 'is no text');
};
export const flag = (value, where) => {
  if (typeof value !== 'boolean') throw bad(where, 'is neither true nor false');
};
export const word = (...words) => (value, where) => {
  if (!words.includes(value)) throw bad(where, `is not one of ${words.join(', ')}`);
};
export const url = (scheme) => (value, where) => {
  if (typeof value !== 'string' || !value.startsWith(`${scheme}://`)) throw bad(where, `is no ${scheme} URL`);
  new URL(value);
};
export const list = (check, least = 1) => (value, where) => {
  if (!Array.isArray(value) || value.length < least) throw bad(where, 'is no list, or empty');
  value.forEach((one, i) => check(one, `${where}[${i}]`));
};

const kModels = {
  communicationUser: { id: needed(text) },
  phoneNumber: { value: needed(text), isAnonymous: optional(flag), assertedId: optional(text) },
  microsoftTeamsUser: { userId: needed(text), isAnonymous: optional(flag), cloud: optional(text) },
  microsoftTeamsApp: { appId: needed(text), cloud: optional(text) },
  teamsExtensionUser: { userId: needed(text), tenantId: needed(text), resourceId: needed(text), cloud: optional(text) },
};

/** A party in a request: `kind` and `rawId` may be left out, exactly one model must be there and agree with them. */
export const identifier = (value, where) => {
  const models = Object.keys(kModels).filter((kind) => value?.[kind] !== undefined);
  if (models.length !== 1) throw bad(where, 'has not exactly one model');
  const [kind] = models;
  shape(value, { kind: optional(word(kind)), rawId: optional(text), [kind]: needed((v, w) => shape(v, kModels[kind], `${w}.`)) }, `${where}.`);
  if (value.rawId !== undefined && value.rawId !== rawIdOf({ [kind]: value[kind] })) throw bad(`${where}.rawId`, 'is another party than its model');
};
export const userModel = (value, where) => shape(value, kModels.communicationUser, `${where}.`);
export const numberModel = (value, where) => shape(value, kModels.phoneNumber, `${where}.`);

export function rawIdOf(value) {
  if (value.rawId) return value.rawId;
  if (value.communicationUser) return value.communicationUser.id;
  if (value.phoneNumber) return `4:${value.phoneNumber.value}`;
  if (value.microsoftTeamsUser) return `8:orgid:${value.microsoftTeamsUser.userId}`;
  return undefined;
}

/** The service's own way to write a party. */
export function partyOf(rawId) {
  return rawId.startsWith('4:')
    ? { kind: 'phoneNumber', rawId, phoneNumber: { value: rawId.slice(2), isAnonymous: false } }
    : { kind: 'communicationUser', rawId, communicationUser: { id: rawId } };
}

export const mediaStreamingOptions = (value, where) => shape(value, {
  transportType: needed(word('websocket')), transportUrl: needed(url('wss')), contentType: needed(word('audio')),
  audioChannelType: needed(word('mixed', 'unmixed')), startMediaStreaming: optional(flag), enableBidirectional: optional(flag),
  audioFormat: optional(word('pcm16KMono', 'pcm24KMono')), enableDtmfTones: optional(flag),
}, `${where}.`);
