// Client libraries, unchanged, behind one face, so that one test asks the same of all. client(at) with at = {url, model,
// retries} has answer(words, ask) and stream(words, ask): ask = {maxTokens, temperature, stop, tools, signal, onText}; both
// return {text, reasoning, calls: [{name, input}], end, input, output} (tokens; reasoning: null where the library drops it).
//   ends: what it calls the ends "length", "turn", "stop" and "calls"; stop: whether it can name stop strings
//   leaves: false: it goes on reading when its caller has left; hidesFailure: what it calls the end of an answer that failed
//   bad: settings that the server refuses; countsBegin: in streams it adds what the first event says of tokens to the last
//   retries: whether it asks again by itself; status(error): the HTTP status behind one of its errors
import { createAnthropic } from '@ai-sdk/anthropic';
import { createOpenAI } from '@ai-sdk/openai';
import { createOpenAICompatible } from '@ai-sdk/openai-compatible';
import Anthropic from '@anthropic-ai/sdk';
import { ChatAnthropic } from '@langchain/anthropic';
import { ChatOllama } from '@langchain/ollama';
import { ChatOpenAI } from '@langchain/openai';
import { APICallError, generateText, jsonSchema, RetryError, streamText, tool } from 'ai';
import { Ollama } from 'ollama';
import { createOllama } from 'ollama-ai-provider-v2';
import OpenAI from 'openai';

const KEY = 'none';
const said = (words) => [{ role: 'user', content: words }];

// tools: [{name, description, schema}]
const asFunctions = (tools) => tools?.map(({ name, description, schema }) => ({ type: 'function', function: { name, description, parameters: schema } }));
const sent = (request) => JSON.parse(JSON.stringify(request));  // without what is undefined

// --- OpenAI's own

function openaiChat({ url, model, retries = 0 }) {
  const client = new OpenAI({ baseURL: `${url}/v1`, apiKey: KEY, maxRetries: retries });
  const request = (words, { maxTokens, temperature, stop, tools }) => sent({ model, messages: said(words), max_tokens: maxTokens, temperature, stop, tools: asFunctions(tools) });
  const made = ({ choices: [{ message, finish_reason: end }], usage }) => ({
    text: message.content ?? '', reasoning: message.reasoning_content ?? '', end, input: usage.prompt_tokens, output: usage.completion_tokens,
    calls: (message.tool_calls ?? []).map((call) => ({ name: call.function.name, input: JSON.parse(call.function.arguments) })),
  });
  return {
    answer: async (words, ask) => made(await client.chat.completions.create(request(words, ask), { signal: ask.signal })),
    async stream(words, ask) {
      const stream = client.chat.completions.stream({ ...request(words, ask), stream_options: { include_usage: true } }, { signal: ask.signal });
      let reasoning = '';
      stream.on('chunk', (chunk) => { reasoning += chunk.choices[0]?.delta.reasoning_content ?? ''; });
      stream.on('content', (piece) => ask.onText?.(piece));
      const last = made(await stream.finalChatCompletion());
      return { ...last, reasoning };
    },
  };
}

function openaiResponses({ url, model, retries = 0 }) {
  const client = new OpenAI({ baseURL: `${url}/v1`, apiKey: KEY, maxRetries: retries });
  const request = (words, { maxTokens, temperature, tools }) => sent({ model, input: words, max_output_tokens: maxTokens, temperature,
    tools: tools?.map(({ name, description, schema }) => ({ type: 'function', name, description, parameters: schema, strict: false })) });
  const made = ({ output, output_text: text, status, usage, error }) => {
    if (error) throw new Error(error.message);
    return of({ output, text, status, usage });
  };
  const of = ({ output, text, status, usage }) => ({
    text, end: status, input: usage.input_tokens, output: usage.output_tokens,
    reasoning: output.filter(({ type }) => type === 'reasoning').map(({ content }) => content[0].text).join(''),
    calls: output.filter(({ type }) => type === 'function_call').map((call) => ({ name: call.name, input: JSON.parse(call.arguments) })),
  });
  return {
    answer: async (words, ask) => made(await client.responses.create(request(words, ask), { signal: ask.signal })),
    async stream(words, ask) {
      const stream = client.responses.stream(request(words, ask), { signal: ask.signal });
      stream.on('response.output_text.delta', ({ delta }) => ask.onText?.(delta));
      return made(await stream.finalResponse());
    },
  };
}

// --- Anthropic's own

