// Reads every #include line and asserts the dependencies between folders: gateway -> {sip, acs, media} -> proto -> base.
// sip, acs and media never include each other; base includes nothing of ours.
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');
const allowed = {
  base: ['base'],
  proto: ['proto', 'base'],
  media: ['media', 'base'],
  sip: ['sip', 'base'],
  acs: ['acs', 'proto', 'base'],
  gateway: ['gateway', 'sip', 'acs', 'media', 'proto', 'base'],
};
const skipped = new Set(['node_modules', 'dist', 'web', 'build']);

function* sources(folder) {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const file = path.join(folder, entry.name);
    if (entry.isDirectory() && !skipped.has(entry.name)) yield* sources(file);
    else if (/\.(h|cpp)$/.test(entry.name)) yield file;
  }
}

const problems = [];
let lines = 0;
for (const [folder, may] of Object.entries(allowed)) {
  for (const file of sources(path.join(root, folder))) {
    readFileSync(file, 'utf8').split('\n').forEach((line, i) => {
      const target = /^\s*#\s*include\s*[<"]([a-z]+)\//.exec(line)?.[1];
      if (!(target in allowed)) return;
      lines++;
      if (may.includes(target)) return;
      problems.push(`${path.relative(root, file)}:${i + 1}: ${folder} must not include ${target}: ${line.trim()}`);
    });
  }
}
if (lines === 0) problems.push('no #include line was found: is this the right folder?');
for (const problem of problems) console.error(problem);
console.log(`${lines} includes between our folders, ${problems.length} across a wall`);
process.exit(problems.length ? 1 : 0);
