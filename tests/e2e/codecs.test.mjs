// Codecs beside G.711 and keys beside SDES: what is passed through to users and what is transcoded, G.722 (baresip), Opus under
// other numbers, DTLS-SRTP from a phone, and a gateway that insists on SRTP.
import assert from 'node:assert/strict';
import { after, afterEach, before, describe, test } from 'node:test';
import { assertHears } from './lib/assertions.mjs';
import { Baresip } from './lib/baresip.mjs';
import { Browser } from './lib/browser.mjs';
import { Cast, castOf } from './lib/cast.mjs';
import { Daemon } from './lib/daemon.mjs';
import { RtpMirror } from './lib/rtp.mjs';
import { SipSocket } from './lib/sip_socket.mjs';
import { pause, until } from './lib/wait.mjs';

const sdp = (port, media) =>
  ['v=0', 'o=phone 1 1 IN IP4 127.0.0.1', 's=-', 'c=IN IP4 127.0.0.1', 't=0 0', ...media.map((line) => line.replace('PORT', port)), '']
    .join('\r\n');
const kOpus = ['m=audio PORT RTP/AVP 107', 'a=rtpmap:107 opus/48000/2', 'a=fmtp:107 useinbandfec=1', 'a=ptime:20'];

describe('codecs', () => {
  const cast = new Cast();
  let daemon, browser, alice;

  before(async () => {
    daemon = await cast.add(Daemon.start());
    browser = await cast.add(Browser.start({ hertz: 800 }));
    alice = await browser.user(daemon, 'alice');
  });
  after(() => cast.close());
  afterEach(() => daemon.cleared());

  const phone = (t, user, options = {}) =>
    castOf(t).add(Baresip.start({
      user, password: `demo-${user}`, domain: daemon.sip[options.transport ?? 'udp'], ...options,
    }));

  async function record(records, of = daemon) {
    await until('the record', async () => (await of.cdrs()).length > records);
    return (await of.cdrs()).at(-1);
  }

  test('a_g722_phone_and_a_g711_phone_hear_each_other', async (t) => {
    const wide = await phone(t, '101', { codecs: 'G722', hertz: 1000 });
    const narrow = await phone(t, '102', { codecs: 'PCMU', hertz: 700 });
    const records = (await daemon.cdrs()).length;
    await wide.dial('102');
    await narrow.event('CALL_INCOMING');
    await narrow.accept();
    await wide.event('CALL_ESTABLISHED');
    await assertHears('the G.711 phone', narrow, 1000);
    await assertHears('the G.722 phone', wide, 700);
    assert.equal((await wide.statistics()).codec, 'G722');
    await wide.hangup();
    const { legs, transcoded } = await record(records);
    assert.deepEqual(legs.map((leg) => leg.codec).sort(), ['G722', 'PCMU']);
    assert.equal(transcoded, true);
  });

  test('two_g722_phones_hear_what_g711_cannot_hold', async (t) => {
    const caller = await phone(t, '101', { codecs: 'G722', hertz: 5000 });
    const called = await phone(t, '102', { codecs: 'G722', hertz: 6000 });
    const records = (await daemon.cdrs()).length;
    await caller.dial('102');
    await called.event('CALL_INCOMING');
    await called.accept();
    await caller.event('CALL_ESTABLISHED');
    await assertHears('the called', called, 5000);
    await assertHears('the caller', caller, 6000);
    await caller.hangup();
    const { legs, transcoded } = await record(records);
    assert.ok(legs.every((leg) => leg.codec === 'G722'), JSON.stringify(legs));
    assert.equal(transcoded, false);
  });

  test('a_g722_phone_and_a_user_hear_each_other_in_wideband', async (t) => {
    const wide = await phone(t, '101', { codecs: 'G722', hertz: 5000 });
    const records = (await daemon.cdrs()).length;
    await wide.dial('201');
    await alice.rings();
    await alice.accept();
    await wide.event('CALL_ESTABLISHED');
    await alice.connected();
    await assertHears('the user', alice, 5000);
    await assertHears('the phone', wide, 800);
    await wide.hangup();
    await alice.ended();
    const { legs, transcoded } = await record(records);
    assert.deepEqual(legs.map((leg) => leg.codec), ['G722', 'G722']);
    assert.equal(transcoded, false);
  });

  // Its own offer was answered with G.722, which the phone's configuration names first; this one has G.711 alone.
  for (const codec of ['PCMU', 'PCMA']) {
    test(`a_user_who_calls_speaks_${codec}_when_that_is_what_the_phone_answers`, async (t) => {
      const called = await phone(t, '101', { codecs: codec, hertz: 1000 });
      const records = (await daemon.cdrs()).length;
      await alice.dial('101');
      await called.event('CALL_INCOMING');
      await called.accept();
      await alice.connected();
      await until('one codec', async () => (await daemon.calls())[0].legs.every((leg) => leg.codec === codec));
      await assertHears('the user', alice, 1000);
      await assertHears('the phone', called, 800);
      await alice.hangup();
      const { legs, transcoded } = await record(records);
      assert.deepEqual(legs.map((leg) => leg.codec), [codec, codec]);
      assert.equal(transcoded, false);
    });
  }

  // A gateway whose users are in networks that lose packets: they speak Opus, and what phones speak is transcoded.
  async function opusForUsers(t, codecs, hertz) {
    const lossy = await castOf(t).add(Daemon.start({ set: { 'media.user_codec': '"opus"' } }));
    const user = await castOf(t).add(browser.user(lossy, 'alice'));
    const called = await castOf(t).add(Baresip.start({ user: '101', password: 'demo-101', domain: lossy.sip.udp, codecs, hertz }));
    return { lossy, user, called };
  }

  test('where_users_shall_speak_opus_they_do_in_calls_both_ways', async (t) => {
    const { lossy, user, called: wide } = await opusForUsers(t, 'G722', 5000);
    for (const dial of [() => wide.dial('201'), () => user.dial('101')]) {
      const records = (await lossy.cdrs()).length;
      const mark = wide.mark();
      await dial();
      if (records === 0) {
        await user.rings();
        await user.accept();
      } else {
        await wide.event('CALL_INCOMING', { after: mark });
        await wide.accept();
      }
      await wide.event('CALL_ESTABLISHED', { after: mark });
      await user.connected();
      await assertHears('the user', user, 5000);
      await assertHears('the phone', wide, 800);
      await user.hangup();
      const { legs, transcoded } = await record(records, lossy);
      assert.deepEqual(legs.map((leg) => leg.codec).sort(), ['G722', 'opus']);
      assert.equal(transcoded, true);
      await lossy.cleared();
    }
  });

  // DTX (RFC 7587): asked for both ways. What Chromium leaves out is filled for the phone, which has not agreed to comfort noise.
  test('a_browser_that_says_nothing_sends_little_and_the_phone_gets_a_packet_every_ptime', async (t) => {
    const { lossy, user, called } = await opusForUsers(t, 'PCMU', 1000);
    await user.dial('101');
    await called.event('CALL_INCOMING');
    await called.accept();
    await user.connected();
    await assertHears('the phone', called, 800);
    const opus = await user.page.evaluate(() => {
      const pc = window.e2e.connections.at(-1);
      for (const sender of pc.getSenders()) if (sender.track) sender.track.enabled = false;  // A silent room, not the mute button.
      return /a=fmtp:\d+ (.*useinbandfec.*)/.exec(pc.remoteDescription.sdp)[1];
    });
    assert.match(opus, /usedtx=1/);
    await pause(1_000);
    const counts = async () => {
      const [{ legs }] = await lossy.calls();
      return { from: legs.find((leg) => leg.codec === 'opus').packets_in, to: (await called.statistics()).received };
    };
    const before = await counts();
    await pause(3_000);
    const after = await counts();
    assert.ok(after.from - before.from < 40, `of 150 frames, ${after.from - before.from} came`);
    assert.ok(after.to - before.to > 130, `of 150 frames, ${after.to - before.to} reached the phone`);
    await assertHears('the user', user, 1000);
    await user.hangup();
    await lossy.cleared();
  });

  test('opus_of_a_phone_and_of_a_user_passes_under_the_numbers_of_each', async (t) => {
    const mirror = await castOf(t).add(RtpMirror.open(107));
    const socket = await castOf(t).add(SipSocket.open());
    const records = (await daemon.cdrs()).length;
    const answering = socket.authenticated('INVITE', daemon.sip.udp, { password: 'demo-101', user: '201', body: sdp(mirror.port, kOpus) });
    await alice.rings();
    await alice.accept();
    const answer = await answering;
    assert.equal(answer.status, 200, answer.first);
    assert.match(answer.body, /^m=audio \d+ RTP\/AVP 107\r?$/m);
    await socket.acknowledge(daemon.sip.udp, answer, {});
    await alice.connected();
    await until('Opus at the phone', () => mirror.payloads.get(107) > 100);
    assert.deepEqual([...mirror.payloads.keys()], [107]);
    await assertHears('the user', alice, 800);  // Itself: the phone sends every packet back.
    await alice.hangup();
    const { legs, transcoded } = await record(records);
    assert.ok(legs.every((leg) => leg.codec === 'opus'), JSON.stringify(legs));
    assert.equal(transcoded, false);
  });

  for (const transport of ['udp', 'tls']) {
    test(`dtls_srtp_of_a_phone_over_${transport}_is_answered_and_carries_sound`, async (t) => {
      const secure = await phone(t, '101', { transport, srtp: 'dtls_srtp', hertz: 1000 });
      const records = (await daemon.cdrs()).length;
      await secure.dial('201');
      await alice.rings();
      await alice.accept();
      await secure.event('CALL_ESTABLISHED');
      await alice.connected();
      await assertHears('the user', alice, 1000);
      await assertHears('the phone', secure, 800);
      assert.equal((await secure.statistics()).secure, true);
      await secure.hangup();
      await alice.ended();
      const { legs } = await record(records);
      assert.ok(legs.every((leg) => leg.srtp), `both legs are encrypted: ${JSON.stringify(legs)}`);
    });
  }

  test('a_gateway_that_requires_srtp_refuses_plain_rtp_with_488', async (t) => {
    const strict = await castOf(t).add(Daemon.start({ set: { 'media.srtp': '"required"' } }));
    const socket = await castOf(t).add(SipSocket.open());
    const invite = (media) => socket.authenticated('INVITE', strict.sip.udp, { password: 'demo-101', user: '9196', body: sdp(20000, media) });
    assert.equal((await invite(['m=audio PORT RTP/AVP 0'])).status, 488);
    const secured = await invite([
      'm=audio PORT RTP/SAVP 0', 'a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:SUKFvzEPzv/Jrwi77sl2MxskJLeju5gWyzT5lVr7|2^20|1:4',
      'a=crypto:2 AES_CM_128_HMAC_SHA1_80 inline:SUKFvzEPzv/Jrwi77sl2MxskJLeju5gWyzT5lVr7',
    ]);
    assert.equal(secured.status, 200, secured.first);
    assert.match(secured.body, /^m=audio \d+ RTP\/SAVP 0\r?$/m);
    assert.match(secured.body, /^a=crypto:2 AES_CM_128_HMAC_SHA1_80 /m);  // The first has an MKI.
    await socket.acknowledge(strict.sip.udp, secured, {});
    const tag = (header) => /tag=([^;>]+)/.exec(secured.header(header))[1];
    await socket.ask(strict.sip.udp, socket.request('BYE', strict.sip.udp, {
      user: '9196', callId: secured.header('call-id'), cseq: 3, fromTag: tag('from'), toTag: tag('to'),
    }));
  });
});
