// scripts/demo.sh --once, as a newcomer runs it.
import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, test } from 'node:test';
import { castOf } from './lib/cast.mjs';
import { kRepository } from './lib/daemon.mjs';
import { run } from './lib/process.mjs';
import { Sipp } from './lib/sipp.mjs';

const demo = (env, ...args) => run(path.join(kRepository, 'scripts/demo.sh'), ['--once', ...args], {
  ms: 600_000, env: { ...process.env, ...env },
});

// Processes that the demo could have left: the gateway on conf/demo and its SIP client.
async function leftovers() {
  const found = [];
  for (const pid of await readdir('/proc')) {
    if (!/^\d+$/.test(pid)) continue;
    const line = (await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')).replaceAll('\0', ' ');
    if (/acs-gateway run -c conf\/demo/.test(line)) found.push(line);
  }
  return found;
}

describe('the demo', () => {
  test('a_call_to_the_echo_is_answered_and_heard', async () => {
    const { code, stdout, stderr } = await demo({});
    assert.equal(code, 0, stdout + stderr);
    for (const step of [/102 registered/, /dialled 9196/, /answered/, /echo heard: \d+ Hz/, /codec PCM[UA]; \d+ packets sent, \d+ received/, /hung up/]) {
      assert.match(stdout, step);
    }
    assert.deepEqual(await leftovers(), []);
  });

  test('a_number_where_nobody_is_fails', async () => {
    const { code, stdout } = await demo({}, '--number', '101');
    assert.equal(code, 1, stdout);
    assert.match(stdout, /FAILED: the call ended: 480/);
    assert.deepEqual(await leftovers(), []);
  });

  // Where conf/demo has its trunk. Answered, and then: nothing, or a sound that is not ours.
  for (const [what, audio] of [['silent', false], ['deaf', { hertz: 700 }]]) {
    test(`an_answered_but_${what}_number_fails`, async (t) => {
      await castOf(t).add(Sipp.start('answer', { port: 5070, audio }));
      const { code, stdout } = await demo({ DEMO_PATIENCE: '3' }, '--number', '+12065550123');
      assert.equal(code, 1, stdout);
      assert.match(stdout, /answered/);
      assert.match(stdout, /FAILED: no echo: (no sound came within 3 s|1230 Hz at -\d+\.\d dB)/);
      assert.deepEqual(await leftovers(), []);
    });
  }

  test('a_wrong_option_is_exit_code_2', async () => {
    assert.equal((await demo({}, '--nonsense')).code, 2);
  });
});
