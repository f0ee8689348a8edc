// quern and llama.cpp on the same file and the same work, in turns, so that both see the same moods of the machine.
//   node bench/peers/compare.mjs MODEL [--quern build/release/quern] [--threads N] [-p 512] [-n 32] [-b 1,4,16,32] [--rounds 3]
// llama.cpp comes from node-llama-cpp (npm), installed under build/peers on the first run. With LLAMA_BENCH=/path/to/llama-bench
// that program is measured instead (prefill and one stream; it knows no batches).
import { spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const source = dirname(fileURLToPath(import.meta.url));
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    quern: { type: 'string', default: 'build/release/quern' },
    threads: { type: 'string', default: String(availableParallelism()) },
    'n-prompt': { type: 'string', short: 'p', default: '512' },
    'n-gen': { type: 'string', short: 'n', default: '32' },
    batch: { type: 'string', short: 'b', default: '1,4,16,32' },
    rounds: { type: 'string', default: '3' },
  },
});
if (positionals.length !== 1) {
  console.error('usage: node compare.mjs MODEL [--quern FILE] [--threads N] [-p N,N] [-n N] [-b N,N] [--rounds N]');
  process.exit(2);
}
const model = resolve(positionals[0]);
const numbers = (text) => text.split(',').map(Number);

function run(command, args, cwd) {
  const result = spawnSync(command, args, { cwd, encoding: 'utf8', maxBuffer: 1 << 26 });
  if (result.status !== 0) throw new Error(`${command} ${args.join(' ')}: ${result.error ?? result.stderr}`);
  return result.stdout;
}

function quern() {
  const report = JSON.parse(run(resolve(values.quern), ['bench', '--json', '-m', model, '-t', values.threads,
    '-p', values['n-prompt'], '-n', values['n-gen'], '-b', values.batch, '-r', '1']));
  const lines = report.lines.map((line) => ({ ...line, tokens_per_s: line.tokens_per_s.median }));
  return { version: `quern, ${report.isa}`, lines };
}

function llamaBench() {
  const lines = JSON.parse(run(process.env.LLAMA_BENCH, ['-m', model, '-t', values.threads, '-p', values['n-prompt'],
    '-n', values['n-gen'], '-ngl', '0', '-r', '1', '-o', 'json']));
  const line = (entry) => (entry.n_gen > 0
    ? { test: 'decode', n_tokens: entry.n_gen, batch: 1, tokens_per_s: entry.avg_ts }
    : { test: 'prefill', n_tokens: entry.n_prompt, batch: 1, tokens_per_s: entry.avg_ts });
  return { version: `llama-bench ${lines[0]?.build_commit}`, lines: lines.map(line) };
}

function nodeLlamaCpp() {
  const folder = resolve(source, '../../build/peers');
  if (!existsSync(join(folder, 'node_modules', 'node-llama-cpp'))) {
    mkdirSync(folder, { recursive: true });
    copyFileSync(join(source, 'package.json'), join(folder, 'package.json'));
    // The optional packages are the GPU builds, 600 MB of them; the CPU build is a dependency of ours.
    run('npm', ['install', '--omit=optional', '--ignore-scripts', '--no-audit', '--no-fund'], folder);
  }
  copyFileSync(join(source, 'llama_cpp.mjs'), join(folder, 'llama_cpp.mjs'));
  const options = { prefill: numbers(values['n-prompt']), decode: Number(values['n-gen']),
                    batches: numbers(values.batch), threads: Number(values.threads) };
  return JSON.parse(run(process.execPath, ['llama_cpp.mjs', model, JSON.stringify(options)], folder));
}

function summary(rates) {
  const sorted = [...rates].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const median = sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
  return { median, spread: (sorted.at(-1) - sorted[0]) / 2 / median };
}

const peer = process.env.LLAMA_BENCH ? llamaBench : nodeLlamaCpp;
const ours = [], theirs = [];
for (let round = 0; round < Number(values.rounds); ++round) {
  ours.push(quern());
  theirs.push(peer());
}
const key = (line) => `${line.test} ${line.test === 'prefill' ? line.n_tokens : `${line.batch} x ${line.n_tokens}`}`;
const rates = (reports, name) => reports.flatMap((report) =>
  report.lines.filter((line) => key(line) === name).map((line) => line.tokens_per_s));
const cell = ({ median, spread }) => `${median.toFixed(1).padStart(9)} +-${(100 * spread).toFixed(0).padStart(3)}%`;

console.log(`${model}, ${values.threads} threads, median of ${values.rounds} rounds in turns, tokens/s`);
console.log(`${'work'.padEnd(18)} ${ours[0].version.padEnd(18)} ${theirs[0].version}`);
for (const name of ours[0].lines.map(key)) {
  const a = summary(rates(ours, name)), theirRates = rates(theirs, name);
  const right = theirRates.length > 0 ? summary(theirRates) : null;
  console.log(`${name.padEnd(18)} ${cell(a)}     ${right ? `${cell(right)}   ${(a.median / right.median).toFixed(2)}x` : ''}`);
}
