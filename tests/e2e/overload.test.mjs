// A signalling thread that is late refuses what is new, the least important first, and calls for help never.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { Carrier } from './lib/carrier.mjs';
import { Cast } from './lib/cast.mjs';
import { Daemon } from './lib/daemon.mjs';
import { quickCall } from './lib/quick_call.mjs';
import { SipSocket } from './lib/sip_socket.mjs';
import { pause, until } from './lib/wait.mjs';

const kOffer = ['v=0', 'o=- 1 1 IN IP4 127.0.0.1', 's=-', 'c=IN IP4 127.0.0.1', 't=0 0', 'm=audio 9 RTP/AVP 0', ''].join('\r\n');
const kShedLag = 400;  // ms: a busy machine is late by itself too.
const kStranger = { as: '102', password: 'demo-102' };

describe('overload', () => {
  const cast = new Cast();
  let daemon, carrier, known, stranger;

  before(async () => {
    carrier = await cast.add(Carrier.start({ invite: 486 }));
    daemon = await cast.add(Daemon.start({ carrier: carrier.port, set: { 'limits.shed_lag': `"${kShedLag}ms"` } }));
    known = await cast.add(SipSocket.open());
    stranger = await cast.add(SipSocket.open());
    assert.equal((await known.authenticated('REGISTER', daemon.sip.udp, { password: 'demo-101' })).status, 200);
  });
  after(() => cast.close());

  const level = () => daemon.metric('gw_sip_shedding');

  /** Its thread does nothing for so long; what was sent meanwhile is read before its clock is looked at, so that is let pass. */
  async function late(ms) {
    process.kill(daemon.program.pid, 'SIGSTOP');
    await pause(ms);
    process.kill(daemon.program.pid, 'SIGCONT');
    await until('it knows that it is late', async () => (await level()) > 0, 2_000, 10);
  }

  async function calm() {
    await until('it takes everything again', async () => (await level()) === 0, 8_000, 50);
  }

  test('new_calls_and_options_get_503_with_a_time_to_try_again_and_registered_phones_stay', async () => {
    await quickCall(known, daemon);
    await late(3 * kShedLag);
    const invite = await known.ask(daemon.sip.udp, known.request('INVITE', daemon.sip.udp, { user: '9196', body: kOffer }));
    assert.equal(invite.status, 503, invite.first);
    assert.match(invite.header('retry-after') ?? '', /^\d+$/);
    await known.acknowledge(daemon.sip.udp, invite, { user: '9196' });
    const options = await stranger.ask(daemon.sip.udp, stranger.request('OPTIONS', daemon.sip.udp));
    assert.equal(options.status, 503, options.first);
    const refreshed = await known.authenticated('REGISTER', daemon.sip.udp, { password: 'demo-101' });
    assert.equal(refreshed.status, 200, refreshed.first);
    assert.ok((await daemon.metric('gw_sip_refused_total', '"shed"')) >= 2);
    await calm();
    await quickCall(known, daemon);
    assert.equal((await stranger.ask(daemon.sip.udp, stranger.request('OPTIONS', daemon.sip.udp))).status, 200);
  });

  test('who_is_not_registered_waits_while_it_is_later_still', async () => {
    await late(6 * kShedLag);
    const refused = await stranger.ask(daemon.sip.udp, stranger.request('REGISTER', daemon.sip.udp, kStranger));
    assert.equal(refused.status, 503, refused.first);
    await calm();
    assert.equal((await stranger.authenticated('REGISTER', daemon.sip.udp, kStranger)).status, 200);
  });

  test('a_call_for_help_passes', async () => {
    await late(3 * kShedLag);
    const answer = await known.authenticated('INVITE', daemon.sip.udp, { user: '911', password: 'demo-101', body: kOffer });
    await known.acknowledge(daemon.sip.udp, answer, { user: '911', cseq: 2 });
    assert.equal(answer.status, 486, 'the carrier was asked, and was busy');
    assert.ok((await level()) > 0, 'it was late all the while');
    await calm();
  });
});
