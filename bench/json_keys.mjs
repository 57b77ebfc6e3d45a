// Runs a benchmark and looks at its last line: one JSON object with these keys, numbers all.
//   node json_keys.mjs KEY... -- PROGRAM ARGUMENT...        "a.b" is a key within a key, "KEY+" is more than 0
import { spawnSync } from 'node:child_process';

const at = process.argv.indexOf('--');
const keys = process.argv.slice(2, at);
const [program, ...args] = process.argv.slice(at + 1);
const run = spawnSync(program, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] });
process.stdout.write(run.stdout ?? '');
const last = run.stdout?.trimEnd().split('\n').at(-1) ?? '';
let found;
try {
  found = JSON.parse(last);
} catch {
  console.error(`the last line is no JSON: ${last}`);
  process.exit(1);
}
const wrong = keys.filter((key) => {
  const value = key.replace('+', '').split('.').reduce((object, name) => object?.[name], found);
  return !Number.isFinite(value) || (key.endsWith('+') && value <= 0);
});
if (wrong.length > 0) console.error(`missing or no such number: ${wrong.join(', ')}`);
process.exit(run.status !== 0 ? run.status ?? 1 : wrong.length > 0 ? 1 : 0);
