// More calls than there are media ports: 503 for the one too many, and service again when one has ended.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { Cast } from './lib/cast.mjs';
import { Daemon } from './lib/daemon.mjs';
import { freePorts } from './lib/ports.mjs';
import { SipSocket } from './lib/sip_socket.mjs';

const kEcho = '9196';
const kPairs = 2;

describe('media ports', () => {
  const cast = new Cast();
  let daemon, peer;

  before(async () => {
    const first = await freePorts(2 * kPairs);
    daemon = await cast.add(Daemon.start({ set: { 'media.ports': `"${first}-${first + 2 * kPairs - 1}"` } }));
    peer = await cast.add(SipSocket.open());
  });
  after(() => cast.close());

  const body = 'v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 4000 RTP/AVP 0\r\n';

  async function call(user = kEcho) {
    const answer = await peer.authenticated('INVITE', daemon.sip.udp, { user, password: 'demo-101', body });
    await peer.acknowledge(daemon.sip.udp, answer, { user });
    return answer;
  }

  async function hangUp(answer) {
    const tag = (name) => /;tag=([^;>\s]+)/.exec(answer.header(name))[1];
    const bye = peer.request('BYE', daemon.sip.udp, {
      user: kEcho, callId: answer.header('call-id'), cseq: 9, fromTag: tag('from'), toTag: tag('to'),
    });
    assert.equal((await peer.ask(daemon.sip.udp, bye)).status, 200);
  }

  // A media worker closes the sockets on a turn of its own, which may come after the BYE's answer.
  async function served() {
    const until = Date.now() + 1000;
    for (;;) {
      const answer = await call();
      if (answer.status === 200) return answer;
      assert.equal(answer.status, 503, answer.first);
      assert.ok(Date.now() < until, 'no port within a second of the hang-up');
    }
  }

  const inUse = () => daemon.metric('gw_media_rtp_ports_in_use');

  test('the_call_too_many_is_503_and_the_next_one_after_a_hang_up_is_served', async () => {
    const live = [];
    for (let i = 0; i < kPairs; i++) live.push(await call());
    assert.deepEqual(live.map((answer) => answer.status), live.map(() => 200));
    assert.equal(await inUse(), kPairs);
    for (let round = 0; round < 3; round++) {
      const refused = await call();
      assert.equal(refused.status, 503, refused.first);
      assert.match(refused.header('retry-after') ?? '', /^\d+$/);
      assert.equal(await inUse(), kPairs, 'what was refused holds nothing');
      await hangUp(live.shift());
      live.push(await served());
    }
    for (const answer of live) await hangUp(answer);
    await daemon.settled();
    assert.equal(await inUse(), 0);
  });

  test('a_call_whose_other_leg_finds_no_port_is_503_and_gives_its_own_back', async () => {
    const phone = await cast.add(SipSocket.open());
    const registered = await phone.authenticated('REGISTER', daemon.sip.udp, { as: '102', password: 'demo-102' });
    assert.equal(registered.status, 200);
    const live = await served();
    const refused = await call('102');
    assert.equal(refused.status, 503, refused.first);
    assert.equal(await inUse(), 1);
    await hangUp(live);
    await daemon.settled();
    assert.equal(await inUse(), 0);
  });
});
