// Generates src/gen/edge.{js,d.ts} from the repository's proto/edge.proto: static code, because the
// page's content security policy forbids the code that protobufjs would otherwise build at run time.
import { mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createRequire } from 'node:module';
import { promisify } from 'node:util';

const require = createRequire(import.meta.url);
const pbjs = promisify(require('protobufjs-cli/pbjs').main);
const pbts = promisify(require('protobufjs-cli/pbts').main);

const here = join(dirname(fileURLToPath(import.meta.url)), '..');
const schema = join(here, '../../proto/edge.proto');
const out = join(here, 'src/gen');
const js = join(out, 'edge.js');
const dts = join(out, 'edge.d.ts');

function fresh() {
  try {
    const made = statSync(dts).mtimeMs;
    return (
      made > statSync(schema).mtimeMs && made > statSync(fileURLToPath(import.meta.url)).mtimeMs
    );
  } catch {
    return false;
  }
}

if (!fresh()) {
  mkdirSync(out, { recursive: true });
  const shape = ['--no-delimited', '--no-typeurl', '--no-verify', '--no-convert', '--no-service'];
  await pbjs([
    '-t',
    'static-module',
    '-w',
    'es6',
    '--es6',
    '--force-number',
    ...shape,
    '-o',
    js,
    schema,
  ]);
  // Node resolves no extensionless paths in ES modules; bundlers take either.
  const code = readFileSync(js, 'utf8').replace('"protobufjs/minimal"', '"protobufjs/minimal.js"');
  writeFileSync(js, code);
  await pbts(['-o', dts, js]);
}
