// Drain, reload and the subcommands that talk to the running daemon.
import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { describe, test } from 'node:test';
import tls from 'node:tls';
import { assertHears } from './lib/assertions.mjs';
import { Baresip } from './lib/baresip.mjs';
import { castOf } from './lib/cast.mjs';
import { Daemon, kGateway, kRepository, kSlow } from './lib/daemon.mjs';
import { freePorts } from './lib/ports.mjs';
import { run } from './lib/process.mjs';
import { SipSocket } from './lib/sip_socket.mjs';
import { until, within } from './lib/wait.mjs';

async function talking(t, options) {
  const cast = castOf(t);
  const daemon = await cast.add(Daemon.start(options));
  const phone = await cast.add(Baresip.start({ user: '101', password: 'demo-101', domain: daemon.sip.udp, hertz: 1000 }));
  await phone.dial('9196');
  await phone.event('CALL_ESTABLISHED');
  await until('the echo', async () => (await phone.listen(1000, 0.5)).purity > 0.8);
  return { cast, daemon, phone };
}

const options_status = async (cast, daemon) => {
  const peer = await cast.add(SipSocket.open());
  return (await peer.ask(daemon.sip.udp, peer.request('OPTIONS', daemon.sip.udp))).status;
};

const servedSerial = (address) => new Promise((resolve, reject) => {
  const [host, port] = address.split(':');
  const socket = tls.connect({ host, port: Number(port), rejectUnauthorized: false }, () => {
    resolve(Number.parseInt(socket.getPeerCertificate().serialNumber, 16));
    socket.destroy();
  });
  socket.on('error', reject);
});

describe('the daemon', () => {
  test('sigterm_drains_live_calls_go_on_new_ones_are_refused', async (t) => {
    const { cast, daemon, phone } = await talking(t, { set: { 'calls.drain_timeout': '"20s"' } });
    const other = await cast.add(Baresip.start({ user: '102', password: 'demo-102', domain: daemon.sip.udp }));
    assert.equal((await fetch(`${daemon.admin}/readyz`)).status, 200);
    assert.equal(await options_status(cast, daemon), 200);

    daemon.program.signal('SIGTERM');
    await until('not ready', async () => (await fetch(`${daemon.admin}/readyz`)).status === 503);
    assert.equal((await fetch(`${daemon.admin}/healthz`)).status, 200);
    assert.equal(await options_status(cast, daemon), 503);
    await other.dial('9196');
    assert.match((await other.event('CALL_CLOSED')).param, /^503 /);
    await assertHears('the caller', phone, 1000);

    await phone.hangup();
    const end = await within('the gateway ends with its last call', daemon.program.exit, 10_000 * kSlow);
    assert.deepEqual(end, { code: 0, signal: null });
    daemon.close = async () => {};
  });

  test('a_call_that_outlives_the_drain_is_ended', async (t) => {
    const { daemon, phone } = await talking(t, { set: { 'calls.drain_timeout': '"1s"' } });
    daemon.program.signal('SIGTERM');
    await phone.event('CALL_CLOSED');
    const end = await within('the gateway ends', daemon.program.exit, 10_000 * kSlow);
    assert.deepEqual(end, { code: 0, signal: null });
    const cdr = await daemon.cdr((record) => record.source === 'phone:101');
    assert.ok(cdr.ended);
    daemon.close = async () => {};
  });

  test('a_phone_added_by_reload_may_call', async (t) => {
    const cast = castOf(t);
    const daemon = await cast.add(Daemon.start());
    const extra = path.join(daemon.conf, 'extra.toml');
    await writeFile(extra, '[[phone]]\nusername = "103"\npassword = "demo-103"\nextension = "103"\ndisplay_name = "Third"\ndigest = ["MD5"]\n');
    daemon.program.signal('SIGHUP');
    await until('phone 103', async () => (await daemon.phones()).some((phone) => phone.username === '103'));
    const phone = await cast.add(Baresip.start({ user: '103', password: 'demo-103', domain: daemon.sip.udp }));
    await phone.dial('9196');
    await phone.event('CALL_ESTABLISHED');

    // A bad file leaves the configuration in force as it is.
    await writeFile(extra, '[[phone]]\nusername = \n');
    const reload = await daemon.command('reload');
    assert.notEqual(reload.code, 0);
    assert.match(reload.stdout + reload.stderr, /extra\.toml:2/);
    assert.ok((await daemon.phones()).some((one) => one.username === '103'));
    await phone.hangup();
    await phone.event('CALL_CLOSED');
  });

  test('a_renewed_certificate_is_served_after_reload_and_a_broken_one_is_not', async (t) => {
    const cast = castOf(t);
    const folder = await mkdtemp(path.join(os.tmpdir(), 'e2e-certificate-'));
    t.after(() => rm(folder, { recursive: true, force: true }));
    const [certificate, key] = [path.join(folder, 'gateway.pem'), path.join(folder, 'gateway.key')];
    const renew = async (serial) => {
      const made = await run('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes',
        '-subj', '/CN=localhost', '-addext', 'subjectAltName=IP:127.0.0.1,DNS:localhost', '-days', '2',
        '-set_serial', String(serial), '-keyout', key, '-out', certificate]);
      assert.equal(made.code, 0, made.stderr);
    };
    await renew(1001);
    const daemon = await cast.add(Daemon.start({ set: {
      'sip.tls.certificate': `"${certificate}"`, 'sip.tls.key': `"${key}"`,
      'edge.certificate': `"${certificate}"`, 'edge.key': `"${key}"`,
    } }));
    const serials = async () => [await servedSerial(daemon.sip.tls), await servedSerial(new URL(daemon.edge).host)];
    assert.deepEqual(await serials(), [1001, 1001]);

    await renew(1002);
    daemon.program.signal('SIGHUP');
    await until('the new certificate', async () => (await serials()).every((serial) => serial === 1002));

    await writeFile(certificate, 'no certificate');
    await daemon.command('reload');
    assert.deepEqual(await serials(), [1002, 1002]);
  });

  test('a_user_added_on_the_command_line_has_a_route', async (t) => {
    const cast = castOf(t);
    const daemon = await cast.add(Daemon.start());
    const route = () => daemon.command('route', '--from', 'phone:101', '--to', '203', '--json');
    assert.equal((await route()).code, 3);
    const added = await daemon.command('user', 'add', 'carol', '--extension', '203');
    assert.equal(added.code, 0, added.stderr);
    const found = await route();
    assert.equal(found.code, 0, found.stderr);
    assert.deepEqual(JSON.parse(found.stdout).targets, ['user:carol']);
  });

  test('calls_and_hangup_from_the_command_line', async (t) => {
    const { daemon, phone } = await talking(t);
    const list = await daemon.command('calls', '--json');
    assert.equal(list.code, 0, list.stderr);
    const [call] = JSON.parse(list.stdout).calls;
    assert.equal(call.source, 'phone:101');
    assert.equal(call.legs.length, 2);
    const hangup = await daemon.command('hangup', call.call_id);
    assert.equal(hangup.code, 0, hangup.stderr);
    await phone.event('CALL_CLOSED');
    const status = await daemon.command('status', '--json');
    assert.equal(JSON.parse(status.stdout).state, 'running');
  });

  test('nobody_there_is_exit_code_4', async () => {
    const port = await freePorts();
    const status = await run(kGateway, ['status', '-c', path.join(kRepository, 'conf/demo'), '--set', `admin.listen="127.0.0.1:${port}"`]);
    assert.equal(status.code, 4, status.stdout + status.stderr);
  });
});
