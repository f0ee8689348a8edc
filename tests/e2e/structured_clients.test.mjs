// Structured output and calls of tools through the official clients. The model has random weights: what it writes is
// valid because it can write nothing else.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { createAnthropic } from '@ai-sdk/anthropic';
import { createOpenAI } from '@ai-sdk/openai';
import { createOpenAICompatible } from '@ai-sdk/openai-compatible';
import Anthropic from '@anthropic-ai/sdk';
import { ChatOllama } from '@langchain/ollama';
import { ChatOpenAI } from '@langchain/openai';
import { generateObject, generateText, tool } from 'ai';
import { Ollama } from 'ollama';
import { zodResponseFormat, zodTextFormat } from 'openai/helpers/zod';
import { z } from 'zod';
import { QuernServer } from './quern_server.mjs';

const Answer = z.object({ city: z.string().max(12), days: z.number().int().min(1).max(9), unit: z.enum(['c', 'f']) });
const schema = { type: 'object', properties: { city: { type: 'string', maxLength: 12 }, days: { type: 'integer', minimum: 1, maximum: 9 },
                                               unit: { enum: ['c', 'f'] } },
                 required: ['city', 'days', 'unit'], additionalProperties: false };
const messages = [{ role: 'user', content: 'How is the weather?' }];
const weather = { type: 'function', function: { name: 'get_weather', description: 'The weather.', parameters: schema } };

let server;
let folder;
before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'quern-structured-'));
  const file = join(folder, 'tiny.gguf');
  const made = spawnSync(process.env.QUERN_BINARY, ['synth', '--shape', 'tiny', '--context-length', '8192', file],
                         { encoding: 'utf8', env: { PATH: process.env.PATH } });
  assert.equal(made.status, 0, made.stderr);
  const template = join(process.env.QUERN_E2E_DATA, 'chat/templates/Qwen-Qwen2.5-7B-Instruct.jinja');
  server = await QuernServer.start('-m', `tiny=${file}`, '--chat-template', template);
});
after(async () => {
  await server?.stop();
  rmSync(folder, { recursive: true, force: true });
});

const openai = () => server.client();

test('openai: parse with zod, chat completions', async () => {
  for (let seed = 0; seed < 3; ++seed) {
    const done = await openai().chat.completions.parse(
      { model: 'tiny', messages, seed, max_tokens: 2000, response_format: zodResponseFormat(Answer, 'answer') });
    assert.ok(Answer.safeParse(done.choices[0].message.parsed).success, done.choices[0].message.content);
  }
});

test('openai: parse with zod, responses', async () => {
  const done = await openai().responses.parse(
    { model: 'tiny', input: 'How is the weather?', max_output_tokens: 2000, text: { format: zodTextFormat(Answer, 'answer') } });
  assert.ok(Answer.safeParse(done.output_parsed).success, done.output_text);
});

test('openai: a call, whole and streamed, is valid and has the same form', async () => {
  const request = { model: 'tiny', messages, tools: [weather], tool_choice: 'required', parallel_tool_calls: false, seed: 5,
                    max_tokens: 2000 };
  const whole = await openai().chat.completions.create(request);
  assert.equal(whole.choices[0].finish_reason, 'tool_calls');
  assert.equal(whole.choices[0].message.content, null);
  const [call] = whole.choices[0].message.tool_calls;
  assert.equal(call.function.name, 'get_weather');
  assert.ok(Answer.safeParse(JSON.parse(call.function.arguments)).success, call.function.arguments);
  let streamed = '', id, name;
  for await (const chunk of await openai().chat.completions.create({ ...request, stream: true })) {
    for (const piece of chunk.choices[0]?.delta.tool_calls ?? []) {
      id ??= piece.id;
      name ??= piece.function?.name;
      streamed += piece.function?.arguments ?? '';
      if (piece.id) assert.equal(piece.id, id);
    }
  }
  assert.equal(name, 'get_weather');
  assert.equal(streamed, call.function.arguments);  // the same seed
});

test('openai: a named tool of several, through responses', async () => {
  const tools = ['a', 'b', 'c'].map((name) => ({ type: 'function', name, parameters: schema, strict: true }));
  const done = await openai().responses.create(
    { model: 'tiny', input: 'x', tools, tool_choice: { type: 'function', name: 'b' }, max_output_tokens: 2000 });
  const [call] = done.output.filter((item) => item.type === 'function_call');
  assert.equal(call.name, 'b');
  assert.ok(Answer.safeParse(JSON.parse(call.arguments)).success);
});

