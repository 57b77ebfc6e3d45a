// Bundles test/*.test.ts with the sources they test and runs them with node:test.
// A name or part of one as argument runs those files only.
import { spawnSync } from 'node:child_process';
import { readdirSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const here = join(dirname(fileURLToPath(import.meta.url)), '..');
const out = join(here, 'test/.out');
const wanted = process.argv[2] ?? '';
const files = readdirSync(join(here, 'test'))
  .filter((name) => name.endsWith('.test.ts') && name.includes(wanted))
  .map((name) => join(here, 'test', name));

rmSync(out, { recursive: true, force: true });
await build({
  absWorkingDir: here,
  entryPoints: files,
  outdir: out,
  outExtension: { '.js': '.mjs' },
  bundle: true,
  format: 'esm',
  platform: 'node',
  target: 'node18',
  sourcemap: 'inline',
  external: ['ws'],
  define: { __VERSION__: '"test"' },
  // CommonJS inside the bundle asks for require.
  banner: {
    js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);",
  },
});
const built = files.map((file) => join(out, file.split('/').pop().replace(/\.ts$/, '.mjs')));
const run = spawnSync(process.execPath, ['--enable-source-maps', '--test', ...built], {
  stdio: 'inherit',
});
process.exit(run.status ?? 1);
