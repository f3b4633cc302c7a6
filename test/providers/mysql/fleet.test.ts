import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Secret } from '../../../src/model/index.ts';
import { makeProject, readTree, type TestProject } from '../../cli/project.ts';
import { vaultRows } from '../../cli/vault-rows.ts';
import { leaks } from '../../contract/canary.ts';
import { freshSecret } from '../../contract/provider-fixture.ts';
import { accountOf, makeAccount, OPTIONS, type Place, serverKinds, startPlace, targetOf } from './fixture.ts';

const COUNT = 50;

for (const kind of serverKinds()) {
  describe(`a fleet of ${kind} accounts through pam`, () => {
    let place: Place;
    beforeAll(async () => {
      place = await startPlace(kind);
    });
    afterAll(() => place?.server.stop());

    interface Fleet extends AsyncDisposable {
      readonly project: TestProject;
      readonly logins: readonly string[];
      readonly first: readonly Secret[];
    }

    async function makeFleet(prefix: string, count: number, rotation: object = {}): Promise<Fleet> {
      const secrets = Array.from({ length: count }, freshSecret);
      const logins = secrets.map((_, i) => (i % 2 === 0 ? `${prefix}_${i}` : `${prefix}_${i}@127.0.0.%`));
      for (const [i, login] of logins.entries()) await makeAccount(place.server, { login, secret: secrets[i] as Secret });
      const env = Object.fromEntries(secrets.map((secret, i) => [`SECRET_${i}`, secret.reveal()]));
      const project = await makeProject({ ...env, ADMIN: place.admin.secret.reveal() });
      await project.write('manifests/ca.pem', place.tls.ca ?? '');
      const user = (name: string, spec: object) => ({
        apiVersion: 'pam/v1',
        kind: 'PamUser',
        metadata: { name },
        spec: { resource: 'PamDatabase/db', ...spec },
      });
      await project.declare([
        { apiVersion: 'pam/v1', kind: 'PamConfiguration', metadata: { name: 'net' }, spec: { type: 'network' } },
        {
          apiVersion: 'pam/v1',
          kind: 'PamDatabase',
          metadata: { name: 'db' },
          spec: {
            configuration: 'net',
            databaseType: kind,
            host: place.server.host,
            port: place.server.port,
            tls: { mode: 'verify-full', ca: './ca.pem' },
            adminCredential: 'admin',
          },
        },
        user('admin', { login: place.admin.login, password: { fromEnv: 'ADMIN' } }),
        ...logins.map((login, i) =>
          user(`app-${i}`, {
            login,
            password: { fromEnv: `SECRET_${i}` },
            rotation: { type: 'general', schedule: { onDemand: true }, initial: 'now', ...rotation },
          }),
        ),
      ]);
      return { project, logins, first: secrets, [Symbol.asyncDispose]: () => project[Symbol.asyncDispose]() };
    }

    async function stored({ project, logins }: Fleet): Promise<Secret[]> {
      return project.readVault(async (vault) => {
        const { records } = await vault.snapshot();
        const secrets: Secret[] = [];
        for (const i of logins.keys()) {
          const record = records.find(({ address }) => address === `PamUser/app-${i}`);
          const current = record?.versions.find(({ state }) => state === 'current');
          if (record === undefined || current === undefined) throw new Error(`nothing is stored for app-${i}`);
          secrets.push(await vault.readSecret({ record: record.id, field: 'password', version: current.id }));
        }
        return secrets;
      });
    }

    async function expectLive(logins: readonly string[], secrets: readonly Secret[], answer: string): Promise<void> {
      await using provider = await place.module.open(targetOf(place.server, place.tls), null, OPTIONS);
      for (const [i, login] of logins.entries()) {
        expect(await provider.prove(accountOf(login), secrets[i] as Secret), login).toMatchObject({ answer });
      }
    }

    test('what was done by hand is told by pam drift --live, which writes nothing', async () => {
      await using fleet = await makeFleet('moved', 4);
      expect(await fleet.project.pam(['apply', '--auto-approve'])).toMatchObject({ code: 0 });
      const drift = async () => {
        const rows = vaultRows(fleet.project.vaultFile);
        const result = await fleet.project.pam(['drift', '--live', '--json']);
        expect(vaultRows(fleet.project.vaultFile)).toEqual(rows);
        return result;
      };
      expect(await drift()).toMatchObject({ code: 0 });
      await place.server.query("ALTER USER 'moved_0'@'%' ACCOUNT LOCK");
      await place.server.query(`SET PASSWORD FOR 'moved_1'@'127.0.0.%' = ${byHand(kind)}`);
      await place.server.query("DROP USER 'moved_2'@'%'");
      await place.server.query("ALTER USER 'moved_3'@'127.0.0.%' PASSWORD EXPIRE");
      const moved = await drift();
      expect(moved.code, moved.stdout + moved.stderr).toBe(2);
      expect(moved.json<{ findings: { address: string; what: string }[] }>().findings.map((f) => `${f.address} ${f.what}`)).toEqual([
        'PamUser/app-0 disabled',
        'PamUser/app-1 secret-changed',
        'PamUser/app-2 absent',
        'PamUser/app-3 must-change',
      ]);
    });

    test('fifty passwords are rotated by an administrator, and nothing a second time', async () => {
      await using fleet = await makeFleet('fleet', COUNT);
      const { project, logins, first } = fleet;
      const applied = await project.pam(['apply', '--auto-approve']);
      expect(applied, applied.stdout + applied.stderr).toMatchObject({ code: 0 });
      const rotated = await stored(fleet);
      expect(new Set(rotated.map((secret) => secret.reveal())).size).toBe(COUNT);
      await expectLive(logins, rotated, 'accepted');
      await expectLive(logins, first, 'refused');
      expect(await project.pam(['plan', '--detailed-exitcode'])).toMatchObject({ code: 0 });
      expect(await project.pam(['apply', '--auto-approve'])).toMatchObject({ code: 0 });
      expect((await stored(fleet)).map((secret) => secret.reveal())).toEqual(rotated.map((secret) => secret.reveal()));

      const written = `${applied.stdout}${applied.stderr}${await readTree(join(project.root, '.pam'))}`;
      expect(leaks(written, ...first, ...rotated)).toEqual([]);
      expect(leaks(await place.server.diskText(), ...rotated)).toEqual([]);
    }, 240_000);

    test('accounts rotate their own passwords', async () => {
      await using fleet = await makeFleet('self', 2, { selfRotate: true });
      const { project, logins, first } = fleet;
      const applied = await project.pam(['apply', '--auto-approve']);
      expect(applied, applied.stdout + applied.stderr).toMatchObject({ code: 0 });
      await expectLive(logins, await stored(fleet), 'accepted');
      await expectLive(logins, first, 'refused');
      expect(await project.pam(['plan', '--detailed-exitcode'])).toMatchObject({ code: 0 });
    });
  });
}

function byHand(kind: string): string {
  return kind === 'mariadb' ? "PASSWORD('by-hand-1')" : "'by-hand-1'";
}
