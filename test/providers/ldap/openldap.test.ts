import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Secret } from '../../../src/model/index.ts';
import { ldapModule } from '../../../src/providers/ldap/index.ts';
import { type Account, hasOracle, type Provider } from '../../../src/providers/provider.ts';
import { leaks } from '../../contract/canary.ts';
import { freshSecret, newAttempt, type TestAccount } from '../../contract/provider-fixture.ts';
import { hasServer } from '../../servers/missing.ts';
import { accountOf, credentialOf, ldapsTarget, makeSlapd, makeUser, OPTIONS, plainTarget, type Slapd } from './openldap.ts';

describe.runIf(hasServer('slapd'))('OpenLDAP', () => {
  /** `strict`: the rotator stands above policies, the exop is off, binds need TLS, and a locked account is told so. */
  let server: Slapd;
  let strict: Slapd;
  beforeAll(async () => {
    const config = ['restrict extended=1.3.6.1.4.1.4203.1.11.1', 'security simple_bind=128'];
    [server, strict] = await Promise.all([
      makeSlapd(),
      makeSlapd({ rotator: 'manage', config, overlay: ['ppolicy_use_lockout'], policy: { pwdMustChange: 'TRUE' } }),
    ]);
  });
  afterAll(async () => {
    await server?.stop();
    await strict?.stop();
  });

  const asRotator = (at = server) => ldapModule.open(ldapsTarget(at), credentialOf(at.rotator), OPTIONS);
  const asItself = ({ account, secret }: TestAccount) => ldapModule.open(ldapsTarget(server), { ...account, secret }, OPTIONS);
  const dnOf = (account: Account) => String(account.fields['distinguishedName']);
  const set = (provider: Provider, account: Account, secret = freshSecret()) => provider.setSecret(account, secret, newAttempt());

  /** A user under a policy of its own. */
  async function underPolicy(attributes: Readonly<Record<string, string>>, at = server): Promise<TestAccount> {
    const user = await makeUser(at);
    await at.set(dnOf(user.account), { pwdPolicySubentry: await at.addPolicy(attributes) });
    return user;
  }

  async function failLogins(account: Account, count: number, at = server): Promise<void> {
    await using provider = await ldapModule.open(ldapsTarget(at), null, OPTIONS);
    for (let i = 0; i < count; i++) await provider.prove(account, freshSecret());
  }

  test('a secret that is too short, too poor or was used before is refused by policy', async () => {
    const { account, secret } = await underPolicy({ pwdCheckQuality: '2', pwdMinLength: '12', pwdInHistory: '3' });
    await using provider = await asRotator();
    expect(await set(provider, account, Secret.fromText('short'))).toMatchObject({
      outcome: 'refused',
      code: 'PAM6007',
      reason: expect.stringContaining('too short'),
    });
    expect(await set(provider, account)).toEqual({ outcome: 'done' });
    expect(await set(provider, account, secret)).toMatchObject({ code: 'PAM6007', reason: expect.stringContaining('history') });
    expect(await provider.prove(account, secret)).toMatchObject({ answer: 'refused' });
  });

  test('the same secret may be sent again where a policy forbids to use one twice', async () => {
    const { account } = await underPolicy({ pwdInHistory: '3' });
    const fresh = freshSecret();
    await using provider = await asRotator();
    expect(await set(provider, account, fresh)).toEqual({ outcome: 'done' });
    await using later = await asRotator();
    expect(await set(later, account, fresh)).toEqual({ outcome: 'done' });
    expect(await later.prove(account, fresh)).toMatchObject({ answer: 'accepted' });
  });

  test('sent again under a minimum age it is refused, and the oracle tells that it is live', async () => {
    const { account, secret } = await underPolicy({ pwdMinAge: '3600' });
    const fresh = freshSecret();
    await using provider = await asRotator();
    await set(provider, account, fresh);
    expect(await set(provider, account, freshSecret())).toMatchObject({ code: 'PAM6007', reason: expect.stringContaining('older') });
    if (!hasOracle(provider)) throw new Error('no oracle');
    const candidates = [
      { id: 'old', secret },
      { id: 'new', secret: fresh },
    ];
    expect(await provider.identify(account, candidates)).toMatchObject({ live: 'new', method: 'verifier' });
  });

  test('an account that is locked after failed logins is seen by an administrator and not by itself', async () => {
    const user = await underPolicy({ pwdLockout: 'TRUE', pwdMaxFailure: '3', pwdFailureCountInterval: '600', pwdLockoutDuration: '0' });
    await using provider = await asRotator();
    expect(await provider.inspect(user.account)).toMatchObject({
      locked: false,
      obstacles: [],
      lockout: { maxFailures: 3, windowMs: 600_000 },
      failures: 0,
    });
    await failLogins(user.account, 3);
    expect(await provider.prove(user.account, user.secret)).toMatchObject({ answer: 'refused', code: 'PAM6003' });
    const state = await provider.inspect(user.account);
    expect(state).toMatchObject({ exists: true, locked: true, disabled: false, failures: 3 });
    expect(state.obstacles).toHaveLength(1);
  });

  test('where the server says that it is locked, the secret is not called wrong', async () => {
    const { account, secret } = await underPolicy({ pwdLockout: 'TRUE', pwdMaxFailure: '2' }, strict);
    await failLogins(account, 2, strict);
    await using provider = await ldapModule.open(ldapsTarget(strict), null, OPTIONS);
    for (const any of [secret, freshSecret()]) {
      expect(await provider.prove(account, any)).toMatchObject({ answer: 'cannot-tell', code: 'PAM6006', spent: false });
    }
  });

  test('a lockout that has run out is over', async () => {
    const { account } = await underPolicy({ pwdLockout: 'TRUE', pwdMaxFailure: '3', pwdLockoutDuration: '60' });
    await server.set(dnOf(account), { pwdAccountLockedTime: '20200101000000Z' });
    await using provider = await asRotator();
    expect(await provider.inspect(account)).toMatchObject({ locked: false, obstacles: [] });
  });

  test('an expired password is right, and restricted; a wrong one stays wrong', async () => {
    const { account, secret } = await underPolicy({ pwdMaxAge: '60', pwdGraceAuthNLimit: '1' });
    await server.set(dnOf(account), { pwdChangedTime: '20200101000000Z' });
    await using provider = await asRotator();
    // The first one is let in by grace.
    for (let i = 0; i < 2; i++) {
      expect(await provider.prove(account, secret)).toMatchObject({ answer: 'accepted', restricted: expect.stringContaining('expired') });
    }
    expect(await provider.prove(account, freshSecret())).toMatchObject({ answer: 'refused' });
    expect(await set(provider, account)).toEqual({ outcome: 'done' });
    expect((await provider.inspect(account)).lastChangedAt?.slice(0, 4)).not.toBe('2020');
  });

  test('a password that must be changed first is right, and the account may change it', async () => {
    const user = await underPolicy({ pwdMustChange: 'TRUE' });
    await server.set(dnOf(user.account), { pwdReset: 'TRUE' });
    await using provider = await asItself(user);
    const proof = await provider.prove(user.account, user.secret);
    expect(proof).toMatchObject({ answer: 'accepted', restricted: expect.stringContaining('must be changed') });
    const fresh = freshSecret();
    expect(await set(provider, user.account, fresh)).toEqual({ outcome: 'done' });
    expect(await provider.prove(user.account, fresh)).not.toHaveProperty('restricted');
  });

  test('an administrator takes back that its change must be changed again', async () => {
    const { account } = await makeUser(strict);
    await using provider = await asRotator(strict);
    const fresh = freshSecret();
    expect(await set(provider, account, fresh)).toEqual({ outcome: 'done' });
    const proof = await provider.prove(account, fresh);
    expect(proof).toMatchObject({ answer: 'accepted' });
    expect(proof).not.toHaveProperty('restricted');
    expect(await strict.log()).toContain('attr=pwdReset');
  });

  test('without the exop the attribute is replaced', async () => {
    const { account, secret } = await makeUser(strict);
    await using provider = await asRotator(strict);
    const fresh = freshSecret();
    expect(await set(provider, account, fresh)).toEqual({ outcome: 'done' });
    expect(await strict.log()).toContain('attr=userPassword');
    expect(await provider.prove(account, fresh)).toMatchObject({ answer: 'accepted' });
    expect(await provider.prove(account, secret)).toMatchObject({ answer: 'refused' });
  });

  test('a policy that wants the old password, or lets only administrators change it, is a matter of rights', async () => {
    const safe = await underPolicy({ pwdSafeModify: 'TRUE' });
    await using rotator = await asRotator();
    expect(await set(rotator, safe.account)).toMatchObject({ code: 'PAM6004', reason: expect.stringContaining('selfRotate') });
    await using itself = await asItself(safe);
    expect(await set(itself, safe.account)).toEqual({ outcome: 'done' });

    const fixed = await underPolicy({ pwdAllowUserChange: 'FALSE' });
    await using other = await asItself(fixed);
    expect(await set(other, fixed.account)).toMatchObject({ outcome: 'refused', code: 'PAM6004' });
  });

  test('an account may not change another one', async () => {
    const [one, two] = [await makeUser(server), await makeUser(server)];
    const credential = { ...one.account, address: 'PamUser/one' as const, secret: one.secret };
    await using provider = await ldapModule.open(ldapsTarget(server), credential, OPTIONS);
    expect(await set(provider, two.account)).toMatchObject({ outcome: 'refused', code: 'PAM6004', retryable: false });
    expect(await provider.prove(two.account, two.secret)).toMatchObject({ answer: 'accepted' });
  });

  test('an account whose password was changed behind its back changes nothing', async () => {
    const user = await makeUser(server);
    await using itself = await asItself(user);
    await using rotator = await asRotator();
    const foreign = freshSecret();
    await set(rotator, user.account, foreign);
    expect(await set(itself, user.account)).toMatchObject({ outcome: 'refused', code: 'PAM6006' });
    expect(await rotator.prove(user.account, foreign)).toMatchObject({ answer: 'accepted' });
  });

  test('an account goes on with the secret that it has set', async () => {
    const user = await makeUser(server);
    const [first, second] = [freshSecret(), freshSecret()];
    await using provider = await asItself(user);
    for (const secret of [first, first, second]) expect(await set(provider, user.account, secret)).toEqual({ outcome: 'done' });
    expect(await provider.prove(user.account, second)).toMatchObject({ answer: 'accepted' });
  });

  test('a bind without TLS is refused by its rule, and not as a wrong secret', async () => {
    const opened = ldapModule.open(plainTarget(strict), credentialOf(strict.rotator), OPTIONS);
    await expect(opened).rejects.toMatchObject({ code: 'PAM6012', spent: false });
  });

  test('an oracle that may not read hashes knows nothing', async () => {
    const [one, two] = [await makeUser(server), await makeUser(server)];
    const credential = { ...one.account, address: 'PamUser/one' as const, secret: one.secret };
    await using provider = await ldapModule.open(ldapsTarget(server), credential, OPTIONS);
    if (!hasOracle(provider)) throw new Error('no oracle');
    expect(await provider.identify(two.account, [{ id: 'a', secret: two.secret }])).toMatchObject({ live: 'unknown' });
  });

  test('a name that is no distinguished name reaches no server', async () => {
    await using rotator = await asRotator();
    for (const dn of ['EXTERNAL', 'app', '', '*']) {
      await expect(rotator.inspect(accountOf(dn))).rejects.toMatchObject({ code: 'PAM6005' });
      expect(await set(rotator, accountOf(dn))).toMatchObject({ outcome: 'refused', code: 'PAM6005' });
      expect(await rotator.prove(accountOf(dn), freshSecret())).toMatchObject({ answer: 'cannot-tell', code: 'PAM6005' });
    }
    expect(await rotator.inspect(accountOf('cn=a,,b'))).toMatchObject({ exists: false });
  });

  test('an empty secret would log in as nobody, and is not tried', async () => {
    const { account } = await makeUser(server);
    await using rotator = await asRotator();
    for (const secret of [Secret.fromText(''), Secret.fromText('a\0b'), Secret.fromBytes(Buffer.from([0xff, 0xfe]))]) {
      expect(await rotator.prove(account, secret)).toMatchObject({ answer: 'cannot-tell', spent: false });
      expect(await set(rotator, account, secret)).toMatchObject({ outcome: 'refused', code: 'PAM6007' });
    }
    expect(await server.bindsOf(dnOf(account))).toBe(0);
  });

  test('no secret stands in the log of the server', async () => {
    const user = await makeUser(server);
    const [fresh, own] = [freshSecret(), freshSecret()];
    await using rotator = await asRotator();
    await set(rotator, user.account, fresh);
    await using itself = await asItself({ ...user, secret: fresh });
    await set(itself, user.account, own);
    await itself.prove(user.account, own);
    const log = await server.log();
    expect(log).toContain('PASSMOD');
    expect(leaks(log, user.secret, fresh, own)).toEqual([]);
  });
});
