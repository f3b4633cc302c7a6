import type { Paint } from './paint.ts';
import { formatTable } from './text-record.ts';

interface Found {
  readonly rule: string;
  readonly address?: string;
  readonly severity?: string;
  readonly message?: string;
}

interface TestResult {
  readonly file: string;
  readonly line: number;
  readonly name: string;
  readonly passed: boolean;
  readonly missing: readonly Found[];
  readonly unexpected: readonly Found[];
}

interface RuleInfo {
  readonly id: string;
  readonly severity: string;
  readonly on: string;
  readonly params: Readonly<Record<string, number>>;
  readonly origin: string;
  readonly description: string;
}

/** Like a diff: `-` what was expected and did not come, `+` what came and was not expected. */
export function formatPolicyTests(results: readonly TestResult[], paint: Paint): string {
  const lines = results.flatMap((r) => [
    `${r.passed ? paint.green('✓') : paint.red('✗')} ${r.name} ${paint.dim(`(${r.file}:${r.line})`)}`,
    ...r.missing.map((f) => paint.red(`    - ${lineOf(f)}`)),
    ...r.unexpected.map((f) => paint.green(`    + ${lineOf(f)}`)),
  ]);
  const failed = results.filter((r) => !r.passed).length;
  const summary = `${results.length} ${results.length === 1 ? 'test' : 'tests'}: ${results.length - failed} passed, ${failed} failed.`;
  return [...lines, '', paint.bold(summary)].join('\n');
}

function lineOf({ severity, rule, address, message }: Found): string {
  const words = [severity, rule, address ?? 'the plan'].filter((word) => word !== undefined).join(' ');
  return message === undefined ? words : `${words}: ${message}`;
}

/** What rules there are, and what they may look at. */
export function formatRules(rules: readonly RuleInfo[], variables: Readonly<Record<string, readonly string[]>>, paint: Paint): string {
  const rows = rules.map((r) => [
    r.id,
    r.severity,
    r.on,
    Object.entries(r.params)
      .map(([name, value]) => `${name}=${value}`)
      .join(' '),
    r.origin,
    r.description,
  ]);
  const table = formatTable(['RULE', 'SEVERITY', 'ON', 'PARAMETERS', 'FROM', 'WHAT'], rows);
  const lists = Object.entries(variables).map(([on, list]) => `${paint.bold(`on: ${on}`)}\n${list.map((line) => `  ${line}`).join('\n')}`);
  return [table, '', ...lists].join('\n');
}