function anthropic({ url, model, retries = 0 }) {
  const client = new Anthropic({ baseURL: url, apiKey: KEY, maxRetries: retries });
  const request = (words, { maxTokens = 64, temperature, stop, tools }) => sent({ model, messages: said(words), max_tokens: maxTokens, temperature, stop_sequences: stop,
    tools: tools?.map(({ name, description, schema }) => ({ name, description, input_schema: schema })) });
  const made = ({ content, stop_reason: end, usage }) => {
    const of = (type, field) => content.filter((block) => block.type === type).map((block) => block[field]);
    return {
      text: of('text', 'text').join(''), reasoning: of('thinking', 'thinking').join(''), end, output: usage.output_tokens,
      input: usage.input_tokens + usage.cache_read_input_tokens,
      calls: content.filter(({ type }) => type === 'tool_use').map(({ name, input }) => ({ name, input })),
    };
  };
  return {
    answer: async (words, ask) => made(await client.messages.create(request(words, ask), { signal: ask.signal })),
    async stream(words, ask) {
      const stream = client.messages.stream(request(words, ask), { signal: ask.signal });
      stream.on('text', (piece) => ask.onText?.(piece));
      return made(await stream.finalMessage());
    },
  };
}

// --- Ollama's own: a signal means abort()

function ollama({ url, model }) {
  const client = new Ollama({ host: url });
  const request = (words, { maxTokens, temperature, stop, tools }) => sent({ model, messages: said(words), options: { num_predict: maxTokens, temperature, stop }, tools: asFunctions(tools) });
  const made = (parts) => {
    const last = parts.at(-1);
    const all = (field) => parts.map(({ message }) => message[field] ?? '').join('');
    return {
      text: all('content'), reasoning: all('thinking'), end: last.done_reason, input: last.prompt_eval_count, output: last.eval_count,
      calls: parts.flatMap(({ message }) => message.tool_calls ?? []).map((call) => ({ name: call.function.name, input: call.function.arguments })),
    };
  };
  return {
    answer: async (words, ask) => made([await client.chat(request(words, ask))]),
    async stream(words, ask) {
      const parts = [];
      const stream = await client.chat({ ...request(words, ask), stream: true });
      ask.signal?.addEventListener('abort', () => stream.abort());
      for await (const part of stream) {
        parts.push(part);
        if (part.message.content) ask.onText?.(part.message.content);
      }
      return made(parts);
    },
  };
}

// --- AI SDK

function aiSdk(modelOf, { keepsReasoning = true, optionsOf } = {}) {
  return ({ url, model, retries = 0 }) => {
    const request = (words, { maxTokens, temperature, stop, tools, signal }) => ({
      model: modelOf(url, model), messages: said(words), abortSignal: signal, maxRetries: retries,
      ...(optionsOf ? { providerOptions: optionsOf(sent({ maxTokens, temperature, stop })) } : { maxOutputTokens: maxTokens, temperature, stopSequences: stop }),
      ...(tools ? { tools: Object.fromEntries(tools.map(({ name, description, schema }) => [name, tool({ description, inputSchema: jsonSchema(schema) })])) } : {}),
    });
    const made = ({ text, reasoningText, finishReason, usage, toolCalls }) => ({
      text, reasoning: keepsReasoning ? reasoningText ?? '' : null, end: finishReason, input: usage.inputTokens, output: usage.outputTokens,
      calls: toolCalls.map(({ toolName, input }) => ({ name: toolName, input })),
    });
    return {
      answer: async (words, ask) => made(await generateText(request(words, ask))),
      async stream(words, ask) {
        let failure = null;
        const stream = streamText({ ...request(words, ask), onError: ({ error }) => { failure ??= error; }, onAbort: () => { failure ??= new Error('aborted'); } });
        for await (const piece of stream.textStream) ask.onText?.(piece);
        if (failure) throw failure;
        return made({ text: await stream.text, reasoningText: await stream.reasoningText, finishReason: await stream.finishReason, usage: await stream.usage,
                      toolCalls: await stream.toolCalls });
      },
    };
  };
}
const ofOpenai = (url) => createOpenAI({ baseURL: `${url}/v1`, apiKey: KEY });

// --- LangChain

function langchain(modelOf, read) {
  return (at) => {
    const ready = ({ tools, ...ask }) => {
      const llm = modelOf({ ...at, retries: at.retries ?? 0 }, ask);
      return tools ? llm.bindTools(asFunctions(tools)) : llm;
    };
    const textOf = ({ content }) => (typeof content === 'string' ? content
      : content.filter(({ type }) => type === 'text').map(({ text }) => text).join(''));
    const made = (message) => ({
      text: textOf(message), ...read(message), input: message.usage_metadata.input_tokens, output: message.usage_metadata.output_tokens,
      calls: message.tool_calls.map(({ name, args }) => ({ name, input: args })),
    });
    const options = ({ stop, signal }) => sent({ stop }) && { ...(stop ? { stop } : {}), ...(signal ? { signal } : {}) };
    return {
      answer: async (words, ask) => made(await ready(ask).invoke(words, options(ask))),
      async stream(words, ask) {
        let all = null;
        for await (const chunk of await ready(ask).stream(words, options(ask))) {
          all = all ? all.concat(chunk) : chunk;
          const text = textOf(chunk);
          if (text) ask.onText?.(text);
        }
        return made(all);
      },
    };
  };
}
const thinkingBlocks = ({ content }) => (Array.isArray(content) ? content.filter(({ type }) => type === 'thinking').map(({ thinking }) => thinking).join('') : '');

