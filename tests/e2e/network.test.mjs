// Browsers on difficult networks: an address that changes in mid-call, a network that is gone for a while, no UDP, a relay.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import net from 'node:net';
import { after, afterEach, before, describe, test } from 'node:test';
import { assertHears, assertNoTone } from './lib/assertions.mjs';
import { Browser } from './lib/browser.mjs';
import { Cast, castOf } from './lib/cast.mjs';
import { Daemon, kSlow } from './lib/daemon.mjs';
import { freePorts } from './lib/ports.mjs';
import { TurnServer } from './lib/turn.mjs';
import { UdpForwarder } from './lib/udp_forwarder.mjs';
import { until, within } from './lib/wait.mjs';

const kEcho = '9196';
const kHertz = 1000;

describe('networks', () => {
  const cast = new Cast();
  let daemon, browser, withoutUdp, turn, webrtc;

  before(async () => {
    webrtc = await freePorts(2);
    turn = await cast.add(TurnServer.start());
    daemon = await cast.add(Daemon.start({
      set: {
        'media.workers': '1',
        'media.webrtc_ports': `"${webrtc}-${webrtc}"`,
        'edge.turn.urls': `["${turn.url}", "${turn.tcpUrl}"]`,
        'edge.turn.secret': `"${turn.secret}"`,
      },
    }));
    browser = await cast.add(Browser.start({ hertz: kHertz }));
    withoutUdp = await cast.add(Browser.start({ hertz: kHertz, udp: false }));
  });
  after(() => cast.close());
  afterEach(() => daemon.cleared());

  /** Alice talks to the echo user by the way that `media` leaves her. */
  async function aliceHearsHerself(t, media, by = browser) {
    const alice = await castOf(t).add(by.user(daemon, 'alice', { media }));
    await alice.dial(kEcho);
    await alice.connected();
    await assertHears('alice', alice, kHertz);
    return alice;
  }

  async function endsWell(alice) {
    await alice.connected();
    assert.deepEqual((await alice.lastCall()).states.filter((state) => state === 'Disconnected'), []);
    await alice.hangup();
    await alice.ended();
    alice.noErrors();
  }

  test('a_call_survives_the_change_of_its_address', async (t) => {
    const forwarder = await castOf(t).add(UdpForwarder.start(webrtc));
    const alice = await aliceHearsHerself(t, { only: 'udp', port: forwarder.port });
    assert.equal((await alice.pair()).remote.port, forwarder.port);
    const handshakes = await daemon.metric('gw_media_dtls_handshakes_total');
    const { ufrag } = await alice.pair();
    // A browser notices nothing of it and checks every 2.5 s; here its checks are held back until all is measured.
    for (let move = 1; move <= 3; move++) {
      forwarder.holdChecks();
      const listening = alice.listen(kHertz, 3);
      await until('she listens', async () => (await alice.listened()) > 0.5, 5_000 * kSlow);
      forwarder.move();
      const heard = await listening;
      t.diagnostic(`${Math.round(heard.gap * 1000)} ms without sound`);
      assert.ok(heard.gap < 1 * kSlow, `${JSON.stringify(heard)} after move ${move}`);
      assert.equal(await daemon.metric('gw_media_media_moves_total'), move, 'by its sound');
      forwarder.holdChecks(false);
      await assertHears('alice', alice, kHertz);
    }
    assert.equal(await daemon.metric('gw_media_dtls_handshakes_total'), handshakes, 'the keys stayed');
    assert.equal((await alice.pair()).ufrag, ufrag, 'nothing had to be signalled');
    await endsWell(alice);
  });

  test('a_call_survives_a_network_that_is_gone_for_a_while', async (t) => {
    const forwarder = await castOf(t).add(UdpForwarder.start(webrtc));
    const alice = await aliceHearsHerself(t, { only: 'udp', port: forwarder.port });
    const { ufrag } = await alice.pair();
    forwarder.block();
    await until('the library restarts ICE', async () => (await alice.pair()).ufrag !== ufrag, 20_000 * kSlow, 100);
    assertNoTone('alice', await alice.listen(kHertz));
    forwarder.heal();
    await until('the media is back', async () => (await alice.pair()).ice === 'connected', 10_000 * kSlow, 100);
    await assertHears('alice', alice, kHertz);
    await endsWell(alice);
  });

  test('without_udp_the_media_goes_over_tcp', async (t) => {
    // Else the relay, which is there as well, may be taken.
    const alice = await aliceHearsHerself(t, { only: 'tcp' }, withoutUdp);
    assert.deepEqual(await alice.protocols(), ['tcp'], 'there is no other way');
    const { local, remote } = await alice.pair();
    assert.equal(local.protocol, 'tcp');
    assert.deepEqual({ protocol: remote.protocol, port: remote.port }, { protocol: 'tcp', port: webrtc });
    assert.ok((await daemon.metric('gw_media_tcp_connections')) >= 1);
    await endsWell(alice);
    await until('its connection is closed', async () => (await daemon.metric('gw_media_tcp_connections')) === 0, 5_000 * kSlow);
  });

  test('strangers_at_the_tcp_port_are_put_out_and_change_nothing_in_a_call', async (t) => {
    const alice = await aliceHearsHerself(t, { only: 'tcp' });
    const framed = (data) => Buffer.concat([Buffer.from([data.length >> 8, data.length & 255]), data]);
    const openings = [
      framed(randomBytes(100)), framed(Buffer.from([0, 1, 0, 0, 0x21, 0x12, 0xa4, 0x42, ...randomBytes(12)])), randomBytes(4000),
      Buffer.from([0xff, 0xff]), Buffer.from('GET / HTTP/1.1\r\n\r\n'), Buffer.alloc(0),
    ];
    const strangers = Array.from({ length: 120 }, (_, i) => {
      const socket = net.connect(webrtc, '127.0.0.1');
      socket.on('error', () => {});
      socket.resume();
      socket.write(openings[i % openings.length]);
      return new Promise((resolve) => socket.once('close', resolve));
    });
    await assertHears('alice', alice, kHertz);
    // Those that said nothing have a few seconds; the others none.
    await within('all of them are put out', Promise.all(strangers), 10_000 * kSlow);
    await assertHears('alice', alice, kHertz);
    await endsWell(alice);
  });

  test('with_nothing_but_a_relay_the_media_goes_over_coturn', async (t) => {
    // Of the two ways to coturn the first that works is taken, and on a busy machine that may be TCP.
    const alice = await aliceHearsHerself(t, { only: 'udp', policy: 'relay', relayBy: 'udp' });
    const { local, remote } = await alice.pair();
    assert.deepEqual([local.type, local.relayProtocol], ['relay', 'udp']);
    assert.equal(remote.port, webrtc);
    assert.notEqual(turn.lines(/ALLOCATE processed, success/).length, 0);
    await endsWell(alice);
  });

  test('without_udp_coturn_is_reached_over_tcp', async (t) => {
    const alice = await aliceHearsHerself(t, { only: 'udp' }, withoutUdp);
    assert.deepEqual(await alice.protocols(), ['tcp'], 'there is no other way');
    const { local, remote } = await alice.pair();
    assert.deepEqual([local.type, local.relayProtocol], ['relay', 'tcp']);
    assert.deepEqual({ protocol: remote.protocol, port: remote.port }, { protocol: 'udp', port: webrtc });
    assert.equal(await daemon.metric('gw_media_tcp_connections'), 0, 'the gateway itself is spoken to by UDP');
    await endsWell(alice);
  });

  test('coturn_lets_nobody_in_with_another_secret', async (t) => {
    const other = await castOf(t).add(TurnServer.start({ secret: 'another secret' }));
    const port = await freePorts(2);
    const misled = await castOf(t).add(Daemon.start({
      set: {
        'media.workers': '1',
        'media.webrtc_ports': `"${port}-${port}"`,
        'edge.turn.urls': `["${other.url}"]`,
        'edge.turn.secret': `"${turn.secret}"`,
      },
    }));
    const alice = await castOf(t).add(browser.user(misled, 'alice', { media: { only: 'udp', policy: 'relay' } }));
    await alice.dial(kEcho);
    await until('coturn refuses', () => other.lines(/error 401|Unauthorized/).length > 0, 10_000 * kSlow);
    assert.equal(other.lines(/ALLOCATE processed, success/).length, 0);
    await alice.hangup();
    await alice.ended(20_000);
  });
});
