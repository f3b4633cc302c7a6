import { describe, expect, test } from 'vitest';
import { nextStep, type ProofAnswer, type Situation, type Step } from '../../src/rotate/decide.ts';

/**
 * The decision is run against a small model of the world: a target that may apply a request, lose the answer, or apply it late;
 * a process that may die after any step and start again with what is durable. Every combination of one and of two faults is tried.
 */
interface World {
  live: 'current' | 'pending' | 'nothing';
  /** A request that may still land. */
  late: boolean;
  staged: boolean;
  journaled: boolean;
  committed: boolean;
  abandoned: boolean;
  notes: ('armed' | 'acked' | 'refused')[];
  quarantined: boolean;
  failedLogins: number;
}

type Fault = 'crash' | 'lose-answer' | 'not-delivered' | 'delivered-late' | 'unreachable';
interface Kind {
  readonly actor: 'admin' | 'self';
  readonly oracle: boolean;
  readonly hasCurrent: boolean;
  /** The target takes the old secret too, after the change. */
  readonly lingers?: boolean;
}

const KINDS: readonly Kind[] = [
  { actor: 'admin', oracle: true, hasCurrent: true },
  { actor: 'admin', oracle: false, hasCurrent: true },
  { actor: 'admin', oracle: true, hasCurrent: false },
  { actor: 'admin', oracle: false, hasCurrent: false },
  { actor: 'self', oracle: false, hasCurrent: true },
  { actor: 'self', oracle: false, hasCurrent: true, lingers: true },
];
const FAULTS: readonly Fault[] = ['crash', 'lose-answer', 'not-delivered', 'delivered-late', 'unreachable'];
const BUDGET = 2;

function newWorld(kind: Kind): World {
  return {
    live: kind.hasCurrent ? 'current' : 'nothing',
    late: false,
    staged: false,
    journaled: false,
    committed: false,
    abandoned: false,
    notes: [],
    quarantined: false,
    failedLogins: 0,
  };
}

function requestsOf(world: World): Situation['requests'] {
  if (world.notes.includes('acked')) return 'acked';
  const armed = world.notes.filter((n) => n === 'armed').length;
  const refused = world.notes.filter((n) => n === 'refused').length;
  return armed === 0 || armed === refused ? 'clear' : 'unsettled';
}

/** One process: runs until done, left, or killed. `faults` maps the number of a step (over all processes) to what happens in it. */
function runProcess(world: World, kind: Kind, clock: { step: number }, faults: ReadonlyMap<number, Fault>): Step['do'] | 'killed' {
  let s: Situation = {
    staged: world.staged,
    journaled: world.journaled,
    committed: world.committed,
    abandoned: world.abandoned,
    requests: requestsOf(world),
    refused: false,
    quiet: false,
    oracle: 'unasked',
    proof: {},
    hasCurrent: kind.hasCurrent,
    oldLingers: kind.lingers === true,
    resettable: kind.actor === 'admin',
    sends: 0,
    allowUnproved: false,
    stopping: false,
  };
  for (let own = 0; ; own++) {
    expect(own, 'a process takes a bounded number of steps').toBeLessThan(40);
    const step = nextStep(s);
    const fault = faults.get(clock.step++);
    switch (step.do) {
      case 'stage':
        world.staged = true;
        s = { ...s, staged: true };
        break;
      case 'journal':
        world.journaled = true;
        s = { ...s, journaled: true };
        break;
      case 'send': {
        expect(world.staged && world.journaled, 'I1: nothing is sent before it is sealed').toBe(true);
        const open = kind.actor === 'admin' || world.live === 'current' || kind.lingers === true;
        world.notes.push('armed');
        s = { ...s, requests: 'unsettled', refused: false, quiet: false, oracle: 'unasked', proof: {}, sends: s.sends + 1 };
        if (fault === 'crash') return 'killed';
        if (fault === 'not-delivered' || !open) break;
        if (fault === 'delivered-late') {
          world.late = true;
          break;
        }
        world.live = 'pending';
        if (fault === 'lose-answer' || fault === 'unreachable') break;
        world.notes.push('acked');
        s = { ...s, requests: 'acked' };
        break;
      }
      case 'quiesce':
        if (fault === 'unreachable') return 'leave';
        world.late = false;
        s = { ...s, quiet: true };
        break;
      case 'identify':
        if (fault === 'unreachable') return 'leave';
        s = { ...s, oracle: kind.oracle ? (world.live === 'nothing' ? 'none' : world.live) : 'unavailable' };
        break;
      case 'prove': {
        const right = world.live === step.which || (kind.lingers === true && step.which === 'current');
        const answer: ProofAnswer = fault === 'unreachable' ? 'cannot-tell' : right ? 'accepted' : 'refused';
        if (answer === 'refused') world.failedLogins++;
        s = { ...s, proof: { ...s.proof, [step.which]: answer } };
        break;
      }
      case 'commit':
        expect(world.live, 'I4: what is committed is live').toBe('pending');
        expect(world.late, 'I2: nothing can land any more').toBe(false);
        world.committed = true;
        s = { ...s, committed: true };
        break;
      case 'abandon':
        expect(world.live, 'what is abandoned is not live').not.toBe('pending');
        expect(world.late, 'nothing can land any more').toBe(false);
        world.abandoned = true;
        s = { ...s, abandoned: true };
        break;
      case 'quarantine':
        world.quarantined = true;
        return 'quarantine';
      case 'close':
      case 'leave':
        return step.do;
      case 'retire':
        s = { ...s, retire: false };
        break;
      default:
        step satisfies never;
    }
    // A request that was on its way may land between any two steps, until it was quiesced.
    if (world.late && fault === undefined && own % 2 === 1) {
      world.late = false;
      world.live = 'pending';
    }
    if (fault === 'crash') return 'killed';
  }
}

