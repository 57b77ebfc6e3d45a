// Signalling and media over IPv6: of phones, alone and towards an IPv4 phone, and of a browser.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { assertHears } from './lib/assertions.mjs';
import { Baresip } from './lib/baresip.mjs';
import { Browser } from './lib/browser.mjs';
import { castOf } from './lib/cast.mjs';
import { Daemon } from './lib/daemon.mjs';

const kSet = {
  'sip.listen': '["udp:127.0.0.1:0", "udp:[::1]:0"]',
  'media.address6': '"::1"',
};

describe('a phone on IPv6', () => {
  test('registers_and_talks_to_the_echo_user', async (t) => {
    const cast = castOf(t);
    const daemon = await cast.add(Daemon.start({ set: kSet }));
    const phone = await cast.add(Baresip.start({ user: '101', password: 'demo-101', domain: daemon.sip6.udp, host: '::1', hertz: 1000 }));
    const [registered] = (await daemon.phones()).filter((one) => one.username === '101');
    assert.match(JSON.stringify(registered), /\[::1\]/);
    await phone.dial('9196');
    await phone.event('CALL_ESTABLISHED');
    await assertHears('the IPv6 phone', phone, 1000);
    await phone.hangup();
  });

  test('talks_to_a_phone_on_ipv4_both_ways', async (t) => {
    const cast = castOf(t);
    const daemon = await cast.add(Daemon.start({ set: kSet }));
    const six = await cast.add(Baresip.start({ user: '101', password: 'demo-101', domain: daemon.sip6.udp, host: '::1', hertz: 1000 }));
    const four = await cast.add(Baresip.start({ user: '102', password: 'demo-102', domain: daemon.sip.udp, hertz: 600, answer: 'auto' }));
    await six.dial('102');
    await six.event('CALL_ESTABLISHED');
    await assertHears('the IPv4 phone', four, 1000);
    await assertHears('the IPv6 phone', six, 600);
    await four.hangup();
    await six.event('CALL_CLOSED');
  });
});

describe('a browser on IPv6', () => {
  test('signs_in_and_talks_to_a_phone_on_ipv4_over_ipv6_alone', async (t) => {
    const cast = castOf(t);
    const daemon = await cast.add(Daemon.start({ set: { 'media.address6': '"::1"', 'edge.local_http': '"[::1]:0"' } }));
    assert.match(daemon.local, /^http:\/\/\[::1\]:\d+$/);
    const phone = await cast.add(Baresip.start({ user: '101', password: 'demo-101', domain: daemon.sip.udp, hertz: 800, answer: 'auto' }));
    const browser = await cast.add(Browser.start({ hertz: 1000 }));
    const alice = await cast.add(browser.user(daemon, 'alice', { media: { family: 6 } }));
    await alice.dial('101');
    await alice.connected();
    await assertHears('the phone', phone, 1000);
    await assertHears('the user', alice, 800);
    const { local, remote } = await alice.pair();
    assert.equal(remote.address, '::1');
    assert.match(local.address, /:/);
    await alice.hangup();
    await alice.ended();
  });
});
