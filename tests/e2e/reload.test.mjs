// `reload` beside a live call: what changes is in force for the next call, what is broken changes nothing and is told, and the
// call that was there keeps its sound.
import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { after, afterEach, before, describe, test } from 'node:test';
import tls from 'node:tls';
import { assertHears } from './lib/assertions.mjs';
import { Baresip } from './lib/baresip.mjs';
import { Carrier } from './lib/carrier.mjs';
import { Cast, castOf } from './lib/cast.mjs';
import { Daemon, kSlow } from './lib/daemon.mjs';
import { EdgeDevice } from './lib/edge.mjs';
import { run } from './lib/process.mjs';
import { SipSocket } from './lib/sip_socket.mjs';
import { until } from './lib/wait.mjs';

const kOffer = (port) => ['v=0', 'o=- 1 1 IN IP4 127.0.0.1', 's=-', 'c=IN IP4 127.0.0.1', 't=0 0', `m=audio ${port} RTP/AVP 0`, ''].join('\r\n');

describe('a reload beside a live call', () => {
  const cast = new Cast();
  let daemon, phone, other, old, fresh, folder, call, over = false;

  before(async () => {
    folder = await mkdtemp(path.join(os.tmpdir(), 'e2e-reload-'));
    await certificate(2001);
    old = await cast.add(Carrier.start({ invite: 486 }));
    fresh = await cast.add(Carrier.start({ invite: 486 }));
    daemon = await cast.add(Daemon.start({
      carrier: old.port, set: { 'sip.tls.certificate': `"${folder}/sip.pem"`, 'sip.tls.key': `"${folder}/sip.key"` },
    }));
    phone = await cast.add(Baresip.start({ user: '101', password: 'demo-101', domain: daemon.sip.udp, hertz: 1000 }));
    other = await cast.add(SipSocket.open());
    await phone.dial('9196');
    await phone.event('CALL_ESTABLISHED');
    await assertHears('the caller', phone, 1000);
    [call] = await daemon.calls();
  });
  after(async () => {
    await cast.close();
    await rm(folder, { recursive: true, force: true });
  });
  afterEach(async () => {
    if (over) return;
    await assertHears('the caller still', phone, 1000);
    assert.ok((await daemon.calls()).some(({ call_id }) => call_id === call.call_id), 'it is the same call');
    assert.ok(!phone.events.some(({ type }) => type === 'CALL_CLOSED'));
  });

  async function certificate(serial) {
    const made = await run('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-subj', '/CN=localhost',
      '-days', '2', '-set_serial', String(serial), '-keyout', `${folder}/sip.key`, '-out', `${folder}/sip.pem`]);
    assert.equal(made.code, 0, made.stderr);
  }
  const servedSerial = () => new Promise((resolve, reject) => {
    const [host, port] = daemon.sip.tls.split(':');
    const socket = tls.connect({ host, port: Number(port), rejectUnauthorized: false }, () => {
      resolve(Number.parseInt(socket.getPeerCertificate().serialNumber, 16));
      socket.destroy();
    });
    socket.on('error', reject);
  });
  async function edit(name, change) {
    const file = path.join(daemon.conf, name);
    const text = await readFile(file, 'utf8').catch(() => '');
    await writeFile(file, change(text));
    return () => writeFile(file, text);
  }
  /** What `reload` said it changed. */
  async function reload() {
    const { code, stdout, stderr } = await daemon.command('reload', '--json');
    assert.equal(code, 0, stdout + stderr);
    return JSON.parse(stdout).changes.join('\n');
  }
  /** Phone 102 calls: the final status. */
  async function status(user, password = 'demo-102') {
    const answer = await other.authenticated('INVITE', daemon.sip.udp, { as: '102', user, password, body: kOffer(other.port) });
    await other.acknowledge(daemon.sip.udp, answer, { user, cseq: Number.parseInt(answer.header('cseq'), 10) });
    return answer.status;
  }
  /** A call from a carrier's address: its first final status. */
  async function statusFrom(carrier, id) {
    const [host, port] = daemon.sip.udp.split(':');
    const text = (method, to = '') => [`${method} sip:+19995550100@${daemon.sip.udp} SIP/2.0`, `Via: SIP/2.0/UDP ${carrier.address};branch=z9hG4bK${id};rport`,
      'Max-Forwards: 70', `From: <sip:+12065550177@${carrier.address}>;tag=${id}`, `To: <sip:+19995550100@${daemon.sip.udp}>${to}`, `Call-ID: ${id}`,
      `CSeq: 1 ${method}`, `Contact: <sip:carrier@${carrier.address}>`, 'Content-Length: 0', '', ''].join('\r\n');
    carrier.socket.send(text('INVITE'), Number(port), host);
    let answer;
    await until('an answer to the carrier', () => (answer = carrier.received.find((m) => m.status >= 200 && m.header('call-id') === id)), 5_000 * kSlow);
    carrier.socket.send(text('ACK', `;tag=${/;tag=([^;]+)/.exec(answer.header('to'))?.[1] ?? ''}`), Number(port), host);
    return answer.status;
  }

  test('routes', async () => {
    assert.equal(await status('777'), 404);
    await edit('routes.toml', (text) => `[[route]]\nname = "help"\nfrom = ["phones"]\nto = "777"\ntargets = ["trunk:carrier"]\n${text}`);
    assert.match(await reload(), /route\.help: added/);
    assert.equal(await status('777'), 486, 'the carrier was asked');
    assert.equal(old.requests('INVITE').length, 1);
  });

  test('trunks', async () => {
    assert.equal(await statusFrom(fresh, 'stranger'), 401, 'nobody knows it yet');
    await edit('trunks.d/carrier.toml', (text) => text.replaceAll(old.address, fresh.address));
    assert.match(await reload(), /trunk\.carrier\.targets: /);
    assert.equal(await status('+12065550123'), 486);
    assert.equal(fresh.requests('INVITE').length, 1);
    assert.equal(old.requests('INVITE').length, 1, 'the old one is asked no more');
    assert.equal(await statusFrom(fresh, 'known'), 404, 'who is a trunk is not challenged');
    assert.equal(await statusFrom(old, 'former'), 401);
  });

  test('users', async (t) => {
    await edit('users.toml', (text) => `${text}\n[[user]]\nname = "dora"\nextension = "205"\n`);
    assert.match(await reload(), /user\.dora: added/);
    const dora = await castOf(t).add(EdgeDevice.register(daemon, 'dora'));
    const refused = status('205');
    const incoming = await dora.event('incomingCall');
    await dora.request('reject', { callId: incoming.callId });
    assert.equal(await refused, 603);
    await edit('users.toml', (text) => text.replace(/\n\[\[user\]\]\nname = "dora"[^]*$/, ''));
    assert.match(await reload(), /user\.dora: removed/);
    assert.equal(await status('205'), 404);
  });

  test('phones_even_the_one_that_talks', async () => {
    await edit('phones.toml', (text) => text.replace('demo-102', 'changed-102').replace('demo-101', 'changed-101'));
    const changes = await reload();
    assert.match(changes, /phone\.102\.password: changed/);
    assert.doesNotMatch(changes, /changed-10/, 'no secret is told');
    assert.equal(await status('777'), 401);
    assert.equal(await status('777', 'changed-102'), 486);
    await edit('phones.toml', (text) => text.replaceAll('changed-', 'demo-'));
    await reload();
  });

  test('limits', async () => {
    const undo = await edit('limits.toml', () => '[limits]\nmax_calls = 1\n');
    assert.match(await reload(), /limits\.max_calls: /);
    assert.equal(await status('777'), 503, 'the live call is all that there is room for');
    await undo();
    await reload();
    assert.equal(await status('777'), 486);
  });

  test('certificates', async () => {
    assert.equal(await servedSerial(), 2001);
    await certificate(2002);
    await reload();
    assert.equal(await servedSerial(), 2002);
  });

  for (const [what, name, text, told] of [
    ['a_file_that_cannot_be_read', 'broken.toml', '[[phone]\n', /broken\.toml:1/],
    ['an_unknown_key', 'broken.toml', '[calls]\nring_timeuot = "1s"\n', /ring_timeuot.*ring_timeout/],
    ['a_route_to_nobody', 'broken.toml', '[[route]]\nname = "x"\nfrom = ["phones"]\nto = "778"\ntargets = ["trunk:nobody"]\n', /nobody/],
    ['half_a_trunk', 'trunks.d/broken.toml', 'name = "half"\npeers = ["not an address"]\n', /trunks\.d\/broken\.toml:2/],
  ]) {
    test(`${what}_leaves_everything_as_it_was_and_says_so`, async () => {
      const file = path.join(daemon.conf, name);
      await writeFile(file, `${text}`);
      // What comes with it is good, and not in force either.
      const undo = await edit('routes.toml', (routes) => routes.replace('to = "777"', 'to = "779"'));
      const { code, stdout, stderr } = await daemon.command('reload');
      assert.notEqual(code, 0);
      assert.match(stdout + stderr, told);
      assert.ok(daemon.log(/reload was refused, the old configuration stays in force/).length > 0);
      assert.equal(await status('777'), 486, 'the old route');
      assert.equal(await status('779'), 404);
      await rm(file);
      await undo();
    });
  }

  test('the_call_lost_nothing_of_its_sound', async () => {
    over = true;
    await phone.hangup();
    const record = await daemon.cdr(({ call_id }) => call_id === call.call_id);
    for (const leg of record.legs.filter(({ kind }) => kind === 'sip')) assert.equal(leg.packets_lost, 0);
    assert.equal(record.cause.q850, 16);
  });
});
