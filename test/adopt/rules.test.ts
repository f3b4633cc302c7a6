import { describe, expect, test } from 'vitest';
import { fitsPattern } from '../../src/adopt/glob.ts';
import { chooseAccounts, createNamer, draftUsers, writeManifests } from '../../src/adopt/index.ts';
import { type DiscoverRule, loadManifests } from '../../src/manifest/index.ts';
import type { FoundAccount } from '../../src/providers/provider.ts';
import type { KnownAccount } from '../../src/rotate/index.ts';

const RESOURCE = 'PamDatabase/db';
const KNOWN: Readonly<Record<string, KnownAccount>> = {
  known: { address: 'PamUser/known', isReleased: false },
  gone: { address: 'PamUser/gone', isReleased: true },
};

function account(login: string, more: Partial<FoundAccount> = {}): FoundAccount {
  return { login, fields: {}, isEnabled: true, isSystem: false, canLogIn: true, notes: [], ...more };
}

function choose(accounts: readonly FoundAccount[], rules: readonly DiscoverRule[], logins: readonly string[] | null = null) {
  return chooseAccounts(accounts, {
    resource: RESOURCE,
    rules,
    known: ({ login }) => KNOWN[login],
    logins: logins === null ? null : new Set(logins),
  });
}

const verdicts = (...args: Parameters<typeof choose>) =>
  choose(...args).map(({ found, verdict, rule }) => `${found.login} ${verdict}${rule === undefined ? '' : ` ${rule.number}`}`);

describe('patterns', () => {
  test.for([
    ['app_*', 'app_orders', true],
    ['app_*', 'app_', true],
    ['app_*', 'an_app_', false],
    ['*_ro', 'a_ro_b_ro', true],
    ['a*b*c', 'a-b-b-c', true],
    ['a*b*c', 'a-c-b', false],
    ['?', '名', true],
    ['?', '', false],
    ['*', '', true],
    ['', '', true],
    ['a.c', 'abc', false],
    ['App', 'app', false],
    ['[ab]', '[ab]', true],
  ] as const)('%s and %s: %s', ([pattern, text, fits]) => {
    expect(fitsPattern(pattern, text)).toBe(fits);
  });

  test('a pattern that is made to take long does not', () => {
    // A matcher that goes back for every star would not be done in a lifetime.
    expect(fitsPattern(`${'*a'.repeat(500)}b`, 'a'.repeat(1024))).toBe(false);
  });
});

describe('what becomes of an account', () => {
  const all = [
    account('known'),
    account('gone'),
    account('app_a'),
    account('app_b', { isAdministrator: true }),
    account('daemon', { isSystem: true }),
    account('group', { canLogIn: false }),
    account('two\nlines'),
    account('x'.repeat(1025)),
  ];

  test('without rules, all but those of the system, those without a login, and those that are declared', () => {
    expect(verdicts(all, [])).toEqual([
      'app_a add',
      'app_b add',
      'daemon system',
      'gone released',
      'group no-login',
      'known managed',
      'two\nlines unnameable',
      `${'x'.repeat(1025)} unnameable`,
    ]);
  });

  test('the first rule that fits decides, and a rule adds what is left out without one', () => {
    const rules: DiscoverRule[] = [
      { action: 'ignore', match: { administrator: true } },
      { action: 'add', match: { login: ['app_*', 'daemon'] } },
      { action: 'ignore' },
    ];
    expect(verdicts(all.slice(2, 6), rules)).toEqual(['app_a add 2', 'app_b ignored 1', 'daemon add 2', 'group ignored 3']);
  });

  test('a rule of another resource fits nobody', () => {
    expect(verdicts([account('a')], [{ action: 'ignore', match: { resource: 'PamMachine/*' } }])).toEqual(['a add']);
  });

  test('where the target does not tell who is an administrator, no rule about them fits', () => {
    const rules: DiscoverRule[] = [
      { action: 'ignore', match: { administrator: true } },
      { action: 'ignore', match: { administrator: false } },
    ];
    expect(verdicts([account('a')], rules)).toEqual(['a add']);
  });

  test('an entry of a directory is matched in any case', () => {
    const found = account('jane', { fields: { distinguishedName: 'uid=jane,OU=Services,DC=example,DC=org' } });
    expect(verdicts([found], [{ action: 'ignore', match: { distinguishedName: '*,ou=services,dc=EXAMPLE,*' } }])).toEqual([
      'jane ignored 1',
    ]);
  });

  test('who is named is added whatever the rules say, but not twice and not without a spelling', () => {
    const named = ['daemon', 'app_a', 'known', 'two\nlines'];
    expect(verdicts(all, [{ action: 'ignore' }], named)).toEqual(['app_a add 1', 'daemon add 1', 'known managed', 'two\nlines unnameable']);
  });
});

