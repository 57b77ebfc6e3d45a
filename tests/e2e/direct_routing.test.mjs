// profile = "direct-routing" against a mock that refuses what Microsoft's SIP proxy refuses.
import assert from 'node:assert/strict';
import { after, afterEach, before, describe, test } from 'node:test';
import { assertHears } from './lib/assertions.mjs';
import { Authority } from './lib/certificates.mjs';
import { Cast, castOf } from './lib/cast.mjs';
import { Baresip } from './lib/baresip.mjs';
import { Daemon, kSlow } from './lib/daemon.mjs';
import { NameServer } from './lib/name_server.mjs';
import { RtpEndpoint } from './lib/rtp.mjs';
import { StrictProxy } from './lib/strict_proxy.mjs';
import { until } from './lib/wait.mjs';

const kSbc = 'sbc1.contoso.test';
const kNames = ['sip.pstnhub.test', 'sip2.pstnhub.test', 'sip3.pstnhub.test'];

describe('direct routing', () => {
  const cast = new Cast();
  let daemon, phone, proxies, ours;

  before(async () => {
    const authority = await cast.add(Authority.start());
    ours = await authority.issue([kSbc]);
    const theirs = await authority.issue(kNames, { label: 'proxy' });
    const dns = await cast.add(NameServer.start());
    proxies = [];
    for (const name of kNames) {
      dns.a(name, '127.0.0.1');
      proxies.push(await cast.add(StrictProxy.start({ name, files: theirs.text, ca: theirs.text.ca, sbc: kSbc })));
    }
    daemon = await cast.add(Daemon.start({
      files: {
        'trunks.d/microsoft.toml': `name = "microsoft"\nprofile = "direct-routing"\nfqdn = "${kSbc}"\noptions_interval = "5s"\n` +
          `targets = [${proxies.map(({ name, port }) => `"sip:${name}:${port};transport=tls"`).join(', ')}]\npeers = ["127.0.0.9"]\n` +
          `[tls]\ncertificate = "${ours.certificate}"\nkey = "${ours.key}"\nca = "${authority.file}"\n`,
      },
      edit: {
        'routes.toml': (text) => '[[route]]\nname = "teams"\nfrom = ["phones"]\nto = "+47*"\ntargets = ["trunk:microsoft"]\n' +
          '[[route]]\nname = "in"\nfrom = ["trunk:microsoft"]\nto = "*72#"\ntargets = ["phone:101"]\n' + text,
      },
      set: { 'sip.name_servers': `["${dns.address}"]` },
    }));
    phone = await cast.add(Baresip.start({ user: '101', password: 'demo-101', domain: daemon.sip.udp }));
  });
  after(() => cast.close());
  afterEach(async () => {
    await daemon.cleared();
    for (const proxy of proxies) Object.assign(proxy, { invite: 200, rings: [] });
  });

  const invites = (proxy) => proxy.received.filter((message) => message.method === 'INVITE');
  const call = async () => {
    const mark = phone.mark();
    await phone.dial('+4722550123');
    await phone.event('CALL_ESTABLISHED', { after: mark });
    return mark;
  };

  test('options_reach_all_three_names_with_client_certificate_sni_and_fqdn_and_nothing_is_refused', async () => {
    for (const proxy of proxies) {
      await until(`OPTIONS at ${proxy.name}`, () => proxy.received.some((message) => message.method === 'OPTIONS'), 20_000 * kSlow);
      const options = proxy.received.find((message) => message.method === 'OPTIONS');
      assert.match(options.header('contact'), new RegExp(`^<sip:${kSbc}:\\d+;transport=tls>$`));
      assert.doesNotMatch(options.header('allow'), /REFER/);
      assert.match(options.header('allow'), /NOTIFY/);
      assert.deepEqual([...new Set(proxy.sni)], [proxy.name]);
    }
    await until('up', async () => (await daemon.api('trunks')).trunks.find(({ name }) => name === 'microsoft').state === 'up', 10_000 * kSlow);
    assert.deepEqual(proxies.flatMap((proxy) => proxy.refusals), []);
  });

  test('the_proxys_own_options_are_answered_under_the_paired_name', async () => {
    const port = Number(daemon.sip.tls.split(':')[1]);
    const text = [`OPTIONS sip:${kSbc}:${port};transport=tls SIP/2.0`, 'Via: SIP/2.0/TLS 127.0.0.1:5061;branch=z9hG4bKback', 'Max-Forwards: 70',
      `From: <sip:${kNames[0]}:5061>;tag=back`, `To: <sip:${kSbc}>`, 'Call-ID: back@proxy', 'CSeq: 1 OPTIONS',
      `Contact: <sip:${kNames[0]}:5061;transport=tls>`, 'Content-Length: 0', '', ''].join('\r\n');
    // The connection names the SBC (SNI), and its certificate verifies against the CA.
    const { answer } = await proxies[0].request(text, port);
    assert.equal(answer.status, 200);
    assert.doesNotMatch(answer.header('allow'), /REFER/);
  });

  test('a_call_goes_out_as_the_proxy_wants_it_and_hold_is_inactive_on_the_same_port', async () => {
    const before = invites(proxies[0]).length;
    await call();
    const invite = invites(proxies[0])[before];
    assert.match(invite.first, /^INVITE sip:\+4722550123@sip\.pstnhub\.test:\d+;user=phone;transport=tls SIP/);
    assert.match(invite.header('from'), new RegExp(`<sip:\\+14255550100@${kSbc}>`));
    assert.match(invite.header('contact'), new RegExp(`<sip:\\+14255550100@${kSbc}:\\d+;transport=tls>`));
    await phone.command('hold');
    await until('the hold reaches the proxy', () => invites(proxies[0]).length > before + 1, 10_000 * kSlow);
    assert.equal(invites(proxies[0])[before + 1].audioDirection(), 'inactive');
    await phone.command('resume');
    await until('the resume reaches the proxy', () => invites(proxies[0]).length > before + 2, 10_000 * kSlow);
    assert.equal(invites(proxies[0])[before + 2].audioDirection(), 'sendrecv');
    await phone.hangup();
    assert.deepEqual(proxies.flatMap((proxy) => proxy.refusals), []);
  });

  test('after_503_with_retry_after_the_next_name_is_tried_and_then_the_third', async () => {
    for (const busy of [[proxies[0]], [proxies[0], proxies[1]]]) {
      for (const proxy of busy) proxy.invite = 503;
      const next = proxies[busy.length], before = proxies.map((proxy) => invites(proxy).length);
      const begun = performance.now();
      await call();
      assert.ok(performance.now() - begun < 4000 * kSlow);
      assert.equal(invites(next).length, before[busy.length] + 1, `${next.name} is asked once`);
      await phone.hangup();
      await daemon.cleared();
    }
  });

  test('603_is_the_last_word_and_no_other_name_is_tried', async () => {
    for (const proxy of proxies) proxy.invite = 603;
    const asked = () => proxies.reduce((sum, proxy) => sum + invites(proxy).length, 0), before = asked();
    const mark = phone.mark();
    await phone.dial('+4722550123');
    assert.match((await phone.event('CALL_CLOSED', { after: mark })).param, /^603 /);
    assert.equal(asked(), before + 1);
  });

  test('every_endpoint_that_rings_a_183_of_one_and_the_answer_of_that_one_make_a_call', async () => {
    for (const proxy of proxies) proxy.rings = [[180, 'desk'], [180, 'mobile'], [183, 'mobile']];
    const mark = await call();
    assert.ok(phone.events.slice(mark).some((event) => ['CALL_RINGING', 'CALL_PROGRESS'].includes(event.type)));
    await phone.hangup();
    await until('the BYE of the dialog that was answered', () => proxies.some((proxy) => proxy.received.some((m) => m.method === 'BYE' && /;tag=mobile/.test(m.header('to')))), 5_000 * kSlow);
    assert.deepEqual(proxies.flatMap((proxy) => proxy.refusals), []);
  });

  test('a_call_of_the_proxys_own_is_answered_by_its_rules_and_re_keyed_with_a_rollover_counter_of_zero', async (t) => {
    const rtp = await castOf(t).add(RtpEndpoint.open({ hertz: 600 }));
    const port = Number(daemon.sip.tls.split(':')[1]);
    rtp.sequence = 65_450;  // Past 65,535 within two seconds: the first key's counter is at one when the second comes.
    const mark = phone.mark();
    const dialled = proxies[0].call('*72#', port, { rtp });
    const ringing = await phone.event('CALL_INCOMING', { after: mark });
    assert.match(JSON.stringify(ringing), /\+4722550100/, 'who is called sees From');
    assert.doesNotMatch(JSON.stringify(ringing), /4722550199/, 'and not what is asserted in private');
    await phone.accept();
    const call = await dialled;
    await assertHears('the phone', phone, 600);
    await assertHears('the proxy', rtp, 1000);
    await until('the counter has turned', () => rtp.sealed.rollovers === 1, 5_000 * kSlow);
    await assertHears('the phone after the turn', phone, 600);

    const key = rtp.opened.inline;
    await call.again();
    assert.equal(rtp.opened.inline, key, 'a refresh keeps our key');
    await assertHears('the phone after the refresh', phone, 600);

    call.rekey();
    await call.again();
    assert.equal(rtp.sealed.rollovers, 0);
    await assertHears('the phone after the new key', phone, 600);
    await assertHears('the proxy after the new key', rtp, 1000);
    assert.equal((await call.bye()).status, 200);
    assert.deepEqual(proxies.flatMap((proxy) => proxy.refusals), []);
  });

  test('check_names_what_the_proxy_would_refuse', async () => {
    const { code, stdout, stderr } = await daemon.command('check', '--set', 'trunk.microsoft.fqdn="sbc2.contoso.test"', '--set', 'trunk.microsoft.srtp="offered"');
    const text = stdout + stderr;
    assert.equal(code, 1);
    assert.match(text, /does not bear the name sbc2\.contoso\.test/);
    assert.match(text, /srtp: must be "required"/);
  });

  test('the_certificates_end_is_a_metric', async () => {
    const end = await daemon.metric('gw_certificate_expiry_timestamp_seconds', 'trunk:microsoft');
    assert.ok(Math.abs(end - Date.now() / 1000 - 86_400) < 3_600, `${end}`);
  });
});
