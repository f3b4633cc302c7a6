import { randomUUID } from 'node:crypto';
import { Client } from 'ldapts';
import { afterAll, describe, expect, test } from 'vitest';
import { vaultRows } from '../../cli/vault-rows.ts';
import { hasServer } from '../../servers/missing.ts';
import { makeSlapd, type Slapd } from './openldap.ts';
import { type Fleet, makeFleet, slapdDirectory } from './scene.ts';

interface Report {
  readonly findings: readonly { class: string; address: string; what?: string; login?: string; since?: string }[];
  readonly live: { readonly accounts: number; readonly notes: readonly { address: string; message: string }[] };
  readonly exit: number;
}

/** Operations that change something, as slapd logs them. */
const WRITING = / (?:ADD|MOD|MODRDN|DEL|PASSMOD) /;

describe.runIf(hasServer('slapd'))('pam drift --live on OpenLDAP', () => {
  const servers: Slapd[] = [];
  afterAll(async () => {
    await Promise.all(servers.map((server) => server.stop()));
  });

  async function start(options: Parameters<typeof makeSlapd>[0] = {}): Promise<Slapd> {
    const server = await makeSlapd(options);
    servers.push(server);
    return server;
  }

  /** Shows too that nothing was written: not to the vault, not to the directory; nor did an account log in. */
  async function drift(fleet: Fleet, server: Slapd, args: readonly string[] = []): Promise<Report> {
    const binds = async () => Promise.all((await fleet.stored()).map(({ dn }) => server.bindsOf(dn)));
    await settled(server);
    const [rows, log, before] = [vaultRows(fleet.project.vaultFile), (await server.log()).length, await binds()];
    const result = await fleet.project.pam(['drift', '--live', '--json', ...args]);
    expect(vaultRows(fleet.project.vaultFile)).toEqual(rows);
    await settled(server);
    const since = (await server.log()).slice(log);
    expect(since).toContain('SRCH');
    expect(since).not.toMatch(WRITING);
    expect(await binds()).toEqual(before);
    const report = result.json<Report>();
    expect(result.code, result.stdout + result.stderr).toBe(report.exit);
    return report;
  }
  const told = (report: Report) => report.findings.map((f) => `${f.class} ${f.address} ${f.what} ${f.login ?? ''}`.trim());

  test('each thing that was done by hand is told, nothing is written, and mended there is nothing to tell', async () => {
    const server = await start();
    await using fleet = await makeFleet(slapdDirectory(server), 6);
    await fleet.apply();
    expect(await server.log()).toMatch(WRITING);
    expect(await drift(fleet, server, ['--coverage'])).toMatchObject({ findings: [], exit: 0, live: { accounts: 7, notes: [] } });

    const accounts = await fleet.stored();
    const [disabled, locked, gone, changed, reset] = accounts.map(({ dn }) => dn) as [string, string, string, string, string];
    await server.set(disabled, { pwdAccountLockedTime: '000001010000Z' });
    await server.set(locked, { pwdAccountLockedTime: '20260101000000Z' });
    await asRoot(server, (client) => client.del(gone));
    await server.set(changed, { userPassword: 'by-hand' });
    await server.set(reset, { pwdReset: 'TRUE' });
    await server.addUser('stranger');

    const report = await drift(fleet, server, ['--coverage']);
    expect(told(report)).toEqual([
      'drift PamUser/app-1 disabled',
      'drift PamUser/app-2 locked',
      'drift PamUser/app-3 absent',
      'drift PamUser/app-4 secret-changed',
      'drift PamUser/app-5 must-change',
      'unmanaged PamDirectory/people undeclared stranger',
    ]);
    expect(report.exit).toBe(2);

    for (const dn of [disabled, locked]) await server.set(dn, { pwdAccountLockedTime: '' });
    await server.set(reset, { pwdReset: '' });
    await server.set(changed, { userPassword: accounts[3]?.secret.reveal() ?? '' });
    await asRoot(server, (client) => client.del('cn=stranger,ou=people,dc=pam,dc=test'));
    expect(await drift(fleet, server, ['--coverage', '--exclude', 'PamUser/app-3'])).toMatchObject({ findings: [], exit: 0 });

    // Made anew under its name, it is another account.
    await asRoot(server, (client) =>
      client.add(gone, { objectClass: ['inetOrgPerson'], cn: 'again', sn: 'again', userPassword: accounts[2]?.secret.reveal() ?? '' }),
    );
    expect(told(await drift(fleet, server))).toEqual(['drift PamUser/app-3 replaced']);
  });

  test('where no verifier may be read, the time of the last change tells', async () => {
    const server = await start({ rotator: '=w' });
    await using fleet = await makeFleet(slapdDirectory(server), 2);
    await fleet.apply();
    expect(await drift(fleet, server)).toMatchObject({ findings: [], exit: 0, live: { notes: [] } });
    const [first] = await fleet.stored();
    await server.set(first?.dn ?? '', { userPassword: 'by-hand' });
    await server.set(first?.dn ?? '', { pwdChangedTime: '20990101000000Z' });
    const report = await drift(fleet, server);
    expect(told(report)).toEqual(['drift PamUser/app-1 secret-changed']);
    expect(report.findings[0]?.since).toBe('2099-01-01T00:00:00.000Z');
  });
});

/** The log comes through a pipe: once this search is in it, everything before is. */
async function settled(server: Slapd): Promise<void> {
  const cn = `mark-${randomUUID()}`;
  await asRoot(server, async (client) => {
    await client.search('dc=pam,dc=test', { scope: 'sub', filter: `(cn=${cn})` });
  });
  await expect.poll(() => server.log(), { timeout: 10_000 }).toContain(cn);
}

async function asRoot(server: Slapd, work: (client: Client) => Promise<void>): Promise<void> {
  const client = new Client({
    url: `ldaps://127.0.0.1:${server.securePort}`,
    tlsOptions: { ca: server.ca.pem, checkServerIdentity: () => undefined },
  });
  try {
    await client.bind(server.root.dn, server.root.password);
    await work(client);
  } finally {
    await client.unbind();
  }
}
