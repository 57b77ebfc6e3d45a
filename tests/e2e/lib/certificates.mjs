// A certificate authority of the tests, and what it issues: RSA keys, as carriers want them.
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { run } from './process.mjs';

async function openssl(...args) {
  const made = await run('openssl', args);
  if (made.code !== 0) throw new Error(`openssl ${args[0]}: ${made.stderr}`);
}

/** One certificate of 127.0.0.1, for everybody there who trusts it by name: {certFile, keyFile, cert, key}. */
export async function certificateOfLoopback(dir) {
  const certFile = path.join(dir, 'certificate.pem'), keyFile = path.join(dir, 'key.pem');
  await openssl('req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '30', '-subj', '/CN=loopback',
    '-addext', 'subjectAltName=IP:127.0.0.1', '-keyout', keyFile, '-out', certFile);
  return { certFile, keyFile, cert: await readFile(certFile), key: await readFile(keyFile) };
}

export class Authority {
  static async start() {
    const authority = new Authority();
    authority.dir = await mkdtemp(path.join(os.tmpdir(), 'e2e-ca-'));
    authority.file = path.join(authority.dir, 'ca.pem');
    await openssl('req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-subj', '/CN=Test CA', '-keyout', path.join(authority.dir, 'ca.key'),
      '-out', authority.file, '-addext', 'basicConstraints=critical,CA:TRUE');
    return authority;
  }

  /** A certificate for `names`: {certificate, key, text: {certificate, key, ca}}; its file holds the CA's as well, as a chain. */
  async issue(names, { days = 1, label = names[0], key = 'rsa:2048' } = {}) {
    const file = (end) => path.join(this.dir, `${label}.${end}`);
    await writeFile(file('ext'), `subjectAltName=${names.map((name) => `DNS:${name}`).join(',')}\nextendedKeyUsage=serverAuth,clientAuth\n`);
    await openssl('req', '-newkey', key, '-nodes', '-subj', `/CN=${names[0]}`, '-keyout', file('key'), '-out', file('csr'));
    await openssl('x509', '-req', '-in', file('csr'), '-CA', this.file, '-CAkey', path.join(this.dir, 'ca.key'), '-CAcreateserial',
      '-days', String(days), '-extfile', file('ext'), '-out', file('leaf'));
    const ca = await readFile(this.file, 'utf8');
    const certificate = (await readFile(file('leaf'), 'utf8')) + ca;
    await writeFile(file('pem'), certificate);
    return { certificate: file('pem'), key: file('key'), text: { certificate, key: await readFile(file('key'), 'utf8'), ca } };
  }

  close() {
    return rm(this.dir, { recursive: true, force: true });
  }
}
