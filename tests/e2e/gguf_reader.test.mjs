// The hub's own reader of GGUF sees in a file what quern sees: each key and its value, each tensor and its shape, in
// files of many models, in one that quern wrote, and in what /api/show says of a served model.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { gguf } from '@huggingface/gguf';
import { Ollama } from 'ollama';
import { QuernServer } from './quern_server.mjs';

const DATA = process.env.QUERN_E2E_DATA;

const run = (...args) => {
  const done = spawnSync(process.env.QUERN_BINARY, args, { encoding: 'utf8', maxBuffer: 1 << 28, env: { PATH: process.env.PATH } });
  assert.equal(done.status, 0, done.stderr);
  return done.stdout;
};
const inspect = (file) => JSON.parse(run('inspect', '--json', file));
// Numbers of 64 bits come as BigInt there, floats of 32 bits as doubles of all their digits.
const same = (theirs, ours, type) => {
  if (typeof theirs === 'bigint') return theirs === BigInt(ours);
  const rounded = type === 'f32' || (typeof theirs === 'number' && !Number.isInteger(theirs));
  return rounded ? Math.fround(theirs) === Math.fround(ours) : theirs === ours;
};

const compare = async (file) => {
  const ours = inspect(file);
  const { metadata, tensorInfos } = await gguf(file, { allowLocalFile: true });
  const { version, tensor_count: nTensors, kv_count: nKeys, ...keys } = metadata;
  assert.equal(version, ours.version, file);
  assert.equal(Number(nTensors), ours.tensors.length, file);
  assert.deepEqual(Object.keys(keys).sort(), Object.keys(ours.metadata).sort(), file);
  assert.equal(Number(nKeys), Object.keys(ours.metadata).length, file);
  let nCompared = 0;
  for (const [key, value] of Object.entries(keys)) {
    const { value: mine, type, length } = ours.metadata[key];
    if (Array.isArray(value)) {
      if (length !== undefined) assert.equal(length, value.length, `${file}: ${key}`);
      else if (Array.isArray(mine)) mine.forEach((one, i) => assert.ok(same(value[i], one), `${file}: ${key}[${i}]: ${value[i]}, ${one}`));
    } else if (!(typeof mine === 'string' && mine.length < String(value).length)) {  // long texts are shown shortened
      assert.ok(same(value, mine, type), `${file}: ${key}: ${value}, ${mine}`);
      ++nCompared;
    }
  }
  assert.ok(nCompared > 5, `${file}: ${nCompared} values compared`);
  assert.deepEqual(tensorInfos.map(({ name, shape }) => [name, shape.map(Number)]), ours.tensors.map(({ name, shape }) => [name, shape]), file);
};

test('files of many architectures', async () => {
  const files = readdirSync(join(DATA, 'arch')).filter((name) => name.endsWith('.gguf'));
  assert.ok(files.length > 10);
  for (const name of files) await compare(join(DATA, 'arch', name));
});

test('a file that quern wrote', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'quern-gguf-'));
  try {
    const file = join(folder, 'synth.gguf');
    run('synth', '--shape', 'tiny', '--quant', 'q4_k_m', file);
    await compare(file);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('what /api/show says of a served model', async () => {
  const file = join(DATA, 'arch/command-r.gguf');
  const server = await QuernServer.start('-m', `shown=${file}`);
  try {
    const { model_info: info } = await new Ollama({ host: server.url }).show({ model: 'shown' });
    const { metadata } = await gguf(file, { allowLocalFile: true });
    const common = Object.keys(info).filter((key) => key in metadata);
    assert.ok(common.length >= 4, `${Object.keys(info)}`);
    for (const key of common) {
      if (!Array.isArray(metadata[key])) assert.ok(same(metadata[key], info[key]), `${key}: ${metadata[key]}, ${info[key]}`);
    }
  } finally {
    await server.stop();
  }
});
