// The directory's subcommands and drain, as an operator types them: what they print, how they exit, what the running daemon makes of it.
import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { Cast, castOf } from './lib/cast.mjs';
import { Daemon, kSlow } from './lib/daemon.mjs';
import { ClientFrame, EdgeDevice } from './lib/edge.mjs';
import { SipSocket } from './lib/sip_socket.mjs';
import { until, within } from './lib/wait.mjs';

describe('the command line', () => {
  const cast = new Cast();
  let daemon;

  before(async () => {
    daemon = await cast.add(Daemon.start());
  });
  after(() => cast.close());

  /** A subcommand that must exit so; what it printed. */
  async function cli(code, ...args) {
    const run = await daemon.command(...args);
    assert.equal(run.code, code, `${args.join(' ')}: exit ${run.code}\n${run.stdout}${run.stderr}`);
    assert.doesNotMatch(run.stdout + run.stderr, /demo-10[12]/);  // No secret of conf/demo shows.
    return run;
  }
  const json = async (...args) => JSON.parse((await cli(0, ...args, '--json')).stdout);

  /** How a connection with this token ends: undefined while it lives. */
  async function closeCode(t, token) {
    const device = await castOf(t).add(EdgeDevice.connect(daemon));
    device.raw(ClientFrame.encode({ requestId: 1, register: { token, instanceId: 'cli' } }).finish());
    return (await within('closed', device.closed, 5_000 * kSlow)).code;
  }

  test('token_issue_makes_a_token_that_a_device_registers_with', async (t) => {
    const { token, expiresOn, user } = await json('token', 'issue', '--user', 'alice', '--lifetime', '60');
    assert.match(user.communicationUserId, /^8:acs:/);
    const minutes = (Date.parse(expiresOn) - Date.now()) / 60_000;
    assert.ok(minutes > 55 && minutes <= 60.5, expiresOn);
    const device = await castOf(t).add(EdgeDevice.register(daemon, 'alice', { token }));
    assert.equal(device.registered.identity, user.communicationUserId);
    // By identity, and as plain text.
    const plain = (await cli(0, 'token', 'issue', '--user', user.communicationUserId)).stdout;
    assert.match(plain, /^[\w-]+\.[\w-]+\.[\w-]+\n$/);
  });

  test('token_issue_refuses_who_is_nobody_and_what_is_no_scope_or_lifetime', async () => {
    assert.match((await cli(3, 'token', 'issue', '--user', 'nobody')).stderr, /no user "nobody"/);
    assert.match((await cli(2, 'token', 'issue', '--user', 'alice', '--scope', 'everything')).stderr, /"everything" is no scope/);
    await cli(2, 'token', 'issue', '--user', 'alice', '--lifetime', '59');
    await cli(2, 'token', 'issue');
  });

  test('token_revoke_ends_the_sessions_and_the_tokens_of_one_user_and_of_no_other', async (t) => {
    const { token } = await json('token', 'issue', '--user', 'alice');
    const alice = await castOf(t).add(EdgeDevice.register(daemon, 'alice', { token }));
    const bob = await castOf(t).add(EdgeDevice.register(daemon, 'bob'));
    assert.deepEqual(await json('token', 'revoke', '--user', 'alice'), { revoked: true });
    await within('the live session ends', alice.closed, 5_000 * kSlow);
    assert.equal(await closeCode(t, token), 4401);
    assert.equal((await bob.request('ping', { tMs: 1 }))?.status?.code ?? 0, 0);
    assert.match((await cli(3, 'token', 'revoke', '--user', 'nobody')).stderr, /no user "nobody"/);
    // A new one is good.
    const fresh = await json('token', 'issue', '--user', 'alice');
    await castOf(t).add(EdgeDevice.register(daemon, 'alice', { token: fresh.token }));
  });

  test('user_show_tells_all_of_one_user_by_name_or_identity', async () => {
    const alice = await json('user', 'show', 'alice');
    assert.equal(alice.extension, '201');
    assert.deepEqual(alice.alternate_caller_ids, ['+14255550100']);
    assert.deepEqual(await json('user', 'show', alice.id), alice);
    assert.deepEqual(JSON.parse((await cli(0, 'user', 'show', 'alice')).stdout), alice);
    assert.match((await cli(3, 'user', 'show', 'nobody')).stderr, /no user "nobody"/);
  });

  test('user_remove_takes_what_was_added_and_leaves_what_stands_in_a_file', async () => {
    const route = async () => (await daemon.command('route', '--from', 'phone:101', '--to', '203')).code;
    await cli(0, 'user', 'add', 'carol', '--extension', '203');
    assert.equal(await route(), 0);
    assert.deepEqual(await json('user', 'remove', 'carol'), { removed: true });
    assert.equal(await route(), 3);
    await cli(3, 'user', 'show', 'carol');
    assert.match((await cli(3, 'user', 'remove', 'carol')).stderr, /no user "carol"/);
    assert.match((await cli(3, 'user', 'remove', 'alice')).stderr, /"alice" stands in the configuration/);
    assert.equal((await json('user', 'show', 'alice')).name, 'alice');
  });

  test('user_add_refuses_what_another_has_in_the_words_of_check', async () => {
    await cli(0, 'user', 'add', 'dora', '--email', 'dora@example.com', '--number', '+14255550150');
    for (const [args, why] of [
      [['alice'], /user\.alice\.name: "alice" is taken already, at users\.toml:\d+: names must differ/],
      [['erin', '--extension', '101'], /user\.erin\.extension: "101" is taken already, at phones\.toml:\d+: extensions must differ/],
      [['erin', '--extension', '911'], /extension: "911" is an emergency number: choose another/],
      [['erin', '--extension', 'desk'], /"desk" is no extension/],
      [['erin', '--email', 'dora@example.com'], /"dora@example\.com" is taken already, at the state: e-mail addresses must differ/],
      [['erin', '--number', '(425) 555-0150'], /user\.erin\.numbers: "\+14255550150" is taken already, at the state: numbers of users must differ/],
    ]) {
      assert.match((await cli(3, 'user', 'add', ...args)).stderr, why);
    }
    await cli(3, 'user', 'show', 'erin');
    await cli(0, 'user', 'remove', 'dora');
  });

  test('number_list_prints_the_owned_numbers_or_what_is_wrong_with_the_configuration', async () => {
    assert.equal((await cli(0, 'number', 'list')).stdout, '+14255550100\n+14255550101\n');
    assert.deepEqual(await json('number', 'list'), { numbers: ['+14255550100', '+14255550101'] });
    const extra = path.join(daemon.conf, 'extra.toml');
    await writeFile(extra, '[limits]\nmax_cals = 5\n');
    assert.match((await cli(1, 'number', 'list')).stderr, /extra\.toml:2: limits\.max_cals: /);
    await writeFile(extra, '');
  });

  test('drain_refuses_new_calls_and_ends_the_daemon_when_the_last_is_over', async (t) => {
    const peer = await castOf(t).add(SipSocket.open());
    const options = async () => (await peer.ask(daemon.sip.udp, peer.request('OPTIONS', daemon.sip.udp))).status;
    const device = await castOf(t).add(EdgeDevice.register(daemon, 'alice'));
    const callId = 'e5b8c0a2-6b0e-4a55-9d58-1f0f5a0a0a01';
    await device.request('invite', { callId, to: [{ rawId: '8:echo123' }] });
    await until('a call', async () => (await daemon.calls()).length === 1);
    assert.equal(await options(), 200);

    await cli(0, 'drain');
    await until('not ready', async () => (await fetch(`${daemon.admin}/readyz`)).status === 503);
    assert.equal(await options(), 503);
    assert.equal((await daemon.calls()).length, 1);
    assert.ok(daemon.alive);
    await device.request('hangup', { callId });
    assert.deepEqual(await within('the gateway ends with its last call', daemon.program.exit, 10_000 * kSlow), { code: 0, signal: null });
    assert.match((await cli(4, 'drain')).stderr, /./);
    daemon.close = async () => {};
  });
});
