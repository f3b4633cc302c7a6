import { expect, test } from 'vitest';
import { isCode } from '../../src/errors/index.ts';
import { loadManifests } from '../../src/manifest/index.ts';

/** Small documents, so that 100,000 of them are read in seconds, with every construct that a change can break. */
const SEEDS = [
  'apiVersion: pam/v1\nkind: PamUser\nmetadata: { name: a }\nspec:\n  login: a\n  password: { fromEnv: A, version: 1 }\n  resource: db\n',
  'apiVersion: pam/v1\nkind: PamUser\nmetadata: { name: b }\nspec:\n  login: b\n  password: hunter2\n  notes: x\n',
  'apiVersion: pam/v1\nkind: PamDatabase\nmetadata:\n  name: db\n  labels: { team: x }\nspec: { configuration: c, databaseType: mysql, host: h, port: 1 }\n',
  'apiVersion: pam/v1\nkind: RotationPolicy\nmetadata: { name: p }\nspec:\n  schedule: { cron: "0 0 3 ? * SUN#1", window: 2h }\n  complexity: { length: 32 }\n',
  'apiVersion: pam/v1\nkind: PamConfiguration\nmetadata: { name: c }\nspec:\n  type: network\n  portMapping: &p\n    - 22=ssh\n  hooks: [{ file: a.sh }]\n',
];
const WORDS = [
  '\n',
  '\n  ',
  '  ',
  ' ',
  '\t',
  ':',
  ': ',
  '- ',
  '? ',
  '[',
  ']',
  '{',
  '}',
  ',',
  '"',
  "'",
  '#',
  '&a ',
  '*a',
  '!x ',
  '!!int ',
  '|',
  '>',
  '%',
  '@',
  '`',
  '\\',
  '---\n',
  '...\n',
  '%YAML 1.2\n',
  '<<: ',
  '~',
  'null',
  'true',
  '0',
  '-1',
  '1e999',
  '.inf',
  '99999999999999999999',
  '\u0000',
  '\u0007',
  '\u202e',
  '\ufeff',
  '\u2028',
  '\ud800',
  '\u00e9',
  '\u{1f511}',
  '__proto__: ',
  'constructor: ',
  'password: ',
  'name: ',
  'spec: ',
  'kind: PamUser\n',
  'metadata: ',
];

/** mulberry32: the same changes in each run, so that a failure can be repeated. */
function createRandom(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) % below;
  };
}

/** One to four small changes: a piece put in, taken out, doubled, moved, or a byte overwritten. */
function mutate(text: string, random: (below: number) => number): Uint8Array {
  let result = text;
  for (let i = random(4); i >= 0; i--) {
    const at = random(result.length + 1);
    const length = 1 + random(12);
    const piece = result.slice(at, at + length);
    const rest = result.slice(at + length);
    switch (random(5)) {
      case 0:
        result = result.slice(0, at) + (WORDS[random(WORDS.length)] ?? '') + result.slice(at);
        break;
      case 1:
        result = result.slice(0, at) + rest;
        break;
      case 2:
        result = result.slice(0, at) + piece + piece + rest;
        break;
      case 3:
        result = result.slice(0, at) + (WORDS[random(WORDS.length)] ?? '') + rest;
        break;
      default: {
        const other = random(rest.length + 1);
        result = result.slice(0, at) + rest.slice(0, other) + piece + rest.slice(other);
      }
    }
  }
  const bytes = Buffer.from(result);
  if (bytes.length > 0 && random(20) === 0) bytes[random(bytes.length)] = random(256);
  return bytes;
}

/** 100,000 in all, in parts that say which seed failed. */
test.each([1, 2, 3, 4, 5, 6, 7, 8, 9, 10])(
  '10,000 changed manifests give errors at places in the text, and nothing else (seed %i)',
  (seed) => {
    const random = createRandom(seed);
    let refused = 0;
    for (let i = 0; i < 10_000; i++) {
      const text = mutate(SEEDS[i % SEEDS.length] ?? '', random);
      const { problems, resources } = loadManifests([{ path: 'a.yaml', text }], {
        readFile: () => Buffer.from('#!/bin/sh\n'),
        allowCommands: [],
      });
      if (problems.length > 0) refused++;
      const content = Buffer.from(text).toString();
      // A change can move the secret to where it is none.
      const hasSecret = /password: *["']?hunter2/.test(content) && content.indexOf('hunter2') === content.lastIndexOf('hunter2');
      const lines = text.filter((byte) => byte === 0x0a).length + 1;
      for (const { code, message, source, hint, frame } of problems) {
        const isFine =
          isCode(code) &&
          code.startsWith('PAM10') &&
          message !== '' &&
          source !== undefined &&
          source.line >= 1 &&
          source.line <= lines &&
          source.column >= 1;
        // Only then is it worth the time to say what is not.
        if (!isFine) expect.fail(`${code} ${message} at ${source?.line}:${source?.column} of ${JSON.stringify(content)}`);
        if (hasSecret && /hunter2/.test(`${message}${hint}${frame?.text}`))
          expect.fail(`${message} ${hint} ${frame?.text} of ${JSON.stringify(content)}`);
      }
      if (resources.some((resource) => resource.positions?.['metadata.name'] === undefined)) expect.fail('a resource without places');
    }
    // Neither did every change break the text, nor none.
    expect(refused).toBeGreaterThan(5_000);
    expect(refused).toBeLessThan(10_000);
  },
  60_000,
);
