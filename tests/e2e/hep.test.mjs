// [hep]: a copy of all SIP for a Homer collector, whatever the transport, with right addresses and without secrets; and none of
// it holds up a call.
import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { Baresip } from './lib/baresip.mjs';
import { Cast, castOf } from './lib/cast.mjs';
import { Daemon, kSlow } from './lib/daemon.mjs';
import { HepCollector } from './lib/hep.mjs';
import { SipSocket } from './lib/sip_socket.mjs';
import { until } from './lib/wait.mjs';

const kConfig = (collector) => `[hep]\ncollector = "${collector}"\ncapture_id = 77\npassword = "homer"\n`;

describe('HEP capture', () => {
  const cast = new Cast();
  let daemon, collector;

  before(async () => {
    collector = await HepCollector.open();
    daemon = await cast.add(Daemon.start({ files: { 'hep.toml': kConfig(`udp:127.0.0.1:${collector.port}`) } }));
    await until('capturing', () => daemon.log(/SIP is captured/).length > 0, 5_000 * kSlow);
  });
  after(async () => {
    await cast.close();
    await collector.close().catch(() => {});
  });

  for (const transport of ['udp', 'tcp', 'tls']) {
    test(`a_call_over_${transport}_is_captured_both_ways`, async (t) => {
      const phone = await castOf(t).add(Baresip.start({
        user: '101', password: 'demo-101', transport, domain: daemon.sip[transport],
      }));
      const begun = collector.packets.length;
      await phone.dial('9196');
      await phone.event('CALL_ESTABLISHED');
      await phone.hangup();
      await phone.event('CALL_CLOSED');
      const [host, port] = daemon.sip[transport].split(':');
      const of = (wanted) => collector.packet('that message', (one) => collector.packets.indexOf(one) >= begun && wanted(one.sip));
      const invite = await of((sip) => sip.method === 'INVITE' && sip.header('authorization'));
      const challenge = await of((sip) => sip.status === 401 && /INVITE/.test(sip.header('cseq')));
      const ok = await of((sip) => sip.status === 200 && /INVITE/.test(sip.header('cseq')));
      const ack = await of((sip) => sip.method === 'ACK' && sip.header('cseq') === ok.sip.header('cseq').replace('INVITE', 'ACK'));
      const bye = await of((sip) => sip.method === 'BYE');
      const end = await of((sip) => sip.status === 200 && /BYE/.test(sip.header('cseq')));
      const callId = invite.sip.header('call-id');
      for (const one of [invite, challenge, ok, ack, bye, end]) {
        assert.equal(one.correlation, callId);
        assert.equal(one.sip.header('call-id'), callId);
        assert.deepEqual([one.family, one.protocol, one.type, one.captureId, one.key], [2, transport === 'udp' ? 17 : 6, 1, 77, 'homer']);
        assert.ok(Math.abs(one.seconds + one.microseconds / 1e6 - Date.now() / 1000) < 30);
        const [ours, theirs] = [invite, ack, bye].includes(one) ? ['to', 'from'] : ['from', 'to'];
        assert.equal(`${one[ours]}:${one[`${ours}Port`]}`, `${host}:${port}`);
        assert.equal(one[theirs], '127.0.0.1');
        assert.equal(one[`${theirs}Port`], invite.fromPort, 'the phone');
      }
      if (transport === 'udp') assert.equal(invite.fromPort, phone.sipPort);
      assert.match(invite.payload, /\r\n\r\nv=0\r\n/);
      assert.equal(Number(invite.sip.header('content-length')), Buffer.byteLength(invite.payload.slice(invite.payload.indexOf('\r\n\r\n') + 4)));
      assert.match(ok.payload, /^m=audio \d+ RTP/m);
      assert.match(invite.sip.header('authorization'), /username="101".*response="x{32}"/);
      assert.doesNotMatch(collector.packets.map((one) => one.payload).join('\n'), /response="[0-9a-f]{32}"|inline:(?!x+)/);
    });
  }

  test('what_is_no_sip_to_it_is_captured_too_and_every_packet_is_as_specified', async (t) => {
    const peer = await castOf(t).add(SipSocket.open());
    await peer.send(daemon.sip.udp, peer.request('OPTIONS', daemon.sip.udp, { drop: ['From'], callId: 'half@peer' }));
    await collector.packet('the request', (one) => one.sip.method === 'OPTIONS' && one.correlation === 'half@peer');
    assert.deepEqual(collector.errors, []);
    assert.ok((await daemon.metric('gw_hep_sent_total')) >= collector.packets.length);
  });

  test('a_collector_that_is_gone_holds_nothing_up_and_what_is_lost_is_counted', async (t) => {
    await collector.close();
    const peer = await castOf(t).add(SipSocket.open());
    for (let i = 0; i < 5; i++) assert.equal((await peer.ask(daemon.sip.udp, peer.request('OPTIONS', daemon.sip.udp))).status, 200);
    await until('it is counted', async () => (await daemon.metric('gw_hep_lost_total')) > 0, 3_000 * kSlow);
  });

  test('a_reload_finds_another_collector', async (t) => {
    const other = await castOf(t).add(HepCollector.open());
    const peer = await castOf(t).add(SipSocket.open());
    const reload = async (address) => {
      await writeFile(path.join(daemon.conf, 'hep.toml'), kConfig(address));
      const answer = await daemon.command('reload');
      assert.equal(answer.code, 0, answer.stdout + answer.stderr);
    };
    const before = daemon.log(/SIP is captured/).length;
    await reload(`udp:127.0.0.1:${other.port}`);
    await until('capturing again', () => daemon.log(/SIP is captured/).length > before, 5_000 * kSlow);
    await peer.ask(daemon.sip.udp, peer.request('OPTIONS', daemon.sip.udp));
    await other.packet('the answer', (one) => one.sip.status === 200);
    await reload('');
    const count = other.packets.length;
    await peer.ask(daemon.sip.udp, peer.request('OPTIONS', daemon.sip.udp));
    assert.equal(other.packets.length, count, 'none any more');
  });
});
