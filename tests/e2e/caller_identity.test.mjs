// Who calls: the table of each trunk, the wish to be anonymous, who sent a call on, and calls for help.
import assert from 'node:assert/strict';
import http from 'node:http';
import { once } from 'node:events';
import { after, afterEach, before, describe, test } from 'node:test';
import { Carrier } from './lib/carrier.mjs';
import { Cast, castOf } from './lib/cast.mjs';
import { Daemon, kSlow } from './lib/daemon.mjs';
import { EdgeDevice } from './lib/edge.mjs';
import { SipSocket } from './lib/sip_socket.mjs';
import { until } from './lib/wait.mjs';

const kOffer = (port) => ['v=0', 'o=phone 1 1 IN IP4 127.0.0.1', 's=-', 'c=IN IP4 127.0.0.1', 't=0 0', `m=audio ${port} RTP/AVP 0`,
  'a=rtpmap:0 PCMU/8000', ''].join('\r\n');

describe('caller identity', () => {
  const cast = new Cast();
  let daemon, phone, plain, full, trusted, notices, server;

  before(async () => {
    const refusing = { invite: 486 };
    plain = await cast.add(Carrier.start(refusing));
    full = await cast.add(Carrier.start(refusing));
    trusted = await cast.add(Carrier.start(refusing));
    notices = [];
    server = http.createServer((request, response) => {
      let body = '';
      request.on('data', (data) => (body += data));
      request.on('end', () => {
        notices.push(JSON.parse(body));
        response.end('{}');
      });
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const trunk = (name, carrier, lines) => [`trunks.d/${name}.toml`,
      `name = "${name}"\ntargets = ["${carrier.address}"]\npeers = ["${carrier.address}"]\noptions_interval = "0s"\n${lines}`];
    const route = (name, to) => `[[route]]\nname = "${name}"\nfrom = ["phones", "trunks"]\nto = "${to}*"\ntargets = ["trunk:${name}"]\n`;
    daemon = await cast.add(Daemon.start({
      carrier: plain.port,
      files: Object.fromEntries([
        trunk('full', full, '[caller_id]\np_preferred_identity = true\nremote_party_id = true\ndiversion = true\nhistory_info = true\n'),
        trunk('trusted', trusted, '[caller_id]\ntrusted = true\n'),
      ]),
      edit: {
        'routes.toml': (text) => route('full', '+47') + route('trusted', '+46') +
          '[[route]]\nname = "on"\nfrom = ["trunk:trusted"]\nto = "+14255550101"\ntargets = ["trunk:full"]\n' +
          '[[route]]\nname = "in"\nfrom = ["trunk:trusted"]\nto = "+14255550102"\ntargets = ["user:bob"]\n' + text,
        'phones.toml': (text) => text.replace('display_name = "Reception"', 'display_name = "Zoë \\"R\\""\nlocation = "https://lis.example/room7"'),
      },
      set: { 'emergency.webhook': `"http://127.0.0.1:${server.address().port}/911"`, 'limits.calls_per_second': '100' },
    }));
    phone = await cast.add(SipSocket.open());
  });
  after(async () => {
    await cast.close();
    server.close();
  });
  afterEach(() => daemon.cleared());

  /** Phone 101 calls `number`; the INVITE that the carrier got. */
  async function invite(carrier, number, headers = []) {
    const before = carrier.requests('INVITE').length;
    const answer = await phone.authenticated('INVITE', daemon.sip.udp, { user: number, password: 'demo-101', body: kOffer(phone.port), headers });
    await phone.acknowledge(daemon.sip.udp, answer, { user: number, cseq: 2 });
    return carrier.request('INVITE', 5_000 * kSlow, before + 1);
  }

  /** The trusted trunk calls `number`: `refused` waits for the refusal and acknowledges it. */
  function fromTrusted(id, number, headers, from = '"Anna"') {
    const [host, port] = daemon.sip.udp.split(':');
    const send = (method, more, { to = '', body = '' } = {}) => trusted.socket.send([`${method} sip:${number}@${daemon.sip.udp} SIP/2.0`,
      `Via: SIP/2.0/UDP ${trusted.address};branch=z9hG4bK${id};rport`, 'Max-Forwards: 70', `From: ${from} <sip:+12065550177@${trusted.address}>;tag=${id}`,
      `To: <sip:${number}@${daemon.sip.udp}>${to}`, `Call-ID: ${id}@carrier`, `CSeq: 1 ${method}`, `Contact: <sip:carrier@${trusted.address}>`, ...more,
      `Content-Length: ${body.length}`, '', body].join('\r\n'), Number(port), host);
    send('INVITE', [...headers, 'Content-Type: application/sdp'], { body: kOffer(9000) });
    return {
      async refused() {
        let refusal;
        await until('the refusal', () => (refusal = trusted.received.find((m) => m.status >= 400 && m.header('call-id') === `${id}@carrier`)), 5_000 * kSlow);
        send('ACK', [], { to: `;tag=${/;tag=([^;]+)/.exec(refusal.header('to'))[1]}` });
        return refusal;
      },
    };
  }

  test('each_trunk_is_told_what_its_table_says', async () => {
    const told = await invite(plain, '+12065550123');
    assert.match(told.header('from'), /^"Zoë \\"R\\"" <sip:\+14255550100@/);
    assert.match(told.header('p-asserted-identity'), /\+14255550100/);
    for (const name of ['p-preferred-identity', 'remote-party-id', 'diversion', 'history-info', 'privacy']) assert.equal(told.header(name), undefined, name);
    const all = await invite(full, '+4722550123');
    assert.match(all.header('p-preferred-identity'), /\+14255550100/);
    assert.match(all.header('remote-party-id'), /\+14255550100.*party=calling.*privacy=off/);
  });

  test('the_carrier_learns_nothing_of_the_house', async () => {
    const secrets = ['X-Floor: 7', 'User-Agent: Desk/7.1', 'Organization: Back Office', 'Subject: payroll'];
    const told = await invite(plain, '+12065550123', secrets);
    assert.doesNotMatch(told.text, new RegExp(`:${phone.port}\\b|m=audio ${phone.port} `), 'no address of the phone');
    assert.doesNotMatch(told.text, /X-Floor|Desk\/7\.1|Back Office|payroll|o=phone|9196|pbx/i);
    const mine = phone.messages.at(-1);
    assert.notEqual(told.header('call-id'), mine.header('call-id'));
    assert.equal(told.headers.filter(([name]) => name === 'via').length, 1, 'the way here is not told');
    assert.equal(told.header('record-route'), undefined);
    // Nor the phone of the carrier: its answer has nothing but a status of it.
    const refusal = phone.messages.findLast((m) => m.status === 486);
    assert.doesNotMatch(refusal.text, new RegExp(`:${plain.port}\\b|${told.header('call-id')}`));
  });

  test('of_an_anonymous_caller_nothing_leaks_into_any_header_or_the_sdp', async () => {
    for (const [carrier, number] of [[plain, '+12065550123'], [full, '+4722550123']]) {
      const told = await invite(carrier, number, ['Privacy: id']);
      assert.match(told.header('from'), /^"Anonymous" <sip:anonymous@anonymous\.invalid>/);
      assert.equal(told.header('privacy'), 'id');
      assert.doesNotMatch(told.text, /4255550100|Zo|demo-101|sip:101@/);
    }
  });

  test('a_trusted_trunk_gets_an_anonymous_callers_number_as_asserted_and_private', async () => {
    const told = await invite(trusted, '+4622550123', ['Privacy: id']);
    assert.match(told.header('from'), /anonymous@anonymous\.invalid/);
    assert.match(told.header('p-asserted-identity'), /^<sip:\+14255550100@/);
    assert.equal(told.header('privacy'), 'id');
  });

  test('a_call_from_trunk_to_trunk_names_who_sent_it_on', async () => {
    const before = full.requests('INVITE').length;
    const call = fromTrusted('on', '+14255550101', ['Diversion: <sip:+14255550188@far.test>;reason=user-busy']);
    const told = await full.request('INVITE', 5_000 * kSlow, before + 1);
    assert.match(told.header('from'), /\+12065550177/);
    const diversions = told.headers.filter(([name]) => name === 'diversion').map(([, value]) => value);
    assert.match(diversions[0], /^<sip:\+14255550101@.*reason=unconditional/);
    assert.match(diversions[1], /^<sip:\+14255550188@far\.test>;reason=user-busy/);
    assert.match(told.header('history-info'), /\+14255550188@far\.test>;index=1, <sip:\+14255550101@.*;cause=486>;index=1\.1;mp=1, /);
    await call.refused();
  });

  test('a_user_is_told_who_sent_the_call_on_and_what_came_with_it', async (t) => {
    const bob = await castOf(t).add(EdgeDevice.register(daemon, 'bob'));
    const history = '<sip:+14255550188@far.test;user=phone?Reason=SIP%3Bcause%3D302>;index=1, <sip:+14255550102@us.test>;index=1.1';
    const call = fromTrusted('context', '+14255550102', [`History-Info: ${history}`, 'User-to-User: 56a390f3;encoding=hex', 'X-MS-Custom-Order: 17',
      'X-Other: not for users'], '"Zo\u00eb \\"Z\\" \\\\ M\u00fcller, GmbH"');
    const incoming = await bob.event('incomingCall');
    assert.equal(incoming.from.displayName, 'Zo\u00eb "Z" \\ M\u00fcller, GmbH', 'quoting and UTF-8 are read');
    assert.equal(incoming.context.userToUser, '56a390f3;encoding=hex');
    assert.deepEqual(incoming.context.headers, [{ name: 'X-MS-Custom-Order', value: '17' }, { name: 'History-Info', value: history }]);
    await bob.request('reject', { callId: incoming.callId });
    await call.refused();
  });

  test('a_call_for_help_is_tried_on_every_trunk_named_placed_recorded_and_told', async () => {
    const before = [plain, full, trusted].map((carrier) => carrier.requests('INVITE').length);
    const told = await invite(plain, '911', ['Privacy: id']);
    assert.match(told.header('from'), /\+14255550100/);
    assert.equal(told.header('privacy'), undefined);
    assert.equal(told.header('geolocation'), '<https://lis.example/room7>');
    assert.equal(told.header('geolocation-routing'), 'yes');
    const after = [plain, full, trusted].map((carrier) => carrier.requests('INVITE').length);
    assert.deepEqual(after, before.map((count) => count + 1), 'busy on one trunk: the others were asked too');
    const record = await daemon.cdr((one) => one.dialled === '911');
    assert.equal(record.emergency, true);
    await until('the webhook is told', () => notices.length > 0, 5_000 * kSlow);
    assert.equal(notices[0].from, 'phone:101');
    assert.equal(notices[0].callback, '+14255550100');
    assert.equal(notices[0].location, 'https://lis.example/room7');
    assert.equal(await daemon.metric('gw_emergency_calls_total'), 1);
  });
});
