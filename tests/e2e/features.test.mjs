// What a phone's owner and an operator set: call forwarding, do not disturb, hunting, call waiting, intercom, who may call what.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, afterEach, before, beforeEach, describe, test } from 'node:test';
import { Carrier } from './lib/carrier.mjs';
import { Cast, castOf } from './lib/cast.mjs';
import { Daemon, kSlow } from './lib/daemon.mjs';
import { DeskPhone } from './lib/desk_phone.mjs';
import { SipSocket } from './lib/sip_socket.mjs';
import { until } from './lib/wait.mjs';

const kSdp = (port, payload = '0', map = 'PCMU/8000') => ['v=0', 'o=phone 1 1 IN IP4 127.0.0.1', 's=-', 'c=IN IP4 127.0.0.1', 't=0 0',
  `m=audio ${port} RTP/AVP ${payload}`, `a=rtpmap:${payload} ${map}`, ''].join('\r\n');
const kMobile = '+12065550123';

const phoneOf = (name, keys) =>
  `[[phone]]\nusername = "${name}"\npassword = "demo-${name}"\nextension = "${name}"\ncaller_id = "+14255550${name}"\ndigest = ["MD5"]\n${keys}\n`;

const kPhones = [
  phoneOf('103', ''),
  phoneOf('104', `forward_always = "${kMobile}"`),
  phoneOf('105', 'forward_busy = "102"'),
  phoneOf('106', `forward_no_answer = "${kMobile}"\nno_answer_after = "1s"`),
  phoneOf('107', 'do_not_disturb = true'),
  phoneOf('108', 'call_waiting = 0'),
  phoneOf('109', 'auto_answer = true'),
  phoneOf('110', 'forward_always = "111"'),
  phoneOf('111', 'forward_always = "phone:110"'),
  phoneOf('122', 'forward_always = "+442071838750"'),
  phoneOf('113', 'dial_policy = { allow = ["+1206", "+44"], deny = ["+12065550199"], destinations_per_day = 2 }'),
  phoneOf('114', 'dial_policy = { destinations_per_day = 1 }'),
].join('\n');

const kRoutes = `
[[route]]
name = "hunt"
from = ["phones"]
to = "7000"
targets = ["phone:102", "phone:103|phone:108"]
ring_timeout = "1s"

[[route]]
name = "door"
from = ["trunk:carrier"]
to = "+14255550121"
targets = ["phone:109"]
auto_answer = true

[[route]]
name = "to 109"
from = ["trunk:carrier"]
to = "+14255550109"
targets = ["phone:109"]

[[route]]
name = "to 104"
from = ["trunk:carrier"]
to = "+14255550104"
targets = ["phone:104"]

`;

