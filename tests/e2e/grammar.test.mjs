// Answers held to JSON schemas: texts drawn at random from the masks are valid for an independent validator, and the
// masks are those of another implementation wherever both accept a schema.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { copyFileSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import test from 'node:test';
import Ajv2020 from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';

const walkBinary = process.env.QUERN_GRAMMAR_WALK;
const data = process.env.QUERN_E2E_DATA;
const vocabularies = ['gpt-2', 'phi-3', 'falcon-reduced', 'mpt-reduced', 'qwen2-reduced'];
const schemas = JSON.parse(readFileSync(join(data, 'grammar/schema.json'), 'utf8'));
const vocabulary = (name) => join(data, `tokenizer/${name}.gguf`);

function walk(file, requests) {
  const input = requests.map((one) => `${JSON.stringify(one)}\n`).join('');
  const run = spawnSync(walkBinary, [file], { input, encoding: 'utf8', maxBuffer: 1 << 30 });
  assert.equal(run.status, 0, run.stderr);
  return run.stdout.trim().split('\n').map((line) => JSON.parse(line));
}

// What needs numbers, names and lengths that the golden schemas do not have.
const more = [
  { type: 'number', minimum: -1.5, exclusiveMaximum: 2.25 },
  { type: 'number', multipleOf: 0.25, minimum: 0, maximum: 10 },
  { type: 'integer', multipleOf: 7, exclusiveMinimum: 20, maximum: 1000 },
  { type: 'string', minLength: 2, maxLength: 5 },
  { type: 'string', pattern: '^(\\+[0-9]{1,3} )?[0-9]{3}-[0-9]{4}$' },
  { type: 'string', pattern: 'ab', maxLength: 8 },
  { type: 'string', format: 'date-time' },
  { type: 'string', format: 'ipv4' },
  { type: 'string', format: 'uuid' },
  { type: 'object', properties: { a: { type: 'null' }, b: { type: 'boolean' } }, minProperties: 1, additionalProperties: false },
  { type: 'object', patternProperties: { '^x_': { type: 'integer' } }, additionalProperties: false, maxProperties: 2 },
  { type: 'object', propertyNames: { pattern: '^[a-z]{1,4}$' }, additionalProperties: { type: 'boolean' } },
  { type: 'object', properties: { kind: { const: 'a' }, x: { type: 'integer' } }, required: ['kind'], additionalProperties: false },
  { oneOf: [{ type: 'object', properties: { k: { const: 'a' }, v: { type: 'string' } }, required: ['k', 'v'], additionalProperties: false },
            { type: 'object', properties: { k: { const: 'b' }, v: { type: 'number' } }, required: ['k', 'v'], additionalProperties: false }] },
  { type: 'array', items: { enum: ['a', 'b', 'c'] }, uniqueItems: true, minItems: 2 },
  { type: 'array', prefixItems: [{ type: 'string' }, { type: 'integer' }], items: false, minItems: 1 },
  { type: 'array', contains: { const: 1 }, items: { type: 'integer' } },
  { type: 'string', not: { enum: ['', 'a'] }, maxLength: 3 },
  { if: { type: 'object', properties: { t: { const: 1 } }, required: ['t'] }, then: { required: ['a'] }, else: { type: 'null' },
    properties: { t: { type: 'integer' }, a: { type: 'null' } }, additionalProperties: false },
  { type: 'object', properties: { a: { type: 'integer' }, b: { type: 'integer' } }, dependentRequired: { a: ['b'] }, additionalProperties: false },
  { $defs: { node: { type: 'object', properties: { v: { type: 'integer' }, next: { anyOf: [{ $ref: '#/$defs/node' }, { type: 'null' }] } },
                     required: ['v', 'next'], additionalProperties: false } }, $ref: '#/$defs/node' },
];

test('a thousand texts over five vocabularies are valid by ajv', () => {
  // Not with ajv: what is written as in drafts before, or is no schema.
  const usable = [...schemas.map((one) => one.schema), ...more].filter((schema) => new Ajv2020.default({ strict: false }).validateSchema(schema));
  assert.ok(usable.length >= 60);
  let texts = 0;
  for (const [index, name] of vocabularies.entries()) {
    const requests = usable.map((schema, i) => ({
      schema, relaxed: true, n: 3, seed: 100 * index + i, max_tokens: 1500, ordered: (i + index) % 2 === 0,
      whitespace: ['flexible', 'single', 'compact'][(i + index) % 3] }));
    const answers = walk(vocabulary(name), requests);
    for (const [i, answer] of answers.entries()) {
      const schema = usable[i];
      assert.equal(answer.error, undefined, `${JSON.stringify(schema)}: ${answer.error}`);
      const ajv = addFormats.default(new Ajv2020.default({ strict: false, strictNumbers: false, validateFormats: true }));
      // What cannot be enforced is left out of these texts, and named: here for strings that are not to come twice.
      const validate = ajv.compile(JSON.parse(JSON.stringify(schema), (key, value) =>
        (key === 'uniqueItems' && schema.type !== 'array' ? undefined : value)));
      for (const [k, text] of answer.texts.entries()) {
        if (!answer.complete[k]) continue;  // cut off at its length
        ++texts;
        assert.ok(validate(JSON.parse(text)), `${name}: ${JSON.stringify(schema)}: ${text}: ${ajv.errorsText(validate.errors)}`);
      }
    }
  }
  assert.ok(texts >= 1000, `${texts} texts`);
});

