import { describe, expect, test } from 'vitest';
import { nextStep, type Situation } from '../../src/rotate/decide.ts';

/** A key that was added beside the old one; what the oracle says is only what is on file. */
const ADDED: Situation = {
  staged: true,
  journaled: true,
  committed: false,
  abandoned: false,
  requests: 'acked',
  refused: false,
  quiet: true,
  oracle: 'pending',
  onFile: true,
  proof: {},
  hasCurrent: true,
  resettable: true,
  sends: 1,
  allowUnproved: false,
  stopping: false,
};

describe('secrets that overlap', () => {
  test('a key on file is not committed without a login', () => {
    expect(nextStep(ADDED)).toMatchObject({ do: 'prove', which: 'pending' });
    expect(nextStep({ ...ADDED, proof: { pending: 'cannot-tell' } })).toMatchObject({ do: 'leave' });
    expect(nextStep({ ...ADDED, proof: { pending: 'accepted' } })).toEqual({ do: 'commit', by: 'login' });
  });

  test('a key on file that opens nothing is abandoned once the old one was seen to open the account', () => {
    const refused: Situation = { ...ADDED, proof: { pending: 'refused' } };
    expect(nextStep(refused)).toMatchObject({ do: 'prove', which: 'current' });
    expect(nextStep({ ...refused, proof: { pending: 'refused', current: 'accepted' } })).toEqual({ do: 'abandon' });
    expect(nextStep({ ...refused, proof: { pending: 'refused', current: 'refused' } })).toMatchObject({ do: 'quarantine' });
  });

  test('a request that was lost is sent again where nothing is on file, since it overwrites nothing', () => {
    const lost: Situation = { ...ADDED, requests: 'unsettled', oracle: 'none' };
    expect(nextStep(lost)).toEqual({ do: 'send' });
    expect(nextStep({ ...lost, sends: 3 })).toMatchObject({ do: 'leave' });
  });

  test('the old key is retired after the commit and before the journal entry goes, and once only', () => {
    expect(nextStep({ ...ADDED, committed: true, retire: true })).toEqual({ do: 'retire' });
    expect(nextStep({ ...ADDED, committed: true, retire: false })).toEqual({ do: 'close' });
  });

  test('an interrupted run leaves the old key to the next one', () => {
    expect(nextStep({ ...ADDED, committed: true, retire: true, stopping: true })).toEqual({ do: 'close' });
  });
});
