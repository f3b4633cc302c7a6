import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Secret } from '../../../src/model/index.ts';
import { ldapModule } from '../../../src/providers/ldap/index.ts';
import type { AccountState } from '../../../src/providers/provider.ts';
import { hasServer } from '../../servers/missing.ts';
import { makeDomain } from './active-directory.ts';
import { accountOf, makeSlapd, OPTIONS } from './openldap.ts';
import { type Directory, domainDirectory, type Fleet, makeFleet, slapdDirectory } from './scene.ts';

const THREE = { pwdLockout: 'TRUE', pwdMaxFailure: '3', pwdFailureCountInterval: '0', pwdLockoutDuration: '0' };

/** Promise 8: the third failed login locks. The default policy of OpenLDAP's overlay cannot be read from outside, that of a domain can. */
function suite(name: string, isHere: boolean, start: () => Promise<Directory & AsyncDisposable>): void {
  describe.runIf(isHere)(`${name} with a lockout threshold of 3`, () => {
    let directory: Directory & AsyncDisposable;
    beforeAll(async () => {
      directory = await start();
    });
    afterAll(() => directory?.[Symbol.asyncDispose]());

    async function asAdmin() {
      const { admin, target } = directory;
      const secret = Secret.fromText(admin.password);
      const fields = { distinguishedName: admin.dn };
      return ldapModule.open(target, { address: 'PamUser/admin', login: admin.login, field: 'password', secret, fields }, OPTIONS);
    }
    async function only(fleet: Fleet): Promise<string> {
      const [account] = await fleet.stored();
      if (account === undefined) throw new Error('no account');
      return account.dn;
    }
    async function stateOf(dn: string): Promise<AccountState> {
      await using provider = await asAdmin();
      return await provider.inspect(accountOf(dn));
    }
    async function changeByHand(dn: string): Promise<void> {
      await using provider = await asAdmin();
      const attempt = { rotationId: 'by-hand', timeoutMs: 10_000 };
      expect(await provider.setSecret(accountOf(dn), Secret.fromText('By-Hand-4711-xyzzy'), attempt)).toEqual({ outcome: 'done' });
    }
    async function expectOpen(dn: string, failures: number): Promise<void> {
      const state = await stateOf(dn);
      expect(state).toMatchObject({ exists: true, locked: false });
      expect(state.failures ?? 0).toBeLessThanOrEqual(failures);
    }

    test('verify, again and again, of a password that was changed by hand', async () => {
      await using fleet = await makeFleet(directory, 1);
      await fleet.apply();
      const dn = await only(fleet);
      await changeByHand(dn);
      for (let i = 0; i < 4; i += 1) expect((await fleet.project.pam(['verify', 'PamUser/app-1'])).code).not.toBe(0);
      await fleet.project.pam(['drift']);
      await expectOpen(dn, 2);
      // What verify found is repaired without one more.
      await fleet.apply();
      await expectOpen(dn, 0);
    });

    test('recoveries, killed and repeated, of an account that changes itself and was changed by hand', async () => {
      await using fleet = await makeFleet(directory, 1, { selfRotate: true });
      const killed = await fleet.project.pam(['apply', '--auto-approve'], { env: { PAM_TEST_FAILPOINT: 'rotate.armed' } });
      expect(killed.signal, killed.stdout + killed.stderr).toBe('SIGKILL');
      const dn = await fleet.project.withVault(async (vault) => {
        const record = (await vault.snapshot()).records.find((r) => r.address === 'PamUser/app-1');
        return String(record?.fields['distinguishedName']);
      });
      await changeByHand(dn);
      await fleet.project.pam(['recover'], { env: { PAM_TEST_FAILPOINT: 'rotate.proving' } });
      for (let i = 0; i < 2; i += 1) {
        expect((await fleet.project.pam(['apply', '--auto-approve'])).code).not.toBe(0);
        expect((await fleet.project.pam(['recover', 'PamUser/app-1'])).code).not.toBe(0);
      }
      await expectOpen(dn, 2);
    });

    test('one wrong password after the other in the environment', async () => {
      await using fleet = await makeFleet(directory, 1, { selfRotate: true });
      const text = await readFile(join(fleet.project.root, 'manifests/all.yaml'), 'utf8');
      const dn = String(JSON.parse(/"distinguishedName": (".*")/.exec(text)?.[1] ?? '""'));
      for (let version = 1; version <= 5; version += 1) {
        await fleet.project.write('manifests/all.yaml', text.replace('"fromEnv": "APP_1"', `"fromEnv": "APP_1", "version": ${version}`));
        expect((await fleet.project.pam(['apply', '--auto-approve'], { env: { APP_1: `wrong-${version}` } })).code).not.toBe(0);
      }
      await expectOpen(dn, 2);
    });
  });
}

suite('OpenLDAP', hasServer('slapd'), async () => slapdDirectory(await makeSlapd({ policy: THREE })));
suite('Active Directory (Samba)', hasServer('samba'), async () => domainDirectory(await makeDomain({ domain: { lockoutThreshold: '3' } })));
