// What carriers do in a dialog: reliable provisional answers, session timers, redirections, missing ACKs, races.
import assert from 'node:assert/strict';
import { after, afterEach, before, describe, test } from 'node:test';
import { assertHears } from './lib/assertions.mjs';
import { Cast, castOf } from './lib/cast.mjs';
import { Daemon } from './lib/daemon.mjs';
import { freePorts } from './lib/ports.mjs';
import { ScriptedPhone } from './lib/scripted_phone.mjs';
import { Sipp } from './lib/sipp.mjs';
import { pause, until } from './lib/wait.mjs';

const kCarrierHertz = 700;
const kPhoneHertz = 600;
// By night: sessions of 90 s for five minutes, in both roles.
const kSessionSeconds = Number(process.env.E2E_SESSION_SECONDS ?? 0);

describe('dialogs', { concurrency: kSessionSeconds > 0 }, () => {
  const cast = new Cast();
  let daemon, elsewhere, loose;

  before(async () => {
    elsewhere = await freePorts();
    loose = await freePorts();
    daemon = await cast.add(Daemon.start({
      files: {
        'trunks.d/loose.toml': `name = "loose"\ntargets = ["127.0.0.1:${loose}"]\npeers = ["127.0.0.1:${loose}"]\n` +
          'options_interval = "0s"\nfollow_redirects = "peers"\n',
      },
      edit: {
        'routes.toml': (text) =>
          '[[route]]\nname = "norway"\nfrom = ["phones"]\nto = "+47*"\ntargets = ["trunk:loose"]\n' + text,
      },
    }));
  });
  after(() => cast.close());
  if (kSessionSeconds === 0) afterEach(() => daemon.cleared());

  const carrier = (t, scenario, options = {}) =>
    castOf(t).add(Sipp.start(scenario, { port: daemon.carrier, audio: { hertz: kCarrierHertz }, ...options }));
  const phone = (t) => castOf(t).add(ScriptedPhone.open(daemon, '101', { hertz: kPhoneHertz }));

  if (kSessionSeconds > 0) {
    test('sessions_of_90_s_live_for_five_minutes_refreshed_by_us', async (t) => {
      const callee = await carrier(t, 'answer', { values: { session: String(kSessionSeconds) }, patience: 330_000 });
      const caller = await phone(t);
      const call = await caller.dial('+12065550123', {
        headers: ['Supported: timer', `Session-Expires: ${kSessionSeconds};refresher=uas`, 'Allow: INVITE, ACK, BYE, CANCEL, UPDATE'],
      });
      await pause(300_000);
      assert.ok(!call.ended, 'the call is still there');
      const refreshes = caller.socket.messages.filter((m) => m.method === 'UPDATE' && m.header('call-id') === call.callId);
      assert.ok(refreshes.length >= 5, `${refreshes.length} refreshes in five minutes`);
      await call.bye();
      await callee.finished();
    });

    test('sessions_of_90_s_live_for_five_minutes_refreshed_by_them', async (t) => {
      const caller = await castOf(t).add(ScriptedPhone.open(daemon, '102'));
      const timer = ['Supported: timer', `Session-Expires: ${kSessionSeconds};refresher=uac`];
      const call = await caller.dial('9196', { headers: timer });
      for (let elapsed = 0; elapsed < 300; elapsed += 40) {
        await pause(40_000);
        assert.equal((await call.ask('UPDATE', { headers: timer })).status, 200);
      }
      assert.ok(!call.ended, 'the call is still there');
      await call.bye();
    });
    return;
  }

  test('a_reliable_183_is_acknowledged_and_its_sdp_is_the_answer', async (t) => {
    const callee = await carrier(t, 'answer_reliably', { duration: 200 });
    const caller = await phone(t);
    const call = await caller.dial('+12065550123');
    await callee.request('PRACK');
    await assertHears('the carrier', callee.rtp, kPhoneHertz);
    await assertHears('the caller', call.rtp, kCarrierHertz);
    await call.bye();
    await callee.finished();
  });

  test('a_302_is_followed_to_a_peer_and_only_where_the_trunk_allows_it', async (t) => {
    await carrier(t, 'redirect', { audio: false, values: { to: `+12065550123@127.0.0.1:${elsewhere}` } });
    const caller = await phone(t);
    await assert.rejects(caller.dial('+12065550123'), 'the carrier of the demo follows none');

    await carrier(t, 'redirect', { port: loose, audio: false, values: { to: `+4722550123@127.0.0.1:${elsewhere}` } });
    const callee = await carrier(t, 'answer', { port: elsewhere });
    const call = await caller.dial('+4722550123');
    await assertHears('the carrier', callee.rtp, kPhoneHertz);
    await call.bye();
    await callee.finished();
  });

  test('a_302_that_leads_back_is_a_loop_and_ends', async (t) => {
    const callee = await carrier(t, 'redirect', { port: loose, audio: false, values: { to: `+4722550123@127.0.0.1:${loose}` } });
    const caller = await phone(t);
    await assert.rejects(caller.dial('+4722550123'));
    await callee.finished();
  });

  test('a_session_timer_is_agreed_in_both_roles', async (t) => {
    const callee = await carrier(t, 'answer');
    const caller = await phone(t);
    const call = await caller.dial('+12065550123', { headers: ['Supported: timer', 'Session-Expires: 90;refresher=uac'] });
    const answer = caller.socket.messages.find((m) => m.status === 200 && m.header('call-id') === call.callId);
    assert.equal(answer.header('session-expires'), '90;refresher=uac');
    const invite = await callee.request('INVITE');
    assert.equal(invite.header('session-expires'), '1800');
    assert.match(invite.header('supported'), /timer/);
    assert.equal((await call.ask('UPDATE', { headers: ['Supported: timer', 'Session-Expires: 30'] })).status, 422);
    await call.bye();
    await callee.finished();
  });

  test('hold_is_answered_in_mirror_each_way', async (t) => {
    const caller = await phone(t);
    const call = await caller.dial('9196');
    for (const [offered, answered] of [['sendonly', 'recvonly'], ['inactive', 'inactive'], ['sendrecv', 'sendrecv']]) {
      const answer = await call.ask('INVITE', { body: call.sdp(offered) });
      assert.equal(answer.audioDirection(), answered);
    }
    const old = call.sdp('sendrecv').replace('c=IN IP4 127.0.0.1', 'c=IN IP4 0.0.0.0');
    assert.equal((await call.ask('INVITE', { body: old })).audioDirection(), 'recvonly', 'the hold of RFC 2543');
    await call.bye();
  });
});
