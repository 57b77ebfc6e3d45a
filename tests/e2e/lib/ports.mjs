import dgram from 'node:dgram';
import net from 'node:net';

// Ports below the ephemeral range, so that nobody's outgoing connection takes one between our look and its use. Other test
// files and benchmarks run beside this one, and a port is often closed for a while between two uses: so the range is dealt out
// in slices, and whoever listens for TCP on a slice's last port owns it until it ends (tests/unit/support/port_slice.h
// does the same).
const kFirst = 10_000;
const kEnd = 32_000;
const kSlice = 500;

const slices = [];  // {owner, next, end} of those that are ours; `next` is the first port of it that was never given.

function listening(port) {
  return new Promise((resolve) => {
    const server = net.createServer();
    server.once('error', () => resolve(undefined));
    server.listen({ port, host: '127.0.0.1', exclusive: true }, () => resolve(server));
  });
}

function bound(port) {
  return new Promise((resolve) => {
    const socket = dgram.createSocket('udp4');
    socket.once('error', () => resolve(undefined));
    socket.bind({ port, address: '127.0.0.1', exclusive: true }, () => resolve(socket));
  });
}

const closed = (socket) => new Promise((resolve) => socket.close(resolve));

async function isFree(port) {
  for (const open of [listening, bound]) {
    const socket = await open(port);
    if (!socket) return false;
    await closed(socket);
  }
  return true;
}

async function anotherSlice() {
  const count = (kEnd - kFirst) / kSlice;
  const begin = Math.floor(Math.random() * count);
  for (let i = 0; i < count; i++) {
    const first = kFirst + ((begin + i) % count) * kSlice;
    const owner = await listening(first + kSlice - 1);
    if (!owner) continue;
    owner.unref();
    slices.push({ owner, next: first, end: first + kSlice - 1 });
    return;
  }
  throw new Error(`no ports: all ${count} slices of ${kSlice} are taken`);
}

/** `count` neighbouring ports that are free on loopback for UDP and TCP; the first of them, even, never given twice. */
export async function freePorts(count = 1) {
  if (count >= kSlice) throw new Error(`${count} ports do not fit into a slice of ${kSlice}`);
  for (;;) {
    for (const slice of slices) {
      while (slice.next + count <= slice.end) {
        const first = slice.next;
        slice.next += count + (count % 2);  // Before the first await: others ask meanwhile.
        const wanted = Array.from({ length: count }, (_, i) => first + i);
        let good = true;
        for (const port of wanted) good = good && (await isFree(port));
        if (good) return first;
      }
    }
    await anotherSlice();
  }
}
