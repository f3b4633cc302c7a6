import { expect, test } from 'vitest';
import { OUTPUT_SCHEMAS, schemaFor } from '../../src/manifest/index.ts';
import { bigPlan } from '../report/reports.ts';
import { checkOutput, checkSchema } from './schemas.ts';

const envelope = { version: 1, stream: 's', sequence: 1 };

test('the check of outputs refuses what is not as the schemas say', () => {
  const plan = bigPlan();
  expect(() => checkSchema('plan', plan)).not.toThrow();
  expect(() => checkSchema('plan', { ...plan, more: 1 })).toThrow(/additional properties/);
  expect(() => checkSchema('plan', { ...plan, changes: [{ ...plan.changes[0], kind: 'replace' }] })).toThrow();
  const { digest: _, ...without } = plan;
  expect(() => checkOutput(['plan', '--json'], JSON.stringify(without), 0)).toThrow(/digest/);
  expect(() => checkOutput(['list', '--json'], JSON.stringify({ errors: [{ code: 'X', message: 'm' }], exit: 1 }), 1)).toThrow(/pattern/);
});

test('a stream is numbered, ends in its one result, and tells the exit code of the process', () => {
  const line = (more: object) => JSON.stringify({ ...envelope, ...more });
  const args = ['verify', '--format', 'jsonl'];
  expect(() => checkOutput(args, line({ type: 'result', exit: 0 }), 0)).not.toThrow();
  expect(() => checkOutput(args, line({ type: 'result', exit: 0 }), 1)).toThrow(/exit/);
  expect(() => checkOutput(args, line({ type: 'waiting', what: 'x', seconds: 1 }), 0)).toThrow(/result/);
  expect(() => checkOutput(args, line({ type: 'result', exit: 0, sequence: 2 }), 0)).toThrow(/not the next/);
  expect(() => checkOutput(args, line({ type: 'unheard-of' }), 0)).toThrow();
});

test.each(OUTPUT_SCHEMAS)('the schema of %s stands alone', async (name) => {
  const text = JSON.stringify(await schemaFor(name));
  for (const [, ref] of text.matchAll(/"\$ref":"([^"]*)"/g)) expect(ref).toMatch(/^#\//);
});

test('the pieces that two schemas share are the same in both', async () => {
  const defs = new Map<string, string>();
  for (const name of OUTPUT_SCHEMAS)
    for (const [key, def] of Object.entries((await schemaFor(name))['$defs'] as object)) {
      expect(JSON.stringify(def), `${name} ${key}`).toBe(defs.get(key) ?? JSON.stringify(def));
      defs.set(key, JSON.stringify(def));
    }
  expect(defs.size).toBeGreaterThan(10);
});
