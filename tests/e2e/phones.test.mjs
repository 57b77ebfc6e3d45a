// Desk phones among themselves (baresip): registration over UDP, TCP and TLS, passwords, several devices, restarts.
import assert from 'node:assert/strict';
import { isDeepStrictEqual } from 'node:util';
import { after, afterEach, before, describe, test } from 'node:test';
import { assertHears, assertNoTone } from './lib/assertions.mjs';
import { Baresip } from './lib/baresip.mjs';
import { Cast, castOf } from './lib/cast.mjs';
import { Daemon } from './lib/daemon.mjs';
import { SipSocket } from './lib/sip_socket.mjs';
import { pause, until } from './lib/wait.mjs';

describe('phones', () => {
  const cast = new Cast();
  let daemon;

  before(async () => {
    daemon = await cast.add(Daemon.start({ set: { 'calls.ring_timeout': '"6s"' } }));
  });
  after(() => cast.close());
  afterEach(() => daemon.cleared());

  const phone = (t, user, options = {}) =>
    castOf(t).add(Baresip.start({
      user, password: `demo-${user}`, domain: daemon.sip[options.transport ?? 'udp'], ...options,
    }));

  const devices = async (user) => (await daemon.phones()).find((one) => one.username === user).devices;

  async function call(from, to, number, hertz) {
    const marks = [from.mark(), to.mark()];
    await from.dial(number);
    await to.event('CALL_INCOMING', { after: marks[1] });
    await to.accept();
    await from.event('CALL_ESTABLISHED', { after: marks[0] });
    await assertHears('the called phone', to, hertz.from);
    await assertHears('the calling phone', from, hertz.to);
    await from.hangup();
    await to.event('CALL_CLOSED', { after: marks[1] });
    await from.event('CALL_CLOSED', { after: marks[0] });
  }

  for (const transport of ['udp', 'tcp', 'tls']) {
    test(`phone_to_phone_over_${transport}`, async (t) => {
      const first = await phone(t, '101', { transport, hertz: 1000 });
      const second = await phone(t, '102', { transport, hertz: 700 });
      const [device] = await devices('101');
      assert.equal(device.transport, transport);
      await call(first, second, '102', { from: 1000, to: 700 });
      await call(second, first, '101', { from: 700, to: 1000 });
    });
  }

  test('a_wrong_password_registers_nobody', async (t) => {
    const before = (await devices('101')).length;
    const thief = await castOf(t).add(Baresip.start({ user: '101', password: 'guess', domain: daemon.sip.udp, wait: false }));
    assert.equal(await thief.refused(), 401);
    assert.equal((await devices('101')).length, before);
  });

  test('a_wrong_password_cannot_call', async (t) => {
    const thief = await phone(t, '102', { password: 'guess', register: false });
    await thief.dial('9196');
    assert.match((await thief.event('CALL_CLOSED')).param, /40[13]/);
  });

  test('an_unknown_phone_is_treated_like_a_wrong_password', async (t) => {
    const both = await castOf(t).add(Daemon.start({ sha256: true, set: { 'limits.failed_digests': '1000' } }));
    const peer = await castOf(t).add(SipSocket.open());
    const shape = (answer) => answer.headers.map(([name, value]) => `${name}: ${name === 'www-authenticate' ? value.replace(/nonce="[^"]*"/, '') : ''}`);
    const refused = async (as) => {
      const answer = await peer.authenticated('REGISTER', both.sip.udp, { as, password: 'guess' });
      return [answer.first, ...shape(answer)];
    };
    // 102 takes MD5 alone. Who does not exist is challenged as one of the two is, each time the same way.
    const phones = [await refused('101'), await refused('102')];
    assert.notDeepEqual(phones[0], phones[1]);
    const seen = new Set();
    for (let i = 0; i < 20; i++) {
      const unknown = await refused(`${190 + i}`);
      const like = phones.findIndex((known) => isDeepStrictEqual(known, unknown));
      assert.ok(like >= 0, unknown.join('\n'));
      assert.deepEqual(await refused(`${190 + i}`), unknown);
      seen.add(like);
    }
    assert.equal(seen.size, 2, 'no list of challenges says that a phone exists');
  });

  test('a_phone_may_choose_sha_256_or_md5', async (t) => {
    const both = await castOf(t).add(Daemon.start({ sha256: true }));
    const peer = await castOf(t).add(SipSocket.open());
    for (const algorithm of ['SHA-256', 'MD5']) {
      const answer = await peer.authenticated('REGISTER', both.sip.udp, { algorithm, password: 'demo-101' });
      assert.equal(answer.status, 200, `${algorithm}: ${answer.first}`);
      const wrong = await peer.authenticated('REGISTER', both.sip.udp, { algorithm, password: 'demo-102' });
      assert.ok([401, 403].includes(wrong.status), `${algorithm}: ${wrong.first}`);
    }
    const first = await peer.ask(both.sip.udp, peer.request('REGISTER', both.sip.udp));
    const offered = first.headers.filter(([name]) => name === 'www-authenticate').map(([, value]) => /algorithm=([^,]+)/.exec(value)[1]);
    assert.deepEqual(offered, ['MD5', 'SHA-256'], 'in this order: many phones read only the first');
  });

  test('an_unregistered_phone_may_call_with_its_password', async (t) => {
    const roaming = await phone(t, '101', { register: false });
    await roaming.dial('9196');
    await roaming.event('CALL_ESTABLISHED');
    await until('the echo', async () => (await roaming.listen(1000, 0.5)).purity > 0.8);
    await assertHears('the caller', roaming, 1000);
    await roaming.hangup();
    await roaming.event('CALL_CLOSED');
  });

  test('the_echo_is_within_200_ms_of_what_was_said', async (t) => {
    const caller = await phone(t, '101');
    await caller.dial('9196');
    await caller.event('CALL_ESTABLISHED');
    // Prompts at most two seconds; then it is our own tone, at unity gain.
    await until('the echo', async () => (await caller.listen(1000, 0.5)).purity > 0.8, 4_000);
    await assertHears('the caller', caller, 1000);
    await caller.command('mute');
    const started = performance.now();
    await until('silence', async () => (await caller.listen(1000, 0.06)).level < -40, 1_000);
    assert.ok(performance.now() - started < 450, 'the echo of a tone that ended, ends');
    await caller.hangup();
    await caller.event('CALL_CLOSED');
  });

  test('every_device_of_a_phone_rings_and_one_answers', async (t) => {
    const desk = await phone(t, '102', { hertz: 600 });
    const mobile = await phone(t, '102', { hertz: 700, transport: 'tcp' });
    assert.equal((await devices('102')).length, 2);
    const caller = await phone(t, '101');
    await caller.dial('102');
    await Promise.all([desk.event('CALL_INCOMING'), mobile.event('CALL_INCOMING')]);
    await mobile.accept();
    await caller.event('CALL_ESTABLISHED');
    await desk.event('CALL_CLOSED');
    await assertHears('the caller', caller, 700);
    assertNoTone('the caller', await caller.listen(600));
    await assertHears('the one who answered', mobile, 1000);
    await mobile.hangup();
    await caller.event('CALL_CLOSED');
  });

  test('hold_between_phones', async (t) => {
    const first = await phone(t, '101', { hertz: 1000 });
    const second = await phone(t, '102', { hertz: 700 });
    await first.dial('102');
    await second.event('CALL_INCOMING');
    await second.accept();
    await first.event('CALL_ESTABLISHED');
    await assertHears('the called phone', second, 1000);
    await second.listen(1000, 0.1);
    await first.hold();
    // On hold nothing is passed on: the recording ends, or goes on in silence.
    await until('the hold', async () => (await second.overhear(1000, 0.3)).level < -40);
    const { received } = await second.statistics();
    await second.overhear(1000, 1);
    const during = (await second.statistics()).received - received;
    await first.resume();
    await second.flowing();
    await first.flowing();
    assert.ok(during === 0 || during > 40, `${during} packets in a second on hold: none, or a silence without holes`);
    await second.hangup();
    await first.event('CALL_CLOSED');
  });

  test('nobody_answers_and_the_ringing_ends', async (t) => {
    const first = await phone(t, '101');
    const second = await phone(t, '102');
    await first.dial('102');
    await second.event('CALL_INCOMING');
    assert.match((await first.event('CALL_CLOSED', { ms: 12_000 })).param, /^(480|408) /);
    await second.event('CALL_CLOSED');
  });

  test('a_phone_that_is_not_there_is_480', async (t) => {
    const first = await phone(t, '101');
    await until('nobody is 102', async () => (await devices('102')).length === 0);
    await first.dial('102');
    assert.match((await first.event('CALL_CLOSED')).param, /^480 /);
  });

  test('an_unknown_number_is_404', async (t) => {
    const first = await phone(t, '101');
    await first.dial('777');
    assert.match((await first.event('CALL_CLOSED')).param, /^404 /);
  });

  test('registrations_survive_a_restart', async (t) => {
    const first = await phone(t, '101', { hertz: 1000 });
    const second = await phone(t, '102', { hertz: 700 });
    assert.deepEqual(await daemon.restart(), { code: 0, signal: null });
    assert.equal((await devices('101')).length, 1);
    assert.equal((await devices('102')).length, 1);
    await call(first, second, '102', { from: 1000, to: 700 });
  });

  test('registrations_survive_a_kill', async (t) => {
    const first = await phone(t, '101', { hertz: 1000 });
    const second = await phone(t, '102', { hertz: 700 });
    // The store writes in batches: what the phone was told is on disk within a second.
    await until('the store has both', async () => {
      const { stdout } = await daemon.command('phones', '--json');
      return JSON.parse(stdout).phones.filter((one) => one.registered).length === 2;
    });
    await pause(1_000);
    await daemon.restart('SIGKILL');
    await call(first, second, '102', { from: 1000, to: 700 });
  });
});
