import { isWord, parseRegex, RegexError, type RegexNode } from './regex-parse.ts';

/** One step of a program. All that follow a `split` are tried at the same time. */
type Step =
  | { readonly op: 'set'; readonly has: (code: number) => boolean }
  | { op: 'split'; to: number[] }
  | { readonly op: 'match' }
  | Assertion;

type Assertion = { readonly op: 'start' } | { readonly op: 'end' } | { readonly op: 'word'; readonly isBoundary: boolean };

/** Time is at most this many steps a character of the text. */
const MAX_STEPS = 2000;
const MAX_PATTERN_LENGTH = 1000;
/** Longer texts (certificates, lists of hosts) are nothing that names are looked for in. */
export const MAX_MATCHED_LENGTH = 20_000;

/**
 * Whether a pattern matches anywhere in a text, in time linear in both: all ways are followed at once (K. Thompson, Regular
 * expression search algorithm, CACM 11(6), 1968), none is gone back on, as CEL promises. The engine of JavaScript goes back, and a
 * pattern such as `(a+)+$` would hold up a run for hours. RegexError for a pattern that is malformed or too large.
 */
export function compileRegex(pattern: string): (text: string) => boolean {
  if (pattern.length > MAX_PATTERN_LENGTH) throw new RegexError(`the pattern has more than ${MAX_PATTERN_LENGTH} characters`, 0);
  const steps: Step[] = [];
  emit(parseRegex(pattern), steps);
  steps.push({ op: 'match' });
  return (text) => run(steps, text);
}

function emit(node: RegexNode, steps: Step[]): void {
  if (steps.length > MAX_STEPS) throw new RegexError('the pattern is too large: its repetitions are written out', 0);
  switch (node.type) {
    case 'set':
      steps.push({ op: 'set', has: node.has });
      return;
    case 'start':
    case 'end':
      steps.push(node.type === 'start' ? { op: 'start' } : { op: 'end' });
      return;
    case 'word':
      steps.push({ op: 'word', isBoundary: node.isBoundary });
      return;
    case 'seq':
      for (const item of node.items) emit(item, steps);
      return;
    case 'alt':
      emitAlternatives(node.items, steps);
      return;
    case 'repeat':
      emitRepeat(node, steps);
      return;
    default:
      node satisfies never;
  }
}

function emitAlternatives(items: readonly RegexNode[], steps: Step[]): void {
  const fork = split(steps);
  const ends = items.map((item) => {
    fork.to.push(steps.length);
    emit(item, steps);
    return split(steps);
  });
  for (const end of ends) end.to.push(steps.length);
}

function emitRepeat({ item, min, max }: RegexNode & { type: 'repeat' }, steps: Step[]): void {
  for (let i = 0; i < min; i++) emit(item, steps);
  if (max === null) {
    const at = steps.length;
    const loop = split(steps);
    loop.to.push(steps.length);
    emit(item, steps);
    split(steps).to.push(at);
    loop.to.push(steps.length);
    return;
  }
  const forks = Array.from({ length: max - min }, () => {
    const fork = split(steps);
    fork.to.push(steps.length);
    emit(item, steps);
    return fork;
  });
  for (const fork of forks) fork.to.push(steps.length);
}

function split(steps: Step[]): { op: 'split'; to: number[] } {
  const step = { op: 'split' as const, to: [] as number[] };
  steps.push(step);
  return step;
}

function run(steps: readonly Step[], text: string): boolean {
  if (text.length > MAX_MATCHED_LENGTH) throw new RangeError(`a text of more than ${MAX_MATCHED_LENGTH} characters is not searched`);
  const codes = Array.from(text, (char) => char.codePointAt(0) ?? 0);
  let waiting: number[] = [];
  for (let at = 0; at <= codes.length; at++) {
    // A match may begin anywhere.
    const reached = new Set<number>();
    const open = [...waiting, 0];
    for (let index = open.pop(); index !== undefined; index = open.pop()) {
      if (reached.has(index)) continue;
      reached.add(index);
      const step = steps[index];
      if (step === undefined) continue;
      if (step.op === 'match') return true;
      if (step.op === 'split') open.push(...step.to);
      else if (step.op !== 'set' && holds(step, codes, at)) open.push(index + 1);
    }
    const code = codes[at];
    if (code === undefined) return false;
    waiting = [...reached].flatMap((index) => {
      const step = steps[index];
      return step?.op === 'set' && step.has(code) ? [index + 1] : [];
    });
  }
  return false;
}

function holds(step: Assertion, codes: readonly number[], at: number): boolean {
  if (step.op === 'start') return at === 0;
  if (step.op === 'end') return at === codes.length;
  if (step.op !== 'word') return step satisfies never;
  const isAt = (index: number) => isWord(codes[index] ?? 0);
  return (isAt(at - 1) !== isAt(at)) === step.isBoundary;
}
