import { describe, expect, test } from 'vitest';
import { FAULTS_OF, type Fault, faultsAt, NO_FAULTS, type Operation } from './faults.ts';
import { randomFaults, type SimulationResult, simulate } from './simulate.ts';
import type { TargetKind } from './world.ts';

const KINDS: readonly TargetKind[] = [
  { actor: 'admin', oracle: true, quiesce: true },
  { actor: 'admin', oracle: true, quiesce: false },
  { actor: 'admin', oracle: false, quiesce: true },
  { actor: 'admin', oracle: false, quiesce: false },
  { actor: 'self', oracle: false, quiesce: false },
  { actor: 'self', oracle: false, quiesce: false, lingers: true },
];
const ALL_FAULTS = [...new Set(Object.values(FAULTS_OF).flat())];

/** The trace is the last part of the message: the run can be repeated from its name, and read. */
function mustHold(name: string, result: SimulationResult): void {
  if (result.violations.length > 0) throw new Error(`${name}\n${result.violations.join('\n')}\n--- trace\n${result.trace.join('\n')}`);
}

const chooseAny = (operation: Operation, random: () => number): Fault => {
  const fits = FAULTS_OF[operation.kind];
  return fits[Math.floor(random() * fits.length)] ?? 'fail';
};

describe.each(KINDS)('$actor, oracle $oracle, quiesce $quiesce', (kind) => {
  test('without faults it is rotated by one request', async () => {
    const result = await simulate({ kind, runners: 1, seed: 1, faults: NO_FAULTS });
    mustHold('no faults', result);
    expect(result.trace.filter((l) => l.includes('target.send'))).toHaveLength(1);
  });

  test('every fault at every operation', async () => {
    const { operations } = await simulate({ kind, runners: 1, seed: 1, faults: NO_FAULTS });
    for (let at = 0; at < operations; at++) {
      for (const fault of ALL_FAULTS)
        mustHold(`${fault} at ${at}`, await simulate({ kind, runners: 1, seed: 1, faults: faultsAt(new Map([[at, fault]])) }));
    }
  });

  test('pairs of faults: a second one at every fourth operation after the first', async () => {
    const { operations } = await simulate({ kind, runners: 1, seed: 1, faults: NO_FAULTS });
    for (let first = 20; first < operations; first++) {
      for (let second = first + 1; second < operations + 30; second += 4) {
        const faults = new Map<number, Fault>([
          [first, ALL_FAULTS[(first + second) % ALL_FAULTS.length] ?? 'fail'],
          [second, ALL_FAULTS[(first * 3 + second) % ALL_FAULTS.length] ?? 'lost'],
        ]);
        mustHold(`${JSON.stringify([...faults])}`, await simulate({ kind, runners: 1, seed: 1, faults: faultsAt(faults) }));
      }
    }
  });

  test('random faults, one to three runners, random order', async () => {
    for (let seed = 1; seed <= 200; seed++) {
      const runners = 1 + (seed % 3);
      mustHold(
        `seed ${seed}`,
        await simulate({ kind, runners, seed, faults: randomFaults(seed, [0.01, 0.03, 0.1][seed % 3] ?? 0, chooseAny) }),
      );
    }
  });
});
