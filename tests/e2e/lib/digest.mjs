import { createHash, randomBytes } from 'node:crypto';

const kHashes = { MD5: 'md5', 'SHA-256': 'sha256' };

const parameters = (header) =>
  Object.fromEntries([...header.matchAll(/(\w+)=(?:"([^"]*)"|([^\s,]+))/g)].map((match) => [match[1], match[2] ?? match[3]]));

/** The answer to a WWW-Authenticate or Proxy-Authenticate challenge (RFC 7616, qop auth): the header's value. */
export function credentials(challenge, { user, password, method, uri, cnonce = randomBytes(8).toString('hex') }) {
  const given = parameters(challenge);
  const nc = '00000001';
  const algorithm = given.algorithm ?? 'MD5';
  const hash = (text) => createHash(kHashes[algorithm]).update(text).digest('hex');
  const a1 = hash(`${user}:${given.realm}:${password}`);
  const a2 = hash(`${method}:${uri}`);
  const qop = given.qop ? 'auth' : undefined;
  const response = hash(qop ? `${a1}:${given.nonce}:${nc}:${cnonce}:${qop}:${a2}` : `${a1}:${given.nonce}:${a2}`);
  return `Digest username="${user}", realm="${given.realm}", nonce="${given.nonce}", uri="${uri}", response="${response}", ` +
    `algorithm=${algorithm}${qop ? `, qop=${qop}, cnonce="${cnonce}", nc=${nc}` : ''}${given.opaque ? `, opaque="${given.opaque}"` : ''}`;
}

/** Whether these credentials were made with `password` for `method` (a server's side of the above). */
export function genuine(value, { password, method }) {
  const given = parameters(value);
  const hash = (text) => createHash(kHashes[given.algorithm ?? 'MD5']).update(text).digest('hex');
  const a1 = hash(`${given.username}:${given.realm}:${password}`);
  const a2 = hash(`${method}:${given.uri}`);
  const middle = given.qop ? `${given.nonce}:${given.nc}:${given.cnonce}:${given.qop}` : given.nonce;
  return given.response === hash(`${a1}:${middle}:${a2}`);
}
