import { describe, expect, test } from 'vitest';
import { everyFault } from './explore.ts';
import { type Fault, faultsAtNth, NO_FAULTS, type OperationKind } from './faults.ts';
import { edgesOf } from './machine.ts';
import { mustHold } from './shrink.ts';
import { randomFaults, simulate } from './simulate.ts';
import { KINDS, type TargetKind } from './world.ts';

const taken = new Set<string>();

/** `npm run simulate -- --exhaustive 2` has all pairs; here every so manieth of the first faults has all second ones. */
const EVERY_MANIETH = 40;

describe.each(KINDS)('$actor, oracle $oracle, quiesce $quiesce, lingers $lingers, overlaps $overlaps, unproved $unproved', (kind) => {
  test('without faults it is rotated by one request', async () => {
    const scenario = { kind, runners: 1, seed: 1, faults: NO_FAULTS };
    const result = await simulate(scenario);
    await mustHold(scenario, result);
    expect(result.trace.filter((l) => l.includes('target.send'))).toHaveLength(1);
  });

  test('every fault at every operation of a run and of the one after it, and pairs of them', async () => {
    let first = 0;
    for await (const { edges, faults } of everyFault(kind, 1)) {
      for (const edge of edges) taken.add(edge);
      if (first++ % EVERY_MANIETH !== EVERY_MANIETH - 1) continue;
      for await (const pair of everyFault(kind, 2, faults)) for (const edge of pair.edges) taken.add(edge);
    }
  });

  test('random faults, one to three runners, random order', async () => {
    for (let seed = 1; seed <= 120; seed++) {
      const faults = randomFaults(seed, [0.01, 0.03, 0.1][seed % 3] ?? 0);
      const scenario = {
        kind,
        runners: 1 + (Math.floor(seed / 3) % 3),
        recoveries: seed % 2,
        spent: Math.floor(seed / 9) % 3,
        seed,
        faults,
      };
      const result = await simulate(scenario);
      await mustHold(scenario, result);
      for (const edge of result.edges) taken.add(edge);
    }
  });
});

test('a secret that was refused is not tried again before it was sent again, by the next run neither', async () => {
  const faults = faultsAtNth([
    ['send', 1, 'hollow'],
    ['prove', 3, 'fail'],
  ]);
  const scenario = { kind: PLAIN, runners: 1, recoveries: 1, seed: 1, faults };
  const result = await simulate(scenario);
  await mustHold(scenario, result);
  // With the current secret, which nobody could ask about at first: the pending one is known.
  const logins = result.trace.filter((line) => / again1 target\.(?:prove|send)/.test(line));
  expect(logins.slice(0, 1)).toEqual([expect.stringContaining('target.prove')]);
  expect(result.failedLogins).toBe(1);
});

test('every edge of the state machine was taken, and none that it does not have', async () => {
  for (const [kind, faults, spent = 0] of RARE) {
    const scenario = { kind, runners: 1, spent, seed: 1, faults: faultsAtNth(faults) };
    const result = await simulate(scenario);
    await mustHold(scenario, result);
    for (const edge of result.edges) taken.add(edge);
  }
  expect([...taken].sort()).toEqual([...edgesOf(KINDS)].sort());
});

const PLAIN: TargetKind = { actor: 'admin', oracle: false, quiesce: true };
const WITH_ORACLE: TargetKind = { actor: 'admin', oracle: true, quiesce: true };
const KEYS: TargetKind = { actor: 'admin', oracle: 'on-file', quiesce: true, overlaps: true };
const SELF: TargetKind = { actor: 'self', oracle: false, quiesce: false };

/** What takes faults at just the right places: of each kind of operation the first, second, … of a run. The first proof is that of preflight. */
const RARE: readonly (readonly [TargetKind, readonly (readonly [OperationKind, number, Fault])[], number?])[] = [
  // The target said "done", and refuses the login: is the old secret live?
  [
    PLAIN,
    [
      ['prove', 2, 'wrong'],
      ['prove', 3, 'fail'],
    ],
  ],
  [
    PLAIN,
    [
      ['prove', 2, 'wrong'],
      ['prove', 3, 'any'],
    ],
  ],
  [PLAIN, [['prove', 2, 'wrong']], 1],
  [PLAIN, [['prove', 1, 'wrong']], 1],
  [KEYS, [['prove', 2, 'wrong']]],
  // The answer is lost, and what comes after it goes wrong as well.
  [
    PLAIN,
    [
      ['send', 1, 'lost'],
      ['send', 2, 'policy'],
    ],
  ],
  [
    PLAIN,
    [
      ['send', 1, 'lost'],
      ['look', 2, 'stop'],
    ],
  ],
  [
    WITH_ORACLE,
    [
      ['send', 1, 'fail'],
      ['send', 2, 'policy'],
    ],
  ],
  [
    SELF,
    [
      ['send', 1, 'fail'],
      ['prove', 2, 'stop'],
    ],
  ],
  [
    SELF,
    [
      ['send', 1, 'lost'],
      ['prove', 3, 'fail'],
    ],
  ],
  [
    SELF,
    [
      ['send', 1, 'lost'],
      ['prove', 3, 'any'],
    ],
  ],
  [SELF, [['send', 1, 'lost']], 1],
];
