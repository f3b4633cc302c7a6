import { afterAll, beforeAll, describe } from 'vitest';
import { Secret } from '../../../src/model/index.ts';
import { explainBind, explainChange } from '../../../src/providers/ldap/failure.ts';
import { ldapModule } from '../../../src/providers/ldap/index.ts';
import type { Account, Credential, Proof, SetOutcome, Target } from '../../../src/providers/provider.ts';
import { freshSecret, newAttempt, type TestAccount } from '../../contract/provider-fixture.ts';
import { hasServer } from '../../servers/missing.ts';
import { type ErrorCase, errorTable, readErrorTable } from '../error-table.ts';
import { accountOf, credentialOf, type Domain, domainTarget, makeDomain, makeUser } from './active-directory.ts';
import { OPTIONS } from './openldap.ts';

const isHere = hasServer('samba');
const rows = readErrorTable(new URL('../../../src/providers/ldap/README.md', import.meta.url), 'Errors of Active Directory');

describe('Active Directory (Samba)', () => {
  /** Where the last password logs in for an hour, as it does by default. */
  let server: Domain;
  beforeAll(async () => {
    if (!isHere) return;
    server = await makeDomain({ oldPasswordMinutes: 60, domain: { pwdHistoryLength: '5', lockoutThreshold: '2' } });
  });
  afterAll(() => server?.stop());

  const answer = (code: number, text = '') => ({ code, text, policy: {} });
  const windows = (data: string) =>
    answer(49, `80090308: LdapErr: DSID-0C09042A, comment: AcceptSecurityContext error, data ${data}, v3839`);
  const unreached: Target = {
    address: 'PamDirectory/domain',
    type: 'active_directory',
    host: '',
    port: 0,
    tls: { mode: 'disable' },
    fields: {},
  };
  const bind = (given: ReturnType<typeof answer>) => ({ wire: () => explainBind(given, unreached) });
  const change = (given: ReturnType<typeof answer>, isSelf = false) => ({ wire: () => explainChange(given, isSelf) });

  async function prove(account: Account, secret = freshSecret()): Promise<Proof> {
    await using provider = await ldapModule.open(domainTarget(server), null, OPTIONS);
    return await provider.prove(account, secret);
  }
  async function set(
    account: Account,
    { secret = freshSecret(), as = credentialOf(server.admin), target = domainTarget(server) } = {},
  ): Promise<SetOutcome> {
    await using provider = await ldapModule.open(target, as, OPTIONS);
    return await provider.setSecret(account, secret, newAttempt());
  }
  const itself = ({ account, secret }: TestAccount): Credential => ({ ...account, secret });

  /** The right secret of an account that is in such a state. */
  async function proveIn(attributes: Readonly<Record<string, string>>): Promise<Proof> {
    const { account, secret, user } = await makeUser(server);
    await server.set(user.dn, attributes);
    return await prove(account, secret);
  }

  /** A change by an account whose password is too young for the whole domain. */
  async function setTooEarly(): Promise<SetOutcome> {
    const user = await makeUser(server);
    await server.set('DC=pam,DC=test', { minPwdAge: '-864000000000' });
    try {
      return await set(user.account, { as: itself(user) });
    } finally {
      await server.set('DC=pam,DC=test', { minPwdAge: '0' });
    }
  }

  const cases: Readonly<Record<string, ErrorCase>> = {
    'login: 0': { ...bind(answer(0)), shows: /ldap-bind/, live: () => proveIn({ description: 'nothing wrong' }) },
    'login: 49, data 52e': { ...bind(windows('52e')), shows: /\(49\)/, live: async () => prove((await makeUser(server)).account) },
    'login: 49, data 525': { ...bind(windows('525')), unseen: 'Samba says 52e, so that nobody learns which accounts exist' },
    'login: 49, data 530': { ...bind(windows('530')), shows: /data 530/, live: () => proveIn({ logonHours: '\0'.repeat(21) }) },
    'login: 49, data 531': { ...bind(windows('531')), shows: /data 531/, live: () => proveIn({ userWorkstations: 'ELSEWHERE' }) },
    'login: 49, data 532': { ...bind(windows('532')), unseen: 'Samba takes no notice of a maxPwdAge that is set while it runs' },
    'login: 49, data 533': { ...bind(windows('533')), shows: /data 533/, live: () => proveIn({ userAccountControl: '514' }) },
    'login: 49, data 701': { ...bind(windows('701')), shows: /data 701/, live: () => proveIn({ accountExpires: '132223104000000000' }) },
    'login: 49, data 773': { ...bind(windows('773')), shows: /data 773/, live: () => proveIn({ pwdLastSet: '0' }) },
    'login: 49, data 775': {
      ...bind(windows('775')),
      shows: /data 775/,
      live: async () => {
        const { account, secret } = await makeUser(server);
        for (let i = 0; i < 2; i++) await prove(account);
        return prove(account, secret);
      },
    },
    'login: 8': { ...bind(answer(8)), unseen: 'nothing is sent to a domain without TLS' },
    'login: 51': { ...bind(answer(51)), unseen: 'a server that is busy by design cannot be had' },

    'change: 0': { ...change(answer(0)), shows: /done/, live: async () => set((await makeUser(server)).account) },
    'change: 19, 0000052D, weak': {
      ...change(answer(19, '0000052D: Constraint violation')),
      shows: /\(19, 0000052D\)/,
      live: async () => set((await makeUser(server)).account, { secret: Secret.fromText('abc') }),
    },
    'change: 19, 0000052D, history': {
      ...change(answer(19, '0000052D: Constraint violation')),
      shows: /\(19, 0000052D\)/,
      live: async () => {
        const user = await makeUser(server);
        await using provider = await ldapModule.open(domainTarget(server), itself(user), OPTIONS);
        await provider.setSecret(user.account, freshSecret(), newAttempt());
        return await provider.setSecret(user.account, user.secret, newAttempt());
      },
    },
    'change: 19, 0000052D, minimum age': {
      ...change(answer(19, '0000052D: Constraint violation')),
      shows: /\(19, 0000052D\)/,
      live: setTooEarly,
    },
    'change: 53, 0000052D': {
      ...change(answer(53, '0000052D: SvcErr: DSID-031A12D2, problem 5003 (WILL_NOT_PERFORM), data 0')),
      unseen: 'Samba says 19',
    },
    'change: 19, 00000056': {
      ...change(answer(19, '00000056: AtrErr: DSID-03191083'), true),
      shows: /\(19, 00000056\)/,
      live: async () => {
        const user = await makeUser(server);
        await using provider = await ldapModule.open(domainTarget(server), itself(user), OPTIONS);
        await set(user.account);
        return await provider.setSecret(user.account, freshSecret(), newAttempt());
      },
    },
    'change: 19, 00000056, landed': {
      shows: /done/,
      live: async () => {
        const user = await makeUser(server);
        const secret = freshSecret();
        await set(user.account, { secret, as: itself(user) });
        return set(user.account, { secret, as: itself(user) });
      },
    },
    'change: 50, 00000005': {
      ...change(answer(50, '00000005: SecErr: DSID-031A1190')),
      shows: /\(50/,
      live: async () => set((await makeUser(server)).account, { as: itself(await makeUser(server)) }),
    },
    'change: 53, 0000001F': {
      ...change(answer(53, '0000001F: SvcErr: DSID-031A126C, problem 5003 (WILL_NOT_PERFORM), data 0')),
      unseen: 'nothing is sent to a domain without TLS',
    },
    'change: 53, global catalogue': {
      ...change(answer(53, 'cannot be done on the Global Catalog port')),
      shows: /\(53/,
      live: async () => set((await makeUser(server)).account, { target: domainTarget(server, 3269) }),
    },
    'change: 32': { ...change(answer(32)), shows: /does not exist/, live: () => set(accountOf('CN=nobody,CN=Users,DC=pam,DC=test')) },
    'change: 10': { ...change(answer(10)), unseen: 'Samba says 32' },
    'change: 51': { ...change(answer(51)), unseen: 'a server that is busy by design cannot be had' },
    'change: 52': { ...change(answer(52)), unseen: 'a server that is going down answers nothing any more' },
  };

  errorTable(rows, isHere, cases);
});
