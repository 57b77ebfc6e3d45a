import { createHash, randomBytes } from 'node:crypto';

const md5 = (text) => createHash('md5').update(text).digest('hex');

/** The answer to a WWW-Authenticate or Proxy-Authenticate challenge (RFC 7616, MD5, qop auth): the header's value. */
export function credentials(challenge, { user, password, method, uri, cnonce = randomBytes(8).toString('hex') }) {
  const given = Object.fromEntries([...challenge.matchAll(/(\w+)=(?:"([^"]*)"|([^\s,]+))/g)].map((m) => [m[1], m[2] ?? m[3]]));
  const nc = '00000001';
  const a1 = md5(`${user}:${given.realm}:${password}`);
  const a2 = md5(`${method}:${uri}`);
  const qop = given.qop ? 'auth' : undefined;
  const response = md5(qop ? `${a1}:${given.nonce}:${nc}:${cnonce}:${qop}:${a2}` : `${a1}:${given.nonce}:${a2}`);
  return `Digest username="${user}", realm="${given.realm}", nonce="${given.nonce}", uri="${uri}", response="${response}", ` +
    `algorithm=MD5${qop ? `, qop=${qop}, cnonce="${cnonce}", nc=${nc}` : ''}${given.opaque ? `, opaque="${given.opaque}"` : ''}`;
}
