// A mutation fuzzer on the live SIP stack of the daemon: requests, requests within dialogs, responses to its own
// requests. 30 seconds in the suite, E2E_FUZZ_SECONDS otherwise. E2E_FUZZ_SEED repeats a run.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import { assertHears } from './lib/assertions.mjs';
import { Baresip } from './lib/baresip.mjs';
import { Cast } from './lib/cast.mjs';
import { Daemon, kSlow } from './lib/daemon.mjs';
import { generator, mutate } from './lib/mutate.mjs';
import { SipSocket } from './lib/sip_socket.mjs';
import { pause, until } from './lib/wait.mjs';

const kSeconds = Number(process.env.E2E_FUZZ_SECONDS ?? 30);
const kSeed = Number(process.env.E2E_FUZZ_SEED ?? randomBytes(4).readUInt32BE());
const kBatch = 20;  // Messages between two breaths: UDP has no back-pressure, a dropped mutation tests nothing.

const sdp = (port) => ['v=0', 'o=- 1 1 IN IP4 127.0.0.1', 's=-', 'c=IN IP4 127.0.0.1', 't=0 0',
  `m=audio ${port} RTP/AVP 0 8 101`, 'a=rtpmap:101 telephone-event/8000', 'a=sendrecv', ''].join('\r\n');

