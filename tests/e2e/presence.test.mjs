// What phones are told of each other and of users (BLF, message waiting), what they may do with it (pickup), and phones of several flows.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, afterEach, before, describe, test } from 'node:test';
import { assertHears } from './lib/assertions.mjs';
import { Baresip } from './lib/baresip.mjs';
import { Cast, castOf } from './lib/cast.mjs';
import { Daemon } from './lib/daemon.mjs';
import { EdgeDevice } from './lib/edge.mjs';
import { Flow } from './lib/flow.mjs';
import { ScriptedPhone } from './lib/scripted_phone.mjs';
import { SipSocket } from './lib/sip_socket.mjs';
import { until } from './lib/wait.mjs';
import { replaces, Watcher } from './lib/watcher.mjs';

const kPhone = (user, more = '') =>
  `\n[[phone]]\nusername = "${user}"\npassword = "demo-${user}"\nextension = "${user}"\ndisplay_name = "Phone ${user}"\ndigest = ["MD5"]\n${more}`;

// As a browser says it; nothing is behind it, and calls are answered all the same.
const kUserOffer = [
  'v=0', 'o=- 1 1 IN IP4 127.0.0.1', 's=-', 't=0 0', 'a=group:BUNDLE 0', 'm=audio 9 UDP/TLS/RTP/SAVPF 111 0', 'c=IN IP4 0.0.0.0',
  'a=rtcp-mux', 'a=ice-ufrag:abcd', 'a=ice-pwd:abcdefghijklmnopqrstuvwx', 'a=setup:actpass', 'a=mid:0', 'a=sendrecv',
  `a=fingerprint:sha-256 ${Array(32).fill('AB').join(':')}`, 'a=rtpmap:111 opus/48000/2', 'a=rtpmap:0 PCMU/8000', '',
].join('\r\n');