describe('names', () => {
  const namesOf = (texts: readonly string[], taken: readonly string[] = []) => texts.map(createNamer(new Set(taken)));

  test('are what a manifest may carry, and no two are the same', () => {
    const texts = [
      'Orders App',
      'orders-app',
      'ORDERS APP',
      'größe',
      '名前',
      '***',
      '-x-',
      'app@10.%',
      'x'.repeat(300),
      `${'x'.repeat(300)}y`,
    ];
    const names = namesOf(texts);
    expect(names.slice(0, 4)).toEqual(['orders-app', expect.stringMatching(/^orders-app-[0-9a-f]{8}$/), expect.anything(), 'gro-e']);
    expect(new Set(names).size).toBe(texts.length);
    for (const name of names) expect(name).toMatch(/^[a-z0-9](?:[a-z0-9._-]{0,126}[a-z0-9])?$/);
  });

  test('stay the same when there is more to name', () => {
    expect(namesOf(['a b', 'c'])[1]).toBe(namesOf(['x', 'c'])[1]);
    expect(namesOf(['a b'], ['a-b'])).toEqual(namesOf(['zzz', 'a b'], ['a-b']).slice(1));
  });
});

describe('manifests', () => {
  const draft = (accounts: readonly FoundAccount[], options: Partial<Parameters<typeof draftUsers>[1]> = {}, rules: DiscoverRule[] = []) =>
    draftUsers(choose(accounts, rules), { resource: RESOURCE, taken: new Set(), takeOver: null, ...options });

  test('name the account and no more, with what a reviewer should know', () => {
    const found = account('app_a', { isAdministrator: true, notes: ['superuser', 'NOLOGIN'] });
    expect(writeManifests(draft([found]))).toBe(
      `# superuser, NOLOGIN
apiVersion: pam/v1
kind: PamUser
metadata: { name: db-app_a }
spec:
  login: app_a
  resource: PamDatabase/db
`,
    );
  });

  test('carry what the rule gives, the source of the secret, and the policy without a rotation now', () => {
    const rules: DiscoverRule[] = [{ action: 'add', folder: 'prod/db', labels: { team: 'a' }, policy: 'monthly' }];
    const takeOver = { field: 'password', from: 'fromEnv', template: 'DB_{login}' } as const;
    expect(writeManifests(draft([account('app.a')], { takeOver }, rules))).toBe(
      `apiVersion: pam/v1
kind: PamUser
metadata:
  name: db-app.a
  folder: prod/db
  labels: { team: a }
spec:
  login: app.a
  resource: PamDatabase/db
  password: { fromEnv: DB_APP_A, version: 1 }
  rotation: { type: general, policy: monthly }
`,
    );
  });

  test('of a reset say so', () => {
    const [reset] = draft([account('a')], { takeOver: { reset: 'privateKey' } });
    expect(reset?.spec['rotation']).toEqual({ type: 'general', field: 'privateKey', initial: 'now' });
  });

  test('one source for two accounts is refused, and so is a place that no source can have', () => {
    const from = (source: 'fromEnv' | 'fromFile', template: string) => ({
      takeOver: { field: 'password', from: source, template } as const,
    });
    expect(() => draft([account('a-b'), account('a_b')], from('fromEnv', 'X_{login}'))).toThrow(/X_A_B would hold the secrets of both/);
    expect(() => draft([account('a'), account('b')], from('fromFile', '/run/secret'))).toThrow(/would hold the secrets of both/);
    expect(() => draft([account('a')], from('fromEnv', '{login}-password'))).toThrow(/no name of an environment variable/);
    expect(() => draft([account('a')], from('fromEnv', '1{login}'))).toThrow(/no name of an environment variable/);
    for (const template of ['{login}', '_{login}'])
      expect(() => draft([account('aws_secret_access_key')], from('fromEnv', template))).toThrow(/lets the target choose/);
    for (const template of ['{login}', './{login}', '../{login}'])
      expect(() => draft([account('.env')], from('fromFile', template))).toThrow(/lets the target choose/);
    expect(() => draft([account('../../etc/passwd')], from('fromFile', '/run/{login}'))).toThrow(/cannot stand in a path/);
    expect(draft([account('../../etc/passwd')], from('fromFile', '/run/{name}'))[0]?.spec['password']).toEqual({
      fromFile: '/run/db-etc-passwd',
      version: 1,
    });
  });

  test('read back as the very names, whatever those hold', () => {
    const strange = [
      'on',
      'null',
      '123',
      '1e3',
      '~',
      ' led by a space',
      'ends in one ',
      '# no comment',
      'a: b',
      "o'brien",
      'o"brien\\',
      '{flow}',
      '--- ',
      '*alias',
      '&anchor',
      '!tag',
      '%x',
      '@x',
      '`x`',
      'bidi \u202e txt',
      'zero\u200bwidth',
      'c1 \u0085 \u009b',
      'line\u2028para\u2029',
      '\ufeffbom',
      '名前 🙂',
      'a\u00a0b',
      'x'.repeat(1024),
    ];
    const drafts = draft(
      strange.map((login) => account(login, { notes: [login], fields: { distinguishedName: `cn=${login.slice(0, 900)}` } })),
    );
    const text = writeManifests(drafts);
    const loaded = loadManifests([{ path: 'a.yaml', text: Buffer.from(text) }], { readFile: () => null });
    expect(loaded.problems.map(String)).toEqual([]);
    expect(loaded.resources.map((r) => r.fields['login']).sort()).toEqual([...strange].sort());
  });
});
