import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readTree } from '../../cli/project.ts';
import { leaks } from '../../contract/canary.ts';
import { hasServer } from '../../servers/missing.ts';
import { makeDomain } from './active-directory.ts';
import { makeSlapd, type Slapd } from './openldap.ts';
import { type Directory, domainDirectory, expectConverged, makeFleet, slapdDirectory } from './scene.ts';

function suite(name: string, isHere: boolean, start: () => Promise<Directory & AsyncDisposable>): void {
  // Side by side, since a recovery waits until a lost request has run out.
  describe.runIf(isHere).concurrent(`${name} through pam`, () => {
    let directory: Directory & AsyncDisposable;
    beforeAll(async () => {
      directory = await start();
    });
    afterAll(() => directory?.[Symbol.asyncDispose]());

    test('fifty accounts are rotated by an administrator, once, and nothing tells a secret', async () => {
      await using fleet = await makeFleet(directory, 50);
      // The driver would print whole requests.
      const said = await fleet.apply({ env: { NODE_DEBUG: 'ldapts' } });
      expect(said).toContain('LDAPTS');
      await expectConverged(fleet, directory);
      const before = await fleet.stored();
      await fleet.apply();
      const after = await fleet.stored();
      expect(after.map(({ secret }, i) => before[i] !== undefined && secret.equals(before[i].secret))).not.toContain(false);
      const written = `${said}\n${await directory.log()}\n${await readTree(fleet.project.root)}`;
      expect(leaks(written, ...after.flatMap(({ first, secret }) => [first, secret]))).toEqual([]);
    }, 240_000);

    test('as pam left them, pam drift --live finds nothing', async () => {
      await using fleet = await makeFleet(directory, 2);
      await fleet.apply();
      const { code, stdout, stderr } = await fleet.project.pam(['drift', '--live', '--prove']);
      expect(code, stdout + stderr).toBe(0);
      expect(stdout).toContain('Looked at 3 accounts on 1 target, 3 proved.');
    });

    test('accounts rotate themselves', async () => {
      await using fleet = await makeFleet(directory, 2, { selfRotate: true });
      await fleet.apply();
      await expectConverged(fleet, directory);
    });

    test.for(['rotate.armed', 'rotate.answered', 'rotate.proved'])(
      'an apply killed at %s is finished by the next one',
      async (failpoint) => {
        await using fleet = await makeFleet(directory, 1);
        const killed = await fleet.project.pam(['apply', '--auto-approve'], { env: { PAM_TEST_FAILPOINT: failpoint } });
        expect(killed.signal, killed.stdout + killed.stderr).toBe('SIGKILL');
        await fleet.apply();
        await expectConverged(fleet, directory);
      },
    );

    test('an account that was killed while it changed itself is finished by the next apply', async () => {
      await using fleet = await makeFleet(directory, 1, { selfRotate: true });
      const killed = await fleet.project.pam(['apply', '--auto-approve'], { env: { PAM_TEST_FAILPOINT: 'rotate.answered' } });
      expect(killed.signal, killed.stdout + killed.stderr).toBe('SIGKILL');
      await fleet.apply();
      await expectConverged(fleet, directory);
    });
  });
}

suite('OpenLDAP', hasServer('slapd'), async () => slapdDirectory(await makeSlapd()));

// Where the last password logs in for an hour, as it does by default.
suite('Active Directory (Samba)', hasServer('samba'), async () =>
  domainDirectory(await makeDomain({ oldPasswordMinutes: 60, domain: { pwdHistoryLength: '5' } })),
);

describe.runIf(hasServer('slapd')).concurrent('a rotator that may write passwords and not read them', () => {
  const servers: Slapd[] = [];
  const start = async (policy: Readonly<Record<string, string>>) => {
    const server = await makeSlapd({ rotator: '=w', policy });
    servers.push(server);
    return server;
  };
  afterAll(async () => {
    await Promise.all(servers.map((server) => server.stop()));
  });

  // Nothing but the account itself can tell then whether an unanswered request has landed.
  test.for([
    [{ pwdInHistory: '3' }, 'that the account has it already'],
    [{ pwdMinAge: '3600' }, 'that it comes too soon'],
  ] as const)('under %j the answer to the request that is sent again is %s, and the same secret becomes current', async ([policy]) => {
    const server = await start(policy);
    const addUser = async () => {
      const user = await server.addUser();
      await server.set(user.dn, { pwdChangedTime: '20200101000000Z' });
      return user;
    };
    const directory = { ...slapdDirectory(server), addUser };
    await using fleet = await makeFleet(directory, 1);
    const killed = await fleet.project.pam(['apply', '--auto-approve'], { env: { PAM_TEST_FAILPOINT: 'rotate.answered' } });
    expect(killed.signal, killed.stdout + killed.stderr).toBe('SIGKILL');
    await fleet.apply();
    const log = await server.log();
    expect(log.split('PASSMOD id=').length - 1).toBe(2);
    // The new secret is tried first, since an old one may live on in a directory: no login is spent.
    expect(log.match(/RESULT tag=97 err=49/g) ?? []).toEqual([]);
    await expectConverged(fleet, directory);
  });
});
