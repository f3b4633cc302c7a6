import { PamError } from '../errors/index.ts';
import { type ErrorAt, type LoadedRuleFile, loadRuleFile, type ManifestFile, type PolicySettings } from '../manifest/index.ts';
import { closest, durationMs } from '../policy/index.ts';
import { BUILT_IN_RULES, type BuiltInRule } from './built-in.ts';
import { type Compiler, createCompiler, type Expression, type ExpressionProblem } from './compile.ts';
import type { Rule } from './rules.ts';

export interface LoadRulesOptions {
  readonly settings: PolicySettings;
  /** Errors in `settings`; the pointer is relative to it. */
  readonly settingsErrorAt: ErrorAt;
  readonly files: readonly ManifestFile[];
}

export interface LoadedRules {
  /** Built-in ones first, those that are off included. */
  readonly rules: readonly Rule[];
  readonly problems: readonly PamError[];
}

type Declared = LoadedRuleFile['rules'][number] & { readonly origin: string };

/** All rules of a project, compiled and checked: every problem at its place. The CEL library is loaded here and nowhere else. */
export async function loadRules({ settings, settingsErrorAt, files }: LoadRulesOptions): Promise<LoadedRules> {
  const compiler = createCompiler(await import('@marcbachmann/cel-js'));
  const problems: PamError[] = [];
  const declared = files.flatMap(({ path, text }): Declared[] => {
    const loaded = loadRuleFile(path, text);
    problems.push(...loaded.problems);
    return loaded.rules.map((rule) => ({ ...rule, origin: path }));
  });
  // With a file that cannot be read, an id may only seem to be missing.
  if (problems.length > 0) return { rules: [], problems };
  const origins = new Map(BUILT_IN_RULES.map(({ id }) => [id, 'the built-in rules']));
  const rules = BUILT_IN_RULES.map((rule) => toRule(rule, settings, compiler));
  for (const { rule, origin, errorAt } of declared) {
    const first = origins.get(rule.id);
    if (first !== undefined)
      problems.push(errorAt('/id', 'PAM2033', `the id ${rule.id} stands in ${first} already`, { hint: 'rename one of the two' }));
    origins.set(rule.id, origin);
    const compiled = compileDeclared(rule, compiler, errorAt, problems);
    rules.push({
      id: rule.id,
      description: rule.description ?? rule.message,
      on: rule.on,
      severity: severityOf(settings, rule.id) ?? rule.severity ?? 'error',
      origin,
      params: {},
      message: rule.message,
      ...(rule.hint === undefined ? {} : { hint: rule.hint }),
      ...compiled,
    });
  }
  for (const id of Object.keys(settings.rules ?? {})) {
    if (origins.has(id)) continue;
    const near = closest(id, [...origins.keys()]);
    const hint = near === null ? 'run: pam test --list' : `did you mean ${near}?`;
    problems.push(settingsErrorAt(`/rules/${id}`, 'PAM2032', `there is no rule ${id}`, { hint, atKey: true }));
  }
  return { rules, problems };
}

function compileDeclared(
  rule: Declared['rule'],
  compiler: Compiler,
  errorAt: ErrorAt,
  problems: PamError[],
): { when?: Expression; require?: Expression; messageExpression?: Expression } {
  const compiled: Record<string, Expression> = {};
  for (const name of ['when', 'require', 'messageExpression'] as const) {
    const text = rule[name];
    if (text === undefined) continue;
    const result = compiler.compile(text, rule.on, name === 'messageExpression' ? 'string' : 'bool');
    if (typeof result === 'function') compiled[name] = result;
    else problems.push(errorAt(`/${name}`, result.code, `rule ${rule.id}: ${result.message}`, { hint: result.hint, range: result.range }));
  }
  return compiled;
}

function toRule(rule: BuiltInRule, settings: PolicySettings, compiler: Compiler): Rule {
  const { when, require, messageExpression, params, severity, ...rest } = rule;
  const compile = (text: string | undefined, type: 'bool' | 'string') =>
    text === undefined ? undefined : ours(rule.id, compiler.compile(text, rule.on, type));
  const [compiledWhen, compiledRequire, compiledMessage] = [
    compile(when, 'bool'),
    compile(require, 'bool'),
    compile(messageExpression, 'string'),
  ];
  return {
    ...rest,
    severity: severityOf(settings, rule.id) ?? severity,
    origin: 'built in',
    params: { ...params, ...paramsOf(settings, rule.id) },
    ...(compiledWhen === undefined ? {} : { when: compiledWhen }),
    ...(compiledRequire === undefined ? {} : { require: compiledRequire }),
    ...(compiledMessage === undefined ? {} : { messageExpression: compiledMessage }),
  };
}

function ours(id: string, result: Expression | ExpressionProblem): Expression {
  if (typeof result === 'function') return result;
  throw new PamError('PAM9003', `the built-in rule ${id} is broken: ${result.message}`);
}

/** `longest-period: error` and `longest-period: { severity: error, max: 90d }`. Parameters alone leave the severity as it is. */
function severityOf(settings: PolicySettings, id: string): Rule['severity'] | undefined {
  const setting = settings.rules?.[id];
  return typeof setting === 'object' ? setting.severity : setting;
}

function paramsOf(settings: PolicySettings, id: string): Readonly<Record<string, number>> {
  const setting = settings.rules?.[id];
  if (typeof setting !== 'object') return {};
  const { severity: _, ...params } = setting;
  return Object.fromEntries(
    Object.entries(params).map(([name, value]) => [name, typeof value === 'string' ? Math.floor(durationMs(value) / 1000) : Number(value)]),
  );
}
