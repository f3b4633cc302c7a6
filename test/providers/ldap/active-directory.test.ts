import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Secret } from '../../../src/model/index.ts';
import { ldapModule } from '../../../src/providers/ldap/index.ts';
import type { Account, Credential, Provider, Target } from '../../../src/providers/provider.ts';
import { leaks } from '../../contract/canary.ts';
import { freshSecret, newAttempt, type TestAccount } from '../../contract/provider-fixture.ts';
import { hasServer } from '../../servers/missing.ts';
import { accountByLogin, accountOf, credentialOf, type Domain, domainTarget, makeDomain, makeUser } from './active-directory.ts';
import { OPTIONS } from './openldap.ts';

/** 30 minutes, as durations are written there. */
const HALF_AN_HOUR = '-18000000000';

describe.runIf(hasServer('samba'))('Active Directory (Samba)', () => {
  /** The last password logs in for an hour, as it does by default. */
  let server: Domain;
  beforeAll(async () => {
    const lockout = { lockoutThreshold: '3', lockoutDuration: HALF_AN_HOUR, lockOutObservationWindow: HALF_AN_HOUR };
    server = await makeDomain({ oldPasswordMinutes: 60, domain: { pwdHistoryLength: '5', ...lockout } });
  });
  afterAll(() => server?.stop());

  const open = (credential: Credential | null = credentialOf(server.admin), target: Target = domainTarget(server)) =>
    ldapModule.open(target, credential, OPTIONS);
  const asItself = ({ account, secret }: TestAccount) => open({ ...account, secret });
  const set = (provider: Provider, account: Account, secret = freshSecret()) => provider.setSecret(account, secret, newAttempt());

  async function failLogins(account: Account, count: number): Promise<void> {
    await using provider = await open(null);
    for (let i = 0; i < count; i++) await provider.prove(account, freshSecret());
  }

  test.each(['ldaps', 'starttls'])('an administrator resets over %s', async (way) => {
    const { account } = await makeUser(server);
    const fresh = freshSecret();
    await using provider = await open(undefined, domainTarget(server, way === 'ldaps' ? 636 : 389));
    expect(await set(provider, account, fresh)).toEqual({ outcome: 'done' });
    expect(await provider.prove(account, fresh)).toMatchObject({ answer: 'accepted', method: 'ldap-bind' });
  });

  test('without TLS nothing is even connected', async () => {
    const opened = open(undefined, domainTarget(server, 389, { mode: 'disable' }));
    await expect(opened).rejects.toMatchObject({ code: 'PAM6002', spent: false });
  });

  test('an account is found by all of its names, and is the same one', async () => {
    const { account, user } = await makeUser(server);
    await using provider = await open();
    const { identity } = await provider.inspect(account);
    expect(identity).toMatch(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
    for (const login of [user.upn, `PAM\\${user.sam}`, `pam\\${user.sam.toUpperCase()}`, user.sam, user.dn]) {
      expect(await provider.inspect(accountByLogin(login)), login).toMatchObject({ exists: true, identity });
      const fresh = freshSecret();
      expect(await set(provider, accountByLogin(login), fresh), login).toEqual({ outcome: 'done' });
      expect(await provider.prove(accountByLogin(login), fresh), login).toMatchObject({ answer: 'accepted' });
    }
  });

  test('a name that came about by the sAMAccountName is found as well', async () => {
    const { user } = await makeUser(server);
    await server.set(user.dn, { userPrincipalName: '' });
    await using provider = await open();
    expect(await provider.inspect(accountByLogin(user.upn))).toMatchObject({ exists: true });
    expect(await provider.inspect(accountByLogin(`${user.sam}@other.test`))).toMatchObject({ exists: false });
  });

  test('names are no patterns', async () => {
    await using provider = await open();
    for (const login of ['*', 'PAM\\*', '*@pam.test', 'a)(objectClass=*', 'PAM\\a*)(cn=*', '\\2a@pam.test']) {
      expect(await provider.inspect(accountByLogin(login)).catch((error: { code: string }) => error.code), login).toSatisfy(
        (state) => state === 'PAM6005' || (state as { exists: boolean }).exists === false,
      );
    }
  });

  test('the same name in another domain is another account', async () => {
    const { user } = await makeUser(server);
    await using provider = await open();
    expect(await set(provider, accountByLogin(`OTHER\\${user.sam}`))).toMatchObject({ outcome: 'refused', code: 'PAM6005' });
  });

  test('an account may be named by its GUID, which stays when it is moved', async () => {
    const { account } = await makeUser(server);
    await using provider = await open();
    const { identity } = await provider.inspect(account);
    const byGuid = accountOf(`<GUID=${identity}>`);
    const fresh = freshSecret();
    expect(await set(provider, byGuid, fresh)).toEqual({ outcome: 'done' });
    expect(await provider.prove(account, fresh)).toMatchObject({ answer: 'accepted' });
  });

  test('a secret that is too weak, or was used before by the account itself, is refused by policy', async () => {
    const user = await makeUser(server);
    await using provider = await open();
    expect(await set(provider, user.account, Secret.fromText('abc'))).toMatchObject({
      outcome: 'refused',
      code: 'PAM6007',
      reason: expect.stringContaining('0000052D'),
    });
    await using itself = await asItself(user);
    expect(await set(itself, user.account)).toEqual({ outcome: 'done' });
    expect(await set(itself, user.account, user.secret)).toMatchObject({ outcome: 'refused', code: 'PAM6007' });
  });

  test('an account may not reset another one, until it is given the right to', async () => {
    const [rotator, other] = [await makeUser(server), await makeUser(server)];
    await using provider = await open(credentialOf(rotator.user));
    expect(await set(provider, other.account)).toMatchObject({ outcome: 'refused', code: 'PAM6004', retryable: false });
    await server.delegateReset(other.user, rotator.user);
    const fresh = freshSecret();
    expect(await set(provider, other.account, fresh)).toEqual({ outcome: 'done' });
    expect(await provider.prove(other.account, fresh)).toMatchObject({ answer: 'accepted' });
  });

  test('after a change the old password still logs in, and the new one is proved all the same', async () => {
    const user = await makeUser(server);
    await using provider = await open();
    const before = await provider.inspect(user.account);
    const fresh = freshSecret();
    await set(provider, user.account, fresh);
    expect(await provider.prove(user.account, user.secret)).toMatchObject({ answer: 'accepted' });
    expect(await provider.prove(user.account, fresh)).toMatchObject({ answer: 'accepted' });
    const after = await provider.inspect(user.account);
    expect(Date.parse(String(after.lastChangedAt))).toBeGreaterThan(Date.parse(String(before.lastChangedAt)));
  });

  test('a change by the account that has landed unseen is recognised when it is sent again', async () => {
    const user = await makeUser(server);
    const fresh = freshSecret();
    await using first = await asItself(user);
    expect(await set(first, user.account, fresh)).toEqual({ outcome: 'done' });
    // The old one lets the account in for an hour more, but nothing can be changed with it.
    await using second = await asItself(user);
    expect(await set(second, user.account, fresh)).toEqual({ outcome: 'done' });
    await using third = await asItself(user);
    expect(await set(third, user.account)).toMatchObject({
      outcome: 'refused',
      code: 'PAM6006',
      reason: expect.stringContaining('00000056'),
    });
    expect(await third.prove(user.account, fresh)).toMatchObject({ answer: 'accepted' });
  });

  test('what stands in the way of a right secret is told, and a wrong one stays wrong', async () => {
    await using provider = await open();
    const states: readonly [Readonly<Record<string, string>>, string][] = [
      [{ userAccountControl: '514' }, 'disabled'],
      [{ accountExpires: '132223104000000000' }, 'expired'],
      [{ pwdLastSet: '0' }, 'must be changed'],
      [{ userWorkstations: 'ELSEWHERE' }, 'this computer'],
    ];
    for (const [attributes, words] of states) {
      const { account, secret, user } = await makeUser(server);
      await server.set(user.dn, attributes);
      expect(await provider.prove(account, secret), words).toMatchObject({
        answer: 'accepted',
        restricted: expect.stringContaining(words),
      });
      expect(await provider.prove(account, freshSecret()), words).toMatchObject({ answer: 'refused', code: 'PAM6003' });
      await expect(open({ ...account, secret }), words).rejects.toMatchObject({ code: 'PAM6006', spent: false });
    }
  });

  test('a reset ends that the password must be changed', async () => {
    const { account, user } = await makeUser(server);
    await server.set(user.dn, { pwdLastSet: '0' });
    await using provider = await open();
    expect(await provider.inspect(account)).toMatchObject({ obstacles: [] });
    const fresh = freshSecret();
    await set(provider, account, fresh);
    expect(await provider.prove(account, fresh)).not.toHaveProperty('restricted');
  });

  test('of a locked account no secret is called wrong', async () => {
    const { account, secret } = await makeUser(server);
    await using provider = await open();
    expect(await provider.inspect(account)).toMatchObject({ locked: false, lockout: { maxFailures: 3, windowMs: 1_800_000 }, failures: 0 });
    await failLogins(account, 3);
    for (const any of [secret, freshSecret()]) {
      expect(await provider.prove(account, any)).toMatchObject({ answer: 'cannot-tell', code: 'PAM6006', spent: false });
    }
    const state = await provider.inspect(account);
    expect(state).toMatchObject({ locked: true });
    expect(state.obstacles).toHaveLength(1);
  });

  test('the global catalogue takes no changes', async () => {
    const { account } = await makeUser(server);
    await using provider = await open(undefined, domainTarget(server, 3269));
    expect(await set(provider, account)).toMatchObject({ outcome: 'refused', code: 'PAM6010', retryable: false });
  });

  test('no secret stands in the log of the server', async () => {
    const user = await makeUser(server);
    const [fresh, own] = [freshSecret(), freshSecret()];
    await using provider = await open();
    await set(provider, user.account, fresh);
    await using itself = await asItself({ ...user, secret: fresh });
    await set(itself, user.account, own);
    await provider.prove(user.account, own);
    const log = await server.log();
    expect(log).toContain(user.user.dn);
    expect(leaks(log, user.secret, fresh, own)).toEqual([]);
  });
});