describe('features', () => {
  const cast = new Cast();
  let daemon, carrier, caller;

  before(async () => {
    carrier = await cast.add(Carrier.start({ invite: 486 }));
    daemon = await cast.add(Daemon.start({
      carrier: carrier.port,
      edit: {
        'phones.toml': (text) => `${text}\n${kPhones}`,
        'routes.toml': (text) => kRoutes + text,
        'trunks.d/carrier.toml': (text) => `${text}\n[caller_id]\ndiversion = true\nhistory_info = true\n`,
      },
      set: { 'dial_policy.international': 'false', 'dial_policy.premium': 'false', 'calls.ring_timeout': '"4s"' },
    }));
    caller = await cast.add(SipSocket.open());
  });
  after(() => cast.close());
  beforeEach(() => {
    carrier.received = [];
    carrier.options.invite = 486;
  });
  afterEach(() => daemon.cleared());

  const desk = (t, user, answers) => castOf(t).add(DeskPhone.open(daemon, user, answers));

  /** A phone calls a number: all that it is answered. */
  async function call(number, { as = '103', body, ms = 8_000 } = {}) {
    const mark = caller.messages.length;
    const ask = caller.ask.bind(caller);
    caller.ask = (address, text) => ask(address, text, ms * kSlow);
    const final = await caller.authenticated('INVITE', daemon.sip.udp, { as, user: number, password: `demo-${as}`, body: body ?? kSdp(caller.port) })
      .finally(() => delete caller.ask);
    await caller.acknowledge(daemon.sip.udp, final, { user: number, cseq: 2 });
    const heard = caller.messages.slice(mark).filter((m) => m.status > 100 && m.header('cseq') === '2 INVITE');
    return { final, status: final.status, statuses: [...new Set(heard.map((m) => m.status))], phrases: heard.map((m) => m.first) };
  }

  async function hangUp({ final }, number, as = '103') {
    const [uri] = /sip:[^>]+/.exec(final.header('contact'));
    const text = caller.request('BYE', daemon.sip.udp, { as, user: number, callId: final.header('call-id'), cseq: 3,
      fromTag: /tag=([^;]+)/.exec(final.header('from'))[1], toTag: /tag=([^;]+)/.exec(final.header('to'))[1] });
    assert.equal((await caller.ask(daemon.sip.udp, text.replace(/^BYE \S+/, `BYE ${uri}`))).status, 200);
  }

  /** The carrier calls a number of the house. */
  async function fromCarrier(number) {
    const [host, port] = daemon.sip.udp.split(':');
    const id = randomBytes(6).toString('hex');
    const head = (method) => [`${method} sip:${number}@${daemon.sip.udp} SIP/2.0`, `Via: SIP/2.0/UDP ${carrier.address};branch=z9hG4bK${id};rport`,
      'Max-Forwards: 70', `From: "Anna" <sip:+12065550177@${carrier.address}>;tag=${id}`];
    const send = (lines, body = '') => carrier.socket.send([...lines, `Content-Length: ${body.length}`, '', body].join('\r\n'), Number(port), host);
    send([...head('INVITE'), `To: <sip:${number}@${daemon.sip.udp}>`, `Call-ID: ${id}`, 'CSeq: 1 INVITE', `Contact: <sip:carrier@${carrier.address}>`,
      'Content-Type: application/sdp'], kSdp(9000));
    let final;
    await until('the carrier is answered', () => (final = carrier.received.find((m) => m.status >= 200 && m.header('call-id') === id)), 8_000 * kSlow, 20);
    send([...head('ACK'), `To: ${final.header('to')}`, `Call-ID: ${id}`, 'CSeq: 1 ACK']);
    return { status: final.status, statuses: carrier.received.filter((m) => m.status > 100 && m.header('call-id') === id).map((m) => m.status) };
  }

  const diversion = (invite) => invite.header('diversion');

  test('forward_always_goes_out_as_the_forwarding_phones_call_and_says_so_to_all', async () => {
    const { status, statuses, phrases } = await call('104');
    assert.equal(status, 486, 'what the mobile says');
    assert.equal(statuses[0], 181);
    assert.match(phrases[0], /181 Call Is Being Forwarded/);
    const invite = await carrier.request('INVITE');
    assert.match(invite.first, /^INVITE sip:\+12065550123@/);
    assert.match(invite.header('from'), /\+14255550104@/, 'it is the phone 104 that calls outside');
    assert.match(diversion(invite), /^<sip:\+14255550104@.*;reason=unconditional/);
    assert.match(invite.header('history-info'), /\+14255550104@.*cause=302/);
    const record = await daemon.cdr((one) => one.dialled === '104');
    assert.deepEqual(record.forwarded, [{ by: 'phone:104', reason: 'unconditional', to: kMobile }]);
    assert.equal(record.cause.sip, 486);
  });

  test('forward_always_of_a_call_from_the_carrier_goes_back_to_it', async () => {
    const { status, statuses } = await fromCarrier('+14255550104');
    assert.equal(status, 486);
    assert.ok(statuses.includes(181));
    assert.match(diversion(await carrier.request('INVITE')), /\+14255550104@/);
  });

  test('forward_busy_rings_a_phone_of_the_house_that_sees_who_called_and_by_whom', async (t) => {
    const busy = await desk(t, '105', [486]);
    const next = await desk(t, '102', [180, 603]);
    const { status, statuses } = await call('105');
    assert.equal(status, 603);
    assert.deepEqual(statuses, [181, 180, 603]);
    assert.equal(busy.requests('INVITE').length, 1);
    const invite = await next.request('INVITE');
    assert.match(invite.header('from'), /<sip:103@/);
    assert.match(diversion(invite), /^<sip:\+14255550105@.*;reason=user-busy/);
  });

  test('forward_no_answer_stops_the_ringing_after_its_own_time', async (t) => {
    const absent = await desk(t, '106', [180]);
    const began = Date.now();
    const { statuses } = await call('106');
    assert.deepEqual(statuses, [180, 181, 486]);
    assert.ok(Date.now() - began > 900 && Date.now() - began < 3_000 * kSlow, `${Date.now() - began} ms`);
    await absent.request('CANCEL');
    assert.match(diversion(await carrier.request('INVITE')), /\+14255550106@.*;reason=no-answer/);
  });

  test('forward_no_answer_is_for_a_phone_without_a_device_too_and_at_once', async () => {
    const began = Date.now();
    assert.deepEqual((await call('106')).statuses, [181, 486]);
    assert.ok(Date.now() - began < 900 * kSlow);
  });

  test('forwarding_in_a_circle_ends_with_482', async () => {
    const { status } = await call('110');
    assert.equal(status, 482);
  });

  test('a_phone_cannot_forward_to_where_it_may_not_call', async () => {
    const { status, statuses } = await call('122');
    assert.equal(status, 403);
    assert.ok(!statuses.includes(181));
    assert.equal(carrier.requests('INVITE').length, 0);
  });

  test('do_not_disturb_is_busy_and_no_device_rings', async (t) => {
    const quiet = await desk(t, '107', [180]);
    assert.equal((await call('107')).status, 486);
    assert.equal(quiet.requests('INVITE').length, 0);
  });

  test('a_hunt_group_rings_each_for_the_time_of_its_route', async (t) => {
    const first = await desk(t, '102', [180]);
    const second = await desk(t, '108', [180]);
    const third = await desk(t, '103', [180]);
    const began = Date.now();
    const { status } = await call('7000', { as: '109' });
    const took = Date.now() - began;
    assert.equal(status, 480);
    assert.ok(took > 1_900 && took < 3_800 * kSlow, `${took} ms: a second each, not [calls] ring_timeout`);
    for (const phone of [first, second, third]) await phone.request('CANCEL');
  });

  test('without_call_waiting_a_phone_in_a_call_is_busy', async (t) => {
    const phone = await desk(t, '108', [200]);
    const talk = await call('108');
    assert.equal(talk.status, 200);
    assert.equal((await call('108', { as: '109' })).status, 486);
    assert.equal(phone.requests('INVITE').length, 1);
    await hangUp(talk, '108');
    await daemon.settled();
    const again = await call('108', { as: '109' });
    assert.equal(again.status, 200, 'and free afterwards');
    await hangUp(again, '108', '109');
  });

  test('an_intercom_is_asked_to_answer_by_itself_but_not_by_a_carrier', async (t) => {
    const intercom = await desk(t, '109', [486]);
    await call('109');
    const inside = await intercom.request('INVITE');
    assert.match(inside.header('call-info'), /;answer-after=0$/);
    assert.match(inside.header('alert-info'), /;info=alert-autoanswer;delay=0$/);
    await fromCarrier('+14255550109');
    const outside = await intercom.request('INVITE', 2);
    assert.equal(outside.header('call-info'), undefined);
    assert.equal(outside.header('alert-info'), undefined);
    await fromCarrier('+14255550121');
    assert.match((await intercom.request('INVITE', 3)).header('call-info'), /answer-after=0/, 'the route says so');
  });

  test('181_and_182_of_the_other_side_reach_the_caller', async (t) => {
    await desk(t, '102', [181, 182, 180, 486]);
    assert.deepEqual((await call('102')).statuses, [181, 182, 180, 486]);
  });

  test('abroad_and_premium_are_refused_with_403_a_warning_and_a_cause_of_their_own', async () => {
    for (const number of ['+442071838750', '+19002345678']) {
      const { status, final } = await call(number);
      assert.equal(status, 403, number);
      assert.equal(final.header('warning'), '399 gw "This number may not be called from here"');
    }
    assert.equal(carrier.requests('INVITE').length, 0);
    assert.equal(await daemon.metric('gw_calls_refused_total', 'cause="dial_policy"'), 2);
    const { stdout, code } = await daemon.command('route', '--from', 'phone:103', '--to', '+442071838750');
    assert.equal(code, 3);
    assert.match(stdout, /dial policy: \+442071838750 is international/);
  });

  test('a_phones_own_policy_allows_denies_and_counts_destinations', async () => {
    const as = '113';
    assert.equal((await call('+442071838750', { as })).status, 486, 'the carrier was asked');
    assert.equal((await call('+12065550199', { as })).status, 403);
    assert.equal((await call('+14255550777', { as })).status, 403, 'none of what is allowed');
    assert.equal((await call(kMobile, { as })).status, 486);
    const third = await call('+12065550124', { as });
    assert.equal(third.status, 403);
    assert.equal(third.final.header('warning'), '399 gw "What may be called from here is used up"');
    assert.equal((await call(kMobile, { as })).status, 486, 'one of the two again');
    assert.equal(await daemon.metric('gw_usage_limit_total', 'limit="destinations_per_day"'), 1);
  });

  test('a_refused_offer_and_an_unknown_number_say_why', async () => {
    const none = await call('9196', { body: kSdp(caller.port, '18', 'G729/8000') });
    assert.equal(none.status, 488);
    assert.equal(none.final.header('warning'), '305 gw "no common codec"');
    const video = await call('9196', { body: kSdp(caller.port).replace('m=audio', 'm=video') });
    assert.equal(video.status, 488);
    assert.equal(video.final.header('warning'), '304 gw "no audio is offered"');
    const unknown = await call('7777');
    assert.equal(unknown.status, 404);
    assert.equal(unknown.final.header('warning'), '399 gw "There is no such number"');
  });

  test('a_carriers_own_refusal_carries_no_warning_of_ours', async () => {
    carrier.options.invite = 403;
    const { status, final } = await call(kMobile);
    assert.equal(status, 403);
    assert.equal(final.header('warning'), undefined);
  });

  test('a_restart_forgets_no_limit_of_the_day', async () => {
    const as = '114';
    assert.equal((await call(kMobile, { as })).status, 486);
    assert.deepEqual(await daemon.restart(), { code: 0, signal: null });
    assert.equal((await call('+12065550124', { as })).status, 403);
    assert.equal((await call(kMobile, { as })).status, 486, 'that of before');
  });
});
