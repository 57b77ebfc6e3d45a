// The tools themselves, client to client without the gateway: what they measure is what was played.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { assertNoTone, assertTone } from './lib/assertions.mjs';
import { Baresip } from './lib/baresip.mjs';
import { castOf } from './lib/cast.mjs';
import { credentials, genuine } from './lib/digest.mjs';
import { generator, mutate } from './lib/mutate.mjs';
import { RtpEndpoint } from './lib/rtp.mjs';
import { Sipp } from './lib/sipp.mjs';
import { g711, measure, sine } from './lib/tone.mjs';

const phone = (t, user, options) => castOf(t).add(Baresip.start({ user, password: 'x', domain: '127.0.0.1', register: false, ...options }));

describe('the harness', () => {
  test('a_tone_is_measured_by_frequency_and_level', () => {
    const samples = sine(1000, 1, 8000, 0.25);
    assertTone('the meter', measure(samples, 1000, 8000));
    assertNoTone('the meter', measure(samples, 900, 8000));
    assert.throws(() => assertTone('the meter', measure(sine(1000, 1, 8000, 0.15), 1000, 8000)));
    assert.throws(() => assertTone('the meter', measure(sine(1010, 1, 8000, 0.25), 1000, 8000)));
    assert.ok(measure(new Int16Array(8000), 1000, 8000).silent);
  });

  test('g711_is_what_the_itu_tables_say', () => {
    assert.equal(g711[0].decode(0xff), 0);
    assert.equal(g711[0].decode(0x80), 32124);
    assert.equal(g711[0].decode(0x00), -32124);
    assert.equal(g711[8].decode(0xd5), 8);
    assert.equal(g711[8].decode(0xaa), 32256);
    for (const law of [0, 8]) {
      for (let code = 0; code < 256; code++) {
        const value = g711[law].decode(code);
        assert.equal(g711[law].decode(g711[law].encode(value)), value);
      }
    }
  });

  test('digest_is_that_of_rfc_2617', () => {
    // The example of RFC 2617 3.5.
    const value = credentials('Digest realm="testrealm@host.com", qop="auth,auth-int", nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093"', {
      user: 'Mufasa', password: 'Circle Of Life', method: 'GET', uri: '/dir/index.html', cnonce: '0a4f113b',
    });
    assert.match(value, /response="6629fae49393a05397450978507c4ef1"/);
    assert.ok(genuine(value, { password: 'Circle Of Life', method: 'GET' }));
    assert.ok(!genuine(value, { password: 'Circle of Life', method: 'GET' }));
  });

  test('a_seed_repeats_its_mutations', () => {
    const once = generator(7), again = generator(7);
    for (let i = 0; i < 1000; i++) {
      assert.deepEqual(mutate(once, Buffer.from('OPTIONS sip:x SIP/2.0\r\nVia: y\r\n\r\n')), mutate(again, Buffer.from('OPTIONS sip:x SIP/2.0\r\nVia: y\r\n\r\n')));
    }
  });

  test('two_phones_hear_each_other', async (t) => {
    const a = await phone(t, 'a', { hertz: 600 });
    const b = await phone(t, 'b', { hertz: 1000 });
    await b.dial(`sip:a@127.0.0.1:${a.sipPort}`);
    await a.event('CALL_INCOMING');
    await a.accept();
    await b.event('CALL_ESTABLISHED');
    assertTone('a', await a.listen(1000));
    assertNoTone('a', await a.listen(600));
    assertTone('b', await b.listen(600));
    await a.hangup();
    await b.event('CALL_CLOSED');
  });

  test('two_rtp_endpoints_hear_each_other', async (t) => {
    const a = await castOf(t).add(RtpEndpoint.open({ hertz: 500, payload: 8 }));
    const b = await castOf(t).add(RtpEndpoint.open({ hertz: 900 }));
    a.talk({ address: '127.0.0.1', port: b.port });
    b.talk();
    assertTone('b', await b.listen(500));
    assertTone('a', await a.listen(900));
  });

  for (const scenario of ['answer', 'answer_hangup', 'early_media', 'held', 'ring', 'refuse']) {
    test(`sipp_${scenario}`, async (t) => {
      const caller = await phone(t, 'a', { hertz: 600 });
      const carrier = await castOf(t).add(Sipp.start(scenario, { duration: 1500 }));
      await caller.dial(`sip:s@127.0.0.1:${carrier.port}`);
      if (scenario === 'ring') {
        await caller.event('CALL_RINGING');
        await caller.hangup();
      } else if (scenario !== 'refuse') {
        await caller.event(scenario === 'early_media' ? 'CALL_PROGRESS' : 'CALL_ESTABLISHED');
        assertTone('the phone', await caller.listen(1000, 0.5));
        assertTone('the carrier', await carrier.rtp.listen(600, 0.5));
      }
      if (scenario === 'held') {
        await caller.hold();
        const offer = await carrier.received('a hold', (m) => m.method === 'INVITE' && m.audioDirection() === 'sendonly');
        await caller.resume();
        await carrier.received('a resume', (m) => m.method === 'INVITE' && m.audioDirection() === 'sendrecv' &&
          Number.parseInt(m.header('cseq'), 10) > Number.parseInt(offer.header('cseq'), 10));
        await carrier.received('its ACK', (m) => m.method === 'ACK' && Number.parseInt(m.header('cseq'), 10) > Number.parseInt(offer.header('cseq'), 10));
      }
      if (scenario === 'early_media') await caller.event('CALL_ESTABLISHED');
      if (!['answer_hangup', 'refuse', 'ring'].includes(scenario)) await caller.hangup();
      await caller.event('CALL_CLOSED');
      await carrier.finished();
    });
  }

  for (const scenario of ['call', 'call_wait', 'call_refused', 'call_cancel']) {
    test(`sipp_${scenario}`, async (t) => {
      const callee = await phone(t, 'a', { hertz: 600 });
      const carrier = await castOf(t).add(Sipp.start(scenario, { to: `127.0.0.1:${callee.sipPort}`, values: { to: 'a' }, duration: 500 }));
      await callee.event('CALL_INCOMING');
      if (scenario === 'call_refused') await callee.hangup();
      if (scenario === 'call' || scenario === 'call_wait') {
        await callee.accept();
        await callee.event('CALL_ESTABLISHED');
      }
      if (scenario === 'call_wait') {
        assertTone('the phone', await callee.listen(1000, 0.5));
        await callee.hangup();
      }
      await callee.event('CALL_CLOSED');
      await carrier.finished();
    });
  }
});
