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

/** Every fault at every operation of one runner, until something is violated. */
async function firstViolation(): Promise<string | null> {
  const { simulate } = await import('./simulate.ts');
  const { FAULTS_OF, faultsAt, NO_FAULTS } = await import('./faults.ts');
  const { operations } = await simulate({ kind: KIND, runners: 1, seed: 1, faults: NO_FAULTS });
  for (let at = 0; at < operations; at++) {
    for (const fault of new Set(Object.values(FAULTS_OF).flat())) {
      const { violations } = await simulate({ kind: KIND, runners: 1, seed: 1, faults: faultsAt(new Map([[at, fault]])) });
      if (violations[0] !== undefined) return violations[0];
    }
  }
  return null;
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
