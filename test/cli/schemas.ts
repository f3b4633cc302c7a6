import { readFileSync } from 'node:fs';
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';

const SCHEMAS = new URL('../../schemas/', import.meta.url);
const ajv = new Ajv2020({ strict: true, strictTypes: false, strictRequired: false, allErrors: true });
const validators = new Map<string, ValidateFunction>();

/** The commands whose documents have a schema, by their first word. */
const OF_COMMAND: Readonly<Record<string, string>> = { plan: 'plan', apply: 'ledger', rotate: 'ledger', drift: 'drift' };

/** Throws, with all that is wrong, unless the document is as `schemas/` says. */
export function checkSchema(name: string, document: unknown): void {
  const validate = validators.get(name) ?? ajv.compile(JSON.parse(readFileSync(new URL(`${name}.json`, SCHEMAS), 'utf8')) as object);
  validators.set(name, validate);
  if (validate(document)) return;
  throw new Error(`not as schemas/${name}.json says:\n${ajv.errorsText(validate.errors, { separator: '\n' })}`);
}

/** What pam printed on stdout with `--json` or `--format jsonl`; nothing of other formats, of help, or of a pam that was killed. */
export function checkOutput(args: readonly string[], stdout: string, code: number | null): void {
  if (code === null || stdout === '' || args.includes('--help') || args[0] === 'completion') return;
  const format = formatOf(args);
  // A schema is what it prints.
  if (format === 'json' && args[0] !== 'schema') checkDocument(args, JSON.parse(stdout));
  if (format === 'jsonl') checkStream(args, stdout, code);
}

function formatOf(args: readonly string[]): string | undefined {
  if (args.includes('--json')) return 'json';
  const at = args.indexOf('--format');
  return at < 0 ? args.find((a) => a.startsWith('--format='))?.slice('--format='.length) : args[at + 1];
}

function checkDocument(args: readonly string[], document: unknown): void {
  const isFailure = typeof document === 'object' && document !== null && 'errors' in document && !('valid' in document);
  const name = isFailure ? 'failure' : OF_COMMAND[args[0] ?? ''];
  if (name !== undefined) checkSchema(name, document);
}

function checkStream(args: readonly string[], stdout: string, code: number): void {
  const lines = stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
  for (const [i, line] of lines.entries()) {
    checkSchema('event', line);
    if (line['sequence'] !== i + 1 || line['stream'] !== lines[0]?.['stream'])
      throw new Error(`line ${i + 1} is not the next of its stream`);
    if ((line['type'] === 'result') !== (i === lines.length - 1)) throw new Error(`line ${i + 1}: a stream ends in its one result`);
  }
  const { version: _v, stream: _s, sequence: _q, type: _t, ...document } = lines.at(-1) ?? {};
  if (document['exit'] !== code) throw new Error(`the result says exit ${document['exit']}, the process ${code}`);
  // A plan has no exit of its own.
  const { exit: _e, ...plan } = document;
  checkDocument(args, args[0] === 'plan' && !('errors' in document) ? plan : document);
}
