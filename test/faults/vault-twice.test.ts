import { hostname } from 'node:os';
import { expect, test } from 'vitest';
import { readIdentityFile } from '../../src/vault/index.ts';
import { openLocalVault } from '../../src/vault/local/index.ts';
import { makeProject } from '../cli/project.ts';

test('a program that opens the vault again and again, as a worker may, leaves it whole while other processes write', async () => {
  await using project = await makeProject();
  const identities = await readIdentityFile(project.identityFile);
  const open = async () =>
    (await openLocalVault(project.vaultFile, { clock: Date.now, host: hostname(), actor: 'test' })).unlock(identities);
  await using first = await open();
  for (let i = 1; i <= 3; i++) {
    await using again = await open();
    expect((await again.snapshot()).records).toHaveLength(i - 1);
    const users = Array.from({ length: i }, (_, n) => ({
      apiVersion: 'pam/v1',
      kind: 'PamUser',
      metadata: { name: `user-${n}` },
      spec: { login: `user-${n}` },
    }));
    await project.declare(users);
    expect(await project.pam(['apply', '--auto-approve'])).toMatchObject({ code: 0 });
    await first.appendAudit([{ action: 'test.write' }]);
    expect((await first.snapshot()).records).toHaveLength(i);
  }
  expect(await project.pam(['list'])).toMatchObject({ code: 0 });
});
