import { afterAll, beforeAll, describe } from 'vitest';
import { Secret } from '../../../src/model/index.ts';
import { explainBind, explainChange } from '../../../src/providers/ldap/failure.ts';
import { ldapModule } from '../../../src/providers/ldap/index.ts';
import type { Account, Credential, Proof, SetOutcome, Target } from '../../../src/providers/provider.ts';
import { freshSecret, newAttempt, type TestAccount } from '../../contract/provider-fixture.ts';
import { hasServer } from '../../servers/missing.ts';
import { type ErrorCase, errorTable, readErrorTable } from '../error-table.ts';
import { accountOf, credentialOf, ldapsTarget, makeSlapd, makeUser, OPTIONS, plainTarget, type Slapd, targetOf } from './openldap.ts';

const isHere = hasServer('slapd');
const rows = readErrorTable(new URL('../../../src/providers/ldap/README.md', import.meta.url), 'Errors of OpenLDAP');

/** A tree that lies on a server which is gone (port 1), and one for which the server names another one. */
const GONE = 'dc=gone,dc=test';
const ELSEWHERE = 'cn=elsewhere,ou=people,dc=pam,dc=test';

describe('OpenLDAP', () => {
  /** `changed` is started again with other settings by each row that needs some. */
  let server: Slapd;
  let changed: Slapd;
  beforeAll(async () => {
    if (!isHere) return;
    const gone = [
      'referral ldap://ldap2.example.internal',
      'moduleload back_ldap',
      'database ldap',
      `suffix "${GONE}"`,
      'uri "ldap://127.0.0.1:1"',
    ];
    [server, changed] = await Promise.all([
      makeSlapd({ config: ['security simple_bind=128', ...gone], overlay: ['ppolicy_use_lockout'] }),
      makeSlapd(),
    ]);
    await server.addUser('elsewhere', '', { objectClass: ['referral', 'extensibleObject'], ref: 'ldap://ldap2.example.internal' });
  });
  afterAll(async () => {
    await server?.stop();
    await changed?.stop();
  });

  const answer = (code: number, policy = {}, text = '') => ({ code, text, policy });
  const bind = (code: number, policy = {}) => ({ wire: () => explainBind(answer(code, policy), targetOf(0, { mode: 'disable' })) });
  const change = (code: number, policy = {}, text = '', isSelf = false) => ({
    wire: () => explainChange(answer(code, policy, text), isSelf),
  });
  const dnOf = (account: Account) => String(account.fields['distinguishedName']);

  async function prove(account: Account, secret = freshSecret(), target: Target = ldapsTarget(server)): Promise<Proof> {
    await using provider = await ldapModule.open(target, null, OPTIONS);
    return await provider.prove(account, secret);
  }
  async function set(
    account: Account,
    { secret = freshSecret(), as = credentialOf(server.rotator), target = ldapsTarget(server) } = {},
  ): Promise<SetOutcome> {
    await using provider = await ldapModule.open(target, as, OPTIONS);
    return await provider.setSecret(account, secret, newAttempt());
  }
  const itself = ({ account, secret }: TestAccount): Credential => ({ ...account, secret });

  /** A user under a policy of its own, with further attributes. */
  async function user(
    policy: Readonly<Record<string, string>> = {},
    attributes: Readonly<Record<string, string>> = {},
  ): Promise<TestAccount> {
    const made = await makeUser(server);
    await server.set(dnOf(made.account), { pwdPolicySubentry: await server.addPolicy(policy), ...attributes });
    return made;
  }
  const ANCIENT = { pwdChangedTime: '20200101000000Z' };
  const absent = accountOf('cn=nobody,ou=people,dc=pam,dc=test');
  const NO_DN = accountOf('cn=a,,b');

  const cases: Readonly<Record<string, ErrorCase>> = {
    'login: 0': {
      ...bind(0),
      shows: /ldap-bind/,
      live: async () => {
        const { account, secret } = await user();
        return prove(account, secret);
      },
    },
    'login: 0, control 2': {
      ...bind(0, { error: 2 }),
      shows: /must be changed/,
      live: async () => {
        const { account, secret } = await user({ pwdMustChange: 'TRUE' }, { pwdReset: 'TRUE' });
        return prove(account, secret);
      },
    },
    'login: 0, grace': {
      ...bind(0, { graceLoginsLeft: 1 }),
      shows: /\d more logins/,
      live: async () => {
        const { account, secret } = await user({ pwdMaxAge: '60', pwdGraceAuthNLimit: '3' }, ANCIENT);
        return prove(account, secret);
      },
    },
    'login: 49': { ...bind(49), shows: /\(49\)/, live: async () => prove((await user()).account) },
    'login: 49, control 0': {
      ...bind(49, { error: 0 }),
      shows: /has expired"/,
      live: async () => {
        const { account, secret } = await user({ pwdMaxAge: '60' }, ANCIENT);
        return prove(account, secret);
      },
    },
    'login: 49, control 1': {
      ...bind(49, { error: 1 }),
      shows: /is locked/,
      live: async () => {
        const { account, secret } = await user({ pwdLockout: 'TRUE' }, { pwdAccountLockedTime: '000001010000Z' });
        return prove(account, secret);
      },
    },
    'login: 7': { ...bind(7), unseen: 'slapd says 53 where simple binds are turned off' },
    'login: 8': { ...bind(8), unseen: 'slapd lets the bind through, and says it to what comes after' },
    'login: 10': { ...bind(10), unseen: 'OpenLDAP says 49 to a bind below a referral' },
    'login: 13': {
      ...bind(13),
      shows: /\(13\)/,
      live: async () => {
        const { account, secret } = await user();
        return prove(account, secret, plainTarget(server));
      },
    },
    'login: 19': { ...bind(19), unseen: '389 Directory Server says it' },
    'login: 32': { ...bind(32), unseen: 'OpenLDAP says 49, so that nobody learns which accounts exist' },
    'login: 34': { ...bind(34), shows: /\(34\)/, live: async () => prove(NO_DN) },
    'login: 48': { ...bind(48), unseen: 'OpenLDAP says 49, so that nobody learns which accounts exist' },
    'login: 51': { ...bind(51), unseen: 'a server that is busy by design cannot be had' },
    'login: 52': { ...bind(52), shows: /\(52\)/, live: async () => prove(accountOf(`cn=app,${GONE}`)) },
    'login: 53': {
      ...bind(53),
      shows: /\(53\)/,
      live: async () => {
        await changed.restart({ config: ['disallow bind_simple'] });
        return prove(absent, undefined, ldapsTarget(changed));
      },
    },
    'login: 80': { ...bind(80), unseen: 'a failure inside the server cannot be had by design' },

    'change: 0': { ...change(0), shows: /done/, live: async () => set((await user()).account) },
    'change: 19, not being changed': {
      ...change(0),
      shows: /done/,
      live: async () => {
        const { account } = await user({ pwdInHistory: '3' });
        const secret = freshSecret();
        await set(account, { secret });
        return set(account, { secret });
      },
    },
    'change: 19': {
      ...change(19),
      shows: /a rule of the server.*\(19\)/,
      live: async () => {
        const rule = ['overlay constraint', 'constraint_attribute userPassword regex ^nothing$'];
        await changed.restart({ config: ['moduleload constraint'], overlay: rule });
        const rotator = credentialOf(changed.rotator);
        return set(rotator, { as: rotator, target: ldapsTarget(changed) });
      },
    },
    'change: 19, control 5': {
      ...change(19, { error: 5 }),
      shows: /quality.*\(19\)/,
      // What comes hashed cannot be looked at, and `pwdCheckQuality: 2` does not let it pass.
      live: async () => set((await user({ pwdCheckQuality: '2' })).account, { secret: Secret.fromText('{SSHA}c29tZXRoaW5nIGhhc2hlZA==') }),
    },
    'change: 19, control 6': {
      ...change(19, { error: 6 }),
      shows: /too short.*\(19\)/,
      live: async () => set((await user({ pwdCheckQuality: '2', pwdMinLength: '12' })).account, { secret: Secret.fromText('short') }),
    },
    'change: 19, control 7': {
      ...change(19, { error: 7 }),
      shows: /older first.*\(19\)/,
      live: async () => {
        const { account } = await user({ pwdMinAge: '3600' });
        await set(account);
        return set(account);
      },
    },
    'change: 19, control 8': {
      ...change(19, { error: 8 }),
      shows: /history.*\(19\)/,
      live: async () => {
        const { account, secret } = await user({ pwdInHistory: '3' });
        await set(account);
        return set(account, { secret });
      },
    },
    'change: 50, control 2': { ...change(50, { error: 2 }), unseen: 'slapd keeps such a session from everything but passwords' },
    'change: 50, control 3': {
      ...change(50, { error: 3 }),
      shows: /pwdAllowUserChange.*\(50\)/,
      live: async () => {
        const fixed = await user({ pwdAllowUserChange: 'FALSE' });
        return set(fixed.account, { as: itself(fixed) });
      },
    },
    'change: 50, control 4': {
      ...change(50, { error: 4 }),
      shows: /pwdSafeModify.*\(50\)/,
      live: async () => set((await user({ pwdSafeModify: 'TRUE' })).account),
    },
    'change: 50': { ...change(50), shows: /\(50\)/, live: async () => set((await user()).account, { as: itself(await user()) }) },
    'change: 32': { ...change(32), shows: /\(32\)/, live: async () => set(absent) },
    'change: 34': { ...change(34), unseen: 'OpenLDAP says 21 to such a name' },
    'change: 53, old password': {
      ...change(53, {}, '', true),
      shows: /old secret.*\(53\)/,
      live: async () => {
        const self = await user();
        await using provider = await ldapModule.open(ldapsTarget(server), itself(self), OPTIONS);
        await set(self.account);
        return await provider.setSecret(self.account, freshSecret(), newAttempt());
      },
    },
    'change: 53, read-only': {
      ...change(53, {}, 'operation restricted'),
      shows: /takes no changes.*\(53\)/,
      live: async () => {
        await changed.restart({ overlay: ['readonly on'] });
        return set(absent, { as: credentialOf(changed.rotator), target: ldapsTarget(changed) });
      },
    },
    'change: 53': { ...change(53), unseen: 'OpenLDAP says why' },
    'change: 10': {
      ...change(10),
      shows: /\(10\)/,
      live: async () => {
        return set(accountOf(`cn=app,${ELSEWHERE}`));
      },
    },
    'change: 13': {
      ...change(13),
      shows: /\(13\)/,
      live: async () => {
        await changed.restart({ config: ['security update_ssf=128'] });
        return set(absent, { as: credentialOf(changed.rotator), target: plainTarget(changed) });
      },
    },
    'change: 8': {
      ...change(8),
      shows: /\(8\)/,
      live: async () => {
        await changed.restart({ config: ['require SASL'] });
        return set(absent, { as: credentialOf(changed.rotator), target: ldapsTarget(changed) });
      },
    },
    'change: 51': { ...change(51), unseen: 'a server that is busy by design cannot be had' },
    'change: 21': { ...change(21), shows: /\(21\)/, live: async () => set(NO_DN) },
    'change: 3': { ...change(3), unseen: 'slapd has a time limit for searches only' },
    'change: 52': { ...change(52), shows: /\(52\)/, live: async () => set(accountOf(`cn=app,${GONE}`)) },
    'change: 80': { ...change(80), unseen: 'a failure inside the server cannot be had by design' },
  };

  errorTable(rows, isHere, cases);
});