const openaiEnds = { length: 'length', turn: 'stop', stop: 'stop', calls: 'tool_calls' };
const anthropicEnds = { length: 'max_tokens', turn: 'end_turn', stop: 'stop_sequence', calls: 'tool_use' };
const ollamaEnds = { length: 'length', turn: 'stop', stop: 'stop', calls: 'stop' };
const aiEnds = { length: 'length', turn: 'stop', stop: 'stop', calls: 'tool-calls' };

const ofStatus = (error) => error.status ?? error.cause?.status;
const ofOllama = (error) => error.status_code ?? error.cause?.status_code;
const ofAiSdk = (error) => {
  const last = RetryError.isInstance(error) ? error.lastError : error;
  return APICallError.isInstance(last) ? last.statusCode : undefined;
};

export const CLIENTS = [
  { name: 'openai, chat', client: openaiChat, ends: openaiEnds, stop: true, retries: true, status: ofStatus },
  { name: 'openai, responses', client: openaiResponses, ends: { length: 'incomplete', turn: 'completed', calls: 'completed' }, stop: false, retries: true,
    status: ofStatus },
  { name: 'anthropic', client: anthropic, ends: anthropicEnds, stop: true, retries: true, status: ofStatus },
  { name: 'ollama', client: ollama, ends: ollamaEnds, stop: true, retries: false, status: ofOllama },
  { name: 'AI SDK, openai responses', client: aiSdk((url, model) => ofOpenai(url).responses(model), { keepsReasoning: false }), ends: aiEnds, stop: false, retries: true, status: ofAiSdk },
  { name: 'AI SDK, openai chat', client: aiSdk((url, model) => ofOpenai(url).chat(model), { keepsReasoning: false }), ends: aiEnds, stop: true, retries: true, status: ofAiSdk },
  { name: 'AI SDK, compatible', ends: aiEnds, stop: true, retries: true, status: ofAiSdk,
    client: aiSdk((url, model) => createOpenAICompatible({ name: 'quern', baseURL: `${url}/v1`, includeUsage: true })(model)) },
  { name: 'AI SDK, anthropic', ends: aiEnds, stop: true, retries: true, status: ofAiSdk, bad: { stop: ['x'.repeat(600)] },  // it corrects temperatures
    client: aiSdk((url, model) => createAnthropic({ baseURL: `${url}/v1`, apiKey: KEY })(model)) },
  { name: 'AI SDK, ollama', ends: aiEnds, hidesFailure: 'other', stop: true, retries: true, status: ofAiSdk,
    client: aiSdk((url, model) => createOllama({ baseURL: `${url}/api` })(model),  // it sends settings where Ollama does not look
                  { optionsOf: ({ maxTokens, ...more }) => ({ ollama: { options: sent({ num_predict: maxTokens, ...more }) } }) }) },
  { name: 'LangChain, openai', ends: openaiEnds, stop: true, retries: true, status: ofStatus,
    client: langchain(({ url, model, retries }, { maxTokens, temperature }) => new ChatOpenAI(
      { model, apiKey: KEY, configuration: { baseURL: `${url}/v1` }, maxRetries: retries, maxTokens, temperature }),
    ({ additional_kwargs: more, response_metadata: meta }) => ({ reasoning: more.reasoning_content ?? '', end: meta.finish_reason })) },
  { name: 'LangChain, anthropic', ends: anthropicEnds, countsBegin: true, stop: true, retries: true, status: ofStatus,
    client: langchain(({ url, model, retries }, { maxTokens, temperature }) => new ChatAnthropic(
      { model, apiKey: KEY, anthropicApiUrl: url, maxRetries: retries, maxTokens: maxTokens ?? 64, temperature }),
    (message) => ({ reasoning: thinkingBlocks(message), end: message.response_metadata.stop_reason ?? message.additional_kwargs.stop_reason })) },
  { name: 'LangChain, ollama', ends: ollamaEnds, leaves: false, stop: true, retries: false, status: ofOllama,
    client: langchain(({ url, model }, { maxTokens, temperature, stop }) => new ChatOllama({ baseUrl: url, model, numPredict: maxTokens, temperature, stop, maxRetries: 0 }),
    ({ additional_kwargs: more, response_metadata: meta }) => ({ reasoning: more.reasoning_content ?? '', end: meta.done_reason })) },
];
