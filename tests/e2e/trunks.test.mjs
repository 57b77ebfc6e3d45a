// Trunks: registration at carriers, names by DNS (RFC 3263), failover, capacity, and what `trunks` says of it all.
import assert from 'node:assert/strict';
import { after, afterEach, before, describe, test } from 'node:test';
import { Carrier } from './lib/carrier.mjs';
import { Cast, castOf } from './lib/cast.mjs';
import { Daemon, kSlow } from './lib/daemon.mjs';
import { NameServer } from './lib/name_server.mjs';
import { freePorts } from './lib/ports.mjs';
import { SipSocket } from './lib/sip_socket.mjs';
import { until } from './lib/wait.mjs';

const kOffer = (port) => ['v=0', 'o=phone 1 1 IN IP4 127.0.0.1', 's=-', 'c=IN IP4 127.0.0.1', 't=0 0', `m=audio ${port} RTP/AVP 0`,
  'a=rtpmap:0 PCMU/8000', ''].join('\r\n');

const trunk = (name, lines) => ({ [`trunks.d/${name}.toml`]: `name = "${name}"\noptions_interval = "0s"\n${lines.join('\n')}\n` });
const quoted = (list) => `[${list.map((one) => `"${one}"`).join(', ')}]`;

describe('trunks', () => {
  const cast = new Cast();
  let daemon, phone, dns, ports;

  before(async () => {
    dns = await cast.add(NameServer.start());
    ports = {};
    for (const name of ['dead', 'good', 'named1', 'named2', 'registrar', 'full', 'spare', 'paced']) ports[name] = await freePorts(2);
    const at = (name) => `127.0.0.1:${ports[name]}`;
    dns.naptr('acme.test', 10, 10, 'SIP+D2U', '_sip._udp.acme.test');
    dns.srv('_sip._udp.acme.test', 20, 0, ports.named2, 'two.acme.test');
    dns.srv('_sip._udp.acme.test', 10, 0, ports.named1, 'one.acme.test');
    for (let n = 0; n < 12; n++) dns.srv('_sip._udp.acme.test', 90 + n, 0, 9, `spare${n}.with.a.rather.long.name.acme.test`);
    dns.a('one.acme.test', '127.0.0.1');
    dns.a('two.acme.test', '127.0.0.1');
    const route = (name, to, targets) => `[[route]]\nname = "${name}"\nfrom = ["phones"]\nto = "${to}*"\ntargets = ${quoted(targets)}\n`;
    daemon = await cast.add(Daemon.start({
      files: {
        ...trunk('fails', [`targets = ${quoted([at('dead'), at('good')])}`]),
        ...trunk('named', ['targets = ["acme.test"]']),
        ...trunk('registered', [`targets = ${quoted([at('registrar')])}`, 'register = true', 'username = "gateway"', 'password = "correct horse"']),
        ...trunk('full', [`targets = ${quoted([at('full')])}`, 'max_calls = 1']),
        ...trunk('spare', [`targets = ${quoted([at('spare')])}`]),
        ...trunk('paced', [`targets = ${quoted([at('paced')])}`, 'calls_per_second = 2']),
        ...trunk('watched', [`targets = ${quoted([at('good')])}`]),
      },
      edit: {
        'routes.toml': (text) => route('fails', '+47', ['trunk:fails']) + route('named', '+46', ['trunk:named']) +
          route('full', '+45', ['trunk:full', 'trunk:spare']) + route('paced', '+44', ['trunk:paced']) +
          '[[route]]\nname = "in"\nfrom = ["trunk:registered"]\nto = "+14255550100"\ntargets = ["user:echo"]\n' + text,
        'trunks.d/watched.toml': (text) => text.replace('"0s"', '"5s"'),
      },
      set: { 'sip.name_servers': quoted([dns.address]), 'limits.requests_per_second': '0' },
    }));
    phone = await cast.add(SipSocket.open());
  });
  after(() => cast.close());
  afterEach(() => daemon.cleared());

  /** Dials as phone 101: {answer, ms, bye()}. */
  async function dial(number) {
    const begun = performance.now();
    const callId = `call-${number}-${begun}`;
    const options = { user: number, password: 'demo-101', body: kOffer(phone.port), headers: [] };
    const answer = await phone.authenticated('INVITE', daemon.sip.udp, { ...options, callId });
    const ms = performance.now() - begun;
    await phone.acknowledge(daemon.sip.udp, answer, {});
    const bye = async () => {
      const uri = /<(sip:[^>]+)>/.exec(answer.header('contact'))[1];
      const to = answer.header('to'), from = answer.header('from');
      const text = [`BYE ${uri} SIP/2.0`, `Via: SIP/2.0/UDP 127.0.0.1:${phone.port};branch=z9hG4bKbye${begun};rport`, 'Max-Forwards: 70',
        `From: ${from}`, `To: ${to}`, `Call-ID: ${answer.header('call-id')}`, 'CSeq: 3 BYE', 'Content-Length: 0', '', ''].join('\r\n');
      return phone.ask(daemon.sip.udp, text);
    };
    return { answer, ms, bye };
  }
  const carrier = (t, name, options = {}) => castOf(t).add(Carrier.start({ port: ports[name], ...options }));
  const shown = async (name) => (await daemon.api('trunks')).trunks.find((one) => one.name === name);

  test('a_target_that_swallows_the_invite_is_left_within_4_s_and_tried_last_from_then_on', async (t) => {
    const silent = await carrier(t, 'dead', { invite: 'silent' });
    const good = await carrier(t, 'good');
    const first = await dial('+4722550001');
    assert.equal(first.answer.status, 200);
    assert.ok(first.ms < 4000 * kSlow, `${first.ms} ms`);
    assert.equal(good.requests('INVITE').length, 1);
    await first.bye();
    const asked = silent.requests('INVITE').length;
    const second = await dial('+4722550002');
    assert.equal(second.answer.status, 200);
    assert.ok(second.ms < 1000 * kSlow, `${second.ms} ms`);
    assert.equal(silent.requests('INVITE').length, asked);
    await second.bye();
    assert.ok((await shown('fails')).addresses.some((one) => one.state === 'down' && one.why));
  });

  for (const [status, goesOn] of [[503, true], [500, true], [404, false], [486, false], [603, false]]) {
    test(`after_${status}_the_next_target_is_${goesOn ? '' : 'not_'}tried`, async (t) => {
      const first = await carrier(t, 'good', { invite: status, headers: status === 503 ? ['Retry-After: 1'] : [] });
      const other = await carrier(t, 'dead');
      // Not of the call before, whose INVITE nobody answered and which is sent again up to 32 s (RFC 3261 17.1.1.2).
      const number = `+4722551${status}`;
      const ours = (one) => one.requests('INVITE').filter((invite) => invite.first.includes(number)).length;
      // Whichever is tried first by now: both say the same but one.
      other.options.invite = (invite) => {
        if (!invite.first.includes(number)) return 480;
        if (ours(first) > 0) return 200;
        first.options.invite = 200;
        return status;
      };
      const { answer, bye } = await dial(number);
      assert.equal(answer.status, goesOn ? 200 : status);
      assert.equal(ours(first) + ours(other), goesOn ? 2 : 1);
      if (goesOn) await bye();
    });
  }

  test('a_name_goes_by_naptr_srv_priority_and_a_tcp_answer_and_its_second_host_takes_over', async (t) => {
    const one = await carrier(t, 'named1');
    const two = await carrier(t, 'named2');
    const first = await dial('+4622550001');
    assert.equal(first.answer.status, 200);
    assert.equal(one.requests('INVITE').length, 1);
    await first.bye();
    assert.ok(dns.questions.includes('NAPTR acme.test over udp'));
    assert.ok(dns.questions.includes('SRV _sip._udp.acme.test over tcp'), 'what did not fit was asked for over TCP');
    one.options.invite = 503;
    const second = await dial('+4622550002');
    assert.equal(second.answer.status, 200);
    assert.equal(two.requests('INVITE').length, 1);
    await second.bye();
  });

  test('while_no_name_server_answers_the_old_answer_serves', async (t) => {
    const two = await carrier(t, 'named2');
    const one = await carrier(t, 'named1');
    const asked = dns.questions.length;
    dns.silent = true;
    t.after(() => (dns.silent = false));
    await until('the kept answer is over', async () => {
      const { answer, bye } = await dial('+4622550003');
      assert.equal(answer.status, 200);
      await bye();
      return dns.questions.length > asked;
    }, 30_000);
    assert.ok(one.requests('INVITE').length + two.requests('INVITE').length > 0);
  });

  test('a_trunk_registers_and_calls_from_its_registrar_are_its_own', async (t) => {
    const registrar = await carrier(t, 'registrar', { password: 'correct horse', expires: 20 });
    await until('registered', async () => (await shown('registered')).registered === 'registered', 20_000 * kSlow);
    const signed = registrar.requests('REGISTER').find((one) => one.header('authorization'));
    assert.match(signed.header('to'), /<sip:gateway@127\.0\.0\.1>/);
    assert.equal(signed.header('expires'), '3600');
    assert.equal(await daemon.metric('gw_trunk_registered', 'registered'), 1);
    // Refreshed before the 20 s are over, under the same Call-ID.
    const before = registrar.requests('REGISTER').length;
    const again = await registrar.request('REGISTER', 22_000 * kSlow, before + 1);
    assert.equal(again.header('call-id'), signed.header('call-id'));
    assert.ok(!daemon.program.lines.some((line) => line.includes('correct horse')), 'the password is in no log line');
    // It is no configured peer, and calls our Contact.
    const contact = /<sip:([^@]+)@/.exec(signed.header('contact'))[1];
    assert.equal(contact, 'gateway');
    const text = [
      `INVITE sip:gateway@${daemon.sip.udp} SIP/2.0`, `Via: SIP/2.0/UDP ${registrar.address};branch=z9hG4bKin;rport`, 'Max-Forwards: 70',
      `From: <sip:+12065550100@${registrar.address}>;tag=in`, `To: <sip:+14255550100@${daemon.sip.udp}>`, 'Call-ID: in@registrar',
      'CSeq: 1 INVITE', `Contact: <sip:carrier@${registrar.address}>`, 'Content-Type: application/sdp',
      `Content-Length: ${kOffer(9000).length}`, '', kOffer(9000)].join('\r\n');
    const [host, port] = daemon.sip.udp.split(':');
    registrar.socket.send(text, Number(port), host);
    await until('200 to the INVITE', () => registrar.received.some((m) => m.status === 200 && m.header('cseq') === '1 INVITE'), 5_000 * kSlow);
    const ok = registrar.received.find((m) => m.status === 200 && m.header('cseq') === '1 INVITE');
    for (const [method, cseq] of [['ACK', 1], ['BYE', 2]]) {
      registrar.socket.send([`${method} ${/<(sip:[^>]+)>/.exec(ok.header('contact'))[1]} SIP/2.0`,
        `Via: SIP/2.0/UDP ${registrar.address};branch=z9hG4bK${method};rport`, 'Max-Forwards: 70', `From: ${ok.header('from')}`,
        `To: ${ok.header('to')}`, 'Call-ID: in@registrar', `CSeq: ${cseq} ${method}`, 'Content-Length: 0', '', ''].join('\r\n'), Number(port), host);
    }
    await daemon.settled();
  });

  test('a_full_trunk_is_waited_for_a_second_and_then_the_next_one_takes_the_call', async (t) => {
    const full = await carrier(t, 'full');
    const spare = await carrier(t, 'spare');
    const first = await dial('+4522550001');
    assert.equal(first.answer.status, 200);
    assert.equal(full.requests('INVITE').length, 1);
    const second = await dial('+4522550002');
    assert.equal(second.answer.status, 200);
    assert.equal(spare.requests('INVITE').length, 1);
    assert.ok(second.ms > 900 && second.ms < 2500 * kSlow, `${second.ms} ms`);
    await second.bye();
    // Room that comes within the second is taken.
    const third = dial('+4522550003');
    await first.bye();
    const { bye } = await third;
    assert.equal(full.requests('INVITE').length, 2);
    await bye();
  });

  test('calls_per_second_are_spaced_and_what_would_wait_longer_than_a_second_gets_503', async (t) => {
    const paced = await carrier(t, 'paced');
    const calls = await Promise.all(['1', '2', '3', '4', '5', '6'].map((n) => dial(`+44207123450${n}`)));
    const answered = calls.filter(({ answer }) => answer.status === 200);
    assert.deepEqual(calls.filter((call) => !answered.includes(call)).map(({ answer }) => answer.status),
      Array(calls.length - answered.length).fill(503));
    assert.ok(answered.length >= 3 && answered.length <= 4, `${answered.length} went through`);
    assert.equal(paced.requests('INVITE').length, answered.length);
    for (const { bye } of answered) await bye();
  });

  test('trunks_says_what_options_found', async (t) => {
    const good = await carrier(t, 'good');
    await good.request('OPTIONS', 20_000 * kSlow);
    await until('up', async () => (await shown('watched')).state === 'up', 5_000 * kSlow);
    const { stdout } = await daemon.command('trunks');
    assert.match(stdout, new RegExp(`watched +up +- +127.0.0.1:${ports.good} +udp:127.0.0.1:${ports.good}\\(up\\)`));
    await good.close();
    good.close = async () => {};
    await until('down', async () => (await shown('watched')).state === 'down', 30_000 * kSlow);
    assert.equal(await daemon.metric('gw_trunk_up', 'watched'), 0);
  });
});
