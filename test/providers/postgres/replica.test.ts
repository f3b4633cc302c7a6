import { afterAll, beforeAll, expect, test } from 'vitest';
import { postgresModule } from '../../../src/providers/postgres/index.ts';
import { hasOracle } from '../../../src/providers/provider.ts';
import { freshSecret, newAttempt, type TestAccount } from '../../contract/provider-fixture.ts';
import { type PostgresServer, startPostgres } from '../../servers/postgres.ts';
import { adminOf, makeRole, targetOf } from './fixture.ts';

let server: PostgresServer;
let role: TestAccount;
beforeAll(async () => {
  server = await startPostgres();
  role = await makeRole(server);
  await server.restart({ standby: true });
}, 60_000);
afterAll(() => server?.stop());

test('a replica is named as such, changes nothing and is not asked which secret is live', async () => {
  await using provider = await postgresModule.open(targetOf(server), adminOf(server), {
    connectTimeoutMs: 10_000,
    sessionName: 'pam-replica',
  });
  const { account, secret } = role;
  expect((await provider.inspect(account)).obstacles).toEqual([expect.stringContaining('replica')]);
  expect(await provider.setSecret(account, freshSecret(), newAttempt())).toMatchObject({
    outcome: 'refused',
    code: 'PAM6010',
    retryable: false,
  });
  if (!hasOracle(provider)) throw new Error('no oracle');
  expect(await provider.identify(account, [{ id: 'it', secret }])).toMatchObject({ live: 'unknown' });
  expect(await provider.prove(account, secret)).toMatchObject({ answer: 'accepted' });
});
