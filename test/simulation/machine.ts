import { nextStep, type ProofAnswer, type Situation, type Step, stepName } from '../../src/rotate/decide.ts';
import type { TargetKind } from './world.ts';

/**
 * The state machine as a graph: every edge `step → step` that `nextStep` can take, found by trying everything that a step may teach,
 * from everything that a run may start with. What the simulation has to have taken to have seen it all.
 */
export function edgesOf(kinds: readonly TargetKind[]): ReadonlySet<string> {
  const edges = new Set<string>();
  const seen = new Set<string>();
  const open = kinds.flatMap((kind) => startsOf(kind).map((situation) => ({ situation, kind, from: 'start' })));
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const { situation, kind, from } = next;
    const step = nextStep(situation);
    edges.add(`${from} → ${stepName(step)}`);
    const key = JSON.stringify([situation, kind]);
    if (seen.has(key)) continue;
    seen.add(key);
    for (const learned of lessonsOf(step, situation, kind)) {
      for (const stopping of situation.stopping ? [true] : [false, true]) {
        open.push({ situation: { ...situation, ...learned, stopping }, kind, from: stepName(step) });
      }
    }
  }
  return edges;
}

/** A new rotation, and every interrupted one. */
function startsOf(kind: TargetKind): Situation[] {
  const base: Situation = {
    staged: false,
    journaled: false,
    committed: false,
    abandoned: false,
    requests: 'clear',
    refused: false,
    quiet: false,
    oracle: 'unasked',
    proof: {},
    hasCurrent: kind.unknown !== true,
    oldLingers: kind.lingers === true || kind.overlaps === true,
    overlaps: kind.overlaps === true,
    resettable: kind.actor === 'admin',
    sends: 0,
    allowUnproved: kind.unproved === true,
    stopping: false,
  };
  const interrupted = [
    { journaled: false, requests: 'unsettled' as const },
    ...(['clear', 'unsettled', 'acked'] as const).map((requests) => ({ journaled: true, requests })),
  ].map((known) => ({ ...base, staged: true, ...known }));
  // `recover --with reconcile-credential`: an administrator, and a person's word.
  const reset = interrupted.map((situation) => ({ ...situation, resettable: true, reset: true }));
  const all = [base, ...interrupted, ...reset];
  return [...all, ...all.map((situation) => ({ ...situation, stopping: true }))];
}

/** What carrying out a step may teach (`drive.ts`); nothing where it is the last one. */
function lessonsOf(step: Step, s: Situation, kind: TargetKind): Partial<Situation>[] {
  switch (step.do) {
    case 'stage':
      return [{ staged: true }];
    case 'journal':
      return [{ journaled: true }];
    case 'send': {
      const sent = {
        sends: s.sends + 1,
        requests: 'unsettled' as const,
        refused: false,
        quiet: false,
        oracle: 'unasked' as const,
        proof: {},
      };
      const afterRefusal = s.requests === 'clear' ? ('clear' as const) : ('unsettled' as const);
      return [sent, { ...sent, requests: 'acked' }, { ...sent, requests: afterRefusal, refused: true, quiet: true }];
    }
    case 'quiesce':
      return [{ quiet: true }];
    case 'identify': {
      const onFile = kind.oracle === 'on-file';
      const told = (['pending', 'current', 'none'] as const).map((oracle) => ({ oracle, onFile }));
      return [{ oracle: 'unavailable', onFile: false }, ...(kind.oracle === false ? [] : told)];
    }
    case 'prove': {
      const answers: ProofAnswer[] = kind.unproved
        ? ['never', 'cannot-tell']
        : ['accepted', 'refused', 'cannot-tell', 'never', 'no-budget'];
      return answers.map((answer) => ({ proof: { ...s.proof, [step.which]: answer } }));
    }
    case 'commit':
      return [{ committed: true, retire: kind.overlaps === true }];
    case 'abandon':
      return [{ abandoned: true, retire: kind.overlaps === true && s.requests !== 'clear' }];
    case 'retire':
      return [{ retire: false }];
    case 'close':
    case 'quarantine':
    case 'leave':
      return [];
    default:
      return step satisfies never;
  }
}