test('openai: what cannot be enforced is an error where strict, and named otherwise', async () => {
  const odd = { type: 'object', properties: { a: { type: 'array', items: { type: 'string' }, maxItems: 2, uniqueItems: true } }, required: ['a'] };
  const format = (strict) => ({ type: 'json_schema', json_schema: { name: 'x', schema: odd, strict } });
  await assert.rejects(openai().chat.completions.create({ model: 'tiny', messages, response_format: format(true) }), (error) => {
    assert.equal(error.status, 400);
    assert.match(error.param, /properties\/a\/uniqueItems$/);
    return true;
  });
  const { response } = await openai().chat.completions.create(
    { model: 'tiny', messages, max_tokens: 5, response_format: format(false) }).withResponse();
  assert.match(response.headers.get('x-quern-ignored'), /uniqueItems/);
});

test('ai: objects and tools', async () => {
  const providers = [createOpenAI({ baseURL: `${server.url}/v1`, apiKey: 'none' }).chat('tiny'),
                     createOpenAICompatible({ name: 'quern', baseURL: `${server.url}/v1`, supportsStructuredOutputs: true })('tiny'),
                     createAnthropic({ baseURL: `${server.url}/v1`, apiKey: 'none' })('tiny')];
  for (const model of providers) {
    const { object } = await generateObject({ model, schema: Answer, prompt: 'x', maxOutputTokens: 2000 });
    assert.ok(Answer.safeParse(object).success);
    const done = await generateText({ model, prompt: 'x', toolChoice: 'required', maxOutputTokens: 2000,
                                      tools: { get_weather: tool({ description: 'x', inputSchema: Answer }) } });
    assert.equal(done.toolCalls[0].toolName, 'get_weather');
    assert.ok(Answer.safeParse(done.toolCalls[0].input).success);
  }
});

test('anthropic: a tool, and thoughts about none', async () => {
  const client = new Anthropic({ baseURL: server.url, apiKey: 'none', maxRetries: 0 });
  const request = { model: 'tiny', max_tokens: 2000, messages, tools: [{ name: 'get_weather', input_schema: schema }],
                    tool_choice: { type: 'tool', name: 'get_weather', disable_parallel_tool_use: true } };
  const whole = await client.messages.create(request);
  assert.equal(whole.stop_reason, 'tool_use');
  const use = whole.content.find((block) => block.type === 'tool_use');
  assert.ok(Answer.safeParse(use.input).success, JSON.stringify(use.input));
  const streamed = await client.messages.stream(request).finalMessage();
  assert.equal(streamed.stop_reason, 'tool_use');
  assert.ok(Answer.safeParse(streamed.content.find((block) => block.type === 'tool_use').input).success);
});

test('ollama: format', async () => {
  const client = new Ollama({ host: server.url });
  const done = await client.chat({ model: 'tiny', messages, format: schema, options: { num_predict: 2000 } });
  assert.ok(Answer.safeParse(JSON.parse(done.message.content)).success, done.message.content);
  const any = await client.generate({ model: 'tiny', prompt: 'x', format: 'json', options: { num_predict: 400 } });
  if (any.done_reason === 'stop') assert.equal(typeof JSON.parse(any.response), 'object');
});

test('langchain: withStructuredOutput', async () => {
  const models = [new ChatOpenAI({ model: 'tiny', apiKey: 'none', maxRetries: 0, maxTokens: 2000, configuration: { baseURL: `${server.url}/v1` } })
                    .withStructuredOutput(Answer, { method: 'jsonSchema' }),
                  new ChatOpenAI({ model: 'tiny', apiKey: 'none', maxRetries: 0, maxTokens: 2000, configuration: { baseURL: `${server.url}/v1` } })
                    .withStructuredOutput(Answer, { method: 'functionCalling' }),
                  new ChatOllama({ model: 'tiny', baseUrl: server.url, numPredict: 2000 }).withStructuredOutput(Answer)];
  for (const model of models) assert.ok(Answer.safeParse(await model.invoke('x')).success);
});

test('a form of any kind holds in every seed', async () => {
  const forms = [[{ guided_regex: '[A-F]{2}-[0-9]{3}' }, /^[A-F]{2}-[0-9]{3}$/],
                 [{ guided_choice: ['left', 'right'] }, /^(left|right)$/],
                 [{ grammar: 'root ::= ("ab" | "c"){3}' }, /^(ab|c){3}$/],
                 [{ structured_outputs: { regex: '(yes|no)!' } }, /^(yes|no)!$/]];
  for (const [form, pattern] of forms) {
    for (let seed = 0; seed < 3; ++seed) {
      const done = await openai().chat.completions.create({ model: 'tiny', messages, seed, max_tokens: 200, ...form });
      assert.match(done.choices[0].message.content, pattern);
    }
  }
});
