// Builds dist/: calling.js (the library, one ES module), the softphone page, and type declarations.
import { copyFileSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { execFileSync } from 'node:child_process';
import { build } from 'esbuild';

const here = join(dirname(fileURLToPath(import.meta.url)), '..');
const dist = join(here, 'dist');
const { version } = JSON.parse(readFileSync(join(here, 'package.json'), 'utf8'));

rmSync(dist, { recursive: true, force: true });
mkdirSync(dist);

const common = {
  absWorkingDir: here,
  bundle: true,
  format: 'esm',
  target: ['es2020', 'chrome90', 'firefox90', 'safari15'],
  platform: 'browser',
  minify: true,
  sourcemap: 'linked',
  legalComments: 'linked',
  define: { __VERSION__: JSON.stringify(version) },
};
await build({ ...common, entryPoints: ['src/index.ts'], outfile: 'dist/calling.js' });
// The page uses the library as any app does: by its own file, which stays cached between the two.
await build({
  ...common,
  entryPoints: ['page/softphone.ts'],
  outfile: 'dist/softphone.js',
  plugins: [
    {
      name: 'the-library-is-a-file',
      setup: (b) =>
        b.onResolve({ filter: /^\.\.\/src\/index$/ }, () => ({
          path: './calling.js',
          external: true,
        })),
    },
  ],
});
await build({
  ...common,
  entryPoints: ['page/softphone.css'],
  outfile: 'dist/softphone.css',
  sourcemap: false,
});
copyFileSync(join(here, 'page/index.html'), join(dist, 'index.html'));
copyFileSync(join(here, 'page/icon.svg'), join(dist, 'icon.svg'));

const tsc = join(here, 'node_modules/typescript/bin/tsc');
const types = join(dist, 'types');
const args = ['--project', 'tsconfig.types.json', '--outDir', types];
execFileSync(process.execPath, [tsc, ...args], { cwd: here, stdio: 'inherit' });
keepReachable(types, 'index.d.ts');

/** The protocol and the inner classes are not the app's business: their declarations go. */
function keepReachable(root, entry) {
  const keep = new Set();
  const visit = (file) => {
    if (keep.has(file)) return;
    keep.add(file);
    // Full names, so that every way of resolving modules finds them.
    const text = readFileSync(file, 'utf8').replace(
      /(from ')(\.[^']+)(')/g,
      (_, from, name, end) => {
        visit(`${resolve(dirname(file), name)}.d.ts`);
        return `${from}${name}.js${end}`;
      },
    );
    writeFileSync(file, text);
  };
  visit(join(root, entry));
  for (const file of walk(root)) if (!keep.has(file)) rmSync(file);
}

function* walk(dir) {
  for (const entry of readdirSync(dir, { withFileTypes: true })) {
    const path = join(dir, entry.name);
    if (entry.isDirectory()) yield* walk(path);
    else yield path;
  }
}
