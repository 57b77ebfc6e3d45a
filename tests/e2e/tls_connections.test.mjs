// 10,000 TLS connections come and go: the memory and the descriptors of the gateway stay what they were.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import tls from 'node:tls';
import { after, before, describe, test } from 'node:test';
import { Cast } from './lib/cast.mjs';
import { Daemon, kSlow } from './lib/daemon.mjs';
import { until } from './lib/wait.mjs';

const kTotal = Number(process.env.E2E_CONNECTIONS ?? 10_000);
const kWarm = Math.floor(kTotal / 5);
const kAtOnce = 40;
const kSources = 40;  // One source may begin 50 handshakes a second.

describe('TLS connections', () => {
  const cast = new Cast();
  let daemon;

  before(async () => {
    daemon = await cast.add(Daemon.start({ set: { 'limits.requests_per_second': '0' } }));
  });
  after(() => cast.close());

  /** A connection that asks one OPTIONS, is answered, and ends. */
  async function visit(n) {
    const port = Number(daemon.sip.tls.split(':')[1]);
    const socket = tls.connect({ port, host: '127.0.0.1', localAddress: `127.0.0.${2 + (n % kSources)}`, rejectUnauthorized: false });
    socket.on('error', () => {});
    await once(socket, 'secureConnect');
    socket.write([`OPTIONS sip:127.0.0.1:${port};transport=tls SIP/2.0`, `Via: SIP/2.0/TLS 127.0.0.1:9;branch=z9hG4bK${n};rport`, 'Max-Forwards: 70',
      `From: <sip:visitor@127.0.0.1>;tag=${n}`, 'To: <sip:127.0.0.1>', `Call-ID: visit${n}`, 'CSeq: 1 OPTIONS', 'Content-Length: 0', '', ''].join('\r\n'));
    const [data] = await once(socket, 'data');
    assert.match(data.toString(), /^SIP\/2\.0 200 /);
    socket.end();
    await once(socket, 'close');
  }

  async function visits(from, to) {
    let next = from;
    await Promise.all(Array.from({ length: kAtOnce }, async () => {
      while (next < to) await visit(next++);
    }));
    await until('their connections are gone', async () => (await daemon.resources()).sockets < 60, 30_000 * kSlow);
    return daemon.resources();
  }

  test('leave_nothing_behind', async () => {
    const warm = await visits(0, kWarm);
    const end = await visits(kWarm, kTotal);
    assert.ok(end.descriptors <= warm.descriptors + 2, JSON.stringify({ warm, end }));
    assert.ok(end.rss < warm.rss * 1.05 + 2_048, JSON.stringify({ warm, end }));
  });
});
