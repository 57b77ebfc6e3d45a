// Users among each other at the softphone page: calls, several tabs, causes, and a network that fails.
import assert from 'node:assert/strict';
import { after, afterEach, before, describe, test } from 'node:test';
import { assertHears, assertNoTone, assertReason } from './lib/assertions.mjs';
import { Baresip } from './lib/baresip.mjs';
import { Browser } from './lib/browser.mjs';
import { Cast, castOf } from './lib/cast.mjs';
import { Daemon } from './lib/daemon.mjs';
import { demoToken, EdgeDevice } from './lib/edge.mjs';
import { TcpProxy } from './lib/proxy.mjs';
import { until } from './lib/wait.mjs';

const kHertz = 1000;
const kOtherHertz = 700;

describe('users', () => {
  const cast = new Cast();
  let daemon, browser, other, alice, bob;

  before(async () => {
    daemon = await cast.add(Daemon.start({ set: { 'calls.ring_timeout': '"20s"' } }));
    browser = await cast.add(Browser.start({ hertz: kHertz }));
    other = await cast.add(Browser.start({ hertz: kOtherHertz }));
    alice = await browser.user(daemon, 'alice');
    bob = await other.user(daemon, 'bob');
  });
  after(() => cast.close());
  afterEach(async () => {
    await daemon.cleared();
    alice.noErrors();
    bob.noErrors();
  });

  async function soundsBothWays() {
    await assertHears('bob', bob, kHertz);
    await assertHears('alice', alice, kOtherHertz);
  }

  async function connect(number = '202') {
    await alice.dial(number);
    await bob.rings();
    await bob.accept();
    await bob.connected();
    await alice.connected();
  }

  test('user_calls_user_by_extension', async () => {
    await connect();
    await soundsBothWays();
    await alice.hangup();
    assertReason(await alice.ended(), 0, 0);
    assertReason(await bob.ended(), 0, 5003);
  });

  test('user_calls_user_by_raw_id_and_sees_who_calls', async () => {
    const { user } = await demoToken(daemon, 'bob');
    const me = await demoToken(daemon, 'alice');
    assert.match(user.communicationUserId, /^8:acs:[0-9a-f-]{36}_[0-9a-f-]{36}$/);
    await alice.dial(user.communicationUserId);
    const incoming = await bob.rings();
    assert.equal(incoming.from.communicationUserId, me.user.communicationUserId);
    await bob.accept();
    await alice.connected();
    await soundsBothWays();
    await bob.hangup();
    assertReason(await bob.ended(), 0, 0);
    assertReason(await alice.ended(), 0, 5003);
  });

  test('a_user_who_declines_is_603_0', async () => {
    await alice.dial('202');
    await bob.rings();
    await bob.reject();
    assertReason(await alice.ended(), 603, 0);
  });

  test('hold_and_resume_between_users', async () => {
    await connect();
    await soundsBothWays();
    await bob.toggleHold();
    await alice.reaches('RemoteHold');
    assertNoTone('alice on hold', await alice.listen(kOtherHertz));
    assertNoTone('bob', await bob.listen(kHertz));
    await bob.toggleHold();
    await alice.connected();
    await soundsBothWays();
    await alice.hangup();
    await bob.ended();
  });

  test('a_user_who_is_nowhere_is_480_10037', async () => {
    await bob.page.evaluate(() => window.softphone.agent.dispose());
    await until('bob is gone', async () => (await daemon.api('users')).users.find((u) => u.name === 'bob').devices === 0);
    await alice.dial('202');
    assertReason(await alice.ended(), 480, 10037);
    await bob.close();
    bob = await other.user(daemon, 'bob');
  });

  test('nobody_answers_and_that_is_487_10004', async (t) => {
    const slow = await castOf(t).add(Daemon.start({ set: { 'calls.ring_timeout': '"2s"' } }));
    const caller = await castOf(t).add(browser.user(slow, 'alice'));
    const callee = await castOf(t).add(other.user(slow, 'bob'));
    await caller.dial('202');
    await callee.rings();
    assertReason(await caller.ended(), 487, 10004);
    await callee.stopsRinging();
  });

  test('both_tabs_ring_and_the_slower_one_gets_487_10003', async (t) => {
    const tab = await castOf(t).add(other.user(daemon, 'bob'));
    await alice.dial('202');
    await Promise.all([bob.rings(), tab.rings()]);
    await tab.accept();
    await tab.connected();
    await alice.connected();
    assertReason(await bob.stopsRinging(), 487, 10003);
    await assertHears('the tab that answered', tab, kHertz);
    await assertHears('alice', alice, kOtherHertz);
    await alice.hangup();
    await tab.ended();
  });

  test('one_tab_declines_and_the_other_may_still_answer', async (t) => {
    const tab = await castOf(t).add(other.user(daemon, 'bob'));
    await alice.dial('202');
    await Promise.all([bob.rings(), tab.rings()]);
    await tab.reject();
    await tab.quiet();
    await bob.accept();
    await alice.connected();
    await soundsBothWays();
    await alice.hangup();
    await bob.ended();
  });

  test('all_devices_decline_and_that_is_the_end', async (t) => {
    const tab = await castOf(t).add(other.user(daemon, 'bob'));
    await alice.dial('202');
    await Promise.all([bob.rings(), tab.rings()]);
    await bob.reject();
    await tab.reject();
    const end = await alice.ended();
    assert.ok([[603, 0], [487, 10024]].some(([c, s]) => c === end.code && s === end.subCode), JSON.stringify(end));
  });

  test('a_dropped_socket_keeps_a_talking_call', async (t) => {
    const wire = await castOf(t).add(TcpProxy.start(new URL(daemon.local).port));
    const roaming = await castOf(t).add(other.user(daemon, 'bob', { base: wire.url }));
    await bob.close();
    await until('one device', async () => (await daemon.api('users')).users.find((u) => u.name === 'bob').devices >= 1);
    await alice.dial('202');
    await roaming.rings();
    await roaming.accept();
    await alice.connected();
    await assertHears('alice', alice, kOtherHertz);
    wire.cut();
    await roaming.disconnected();
    await assertHears('alice, while bob\'s socket is down,', alice, kOtherHertz);
    await assertHears('bob, while his socket is down,', roaming, kHertz);
    wire.heal();
    await roaming.signedIn();
    assert.equal((await roaming.lastCall()).states.at(-1), 'Connected');
    await assertHears('alice', alice, kOtherHertz);
    await roaming.hangup();
    assertReason(await alice.ended(), 0, 5003);
    bob = await other.user(daemon, 'bob');
  });

  test('a_dropped_socket_keeps_a_ringing_call', async (t) => {
    const wire = await castOf(t).add(TcpProxy.start(new URL(daemon.local).port));
    await bob.close();
    const roaming = await castOf(t).add(other.user(daemon, 'bob', { base: wire.url }));
    await alice.dial('202');
    await roaming.rings();
    wire.cut();
    await roaming.disconnected();
    wire.heal();
    await roaming.signedIn();
    await roaming.rings();
    await roaming.accept();
    await alice.connected();
    await assertHears('alice', alice, kOtherHertz);
    await assertHears('bob', roaming, kHertz);
    await alice.hangup();
    await roaming.ended();
    bob = await other.user(daemon, 'bob');
  });

  test('a_hang_up_during_an_outage_is_learnt_on_return', async (t) => {
    const wire = await castOf(t).add(TcpProxy.start(new URL(daemon.local).port));
    await bob.close();
    const roaming = await castOf(t).add(other.user(daemon, 'bob', { base: wire.url }));
    await alice.dial('202');
    await roaming.rings();
    await roaming.accept();
    await roaming.connected();
    wire.cut();
    await roaming.disconnected();
    await alice.hangup();
    await alice.ended();
    wire.heal();
    await roaming.signedIn();
    assertReason(await roaming.ended(), 0, 5003);
    bob = await other.user(daemon, 'bob');
  });

  test('a_second_socket_with_the_same_instance_replaces_the_first', async (t) => {
    const first = await castOf(t).add(EdgeDevice.register(daemon, 'alice', { instanceId: 'tab-1' }));
    await castOf(t).add(EdgeDevice.register(daemon, 'alice', { instanceId: 'tab-1' }));
    assert.equal((await first.closed).code, 4409);
  });

  test('a_call_rings_a_phone_and_a_user_of_one_route_together', async (t) => {
    const both = await castOf(t).add(Daemon.start({
      edit: {
        'routes.toml': (text) =>
          '[[route]]\nname = "both"\nfrom = ["phones", "users"]\nto = "5000"\ntargets = ["user:bob|phone:102"]\n' + text,
      },
    }));
    const caller = await castOf(t).add(browser.user(both, 'alice'));
    const callee = await castOf(t).add(other.user(both, 'bob'));
    const phone = await castOf(t).add(Baresip.start({ user: '102', password: 'demo-102', domain: both.sip.udp, hertz: 600 }));
    await caller.dial('5000');
    await callee.rings();
    await phone.event('CALL_INCOMING');
    await phone.accept();
    await caller.connected();
    assertReason(await callee.stopsRinging(), 487, 10003);
    await assertHears('the caller', caller, 600);
    await caller.hangup();
    await phone.event('CALL_CLOSED');
    await both.settled();
  });
});
