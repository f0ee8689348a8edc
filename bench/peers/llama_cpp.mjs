// Measures llama.cpp through node-llama-cpp, in a process of its own.
//   node llama_cpp.mjs MODEL '{"prefill":[512],"decode":32,"batches":[1,4],"threads":2}'
// Prints one JSON object {"version", "lines": [{"test", "n_tokens", "batch", "tokens_per_s"}]}. As `quern bench` does:
// prefill is one prompt from an empty cache; decode is `batch` sequences that generate together, timed from the moment
// all of them have their first token.
import { readFileSync } from 'node:fs';
import { getLlama, LlamaLogLevel } from 'node-llama-cpp';

const [modelPath, optionsText] = process.argv.slice(2);
const options = JSON.parse(optionsText);
const seconds = () => Number(process.hrtime.bigint()) / 1e9;

const llama = await getLlama({ gpu: false, build: 'never', logLevel: LlamaLogLevel.error, maxThreads: options.threads });
const model = await llama.loadModel({ modelPath });
const vocabularySize = 30000; // of the shapes that `quern synth` writes, and below that of common models
const token = (i) => 1000 + ((i * 7919) % (vocabularySize - 1000));
const prompt = (n, seed) => Array.from({ length: n }, (_, i) => token(i + seed));

async function withContext(contextSize, sequences, body) {
  const context = await model.createContext({
    contextSize, sequences, batchSize: 512, threads: { ideal: options.threads, min: options.threads },
  });
  try {
    return await body(context);
  } finally {
    await context.dispose();
  }
}

async function prefill(n) {
  return withContext(n + 8, 1, async (context) => {
    const sequence = context.getSequence();
    await sequence.evaluateWithoutGeneratingNewTokens(prompt(n, 1)); // warm-up
    await sequence.clearHistory();
    const begin = seconds();
    await sequence.evaluateWithoutGeneratingNewTokens(prompt(n, 2));
    return n / (seconds() - begin);
  });
}

async function decode(batch, n) {
  return withContext(n + 16, batch, async (context) => {
    const streams = Array.from({ length: batch }, (_, i) =>
      context.getSequence().evaluate(prompt(2, i), { temperature: 0, yieldEogToken: true }));
    await Promise.all(streams.map((stream) => stream.next()));
    const begin = seconds();
    await Promise.all(streams.map(async (stream) => {
      for (let i = 0; i < n; ++i) await stream.next();
    }));
    const rate = (batch * n) / (seconds() - begin);
    await Promise.all(streams.map((stream) => stream.return()));
    return rate;
  });
}

const lines = [];
for (const n of options.prefill) {
  lines.push({ test: 'prefill', n_tokens: n, batch: 1, tokens_per_s: await prefill(n) });
}
for (const batch of options.batches) {
  lines.push({ test: 'decode', n_tokens: options.decode, batch, tokens_per_s: await decode(batch, options.decode) });
}
const { version } = JSON.parse(readFileSync('node_modules/node-llama-cpp/package.json', 'utf8'));
console.log(JSON.stringify({ version: `node-llama-cpp ${version}, llama.cpp ${llama.llamaCppRelease?.release}`, lines }));
process.exit(0);
