// Runs coding agents against a scripted model. They are large (2 GB together), so that this is no part of the ordinary tests.
//   [QUERN_AGENTS="<agent> ..."] node run.mjs <scripted_server binary> <build folder>
// Installs what is missing into the build folder. The agents see no network but loopback and no processes but theirs;
// what they leave running ends with them. Exit code 77: skipped, with the reason.
import { spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { AGENTS } from './agents.mjs';

const [binary, folder] = process.argv.slice(2).map((path) => resolve(path));
const wanted = (process.env.QUERN_AGENTS ?? '').split(/[ ,]+/).filter((name) => name !== '');
const source = dirname(fileURLToPath(import.meta.url));

function skip(reason) {
  console.log(`skipped: ${reason}`);
  process.exit(77);
}

const unknown = wanted.filter((name) => !AGENTS.some((agent) => agent.name === name));
if (unknown.length > 0) throw new Error(`no such agent: ${unknown.join(', ')}; there are ${AGENTS.map(({ name }) => name).join(', ')}`);

const apart = ['--map-root-user', '--net', '--pid', '--fork', '--mount-proc', 'sh', '-c', 'ip link set lo up && exec "$@"', 'sh'];
const tried = spawnSync('unshare', [...apart, 'true'], { encoding: 'utf8' });
if (tried.status !== 0) skip(`no namespaces for the agents: ${tried.error ?? tried.stderr}`);

for (const agent of AGENTS.filter(({ name }) => wanted.length === 0 || wanted.includes(name))) {
  const home = join(folder, agent.name);
  const dependencies = JSON.stringify({ name: `quern-agent-${agent.name}`, private: true, dependencies: agent.packages });
  const stamp = join(home, `.installed-${Buffer.from(dependencies).toString('base64url').slice(-40)}`);
  if (existsSync(stamp)) continue;
  mkdirSync(home, { recursive: true });
  writeFileSync(join(home, 'package.json'), dependencies);
  const install = spawnSync('npm', ['install', '--ignore-scripts', '--no-audit', '--no-fund', '--no-package-lock'],
                            { cwd: home, encoding: 'utf8' });
  if (install.status !== 0) skip(`${agent.name} could not be installed\n${install.error ?? install.stderr}`);
  writeFileSync(stamp, '');
}

for (const name of ['agents.mjs', 'agents.test.mjs']) copyFileSync(join(source, name), join(folder, name));
copyFileSync(join(source, '..', 'scripted_server.mjs'), join(folder, 'scripted_server.mjs'));
const run = spawnSync('unshare', [...apart, process.execPath, '--test', 'agents.test.mjs'], {
  cwd: folder, stdio: 'inherit',
  env: { ...process.env, QUERN_SCRIPTED_SERVER: binary, QUERN_AGENT_PACKAGES: folder, QUERN_AGENTS: wanted.join(',') } });
process.exit(run.status ?? 1);
