// What an operator installs: the tree that `cmake --install` makes, the systemd unit, and what the daemon says at its start
// about the machine it was put on.
import assert from 'node:assert/strict';
import { access, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { describe, test } from 'node:test';
import { castOf } from './lib/cast.mjs';
import { Daemon, kGateway, kRepository } from './lib/daemon.mjs';
import { run } from './lib/process.mjs';

const kUnit = path.join(kRepository, 'packaging/acs-gateway.service');

const scratch = async (t) => {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'e2e-packaging-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  return folder;
};

const settingsOf = (unit) => {
  const all = new Map();
  for (const [, key, value] of unit.matchAll(/^(\w+)=(.*)$/gm)) all.set(key, [...(all.get(key) ?? []), value]);
  return all;
};

describe('packaging', () => {
  test('installed_tree_has_what_the_unit_starts_and_its_configuration_checks_clean', async (t) => {
    const root = await scratch(t);
    const installed = await run('cmake', ['--install', path.dirname(kGateway), '--prefix', '/usr'], { env: { ...process.env, DESTDIR: root } });
    assert.equal(installed.code, 0, installed.stderr);
    const unit = settingsOf(await readFile(path.join(root, 'usr/lib/systemd/system/acs-gateway.service'), 'utf8'));
    const program = unit.get('ExecStart')[0].split(' ')[0];
    const binary = path.join(root, program);
    await access(path.join(root, 'usr/share/acs-gateway/web/calling.js'));
    const users = await readFile(path.join(root, 'usr/lib/sysusers.d/acs-gateway.conf'), 'utf8');
    assert.match(users, new RegExp(`^u ${unit.get('User')[0]} `, 'm'));

    const check = await run(binary, ['check', '-c', path.join(root, 'usr/share/acs-gateway/conf/demo')]);
    assert.equal(check.code, 0, check.stdout + check.stderr);
  });

  test('unit_runs_without_privileges_feeds_the_watchdog_and_leaves_no_core', async (t) => {
    const text = await readFile(kUnit, 'utf8');
    const unit = settingsOf(text);
    assert.deepEqual(unit.get('Type'), ['notify']);
    assert.deepEqual(unit.get('CapabilityBoundingSet'), ['CAP_NET_BIND_SERVICE']);
    assert.deepEqual(unit.get('NoNewPrivileges'), ['yes']);
    assert.deepEqual(unit.get('LimitCORE'), ['0']);
    assert.ok(Number(unit.get('WatchdogSec')[0]) >= 10);
    // systemd's own reading of it, with the program that is here. A container may be without systemd.
    const analyze = await run('sh', ['-c', 'command -v systemd-analyze']);
    if (analyze.code !== 0) return t.diagnostic('no systemd-analyze here: the unit was not verified by systemd itself');
    const folder = await scratch(t);
    const file = path.join(folder, 'acs-gateway.service');
    await writeFile(file, text.replaceAll('/usr/bin/acs-gateway', kGateway));
    const verify = await run('systemd-analyze', ['verify', '--man=no', '--recursive-errors=no', file]);
    assert.equal(verify.code, 0, verify.stderr);
    assert.doesNotMatch(verify.stdout + verify.stderr, /acs-gateway\.service/);
  });

  test('descriptors_are_raised_and_what_does_not_fit_is_told_with_the_key', async (t) => {
    const cast = castOf(t);
    const daemon = await cast.add(Daemon.start({
      wrapper: ['prlimit', '--nofile=256:4096'],
      set: { 'limits.max_calls': '1000' },
    }));
    await daemon.program.line(/file descriptors.*limit=4096 was=256/);
    await daemon.program.line(/lvl=warn .*limits\.max_calls = 1000 may need 6256 file descriptors.*4096.*LimitNOFILE/);
    await daemon.program.line(/lvl=warn .*media\.ports = .*carries 100 calls.*limits\.max_calls is 1000/);
    const limits = await readFile(`/proc/${daemon.program.pid}/limits`, 'utf8');
    assert.match(limits, /Max open files\s+4096\s+4096/);
  });
});
