import { PamError } from '../errors/index.ts';
import { type Address, compareText, type Plan, type PolicyFinding, type PublicSnapshot, type SourceLocation } from '../model/index.ts';
import { type Expression, explain } from './compile.ts';
import { findCrowdedHour } from './rotations-per-hour.ts';
import { type State, type StateResource, stateAfter } from './state.ts';
import { createSubjects, type Subjects, type Values } from './subjects.ts';
import type { Subject } from './variables.ts';

/** A rule as it is in force. */
export interface Rule {
  readonly id: string;
  readonly description: string;
  readonly on: Subject;
  readonly severity: 'off' | 'warning' | 'error';
  /** `built in`, or the file that it stands in. */
  readonly origin: string;
  readonly params: Readonly<Record<string, number>>;
  readonly message: string;
  readonly hint?: string;
  readonly when?: Expression;
  /** Absent for the one that is no expression. */
  readonly require?: Expression;
  readonly messageExpression?: Expression;
}

export interface JudgeOptions {
  /** The run was narrowed: it answers for what it touches and for what it makes worse, not for what is wrong elsewhere already. */
  readonly narrowed: boolean;
  /** Where resources are declared. */
  readonly sources: ReadonlyMap<Address, SourceLocation>;
}

/** Rules times objects; some seconds of work. */
const MAX_EVALUATIONS = 5_000_000;

/** What the rules find in the state that the plan would leave behind, sorted. Pure: the same input gives the same findings. */
export function judge(rules: readonly Rule[], plan: Plan, snapshot: PublicSnapshot, options: JudgeOptions): readonly PolicyFinding[] {
  const found = evaluateAll(rules, plan, snapshot, options.sources);
  if (!options.narrowed) return found;
  const touched = new Set<Address | undefined>(plan.changes.map((c) => c.address));
  const before = evaluateAll(rules, { ...plan, changes: [] }, snapshot, options.sources);
  const known = new Set(before.map(keyOf));
  return found.filter((f) => touched.has(f.address) || !known.has(keyOf(f)));
}

function evaluateAll(
  rules: readonly Rule[],
  plan: Plan,
  snapshot: PublicSnapshot,
  sources: JudgeOptions['sources'],
): readonly PolicyFinding[] {
  const active = rules.filter((rule) => rule.severity !== 'off');
  const state = stateAfter(plan, snapshot);
  const subjects = createSubjects(plan, state);
  const objects = state.size + plan.changes.length;
  if (active.length * objects > MAX_EVALUATIONS)
    throw new PamError('PAM2031', `${active.length} rules for ${objects} objects are more than ${MAX_EVALUATIONS} evaluations`, {
      hint: 'turn rules off, or split the project',
    });
  const before = stateAfter({ ...plan, changes: [] }, snapshot);
  const found = active.flatMap((rule) => {
    const values = { ...subjects.common, params: Object.fromEntries(Object.entries(rule.params).map(([k, v]) => [k, BigInt(v)])) };
    if (rule.require === undefined) {
      const message = findCrowdedHour(plan, state, rule.params['max'] ?? 0);
      return message === null ? [] : [finding(rule, undefined, message, sources)];
    }
    return objectsOf(rule.on, plan, state, before, subjects).flatMap(({ address, own }) => {
      const result = evaluate(rule, { ...values, ...own });
      return result === null ? [] : [finding({ ...rule, ...result }, address, result.message, sources)];
    });
  });
  return found.sort((a, b) => compareText(keyOf(a), keyOf(b)));
}

interface Evaluated {
  readonly address?: Address;
  readonly own: Values;
}

function objectsOf(on: Subject, plan: Plan, state: State, before: State, subjects: Subjects): readonly Evaluated[] {
  const all = [...state.values()];
  switch (on) {
    case 'plan':
      return [{ own: {} }];
    case 'resource':
      return all.map((resource) => ({ address: resource.address, own: { resource: subjects.resource(resource) } }));
    case 'link':
      return all.flatMap((from) => linksOf(from, state, subjects));
    case 'change':
      return plan.changes.flatMap((change) => {
        const resource = state.get(change.address) ?? before.get(change.address);
        return resource === undefined ? [] : [{ address: change.address, own: subjects.change(change, resource) }];
      });
    default:
      return on satisfies never;
  }
}

function linksOf(from: StateResource, state: State, subjects: Subjects): readonly Evaluated[] {
  return from.links.flatMap(({ type, to: address }) => {
    const to = state.get(address);
    if (to === undefined) return [];
    return [{ address: from.address, own: { link: { type, from: subjects.resource(from), to: subjects.resource(to) } } }];
  });
}

/** Null where the rule is kept. A rule that cannot be evaluated says nothing about the object, which must not look like consent. */
function evaluate(rule: Rule, values: Values): { severity: 'warning' | 'error'; message: string; hint?: string } | null {
  try {
    if (rule.when !== undefined && !isTrue(rule.when(values))) return null;
    if (isTrue(rule.require?.(values))) return null;
  } catch (error) {
    const { message, hint } = explain(error, 'run');
    return { severity: 'error', message: `the rule cannot be evaluated: ${message}`, ...(hint === undefined ? {} : { hint }) };
  }
  return { severity: rule.severity === 'warning' ? 'warning' : 'error', message: messageOf(rule, values) };
}

function isTrue(value: unknown): boolean {
  if (typeof value !== 'boolean') throw new TypeError('the expression gives no truth value');
  return value;
}

function messageOf(rule: Rule, values: Values): string {
  try {
    const text = rule.messageExpression?.(values);
    return typeof text === 'string' && text !== '' ? text : rule.message;
  } catch {
    return rule.message;
  }
}

function finding(rule: Rule, address: Address | undefined, message: string, sources: JudgeOptions['sources']): PolicyFinding {
  const source = address === undefined ? undefined : sources.get(address);
  return {
    rule: rule.id,
    severity: rule.severity === 'warning' ? 'warning' : 'error',
    ...(address === undefined ? {} : { address }),
    message,
    ...(rule.hint === undefined ? {} : { hint: rule.hint }),
    ...(source === undefined ? {} : { source }),
  };
}

function keyOf({ address, rule, message }: PolicyFinding): string {
  return `${address ?? ''}\0${rule}\0${message}`;
}