describe(`a mutated SIP peer, seed ${kSeed}`, () => {
  const cast = new Cast();
  const random = generator(kSeed);
  let daemon, sent = 0;

  before(async () => {
    console.log(`E2E_FUZZ_SEED=${kSeed} E2E_FUZZ_SECONDS=${kSeconds}`);
    daemon = await cast.add(Daemon.start({
      set: {
        'limits.requests_per_second': '0', 'limits.calls_per_second': '0', 'limits.failed_digests': '10000', 'limits.ban': '"0s"',
        'limits.invites_per_phone': '0', 'limits.registers_per_phone': '0',
        'calls.ring_timeout': '"3s"', 'calls.media_timeout': '"3s"', 'hep.collector': '"udp:127.0.0.1:9"',
      },
    }));
  });
  after(() => cast.close());

  async function alive() {
    assert.ok(daemon.alive, `the gateway ended: ${JSON.stringify(daemon.program.ended)}\n${daemon.program.tail(60)}`);
    const peer = await SipSocket.open();
    // A slow build may have a queue to work off, which crowds a datagram out, or refuses what is new meanwhile.
    const answers = async () => {
      const answer = await peer.ask(daemon.sip.udp, peer.request('OPTIONS', daemon.sip.udp), 2_000).catch(() => undefined);
      return answer?.status === 200;
    };
    await until('OPTIONS is answered with 200', answers, 10_000 * kSlow, 200).finally(() => peer.close());
  }

  /** Runs `burst` until its share of the time is over; each burst sends about kBatch messages. */
  async function forSeconds(seconds, burst) {
    const end = performance.now() + seconds * 1000;
    while (performance.now() < end) {
      sent += await burst();
      await pause(5);
      if (!daemon.alive) break;
    }
    await alive();
  }

  test('mutated_requests', async () => {
    const peer = await cast.add(SipSocket.open());
    const methods = ['REGISTER', 'INVITE', 'OPTIONS', 'CANCEL', 'ACK', 'BYE', 'INFO', 'UPDATE', 'PRACK', 'REFER', 'MESSAGE',
      'SUBSCRIBE', 'NOTIFY', 'PUBLISH'];
    const extra = ['Supported: 100rel, timer, replaces', 'Require: 100rel', 'Session-Expires: 90;refresher=uac',
      'P-Asserted-Identity: "A" <sip:+14255550100@127.0.0.1>', 'Privacy: id', 'Diversion: <sip:102@127.0.0.1>;reason=no-answer',
      'Record-Route: <sip:127.0.0.1;lr>', 'Refer-To: <sip:102@127.0.0.1?Replaces=a%3Bto-tag%3Db%3Bfrom-tag%3Dc>',
      'Authorization: Digest username="101", realm="127.0.0.1", nonce="x", uri="sip:127.0.0.1", response="0123456789abcdef0123456789abcdef", qop=auth, nc=00000001, cnonce="y"',
      'Expires: 60', 'User-to-User: 00ff;encoding=hex', 'Reason: Q.850;cause=16;text="x"', 'Path: <sip:127.0.0.1;lr>'];
    await forSeconds(kSeconds / 3, async () => {
      for (let i = 0; i < kBatch; i++) {
        const method = random.pick(methods);
        const headers = extra.filter(() => random.chance(0.2));
        const body = random.chance(0.4) ? sdp(4000) : '';
        const text = peer.request(method, daemon.sip.udp, { user: random.pick(['101', '102', '9196', '', '+12065550123']), headers, body });
        await peer.send(daemon.sip.udp, mutate(random, Buffer.from(text, 'latin1')));
      }
      peer.messages.length = 0;
      return kBatch;
    });
  });

  test('mutated_requests_within_a_dialog', async () => {
    const peer = await cast.add(SipSocket.open());
    let dialogs = 0;
    await forSeconds(kSeconds / 3, async () => {
      const invite = await peer.authenticated('INVITE', daemon.sip.udp, { user: '9196', password: 'demo-101', body: sdp(4000) });
      assert.equal(invite.status, 200, invite.text);
      await peer.acknowledge(daemon.sip.udp, invite, {});
      dialogs++;
      const inDialog = (method, cseq, options = {}) => peer.request(method, daemon.sip.udp, {
        user: '9196', callId: invite.header('call-id'), fromTag: /tag=([^;]+)/.exec(invite.header('from'))[1],
        toTag: /tag=([^;]+)/.exec(invite.header('to'))[1], cseq, ...options,
      });
      for (let i = 0; i < kBatch; i++) {
        const method = random.pick(['INVITE', 'UPDATE', 'INFO', 'REFER', 'ACK', 'OPTIONS', 'NOTIFY', 'MESSAGE', 'PRACK', 'CANCEL', 'BYE']);
        const body = ['INVITE', 'UPDATE', 'ACK'].includes(method) ? sdp(4000 + 2 * i) : '';
        await peer.send(daemon.sip.udp, mutate(random, Buffer.from(inDialog(method, 3 + i, { body }), 'latin1')));
      }
      await peer.send(daemon.sip.udp, inDialog('BYE', 1000));
      peer.messages.length = 0;
      return kBatch;
    });
    assert.ok(dialogs > 3, `${dialogs} dialogs`);
  });

  test('mutated_responses_to_its_own_requests', async () => {
    // The carrier of the trunk: whatever the gateway sends it is answered with mutations.
    const carrier = await SipSocket.open(daemon.carrier);
    const caller = await cast.add(SipSocket.open());
    const answers = [[100, 'Trying'], [180, 'Ringing'], [183, 'Session Progress'], [200, 'OK'], [200, 'OK'], [302, 'Moved'],
      [401, 'Unauthorized'], [407, 'Proxy Authentication Required'], [422, 'Interval Too Small'], [486, 'Busy'], [491, 'Pending'],
      [500, 'Error'], [503, 'Unavailable'], [603, 'Decline']];
    let answered = 0;
    const answer = (text, from) => {
      const line = (name) => new RegExp(`^${name}: .*$`, 'mi').exec(text)?.[0].trim();
      if (!/^(INVITE|BYE|CANCEL|UPDATE|INFO|OPTIONS) /.test(text) || !line('CSeq')) return;
      for (let i = 0; i < 4; i++) {
        const [status, reason] = random.pick(answers);
        const body = status < 300 && random.chance(0.8) ? sdp(4000) : '';
        const response = [`SIP/2.0 ${status} ${reason}`, line('Via'), line('From'), `${line('To')};tag=${random.below(3)}`, line('Call-ID'), line('CSeq'),
          `Contact: <sip:${random.pick(['x@127.0.0.1:9', '+1@127.0.0.1', 'a@[::1]'])}>`,
          ...(random.chance(0.3) ? ['Record-Route: <sip:127.0.0.1:9;lr>'] : []), ...(random.chance(0.3) ? ['Require: 100rel', 'RSeq: 1'] : []),
          ...(random.chance(0.3) ? ['Retry-After: 1', 'Min-SE: 90', 'Reason: Q.850;cause=17'] : []),
          ...(status === 401 ? ['WWW-Authenticate: Digest realm="x", nonce="y", algorithm=MD5, qop="auth"'] : []),
          ...(status === 407 ? ['Proxy-Authenticate: Digest realm="x", nonce="y", algorithm=SHA-256'] : []),
          ...(body ? ['Content-Type: application/sdp'] : []), `Content-Length: ${body.length}`].join('\r\n');
        carrier.socket.send(mutate(random, Buffer.from(`${response}\r\n\r\n${body}`, 'latin1')), from.port, from.address);
        answered++;
      }
    };
    carrier.socket.on('message', (data, from) => answer(data.toString('latin1'), from));
    await forSeconds(kSeconds / 3, async () => {
      const before = answered;
      const body = sdp(4000);
      caller.authenticated('INVITE', daemon.sip.udp, { user: '+12065550123', password: 'demo-101', body })
        .then((final) => final.status < 300 && caller.acknowledge(daemon.sip.udp, final, {})).catch(() => {});
      await pause(20);
      if (caller.messages.length > 500) caller.messages.length = 0;
      carrier.messages.length = 0;
      return answered - before;
    });
    await carrier.close();
    assert.ok(answered > 50, `${answered} responses`);
  });

  test('afterwards_a_call_is_as_good_as_before', async () => {
    console.log(`${sent} mutated messages`);
    assert.ok(sent > kSeconds * 20, `${sent} messages`);
    await daemon.settled(60_000);
    const phone = await cast.add(Baresip.start({ user: '102', password: 'demo-102', domain: daemon.sip.udp }));
    await phone.dial('9196');
    await phone.event('CALL_ESTABLISHED');
    await until('the echo', async () => (await phone.listen(1000, 0.5)).purity > 0.8);
    await assertHears('the caller', phone, 1000);
    await phone.hangup();
    await phone.event('CALL_CLOSED');
    assert.ok((await daemon.metric('gw_sip_refused_total')) > 0, 'what was refused is counted');
  });
});
