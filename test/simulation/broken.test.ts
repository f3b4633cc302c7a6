import { afterEach, expect, test, vi } from 'vitest';
import type { Situation, Step } from '../../src/rotate/decide.ts';
import type { TargetKind } from './world.ts';

/**
 * A simulation that finds nothing proves nothing: these break the protocol on purpose, in the ways in which peers have lost
 * credentials (`rotation.md` §6), and the simulation has to notice.
 */
const KIND: TargetKind = { actor: 'admin', oracle: false, quiesce: true };

afterEach(() => {
  vi.doUnmock('../../src/rotate/decide.ts');
  vi.doUnmock('../../src/rotate/versions.ts');
  vi.doUnmock('../../src/rotate/logins.ts');
  vi.resetModules();
});

/** Every fault at every operation of one runner and the one after it, until something is violated. */
async function firstViolation(): Promise<string | null> {
  const { everyFault } = await import('./explore.ts');
  try {
    for await (const _ of everyFault(KIND, 1));
    return null;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

async function breakDecide(change: (situation: Situation, step: Step) => Step): Promise<void> {
  vi.resetModules();
  const real = await vi.importActual<typeof import('../../src/rotate/decide.ts')>('../../src/rotate/decide.ts');
  vi.doMock('../../src/rotate/decide.ts', () => ({ ...real, nextStep: (s: Situation) => change(s, real.nextStep(s)) }));
}

async function breakVersions(broken: () => object): Promise<void> {
  const real = await vi.importActual<typeof import('../../src/rotate/versions.ts')>('../../src/rotate/versions.ts');
  vi.doMock('../../src/rotate/versions.ts', () => ({ ...real, ...broken() }));
}

const isOpen = (s: Situation) => !s.committed && !s.abandoned;

test('the protocol as it is violates nothing under the same faults', async () => {
  expect(await firstViolation()).toBeNull();
});

test('a new secret on every retry is caught', async () => {
  // An unsettled request is taken for a failure: the rotation is given up, and the next one draws again.
  await breakDecide((s, step) => (s.requests === 'unsettled' && isOpen(s) ? { do: 'abandon' } : step));
  await breakVersions(() => ({ reusableCandidate: () => undefined }));
  expect(await firstViolation()).toMatch(/I3: a second secret was sent/);
});

test('a commit before proof is caught', async () => {
  await breakDecide((s, step) => {
    if (s.requests !== 'unsettled' || !isOpen(s)) return step;
    return s.proof.pending === undefined ? { do: 'prove', which: 'pending', expected: true } : { do: 'commit', by: 'login' };
  });
  const logins = await vi.importActual<typeof import('../../src/rotate/logins.ts')>('../../src/rotate/logins.ts');
  vi.doMock('../../src/rotate/logins.ts', () => ({
    createLogins: (ctx: Parameters<typeof logins.createLogins>[0]) => ({
      ...logins.createLogins(ctx),
      prove: async () => ({ answer: 'accepted', method: 'hope', node: 'target:1' }),
    }),
  }));
  expect(await firstViolation()).toMatch(/I4: current is not what opens the account/);
});

test('dropping the pending secret after a failed retry is caught', async () => {
  await breakDecide((s, step) => (s.requests === 'unsettled' && s.sends >= 1 && isOpen(s) ? { do: 'abandon' } : step));
  await breakVersions(() => ({
    demote: (record: { versions: readonly { id: string }[] }, id: string) => ({
      ...record,
      versions: record.versions.filter((v) => v.id !== id),
    }),
  }));
  expect(await firstViolation()).toMatch(/the secret of the account is not in the vault/);
});

test('a violation is told with as few faults as it takes, and can be made again from what is printed', async () => {
  await breakDecide((s, step) => (s.requests === 'unsettled' && isOpen(s) ? { do: 'abandon' } : step));
  await breakVersions(() => ({ reusableCandidate: () => undefined }));
  const { simulate, randomFaults } = await import('./simulate.ts');
  const { mustHold, simulateAgain } = await import('./shrink.ts');
  const failed = await firstFailure((seed) => ({ kind: KIND, runners: 1, recoveries: 1, seed, faults: randomFaults(seed, 0.1) }), simulate);
  expect(failed.result.faults.size).toBeGreaterThan(1);
  const message = await mustHold(failed.scenario, failed.result).catch((error: Error) => error.message);
  const printed = /--replay '(.*)'$/m.exec(message ?? '')?.[1] ?? '';
  const replay = JSON.parse(printed);
  expect((await simulateAgain(replay)).violations.length).toBeGreaterThan(0);
  for (const fault of replay.faults) {
    const fewer = { ...replay, faults: replay.faults.filter((f: unknown) => f !== fault) };
    expect((await simulateAgain(fewer)).violations, 'each fault that is told is needed').toEqual([]);
  }
});

/** Of random runs with several faults. */
async function firstFailure<S extends object, R extends { violations: readonly string[]; faults: ReadonlyMap<number, unknown> }>(
  scenarioOf: (seed: number) => S,
  simulate: (scenario: S) => Promise<R>,
): Promise<{ scenario: S; result: R }> {
  for (let seed = 1; ; seed++) {
    const scenario = scenarioOf(seed);
    const result = await simulate(scenario);
    if (result.violations.length > 0 && result.faults.size > 1) return { scenario, result };
  }
}