describe('presence of phones', () => {
  const cast = new Cast();
  let daemon, workshop;

  before(async () => {
    daemon = await cast.add(Daemon.start({
      set: { 'sip.min_expires': '"10s"' },
      edit: { 'phones.toml': (text) => text + kPhone('103') + kPhone('104') },
    }));
    workshop = await cast.add(Baresip.start({ user: '102', password: 'demo-102', domain: daemon.sip.udp, hertz: 800 }));
  });
  after(() => cast.close());
  afterEach(() => daemon.cleared());

  const phone = (t, user, options) => castOf(t).add(ScriptedPhone.open(daemon, user, options));
  const watcher = (t, watches, options = {}) => castOf(t).add(Watcher.open(daemon, { as: '103', watches, ...options }));

  test('blf_a_phone_rings_talks_and_is_free_again', async (t) => {
    const lamp = await watcher(t, '102');
    assert.equal(lamp.answer.status, 200);
    await until('the first NOTIFY', () => lamp.notified.length === 1);
    assert.deepEqual(lamp.dialogs, []);
    const mark = workshop.mark();
    const caller = await phone(t, '101');
    const dialling = caller.dial('102');
    const rings = await lamp.sees('early');
    assert.equal(rings.direction, 'recipient');
    assert.match(rings.remote, /^sip:101@/);
    assert.equal(rings.display, 'Reception');
    await workshop.accept();
    const call = await dialling;
    assert.equal((await lamp.sees('confirmed')).id, rings.id);
    await call.bye();
    await lamp.sees('terminated');
    await workshop.event('CALL_CLOSED', { after: mark });
    const versions = lamp.notified.map((one) => Number(/version="(\d+)"/.exec(one.body)[1]));
    assert.deepEqual(versions, versions.map((_, i) => i), 'versions count up from 0');
  });

  test('blf_shows_no_anonymous_caller', async (t) => {
    const lamp = await watcher(t, '102');
    const caller = await phone(t, '101');
    const mark = workshop.mark();
    const call = caller.dial('102', { headers: ['Privacy: id'] });
    assert.match((await lamp.sees('early')).remote, /^sip:anonymous@anonymous\.invalid$/);
    await workshop.accept();
    await lamp.sees('confirmed');
    for (const one of lamp.notified) assert.ok(!/sip:101@|Reception|\+1425/.test(one.body), one.body);
    await (await call).bye();
    await workshop.event('CALL_CLOSED', { after: mark });
  });

  test('blf_a_user_at_the_edge_rings_talks_and_is_free_again', async (t) => {
    const lamp = await watcher(t, '201');
    await until('the first NOTIFY', () => lamp.notified.length === 1);
    assert.deepEqual(lamp.dialogs, [], 'a user without a device has no dialogs');
    const alice = await castOf(t).add(EdgeDevice.register(daemon, 'alice'));
    const caller = await phone(t, '101');
    const dialling = caller.dial('201');
    const { callId } = await alice.event('incomingCall');
    assert.equal((await lamp.sees('early')).direction, 'recipient');
    await alice.request('accept', { callId, offer: { callId, generation: 1, sdp: kUserOffer } });
    const call = await dialling;
    await lamp.sees('confirmed');
    await alice.request('hangup', { callId });
    await lamp.sees('terminated');
    await call.over();
    // And who calls, of whom the other end is shown as dialled.
    const own = randomUUID();
    const ringing = workshop.mark();
    await alice.request('invite', { callId: own, to: [{ rawId: '4:102' }], offer: { callId: own, generation: 1, sdp: kUserOffer } });
    await workshop.event('CALL_INCOMING', { after: ringing });
    const out = await until('the user calls', () => lamp.dialogs.find((one) => one.direction === 'initiator' && one.state === 'early'));
    assert.match(out.remote, /^sip:102@/);
    await alice.request('hangup', { callId: own });
    await workshop.event('CALL_CLOSED', { after: ringing });
  });

  test('a_subscription_is_refreshed_ended_and_expires', async (t) => {
    const short = await watcher(t, '102', { expires: 10 });
    const since = performance.now();
    const lamp = await watcher(t, '102');
    assert.equal(lamp.answer.header('expires'), '300');
    const again = await lamp.again(60);
    assert.equal(again.status, 200);
    assert.equal(again.header('expires'), '60');
    await until('a NOTIFY of the refresh', () => lamp.notified.length >= 2);
    assert.match(lamp.notified.at(-1).header('subscription-state'), /^active;expires=(60|59)$/);
    assert.equal((await lamp.again(5)).status, 423);
    assert.equal((await lamp.again(60, 'presence')).status, 489);
    assert.equal((await lamp.again(0)).status, 200);
    assert.equal(await lamp.ended(), 'terminated;reason=timeout');
    await until('it is forgotten', async () => (await lamp.again(60)).status === 481);
    assert.equal(await short.ended(15_000), 'terminated;reason=timeout');
    assert.ok(performance.now() - since > 9_000, 'not before its time');
  });

  test('what_is_not_there_to_be_watched_is_refused', async (t) => {
    const statusOf = async (watches, options) => (await watcher(t, watches, options)).answer;
    const bad = await statusOf('102', { event: 'presence' });
    assert.equal(bad.status, 489);
    assert.equal(bad.header('allow-events'), 'dialog, message-summary');
    assert.equal((await statusOf('777')).status, 404);
    assert.equal((await statusOf('102', { headers: ['Accept: text/plain'] })).status, 406);
    assert.equal((await statusOf('102', { event: 'message-summary' })).status, 403);
    const brief = await statusOf('102', { expires: 9 });
    assert.equal(brief.status, 423);
    assert.equal(brief.header('min-expires'), '10');
    const stranger = await castOf(t).add(SipSocket.open());
    const answer = await stranger.authenticated('SUBSCRIBE', daemon.sip.udp, { as: '103', user: '102', password: 'guess', headers: ['Event: dialog'] });
    assert.equal(answer.status, 401);
  });

  test('no_message_waits_for_a_phone', async (t) => {
    const lamp = await watcher(t, '103', { event: 'message-summary' });
    await until('a NOTIFY', () => lamp.notified.length === 1);
    assert.match(lamp.notified[0].body, /^Messages-Waiting: no\r?\n/);
    assert.match(lamp.notified[0].body, /^Voice-Message: 0\/0/m);
  });

  test('pickup_of_a_phone_that_rings', async (t) => {
    const lamp = await watcher(t, '102');
    const mark = workshop.mark();
    const caller = await phone(t, '101', { hertz: 1000 });
    const colleague = await phone(t, '103', { hertz: 600 });
    const dialling = caller.dial('102');
    const rings = await lamp.sees('early');
    const picked = await colleague.dial('102', { headers: ['Require: replaces', replaces(rings, ';early-only')] });
    const call = await dialling;
    await workshop.event('CALL_CLOSED', { after: mark });
    await assertHears('who called', call.rtp, 600);
    await assertHears('who picked up', picked.rtp, 1000);
    await lamp.sees('terminated');
    assert.match(JSON.stringify(await daemon.calls()), /phone:103/);
    // A second one comes too late.
    await assert.rejects((await phone(t, '104')).dial('102', { headers: [replaces(rings)] }), /603/);
    await call.bye();
    await picked.over();
  });

  test('pickup_of_a_user_that_rings', async (t) => {
    const lamp = await watcher(t, '201');
    const alice = await castOf(t).add(EdgeDevice.register(daemon, 'alice'));
    const caller = await phone(t, '101');
    const dialling = caller.dial('201');
    await alice.event('incomingCall');
    const picked = await (await phone(t, '103')).dial('201', { headers: [replaces(await lamp.sees('early'))] });
    const call = await dialling;
    await alice.event('incomingCallEnded');
    await picked.bye();
    await call.over();
  });

  test('a_conversation_is_taken_over_by_its_own_phone_alone_unless_pickup_is_any', async (t) => {
    const lamp = await watcher(t, '101');
    const mark = workshop.mark();
    const caller = await phone(t, '101', { hertz: 1000 });
    const dialling = caller.dial('102');
    await workshop.event('CALL_INCOMING', { after: mark });
    await workshop.accept();
    const call = await dialling;
    const talks = await lamp.sees('confirmed');
    const stranger = await phone(t, '103');
    await assert.rejects(stranger.dial('101', { headers: [replaces(talks, ';early-only')] }), /486/);
    await assert.rejects(stranger.dial('101', { headers: [replaces(talks)] }), /603/);
    await assert.rejects(stranger.dial('101', { headers: ['Replaces: nobody;to-tag=1;from-tag=2'] }), /481/);
    const elsewhere = await phone(t, '101', { hertz: 700 });
    const moved = await elsewhere.dial('102', { headers: [replaces(talks)] });
    await call.over();
    await assertHears('the other party', workshop, 700);
    await assertHears('the phone that took over', moved.rtp, 800);
    await moved.bye();
    await workshop.event('CALL_CLOSED', { after: mark });
  });

  test('a_call_reaches_a_phone_by_its_other_flow_when_one_was_cut', async (t) => {
    const instance = '"<urn:uuid:00000000-0000-4000-8000-0000000000f1>"';
    const flows = [];
    for (const regId of [1, 2]) flows.push(await castOf(t).add(Flow.open(daemon, { user: '104', instance, regId })));
    assert.equal(flows[1].answer.header('require'), 'outbound');
    assert.equal(flows[1].answer.header('flow-timer'), '120');
    assert.equal(flows[1].answer.headers.filter(([name]) => name === 'contact').length, 2);
    const caller = await phone(t, '101');
    await assert.rejects(caller.dial('104'), /486/);
    const [used, spare] = flows[0].calls ? flows : flows.toReversed();
    assert.equal(used.calls, 1);
    assert.equal(spare.calls, 0, 'two flows are one phone');
    used.cut();
    await assert.rejects(caller.dial('104'), /486/);
    assert.equal(spare.calls, 1);
    const devices = async () => (await daemon.phones()).find((one) => one.username === '104').devices.length;
    await until('the dead flow is forgotten', async () => (await devices()) === 1);
  });
});
