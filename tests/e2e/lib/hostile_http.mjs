// What an HTTP server meets on the open Internet, a request at a time: bodies that are announced and too large, requests that
// dribble in, paths that play tricks.
import net from 'node:net';
import tls from 'node:tls';

const kPiece = 65_536;

function connect({ url, ca }) {
  const { hostname: host, port, protocol } = new URL(url);
  return protocol === 'https:'
    ? tls.connect({ host, port, ca, servername: 'localhost', checkServerIdentity: () => undefined })
    : net.connect(Number(port), host);
}

/**
 * Announces a body of `bytes` and begins with it; what the server says before it closes. It is read as it comes: the server
 * need not read the body to its end.
 */
export function announce(server, method, target, bytes) {
  return new Promise((resolve) => {
    let text = '';
    const socket = connect(server);
    socket.on('error', () => resolve(text));
    socket.setEncoding('utf8').on('data', (part) => (text += part));
    socket.on('close', () => resolve(text));
    socket.once(socket.encrypted ? 'secureConnect' : 'connect', () => {
      socket.write(`${method} ${target} HTTP/1.1\r\nHost: x\r\nContent-Length: ${bytes}\r\n\r\n`);
      socket.write(Buffer.alloc(Math.min(bytes, kPiece), 0x20));
    });
  });
}

/** A request that never ends: of a header line every half second, or of its body. Resolves when the server closes. */
export function dribble(server, method, target, { body = false } = {}) {
  return new Promise((resolve) => {
    const socket = connect(server);
    let drip;
    socket.on('error', () => {});
    socket.once('close', () => {
      clearInterval(drip);
      resolve();
    });
    socket.once('connect', () => {
      socket.write(`${method} ${target} HTTP/1.1\r\nHost: x\r\n${body ? 'Content-Length: 1000\r\n\r\n{' : ''}`);
      drip = setInterval(() => socket.write(body ? ' ' : 'x: y\r\n'), 500);
    });
    socket.resume();
  });
}

/** The paths of a target with something in them that a careless server would take for another place. */
export function trickyPaths(target) {
  const [path, query] = target.split('?');
  const last = path.lastIndexOf('/');
  return [
    `${path}/../../admin`, `${path}/%2e%2e/%2e%2e/etc/passwd`, `${path}%2f..%2f..%2fetc`, `${path}%00`, `${path}%zz`, `${path}//`,
    `${path.slice(0, last)}/..${path.slice(last)}`,
  ].map((tricky) => (query ? `${tricky}?${query}` : tricky));
}

/** `work` on every item, at most `width` at a time. */
export async function eachOf(items, work, width = 16) {
  const rest = [...items];
  await Promise.all(Array.from({ length: width }, async () => {
    while (rest.length > 0) await work(...[rest.shift()].flat());
  }));
}
