// Carriers and phones that are sipp: a refusal that sends the call elsewhere, forwarding, and a call
// that lives through a reload and a drain.
import assert from 'node:assert/strict';
import { after, afterEach, before, describe, test } from 'node:test';
import { Cast, castOf } from './lib/cast.mjs';
import { Daemon, kSlow } from './lib/daemon.mjs';
import { freePorts } from './lib/ports.mjs';
import { Sipp } from './lib/sipp.mjs';
import { SipSocket } from './lib/sip_socket.mjs';
import { pause, until } from './lib/wait.mjs';

const kAnywhere = '+4722550123';
const kHertz = 700;
const kOffer = ['v=0', 'o=- 1 1 IN IP4 127.0.0.1', 's=-', 'c=IN IP4 127.0.0.1', 't=0 0', 'm=audio 9 RTP/AVP 0', ''].join('\r\n');

describe('calls of sipp', () => {
  const cast = new Cast();
  let daemon, ports;

  before(async () => {
    ports = { first: await freePorts(2), second: await freePorts(2) };
    const trunk = (name) => `name = "${name}"\ntargets = ["127.0.0.1:${ports[name]}"]\noptions_interval = "0s"\n[caller_id]\ndiversion = true\n`;
    daemon = await cast.add(Daemon.start({
      files: { 'trunks.d/first.toml': trunk('first'), 'trunks.d/second.toml': trunk('second') },
      edit: {
        'routes.toml': (text) => '[[route]]\nname = "norway"\nfrom = ["phones"]\nto = "+47*"\ntargets = ["trunk:first", "trunk:second"]\n' + text,
        'phones.toml': (text) => `${text}\n[[phone]]\nusername = "104"\npassword = "demo-104"\nextension = "104"\ncaller_id = "+14255550104"\n` +
          `forward_always = "${kAnywhere}"\n`,
      },
      set: { 'calls.drain_timeout': '"20s"' },
    }));
  });
  after(() => cast.close());
  afterEach(() => daemon.alive && daemon.cleared());

  const carrier = (t, scenario, name, options = {}) => castOf(t).add(Sipp.start(scenario, { port: ports[name], audio: { hertz: kHertz }, ...options }));
  const phone = (t, to, options = {}) => castOf(t).add(Sipp.start('phone', {
    to: daemon.sip.udp, duration: 500, ...options, values: { to, from: '102', password: 'demo-102', ...options.values },
  }));

  for (const [status, reason, elsewhere] of [[500, 'Server Internal Error', true], [404, 'Not Found', false]]) {
    test(`a_carrier_that_says_${status}_${elsewhere ? 'is_followed_by_the_next' : 'has_the_last_word'}`, async (t) => {
      const refusing = await carrier(t, 'refuse', 'first', { values: { status: String(status), reason } });
      const next = await carrier(t, elsewhere ? 'answer' : 'refuse', 'second');
      const begun = performance.now();
      const caller = await phone(t, kAnywhere);
      await refusing.finished();
      if (elsewhere) {
        await caller.response(200, 4_000 * kSlow);
        assert.ok(performance.now() - begun < 4_000 * kSlow);
        await caller.finished();
        await next.finished();
      } else {
        assert.match((await caller.response(404)).first, /404/);
        assert.equal((await next.messages()).length, 0, 'nobody else was asked');
      }
      const record = await daemon.cdr((one) => one.normalised === kAnywhere && one.cause.sip === (elsewhere ? 200 : 404));
      assert.equal(record.route, 'norway');
    });
  }

  test('a_forwarded_call_names_who_sent_it_on_and_talks', async (t) => {
    const mobile = await carrier(t, 'answer', 'first');
    const caller = await phone(t, '104');
    const invite = await mobile.request('INVITE');
    assert.match(invite.header('diversion'), /^<sip:\+14255550104@.*;reason=unconditional/);
    await caller.response(181);
    await caller.finished();
    await mobile.finished();
  });

  test('a_call_lives_through_a_reload_and_a_drain_and_no_other_is_begun', async (t) => {
    const far = await carrier(t, 'answer', 'first');
    const caller = await phone(t, kAnywhere, { duration: 4_000 * kSlow });
    await caller.response(200);
    assert.equal((await daemon.command('reload')).code, 0);
    assert.equal((await daemon.command('drain')).code, 0);
    await pause(300);
    const late = await castOf(t).add(SipSocket.open());
    const refused = await late.authenticated('INVITE', daemon.sip.udp, { user: '9196', password: 'demo-101', body: kOffer });
    await late.acknowledge(daemon.sip.udp, refused, { user: '9196' });
    assert.equal(refused.status, 503, refused.first);
    assert.match(refused.header('retry-after') ?? '', /^\d+$/);
    assert.equal((await daemon.calls()).length, 1, 'the first talks on');
    await caller.finished();
    await far.finished();
    await until('it ends, with nobody left to wait for', () => daemon.program.ended, 20_000 * kSlow);
    assert.equal(daemon.program.ended.code, 0);
    daemon.close = async () => {};
  });
});
