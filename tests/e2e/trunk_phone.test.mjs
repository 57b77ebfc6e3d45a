// Carriers (sipp) and desk phones (baresip): both directions, digest toward the trunk, failover, refusals.
import assert from 'node:assert/strict';
import { after, afterEach, before, describe, test } from 'node:test';
import { assertHears } from './lib/assertions.mjs';
import { Baresip } from './lib/baresip.mjs';
import { Cast, castOf } from './lib/cast.mjs';
import { Daemon } from './lib/daemon.mjs';
import { genuine } from './lib/digest.mjs';
import { freePorts } from './lib/ports.mjs';
import { Sipp } from './lib/sipp.mjs';

const kPhoneHertz = 1000;
const kCarrierHertz = 700;

describe('a carrier and a phone', () => {
  const cast = new Cast();
  let daemon, phone, mark, secure, spare;

  before(async () => {
    secure = await freePorts();
    spare = await freePorts();
    const dead = await freePorts();
    daemon = await cast.add(Daemon.start({
      files: {
        // A carrier that wants credentials, reached by 8-prefixed numbers in Iceland; and one whose first target is dead.
        'trunks.d/secure.toml': `name = "secure"\ntargets = ["127.0.0.1:${secure}"]\npeers = ["127.0.0.1:${secure}"]\n` +
          'username = "gateway"\npassword = "correct horse"\noptions_interval = "0s"\n',
        'trunks.d/spare.toml': `name = "spare"\ntargets = ["127.0.0.1:${dead}", "127.0.0.1:${spare}"]\n` +
          `peers = ["127.0.0.1:${spare}"]\noptions_interval = "0s"\n`,
      },
      edit: {
        'routes.toml': (text) =>
          '[[route]]\nname = "iceland"\nfrom = ["phones", "users"]\nto = "+354*"\ntargets = ["trunk:secure"]\n' +
          '[[route]]\nname = "norway"\nfrom = ["phones", "users"]\nto = "+47*"\ntargets = ["trunk:spare"]\n' + text,
      },
    }));
    phone = await cast.add(Baresip.start({ user: '101', password: 'demo-101', domain: daemon.sip.udp, hertz: kPhoneHertz }));
  });
  after(() => cast.close());
  afterEach(() => daemon.cleared());

  const called = (t, scenario, options = {}) =>
    castOf(t).add(Sipp.start(scenario, { port: daemon.carrier, audio: { hertz: kCarrierHertz }, ...options }));

  async function soundsBothWays(carrier) {
    await assertHears('the carrier', carrier.rtp, kPhoneHertz);
    await assertHears('the phone', phone, kCarrierHertz);
  }

  const dial = (number) => {
    mark = phone.mark();
    return phone.dial(number);
  };
  const established = () => phone.event('CALL_ESTABLISHED', { after: mark });
  const closed = async (ms) => (await phone.event('CALL_CLOSED', { after: mark, ms })).param;

  test('phone_calls_out_and_the_trunk_sees_its_number', async (t) => {
    const carrier = await called(t, 'answer');
    await dial('+12065550123');
    const invite = await carrier.request('INVITE');
    assert.match(invite.header('from'), /<sip:\+14255550100@/);
    assert.match(invite.header('p-asserted-identity'), /\+14255550100/);
    await established();
    await soundsBothWays(carrier);
    await phone.hangup();
    await carrier.finished();
  });

  test('phone_calls_out_over_pcma', async (t) => {
    const carrier = await called(t, 'answer', { audio: { hertz: kCarrierHertz, payload: 8 } });
    await dial('+12065550123');
    await established();
    await soundsBothWays(carrier);
    await phone.hangup();
    await carrier.finished();
  });

  test('a_national_number_is_dialled_as_e164', async (t) => {
    const carrier = await called(t, 'answer_hangup', { duration: 300 });
    await dial('2065550123');
    const invite = await carrier.request('INVITE');
    assert.match(invite.first, /^INVITE sip:\+12065550123@/);
    await established();
    await closed();
    await carrier.finished();
  });

  test('trunk_calls_the_phone_and_hangs_up', async (t) => {
    mark = phone.mark();
    const carrier = await castOf(t).add(Sipp.start('call', {
      port: daemon.carrier, to: daemon.sip.udp, audio: { hertz: kCarrierHertz }, values: { to: '+14255550100' }, duration: 3500,
    }));
    const { peeruri } = await phone.event('CALL_INCOMING', { after: mark });
    assert.match(peeruri, /\+12065550100/);
    await phone.accept();
    await established();
    await soundsBothWays(carrier);
    await closed();
    await carrier.finished();
  });

  test('trunk_is_told_that_the_phone_is_busy', async (t) => {
    mark = phone.mark();
    const carrier = await castOf(t).add(Sipp.start('call_refused', {
      port: daemon.carrier, to: daemon.sip.udp, values: { to: '+14255550100', status: '486' },
    }));
    await phone.event('CALL_INCOMING', { after: mark });
    await phone.hangup();
    await carrier.finished();
  });

  for (const [status, header, challenge] of [
    [407, 'Proxy-Authenticate', 'algorithm=MD5, qop="auth"'], [401, 'WWW-Authenticate', 'algorithm=MD5'],
    [401, 'WWW-Authenticate', 'algorithm=SHA-256, qop="auth,auth-int", opaque="x"'],
  ]) {
    test(`a_trunk_that_wants_credentials_gets_them_${status}_${/=([^,]+)/.exec(challenge)[1]}`, async (t) => {
      const carrier = await called(t, 'digest', {
        port: secure,
        values: {
          status: String(status), reason: 'Who Are You',
          challenge: `${header}: Digest realm="carrier", nonce="4cd7ac2b5e1f7d1a", ${challenge}`,
        },
      });
      await dial('+3545550123');
      await established();
      await soundsBothWays(carrier);
      await phone.hangup();
      await carrier.finished();
      const invites = (await carrier.messages()).filter((message) => message.method === 'INVITE');
      assert.equal(invites.length, 2);
      const given = invites[1].header(status === 407 ? 'proxy-authorization' : 'authorization');
      assert.match(given, /^Digest .*username="gateway"/);
      assert.ok(genuine(given, { password: 'correct horse', method: 'INVITE' }), given);
      assert.ok(!daemon.program.lines.some((line) => line.includes('correct horse')), 'the password is in no log line');
    });
  }

  test('a_dead_target_is_passed_over_within_4_s', async (t) => {
    const carrier = await called(t, 'answer', { port: spare });
    const started = performance.now();
    await dial('+4722550123');
    await established();
    assert.ok(performance.now() - started < 4000 * Number(process.env.E2E_SLOW ?? 1));
    await soundsBothWays(carrier);
    await phone.hangup();
    await carrier.finished();
  });

  test('a_carrier_that_refuses_is_passed_on_to_the_phone', async (t) => {
    const carrier = await called(t, 'refuse', { values: { status: '486', reason: 'Busy Here' } });
    await dial('+12065550123');
    assert.match(await closed(), /^486 /);
    await carrier.finished();
  });

  test('a_stranger_is_not_the_trunk', async (t) => {
    // Same address, another port: not the trunk's, so a phone, and challenged.
    const stranger = await castOf(t).add(Sipp.start('call_refused', {
      to: daemon.sip.udp, audio: false, values: { to: '+14255550100', status: '401' },
    }));
    await stranger.finished();
  });

  test('over_tcp_too', async (t) => {
    const carrier = await called(t, 'answer_hangup', { duration: 300, transport: 'udp' });
    const other = await castOf(t).add(Baresip.start({
      user: '102', password: 'demo-102', domain: daemon.sip.tcp, transport: 'tcp', hertz: kPhoneHertz,
    }));
    const from = other.mark();
    await other.dial('+12065550123');
    const invite = await carrier.request('INVITE');
    assert.match(invite.header('from'), /<sip:\+14255550101@/);
    await other.event('CALL_ESTABLISHED', { after: from });
    await other.event('CALL_CLOSED', { after: from });
    await carrier.finished();
  });
});