/** Processes one after the other until one of them closes the rotation; the faults are over after a while. */
function converge(kind: Kind, faults: ReadonlyMap<number, Fault>): World {
  const world = newWorld(kind);
  const clock = { step: 0 };
  for (let process = 0; process < 8; process++) {
    const end = runProcess(world, kind, clock, faults);
    expect(['current', 'pending', 'nothing'].includes(world.live)).toBe(true);
    if (end === 'close' || end === 'quarantine') return world;
  }
  throw new Error('did not converge');
}

describe.each(KINDS)('actor $actor, oracle $oracle, current $hasCurrent, lingers $lingers', (kind) => {
  test('one fault at every step converges on the pending secret, with no failed login beyond the budget', () => {
    for (let at = 0; at < 12; at++) {
      for (const fault of FAULTS) {
        const world = converge(kind, new Map([[at, fault]]));
        expect(world.quarantined, `${fault} at ${at}`).toBe(false);
        expect(world.committed, `${fault} at ${at}`).toBe(true);
        expect(world.failedLogins).toBeLessThanOrEqual(kind.oracle || kind.actor === 'admin' ? 0 : BUDGET);
      }
    }
  });

  test('two faults at every pair of steps converge too', () => {
    for (let first = 0; first < 10; first++) {
      for (let second = first + 1; second < 16; second++) {
        for (const a of FAULTS) {
          for (const b of FAULTS) {
            const world = converge(
              kind,
              new Map([
                [first, a],
                [second, b],
              ]),
            );
            expect(world.committed || world.abandoned, `${a} at ${first}, ${b} at ${second}`).toBe(true);
          }
        }
      }
    }
  });
});

describe('single decisions', () => {
  const base: Situation = {
    staged: true,
    journaled: true,
    committed: false,
    abandoned: false,
    requests: 'clear',
    refused: false,
    quiet: false,
    oracle: 'unasked',
    proof: {},
    hasCurrent: true,
    resettable: true,
    sends: 0,
    allowUnproved: false,
    stopping: false,
  };
  const unsettled: Situation = { ...base, requests: 'unsettled', quiet: true };

  test.each<[string, Partial<Situation>, Step]>([
    ['a stop before anything was sent leaves it', { stopping: true }, { do: 'leave', why: 'stopping' }],
    [
      'a stop does not keep what was sent from being proved',
      { stopping: true, requests: 'acked' },
      { do: 'prove', which: 'pending', expected: true },
    ],
    ['a lone refusal is final', { refused: true }, { do: 'abandon' }],
    [
      'a refusal after an unsettled request is not',
      { ...unsettled, refused: true, oracle: 'unavailable' },
      { do: 'prove', which: 'current', expected: false },
    ],
    ['a secret that nobody knows is not overwritten', { ...unsettled, oracle: 'none' }, { do: 'quarantine', why: 'foreign' }],
    ['without an old secret on file it is simply not applied yet', { ...unsettled, oracle: 'none', hasCurrent: false }, { do: 'send' }],
    ['no oracle: an administrator sends the same again instead of guessing', { ...unsettled, oracle: 'unavailable' }, { do: 'send' }],
    [
      'no oracle, no administrator: the old secret is tried first',
      { ...unsettled, oracle: 'unavailable', resettable: false },
      { do: 'prove', which: 'current', expected: false },
    ],
    [
      'an old secret that lives on is no evidence: the new one is tried first',
      { ...unsettled, refused: true, oracle: 'unavailable', oldLingers: true },
      { do: 'prove', which: 'pending', expected: false },
    ],
    [
      'and only when the new one is refused does the old one count',
      { ...unsettled, refused: true, oracle: 'unavailable', oldLingers: true, proof: { pending: 'refused', current: 'accepted' } },
      { do: 'abandon' },
    ],
    [
      'a verifier counts where a login cannot tell',
      { requests: 'acked', proof: { pending: 'cannot-tell' }, oracle: 'pending' },
      { do: 'commit', by: 'oracle' },
    ],
    [
      'no proof at all is accepted only where that is declared',
      { requests: 'acked', proof: { pending: 'never' }, oracle: 'unavailable' },
      { do: 'quarantine', why: 'no-proof' },
    ],
    [
      'and then it is marked unproved',
      { requests: 'acked', proof: { pending: 'never' }, oracle: 'unavailable', allowUnproved: true },
      { do: 'commit', by: 'unproved' },
    ],
    [
      'acknowledged and then unreachable is left for the next run',
      { requests: 'acked', proof: { pending: 'cannot-tell' }, oracle: 'unavailable' },
      { do: 'leave', why: 'unreachable' },
    ],
    [
      'acknowledged, refused, and the old one opens: it had no effect',
      { requests: 'acked', proof: { pending: 'refused', current: 'accepted' }, oracle: 'unavailable' },
      { do: 'abandon' },
    ],
    [
      'acknowledged, and neither opens: a person must look',
      { requests: 'acked', proof: { pending: 'refused', current: 'refused' }, oracle: 'unavailable' },
      { do: 'quarantine', why: 'neither-opens' },
    ],
  ])('%s', (_, situation, step) => {
    expect(nextStep({ ...base, ...situation })).toEqual(step);
  });
});
