import type { ASTNode, Environment } from '@marcbachmann/cel-js';
import { type CelLibrary, createEnvironment, LINEAR_MATCHES } from './environment.ts';
import { compileRegex } from './regex.ts';
import { RegexError } from './regex-parse.ts';
import type { Subject } from './variables.ts';

/** What is wrong with an expression; the range is in UTF-16 code units of it. */
export interface ExpressionProblem {
  readonly code: 'PAM2030' | 'PAM2031';
  readonly message: string;
  readonly hint?: string;
  readonly range?: { readonly start: number; readonly end: number };
}

export type Expression = (variables: Readonly<Record<string, unknown>>) => unknown;

export interface Compiler {
  compile(text: string, subject: Subject, type: 'bool' | 'string'): Expression | ExpressionProblem;
}

/** Loops (`all`, `exists`, `map`, …, `cel.bind`) one inside the other: each multiplies the time. */
const MAX_LOOPS = 2;
const LOOPS = new Set(['all', 'exists', 'exists_one', 'map', 'filter', 'bind', 'sortBy', 'transformList', 'transformMap']);

/** Compiles expressions of rules: syntax, names and types are checked, and the cost is bounded. */
export function createCompiler(library: CelLibrary): Compiler {
  const environments = new Map<Subject, Environment>();
  const environmentFor = (subject: Subject): Environment => {
    const known = environments.get(subject) ?? createEnvironment(library, subject);
    environments.set(subject, known);
    return known;
  };
  return {
    compile(text, subject, type) {
      let parsed: ReturnType<Environment['parse']>;
      try {
        parsed = environmentFor(subject).parse(text);
      } catch (error) {
        return explain(error, 'load');
      }
      const costly = findCostly(parsed.ast);
      if (costly !== null) return costly;
      const checked = parsed.check();
      if (!checked.valid) return explain(checked.error, 'load');
      if (checked.type !== type && checked.type !== 'dyn')
        return { code: 'PAM2030', message: `the expression gives ${checked.type}, not ${type}`, hint: HINTS[type] };
      return (variables) => parsed(variables);
    },
  };
}

const HINTS = {
  bool: 'compare something: == != < in, or has(…)',
  string: 'put texts together with +, and string(…) around numbers',
};

/** By the code of the library: before anything is evaluated, and while it is. */
const HINT_OF = {
  load: { unknown_variable: 'run: pam test --list', no_such_key: 'run: pam test --list' },
  run: { no_such_key: 'ask first whether it is set: has(a.b), or a.?b.orValue(…)' },
} satisfies Record<string, Record<string, string>>;

/** The library's own summary names operators, types and names of the expression, and no values. */
export function explain(error: unknown, moment: keyof typeof HINT_OF): ExpressionProblem {
  const { summary, message, code, range } = error as {
    summary?: string;
    message?: string;
    code?: string;
    range?: { start: number; end: number };
  };
  const text = (summary ?? message ?? 'cannot be evaluated').split('\n')[0] ?? '';
  const hint = (HINT_OF[moment] as Readonly<Record<string, string>>)[code ?? ''];
  return {
    code: code === 'limit_exceeded' ? 'PAM2031' : 'PAM2030',
    message: text.replaceAll(LINEAR_MATCHES, 'matches'),
    ...(hint === undefined ? {} : { hint }),
    ...(range === undefined ? {} : { range }),
  };
}

/** Looks at the whole expression before its types are known, and puts the linear `matches` into the place of the library's. */
function findCostly(root: ASTNode): ExpressionProblem | null {
  const open: { node: ASTNode; loops: number }[] = [{ node: root, loops: 0 }];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const { node } = next;
    let { loops } = next;
    if (node.op === 'rcall') {
      const [name, , args] = node.args;
      if (LOOPS.has(name) && ++loops > MAX_LOOPS)
        return { code: 'PAM2031', message: `more than ${MAX_LOOPS} loops stand one inside the other`, range: rangeOf(node) };
      if (name === 'matches') {
        const problem = checkPattern(args[0]);
        if (problem !== null) return problem;
        (node.args as unknown[])[0] = LINEAR_MATCHES;
      }
    }
    for (const child of childrenOf(node)) open.push({ node: child, loops });
  }
  return null;
}

function checkPattern(node: ASTNode | undefined): ExpressionProblem | null {
  if (node === undefined) return null;
  const pattern = node.op === 'value' ? node.args : undefined;
  if (typeof pattern !== 'string')
    return { code: 'PAM2031', message: 'a regular expression has to be written out as a text', range: rangeOf(node) };
  try {
    compileRegex(pattern);
    return null;
  } catch (error) {
    if (!(error instanceof RegexError)) throw error;
    // Behind the opening quote; of a text with escapes it is the beginning at least.
    const start = Math.min(node.start + 1 + error.index, Math.max(node.start, node.end - 1));
    return { code: 'PAM2031', message: `the regular expression cannot be used: ${error.message}`, range: { start, end: start + 1 } };
  }
}

function rangeOf(node: ASTNode): { start: number; end: number } {
  return { start: node.start, end: node.end };
}

/** Operands are nodes, lists of nodes, or lists of pairs of nodes; names and literals stand beside them. */
function childrenOf(node: ASTNode): readonly ASTNode[] {
  const collect = (value: unknown): ASTNode[] => {
    if (Array.isArray(value)) return value.flatMap(collect);
    return typeof value === 'object' && value !== null && 'op' in value ? [value as ASTNode] : [];
  };
  return collect(node.op === 'value' ? [] : node.args);
}
