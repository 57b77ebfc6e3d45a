// A crowd of phones that open a TLS connection each, all at once, and ask OPTIONS over it; a process of its own:
// node tls_crowd.mjs HOST:PORT COUNT SOURCES. Its last line is JSON: how many were answered, and how long the last waited.
import tls from 'node:tls';

const [target, count, sources] = process.argv.slice(2);
const [host, port] = target.split(':');
const began = performance.now();
const sockets = [];
const outcome = { answered: 0, failed: 0, slowest_ms: 0, errors: {} };

function visit(n) {
  return new Promise((resolve) => {
    const socket = tls.connect({ host, port: Number(port), localAddress: `127.0.1.${1 + (n % Number(sources))}`, rejectUnauthorized: false });
    sockets.push(socket);
    const done = (error) => {
      if (error) outcome.errors[error] = (outcome.errors[error] ?? 0) + 1;
      outcome[error ? 'failed' : 'answered']++;
      outcome.slowest_ms = Math.max(outcome.slowest_ms, Math.round(performance.now() - began));
      socket.removeAllListeners('close');
      resolve();
    };
    socket.once('secureConnect', () => socket.write([`OPTIONS sip:${target};transport=tls SIP/2.0`,
      `Via: SIP/2.0/TLS 127.0.0.1:9;branch=z9hG4bKcrowd${n};rport`, 'Max-Forwards: 70', `From: <sip:crowd@127.0.0.1>;tag=${n}`, 'To: <sip:127.0.0.1>',
      `Call-ID: crowd${n}`, 'CSeq: 1 OPTIONS', 'Content-Length: 0', '', ''].join('\r\n')));
    socket.once('data', (data) => done(data.toString().startsWith('SIP/2.0 200 ') ? undefined : data.toString().split('\r\n')[0]));
    let error = 'closed';
    socket.on('error', (why) => (error = why.code ?? why.message));
    socket.once('close', () => done(error));
  });
}

await Promise.all(Array.from({ length: Number(count) }, (_, n) => visit(n)));
for (const socket of sockets) socket.destroy();
console.log(JSON.stringify(outcome));
