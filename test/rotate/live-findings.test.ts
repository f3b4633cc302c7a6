import { describe, expect, test } from 'vitest';
import type { RotationState, SecretField, VersionHeader } from '../../src/model/index.ts';
import type { AccountState } from '../../src/providers/provider.ts';
import { tellProof, tellSighting } from '../../src/rotate/live-findings.ts';
import type { LiveSecret, Sighting } from '../../src/rotate/sighting.ts';

const AT = '2027-01-15T12:00:00.000Z';

function sighting(
  state: Partial<AccountState>,
  secret: LiveSecret,
  {
    field = 'password',
    rotation = {},
    keys = null,
  }: { field?: SecretField; rotation?: RotationState; keys?: readonly string[] | null } = {},
): Sighting {
  const current: VersionHeader = {
    id: 'v2',
    field,
    state: 'current',
    origin: 'generated',
    createdAt: AT,
    proof: { at: AT, method: 'login' },
  };
  return {
    record: {
      id: 'r',
      address: 'PamUser/app',
      owner: { project: 'p', environment: 'default' },
      revision: 1,
      status: 'managed',
      fields: {},
      links: [],
      inputs: {},
      versions: [current],
      rotation,
      createdAt: AT,
      updatedAt: AT,
      mac: '',
    },
    field,
    state: { exists: true, obstacles: [], ...state },
    secret,
    foreignKeys: keys?.map((fingerprint) => ({ fingerprint, type: 'ssh-ed25519' })) ?? null,
  };
}

const UNKNOWN: LiveSecret = { is: 'unknown', reason: 'nothing is shown' };
const whats = (...args: Parameters<typeof sighting>) => tellSighting(sighting(...args), { isShown: false }).findings.map((f) => f.what);
const notes = (...args: Parameters<typeof sighting>) => tellSighting(sighting(...args), { isShown: false }).notes;

describe('where nothing can be compared, the time of the last change tells', () => {
  test.for([
    ['2027-01-15T11:00:00.000Z', []],
    // Clocks differ.
    ['2027-01-15T12:05:00.000Z', []],
    ['2027-01-15T12:05:00.001Z', ['secret-changed']],
    // Of shadow(5) only the day is known.
    ['2027-01-15T00:00:00.000Z', []],
    ['2027-01-16T00:00:00.000Z', ['secret-changed']],
  ] as const)('changed at %s', ([lastChangedAt, expected]) => {
    expect(whats({ lastChangedAt }, UNKNOWN)).toEqual(expected);
    expect(notes({ lastChangedAt }, UNKNOWN)).toEqual([]);
  });

  test('and without one it is said that nothing is known, unless a login has just shown it', () => {
    expect(notes({}, UNKNOWN)).toEqual([expect.stringContaining('nothing is shown')]);
    expect(tellSighting(sighting({}, UNKNOWN), { isShown: true })).toEqual({ findings: [], notes: [] });
  });

  test('what was compared is believed, whatever the time says', () => {
    expect(whats({ lastChangedAt: '2027-02-01T00:00:00.000Z' }, { is: 'current' })).toEqual([]);
  });
});

describe('a rotation in flight', () => {
  const active: RotationState = { active: { id: 'x', field: 'password', reason: { type: 'request' }, startedAt: AT } };
  const pending: VersionHeader = { id: 'v3', field: 'password', state: 'pending', origin: 'generated', createdAt: AT };

  test('whose secret is live is no change by hand', () => {
    expect(whats({}, { is: 'other', version: pending }, { rotation: active })).toEqual([]);
    expect(whats({}, { is: 'foreign', onFile: false }, { rotation: active })).toEqual([]);
    expect(whats({}, { is: 'foreign', onFile: false })).toEqual(['secret-changed']);
  });

  test('does not excuse an earlier secret', () => {
    expect(whats({}, { is: 'other', version: { ...pending, state: 'previous' } }, { rotation: active })).toEqual(['secret-changed']);
  });
});

describe('locks', () => {
  const seen = (state: object): { rotation: RotationState } => ({ rotation: { seen: { at: AT, ...state } } });

  test('of a password are told, and that one was taken away is told too', () => {
    expect(whats({ locked: true }, { is: 'current' })).toEqual(['locked']);
    expect(whats({ locked: false }, { is: 'current' }, seen({ locked: true }))).toEqual(['unlocked']);
    expect(whats({ disabled: false }, { is: 'current' }, seen({ disabled: true }))).toEqual(['enabled']);
    expect(whats({ locked: false, disabled: false }, { is: 'current' }, seen({ locked: false, disabled: false }))).toEqual([]);
  });

  test('of the password of an account with keys is how it was made, unless it was seen without', () => {
    expect(whats({ locked: true }, { is: 'current' }, { field: 'privateKey' })).toEqual([]);
    expect(whats({ locked: true }, { is: 'current' }, { field: 'privateKey', ...seen({ locked: true }) })).toEqual([]);
    expect(whats({ locked: true }, { is: 'current' }, { field: 'privateKey', ...seen({ locked: false }) })).toEqual(['locked']);
  });
});

test('an account that is absent is told as that and nothing more', () => {
  const { findings } = tellSighting(sighting({ exists: false, obstacles: ['it is not there'] }, { is: 'foreign', onFile: false }), {
    isShown: false,
  });
  expect(findings).toMatchObject([{ what: 'absent', message: 'it is not there' }]);
});

test('what hinders a rotation and is no state of the account is a note', () => {
  expect(notes({ obstacles: ['the server is a replica'] }, { is: 'current' })).toEqual([
    'in the way of a rotation: the server is a replica',
  ]);
  expect(whats({ obstacles: ['the server is a replica'] }, { is: 'current' })).toEqual([]);
});

describe('keys', () => {
  test('are told that were not there before', () => {
    const rotation = { seen: { at: AT, foreignKeys: ['SHA256:a'] } };
    const found = tellSighting(sighting({}, { is: 'current' }, { field: 'privateKey', rotation, keys: ['SHA256:a', 'SHA256:b'] }), {
      isShown: false,
    });
    expect(found.findings).toMatchObject([{ what: 'key-added', message: expect.stringContaining('SHA256:b') }]);
  });
});

describe('a login with the stored secret', () => {
  const tell = (proof: Parameters<typeof tellProof>[2]) => tellProof('PamUser/app', 'password', proof, false);

  test('absent, denied, unreachable and wrong are four answers', () => {
    const cannot = (code: 'PAM6001' | 'PAM6005' | 'PAM6012') => tell({ answer: 'cannot-tell', code, reason: 'x', spent: false });
    expect(cannot('PAM6005').findings).toMatchObject([{ what: 'absent' }]);
    expect(cannot('PAM6012')).toMatchObject({ findings: [], unseen: { code: 'PAM6012' } });
    expect(cannot('PAM6001')).toMatchObject({ findings: [], unseen: { code: 'PAM6001' } });
    expect(tell({ answer: 'refused', code: 'PAM6003', reason: 'x' }).findings).toMatchObject([{ what: 'secret-refused' }]);
  });

  test('that may not be tried is no finding, unless it was refused before', () => {
    expect(tell({ answer: 'no-budget', code: 'PAM4004', reason: 'x' })).toMatchObject({ findings: [], unseen: { code: 'PAM4004' } });
    expect(tell({ answer: 'no-budget', code: 'PAM4003', reason: 'x' }).findings).toMatchObject([{ what: 'secret-refused' }]);
  });
});
