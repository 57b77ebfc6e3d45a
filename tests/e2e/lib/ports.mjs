import dgram from 'node:dgram';
import net from 'node:net';

// Ports below the ephemeral range, so that nobody's outgoing connection takes one between our look and its use.
const kFirst = 20_000;
const kLast = 32_000;
const given = new Set();

const free = (make) =>
  new Promise((resolve) => {
    const socket = make();
    socket.once('error', () => resolve(false));
    const done = () => socket.close(() => resolve(true));
    if (socket instanceof net.Server) socket.listen(socket.wanted, '127.0.0.1', done);
    else socket.bind(socket.wanted, '127.0.0.1', done);
  });

async function isFree(port) {
  const tcp = await free(() => Object.assign(net.createServer(), { wanted: port }));
  return tcp && (await free(() => Object.assign(dgram.createSocket('udp4'), { wanted: port })));
}

/** `count` neighbouring ports that are free on loopback for UDP and TCP; the first of them, never given twice. */
export async function freePorts(count = 1) {
  for (let attempt = 0; attempt < 200; attempt++) {
    const first = kFirst + 2 * Math.floor((Math.random() * (kLast - kFirst)) / 2);
    const wanted = Array.from({ length: count }, (_, i) => first + i);
    if (wanted.some((port) => given.has(port))) continue;
    let good = true;
    for (const port of wanted) good = good && (await isFree(port));
    if (!good) continue;
    for (const port of wanted) given.add(port);
    return first;
  }
  throw new Error(`no ${count} free ports`);
}
