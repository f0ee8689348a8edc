// Installs the client packages into the build folder and runs the tests there: the source folder stays clean.
//   node run.mjs <quern binary> <scripted_server binary> <test_hub binary> <build folder>
// Exit code 77: skipped, because the packages could not be installed.
import { spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const [binary, scripted, hub, folder] = process.argv.slice(2).map((path) => resolve(path));
const source = dirname(fileURLToPath(import.meta.url));
mkdirSync(folder, { recursive: true });
const files = readdirSync(source).filter((name) => /\.(mjs|json)$/.test(name));
for (const name of files) copyFileSync(join(source, name), join(folder, name));

const stamp = join(folder, 'node_modules', '.installed');
const lock = readFileSync(join(source, 'package-lock.json'), 'utf8');
if (!existsSync(stamp) || readFileSync(stamp, 'utf8') !== lock) {
  const install = spawnSync('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund'], { cwd: folder, encoding: 'utf8' });
  if (install.status !== 0) {
    console.log(`skipped: the client packages could not be installed\n${install.error ?? install.stderr}`);
    process.exit(77);
  }
  writeFileSync(stamp, lock);
}
const tests = files.filter((name) => name.endsWith('.test.mjs'));
const run = spawnSync(process.execPath, ['--test', ...tests],
                      { cwd: folder, stdio: 'inherit', env: { ...process.env, QUERN_BINARY: binary, QUERN_SCRIPTED_SERVER: scripted, QUERN_TEST_HUB: hub, QUERN_E2E_DATA: join(source, '../data') } });
process.exit(run.status ?? 1);
