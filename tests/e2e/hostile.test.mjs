// Bad input on every door: refused, counted, and nothing stops.
import assert from 'node:assert/strict';
import { randomBytes, randomUUID } from 'node:crypto';
import dgram from 'node:dgram';
import net from 'node:net';
import tls from 'node:tls';
import { after, afterEach, before, describe, test } from 'node:test';
import { assertHears } from './lib/assertions.mjs';
import { Baresip } from './lib/baresip.mjs';
import { Browser } from './lib/browser.mjs';
import { Cast, castOf } from './lib/cast.mjs';
import { Daemon, kSlow } from './lib/daemon.mjs';
import { ClientFrame, demoToken, EdgeDevice } from './lib/edge.mjs';
import { SipSocket } from './lib/sip_socket.mjs';
import { pause, until, within } from './lib/wait.mjs';

describe('hostile input', () => {
  const cast = new Cast();
  let daemon;

  before(async () => {
    daemon = await cast.add(Daemon.start({
      set: { 'limits.requests_per_second': '0', 'limits.failed_digests': '10000', 'limits.ban': '"0s"' },
    }));
  });
  after(() => cast.close());
  afterEach(async () => {
    assert.ok(daemon.alive, daemon.program.tail(60));
    await daemon.cleared();
  });

  /** Runs `attack`; each of these metrics must have grown by it. */
  async function counts(names, attack) {
    const before = new Map();
    for (const name of names) before.set(name, await daemon.metric(name));
    await attack();
    for (const name of names) {
      await until(`${name} counts it`, async () => (await daemon.metric(name)) > before.get(name), 3_000 * kSlow);
    }
  }

  async function sipAlive(t) {
    const peer = await castOf(t).add(SipSocket.open());
    assert.equal((await peer.ask(daemon.sip.udp, peer.request('OPTIONS', daemon.sip.udp))).status, 200);
  }

  const malformedSip = (peer, transport = 'udp') => {
    const good = peer.request('INVITE', daemon.sip[transport], { user: '101' }).replace('SIP/2.0/UDP', `SIP/2.0/${transport.toUpperCase()}`);
    const with_ = (pattern, text) => good.replace(pattern, text);
    return [
      '', '\0', '\r\n\r\n', 'INVITE', 'INVITE sip:x SIP/2.0\r\n', 'SIP/2.0 200 OK\r\n\r\n', 'GET / HTTP/1.1\r\nHost: x\r\n\r\n',
      randomBytes(1200), 'A'.repeat(65_000), good.slice(0, 100),
      with_(/^Via: .*\r\n/m, ''), with_(/^From: .*\r\n/m, ''), with_(/^Call-ID: .*\r\n/m, ''), with_(/^CSeq: .*\r\n/m, ''),
      with_(/^CSeq: .*$/m, 'CSeq: 99999999999 INVITE'), with_(/^CSeq: .*$/m, 'CSeq: 1 BYE'), with_(/^Contact: .*$/m, 'Contact: <tel:+1>'),
      with_(/^Contact: .*$/m, 'Contact: *'), with_(/^Contact: .*$/m, 'Contact: <foo:bar>'), with_(/^Max-Forwards: .*$/m, 'Max-Forwards: 0'),
      with_(/^Max-Forwards: .*$/m, 'Max-Forwards: -1'), with_(/^Content-Length: .*$/m, 'Content-Length: 999999'),
      with_(/^Content-Length: .*$/m, 'Content-Length: -1'), with_(/^(Contact: .*)$/m, '$1\r\nRecord-Route: <tel:+1>;lr'),
      with_(/sip:101@/, 'sip:%00%01@'), with_('SIP/2.0', 'SIP/9.0'), with_(/^To: .*$/m, 'To: <<<>>>"'),
      with_(/^From: .*$/m, `From: ${'"'.repeat(2000)}`), with_(/^Via: .*$/m, `Via: ${'SIP/2.0/UDP h;branch=z9hG4bKx, '.repeat(500)}SIP/2.0/UDP h`),
    ];
  };

  test('malformed_sip_over_udp', async (t) => {
    const peer = await castOf(t).add(SipSocket.open());
    const unreadable = () => daemon.metric('gw_sip_refused_total', 'reason="unreadable"');
    const before = await unreadable();
    await counts(['gw_sip_refused_total'], async () => {
      for (const message of malformedSip(peer)) await peer.send(daemon.sip.udp, message);
      await sipAlive(t);
    });
    assert.ok((await unreadable()) > before, 'what the stack itself refuses is counted');
  });

  for (const transport of ['tcp', 'tls']) {
    test(`malformed_sip_over_${transport}`, async (t) => {
      const peer = await castOf(t).add(SipSocket.open());
      const [host, port] = daemon.sip[transport].split(':');
      const connect = async () => {
        const socket = transport === 'tls' ? tls.connect({ host, port, rejectUnauthorized: false }) : net.connect(port, host);
        socket.on('error', () => {});
        await within('connected', new Promise((resolve, reject) => {
          socket.once(transport === 'tls' ? 'secureConnect' : 'connect', resolve);
          socket.once('error', reject);
        }), 5_000 * kSlow);
        return socket;
      };
      await counts(['gw_sip_refused_total'], async () => {
        await Promise.all(malformedSip(peer, transport).map(async (message) => {
          const socket = await connect();
          const over = new Promise((resolve) => socket.once('data', resolve).once('close', resolve));
          socket.write(message);
          await Promise.race([over, pause(1000)]);  // What is no message yet is waited for.
          socket.destroy();
        }));
      });
      // By its reason, and answered on the connection it came by.
      const refusedFor = (reason) => daemon.metric('gw_sip_refused_total', `reason="${reason}"`);
      for (const [reason, status, spoil] of [
        ['malformed', 400, (text) => text.replace(/^(From: [^;]*);tag=.*$/m, '$1')],
        ['max_forwards', 483, (text) => text.replace(/^Max-Forwards: .*$/m, 'Max-Forwards: 0')],
        ['method', 501, (text) => text.replaceAll('INVITE', 'NONSENSE')],
        ['unreadable', 400, (text) => text.replace(/^CSeq: .*$/m, 'CSeq: 1 BYE')],
        ['unreadable', 505, (text) => text.replace('SIP/2.0\r\n', 'SIP/9.0\r\n')],
      ]) {
        const before = await refusedFor(reason);
        const socket = await connect();
        let answer = '';
        socket.on('data', (data) => (answer += data));
        const good = peer.request('INVITE', daemon.sip[transport], { user: '101' })
          .replace('SIP/2.0/UDP', `SIP/2.0/${transport.toUpperCase()}`);
        socket.write(spoil(good));
        await until(`an answer to ${reason} over ${transport}`, () => answer.startsWith(`SIP/2.0 ${status} `), 5_000 * kSlow)
          .catch((error) => assert.fail(`${error.message}: ${answer.slice(0, 200)}`));
        socket.destroy();
        await until(`${reason} over ${transport} is counted`, async () => (await refusedFor(reason)) === before + 1, 3_000 * kSlow);
      }
      // Not even TLS; and a client that says nothing at all.
      const garbage = async () => {
        const socket = net.connect(port, host);
        socket.on('error', () => {});
        await new Promise((resolve) => socket.end(randomBytes(4096), resolve));
      };
      if (transport === 'tls') await counts(['gw_sip_tls_failures_total'], garbage);
      else await garbage();
      await sipAlive(t);
      const phone = await castOf(t).add(Baresip.start({ user: '101', password: 'demo-101', domain: daemon.sip[transport], transport }));
      await phone.registered();
    });
  }

  test('an_invite_with_a_hostile_body_is_refused', async (t) => {
    const peer = await castOf(t).add(SipSocket.open());
    const bodies = ['v=0', 'x'.repeat(20_000), 'v=0\r\nm=audio 99999 RTP/AVP 0\r\n', `v=0\r\n${'m=audio 1 RTP/AVP 0\r\n'.repeat(500)}`,
      'v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 not-an-address\r\nt=0 0\r\nm=audio 4000 RTP/AVP 0\r\n',
      'v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 4000 RTP/AVP 96\r\na=rtpmap:96 none/1\r\n',
      'v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 4000 RTP/SAVP 0\r\na=crypto:1 NULL inline:x\r\n'];
    for (const body of bodies) {
      const answer = await peer.authenticated('INVITE', daemon.sip.udp, { user: '9196', password: 'demo-101', body });
      assert.ok([400, 413, 415, 488].includes(answer.status), `${answer.first} to ${body.slice(0, 60)}`);
      await peer.acknowledge(daemon.sip.udp, answer, { user: '9196' });
    }
  });

  /** A hundred datagrams of each kind, from a socket of their own. */
  async function barrage(port, kinds) {
    const socket = dgram.createSocket('udp4');
    for (let i = 0; i < 100; i++) {
      for (const kind of kinds) await new Promise((resolve) => socket.send(kind(), port, '127.0.0.1', resolve));
    }
    await new Promise((resolve) => socket.close(resolve));
  }

  const rtp = (change) => {
    const packet = Buffer.concat([Buffer.from([0x80, 0]), randomBytes(10), Buffer.alloc(160, 0xff)]);
    change(packet);
    return packet;
  };

  test('foreign_and_malformed_rtp_changes_nothing_in_a_call', async (t) => {
    const phone = await castOf(t).add(Baresip.start({ user: '101', password: 'demo-101', domain: daemon.sip.udp }));
    await phone.dial('9196');
    await phone.event('CALL_ESTABLISHED');
    await until('the echo', async () => (await phone.listen(1000, 0.5)).purity > 0.8);
    const ports = phone.program.lines.map((line) => /^m=audio (\d+) /.exec(line)?.[1]).filter(Boolean);
    const port = Number(ports.at(-1));  // The answer comes after the offer.
    await counts(['gw_media_discarded_total'], () => barrage(port, [
      () => randomBytes(1 + Math.floor(Math.random() * 1400)), () => rtp(() => {}), () => rtp((p) => (p[0] = 0x40)), () => rtp((p) => (p[0] = 0x8f)),
      () => rtp((p) => (p[0] = 0xb0)), () => rtp((p) => (p[1] = 99)), () => Buffer.from([0x80]), () => Buffer.alloc(0),
      () => Buffer.from([0x80, 200, 0, 6, ...randomBytes(20)]), () => Buffer.from([0x81, 203, 0xff, 0xff]),
    ]));
    await assertHears('the caller', phone, 1000);
    await phone.hangup();
    await phone.event('CALL_CLOSED');
  });

  test('foreign_stun_dtls_and_srtp_changes_nothing_in_a_call', async (t) => {
    const browser = await castOf(t).add(Browser.start());
    const alice = await browser.user(daemon, 'alice');
    await alice.dial('9196');
    await alice.connected();
    await until('the echo', async () => (await alice.listen(1000, 0.5)).purity > 0.8);
    const sdp = await alice.page.evaluate(() => window.e2e.connections.at(-1).remoteDescription.sdp);
    const port = Number(/a=candidate:\S+ 1 udp \d+ 127\.0\.0\.1 (\d+)/i.exec(sdp)[1]);
    const ufrag = /a=ice-ufrag:(\S+)/.exec(sdp)[1];
    const stun = (attributes, type = 1) => {
      const head = Buffer.alloc(20);
      head.writeUInt16BE(type, 0);
      head.writeUInt16BE(attributes.length, 2);
      head.writeUInt32BE(0x2112a442, 4);
      randomBytes(12).copy(head, 8);
      return Buffer.concat([head, attributes]);
    };
    const username = Buffer.from(`${ufrag}:evil`.padEnd(Math.ceil((ufrag.length + 5) / 4) * 4, '\0'));
    const named = Buffer.concat([Buffer.from([0, 6, 0, ufrag.length + 5]), username]);
    await counts(['gw_media_stun_refused_total', 'gw_media_discarded_total'], () => barrage(port, [
      () => stun(Buffer.alloc(0)), () => stun(named), () => stun(Buffer.concat([named, Buffer.from([0, 8, 0, 20]), randomBytes(20)])),
      () => stun(Buffer.from([0, 6, 0xff, 0xff])), () => stun(randomBytes(64), 0x0101), () => Buffer.from([0, 1, 0, 4]),
      () => Buffer.concat([Buffer.from([22, 254, 253, 0, 0, 0, 0, 0, 0, 0, 0, 0, 40]), randomBytes(40)]),
      () => Buffer.from([20, 1]), () => Buffer.concat([Buffer.from([21, 254, 253, 0, 1, 0, 0, 0, 0, 0, 1, 0, 2]), Buffer.from([2, 40])]),
      () => rtp(() => {}), () => Buffer.from([0x80, 200, ...randomBytes(40)]), () => randomBytes(1400),
    ]));
    await assertHears('the caller', alice, 1000);
    assert.equal((await alice.lastCall()).states.at(-1), 'Connected');
    await alice.hangup();
    await alice.ended();
  });

  test('a_malformed_frame_closes_the_socket_with_4400', async (t) => {
    await counts(['gw_edge_refused_total'], async () => {
      const device = await castOf(t).add(EdgeDevice.register(daemon, 'alice'));
      device.raw(Buffer.from([0xff, 0xff, 0xff, 0xff, 0xff]));
      assert.equal((await within('closed', device.closed, 5_000 * kSlow)).code, 4400);
    });
  });

  test('an_oversized_frame_closes_the_socket_with_1009', async (t) => {
    await counts(['gw_http_refused_total'], async () => {
      const device = await castOf(t).add(EdgeDevice.register(daemon, 'alice'));
      device.raw(Buffer.alloc(70_000, 0x0a));
      assert.equal((await within('closed', device.closed, 5_000 * kSlow)).code, 1009);
    });
  });

  test('frames_of_random_bytes_stop_nothing', async (t) => {
    for (let i = 0; i < 200; i++) {
      const device = await castOf(t).add(EdgeDevice.connect(daemon));
      device.socket.on('error', () => {});
      device.raw(randomBytes(1 + (i * 7) % 300));
      if (i % 2) device.raw(ClientFrame.encode({ requestId: 1, register: { token: randomBytes(40).toString('base64'), instanceId: 'x' } }).finish());
      await device.close();
    }
    const device = await castOf(t).add(EdgeDevice.register(daemon, 'alice'));
    assert.ok(device.registered.identity.startsWith('8:acs:'));
  });

  test('an_unknown_body_is_answered_with_501', async (t) => {
    const device = await castOf(t).add(EdgeDevice.register(daemon, 'alice'));
    device.raw(Buffer.from([0x08, 50, 0xa2, 0x1f, 0]));  // request_id 50 and field 500, which nobody has.
    await until('an answer', () => device.frames.find((frame) => frame.requestId === 50));
    assert.equal(device.frames.find((frame) => frame.requestId === 50).response.status.code, 501);
  });

  test('hostile_sdp_from_a_user_is_refused', async (t) => {
    const device = await castOf(t).add(EdgeDevice.register(daemon, 'alice'));
    for (const sdp of ['', 'v=0', 'x'.repeat(30_000), 'v=0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=fingerprint:sha-256 00\r\n']) {
      const callId = randomUUID();
      const response = await device.request('invite', {
        callId, to: [{ rawId: '8:echo123' }], offer: { callId, generation: 1, sdp },
      });
      if (sdp === '') {  // An offer may come later.
        await device.request('hangup', { callId });
        continue;
      }
      const ended = response.status.code !== 0 || (await device.event('callEnded', (end) => end.callId === callId));
      assert.ok(ended, JSON.stringify(response));
    }
    await device.close();
    await until('no call', async () => (await daemon.calls()).length === 0, 15_000 * kSlow);
  });

  test('a_wrong_token_is_4401', async (t) => {
    const good = (await demoToken(daemon, 'alice')).token;
    const [head, body, signature] = good.split('.');
    const unsigned = Buffer.from('{"alg":"none","typ":"JWT"}').toString('base64url');
    for (const token of ['x', 'a.b.c', `${head}.${body}.`, `${unsigned}.${body}.`, `${unsigned}.${body}.${signature}`,
      `${head}.${body}.${signature.slice(0, -4)}AAAA`]) {
      const device = await castOf(t).add(EdgeDevice.connect(daemon));
      device.raw(ClientFrame.encode({ requestId: 1, register: { token, instanceId: 'x' } }).finish());
      assert.equal((await within('closed', device.closed, 5_000 * kSlow)).code, 4401, token.slice(0, 40));
    }
  });

  test('a_socket_that_does_not_register_is_closed_after_5_s', async (t) => {
    const device = await castOf(t).add(EdgeDevice.connect(daemon));
    await within('closed', device.closed, 8_000 * kSlow);
  });

  test('a_foreign_origin_is_refused', async () => {
    await assert.rejects(EdgeDevice.connect(daemon, { origin: 'https://evil.example' }), /HTTP 403/);
    const response = await fetch(`${daemon.local}/demo/token`, {
      method: 'POST', headers: { 'content-type': 'application/json', origin: 'https://evil.example' }, body: '{"user":"alice"}',
    });
    assert.equal(response.status, 403);
  });

  test('malformed_json_is_400', async () => {
    for (const body of ['', '{', '[]', '{"user":1}', '{"user":null}', `{"user":"${'x'.repeat(5000)}"}`, '\xff\xfe', '['.repeat(10_000)]) {
      const response = await fetch(`${daemon.local}/demo/token`, {
        method: 'POST', headers: { 'content-type': 'application/json' }, body,
      });
      assert.ok([400, 404, 413].includes(response.status), `${response.status} to ${body.slice(0, 20)}`);
    }
  });

  test('malformed_http_is_refused_and_counted', async () => {
    const { hostname, port } = new URL(daemon.local);
    const talk = (text) => within('an answer or the end', new Promise((resolve) => {
      const socket = net.connect(Number(port), hostname, () => socket.write(text));
      let answer = '';
      socket.on('data', (data) => {
        answer += data.toString('latin1');
        if (answer.includes('\r\n\r\n')) socket.destroy();
      });
      socket.on('error', () => {});
      socket.on('close', () => resolve(answer));
    }), 15_000 * kSlow);
    const host = `Host: ${hostname}:${port}\r\n`;
    await counts(['gw_http_refused_total'], async () => {
      for (const text of ['\0\0\0\0\r\n\r\n', `GET / HTTP/9.9\r\n${host}\r\n`, `GET / HTTP/1.1\r\n${host}X: ${'x'.repeat(100_000)}\r\n\r\n`,
        `POST /demo/token HTTP/1.1\r\n${host}Content-Length: 999999999\r\n\r\n`, `GET ${'/x'.repeat(20_000)} HTTP/1.1\r\n${host}\r\n`,
        `POST /demo/token HTTP/1.1\r\n${host}Transfer-Encoding: chunked\r\n\r\nZZ\r\n`]) {
        assert.match(await talk(text), /^(HTTP\/1\.1 4\d\d |$)/, text.slice(0, 40));
      }
    });
    for (const path of ['/../../../../etc/passwd', '/%2e%2e/%2e%2e/etc/passwd', '/..%2f..%2f..%2fetc/passwd', '//etc/passwd', '/\\..\\..\\etc\\passwd']) {
      const answer = await talk(`GET ${path} HTTP/1.1\r\n${host}\r\n`);
      assert.match(answer, /^HTTP\/1\.1 4\d\d /, path);
      assert.ok(!answer.includes('root:'), path);
    }
    assert.match(await talk(`GET / HTTP/1.1\r\n${host}\r\n`), /^HTTP\/1\.1 200 /);
  });

  test('a_guessing_phone_is_banned_and_others_are_not_asked_to_pay', async (t) => {
    const guarded = await castOf(t).add(Daemon.start({ set: { 'limits.failed_digests': '5', 'limits.ban': '"2s"' } }));
    const peer = await castOf(t).add(SipSocket.open());
    let answered = 0;
    for (let i = 0; i < 8; i++) {
      await peer.authenticated('REGISTER', guarded.sip.udp, { password: 'guess' }).then(() => answered++, () => {});
      if (answered < i + 1) break;
    }
    assert.ok(answered >= 4 && answered <= 6, `${answered} answers`);
    assert.ok((await guarded.metric('gw_sip_bans_total')) >= 1);
    // The ban ends by itself.
    await until('an answer again', () => peer.authenticated('REGISTER', guarded.sip.udp, { password: 'demo-101' })
      .then((answer) => answer.status === 200, () => false), 15_000 * kSlow);
  });
});