// Why masks may differ, by golden schema. All else has to be the same.
const explained = {
  untyped: 'without "type", JSON Schema allows values of any type; the other takes it from the keywords that are there',
  pattern: 'a pattern may match anywhere, and what it matches is written with escapes; the other takes it whole and as it is',
  zero: 'minus zero is an integer, and a number of the range; the other leaves it out',
  any: 'values of any type: the other writes them with blanks of its own',
  length: 'where lengths are limited, the other lets no escapes in',
  allOf: 'several schemas of allOf: the other takes the first',
};
function explanation(one) {
  const { schema, name } = one;
  if (name.includes('allOf')) return explained.allOf;
  if (JSON.stringify(schema).includes('"pattern"') || schema.format) return explained.pattern;
  if (/\{\}|"additionalProperties":true/.test(JSON.stringify(schema))) return explained.any;
  if (JSON.stringify(schema).includes('Length"')) return explained.length;
  if (/^(min|max) |^integer range/.test(name)) return explained.zero;
  const typed = (part) => part === null || typeof part !== 'object' || Array.isArray(part) || part.type !== undefined ||
    part.const !== undefined || part.enum !== undefined || part.$ref !== undefined || part.anyOf !== undefined || part.oneOf !== undefined;
  const parts = [schema, ...Object.values(schema.properties ?? {}), ...(schema.prefixItems?.length ? schema.prefixItems : [])];
  if (!parts.every(typed) || schema.prefixItems !== undefined) return explained.untyped;
  return undefined;
}

test('masks are those of web-xgrammar', async () => {
  // Its package says that it is an ES module, and is none.
  const root = process.cwd();
  copyFileSync(join(root, 'node_modules/@mlc-ai/web-xgrammar/lib/index.js'), join(root, 'xgrammar.cjs'));
  const { TokenizerInfo, GrammarCompiler, GrammarMatcher } = createRequire(join(root, 'x.js'))('./xgrammar.cjs');
  const requests = schemas.map((one) => ({
    schema: one.schema, n: 1, max_tokens: 60, ordered: true, whitespace: 'compact', masks: true, relaxed: true, seed: 5 }));
  const [{ tokens }, ...answers] = walk(vocabulary('phi-3'), [{ vocabulary: true }, ...requests]);
  const info = await TokenizerInfo.createTokenizerInfo(tokens, 'byte_fallback', false, tokens.length, [2]);
  const compiler = await GrammarCompiler.createGrammarCompiler(info, true);
  // The other takes control tokens for their text, lets bytes in that begin no character, and knows one more way to
  // write a slash in names.
  const compared = tokens.map((text, id) =>
    id > 2 && !text.startsWith('[PAD') && !text.startsWith('<|') && !/^<0x(C0|C1|F[5-9A-F])>$/.test(text) && !text.includes('\\/'));
  let same = 0, steps = 0;
  for (const [i, one] of schemas.entries()) {
    if (explanation(one) !== undefined) continue;
    let grammar;
    try {
      grammar = await compiler.compileJSONSchema(JSON.stringify(one.schema), false, -1, [',', ':'], true);
    } catch {
      continue;  // the other cannot
    }
    const matcher = await GrammarMatcher.createGrammarMatcher(grammar);
    const answer = answers[i];
    assert.equal(answer.error, undefined, `${one.name}: ${answer.error}`);
    for (const [step, runs] of answer.masks.entries()) {
      const theirs = await matcher.getNextTokenBitmask();
      const ours = new Uint8Array(tokens.length);
      for (let k = 0; k < runs.length; k += 2) ours.fill(1, runs[k], runs[k + 1] ?? tokens.length);
      const text = answer.ids[0].slice(0, step).map((id) => tokens[id]).join(' ');
      for (let id = 0; id < tokens.length; ++id) {
        if (!compared[id]) continue;
        const allowed = (theirs[id >> 5] >>> (id & 31)) & 1;
        assert.equal(ours[id], allowed, `${one.name}: after "${text}": token ${tokens[id]}`);
      }
      ++steps;
      if (step < answer.ids[0].length && !matcher.acceptToken(answer.ids[0][step])) break;
    }
    ++same;
  }
  assert.ok(same >= 15 && steps >= 200, `${same} schemas, ${steps} steps`);
});
