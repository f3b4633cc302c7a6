import { appendFile, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { makeProject } from './project.ts';

/** Writes down what it has in its environment, and prints a secret. */
const SCRIPT = 'env > seen.txt; echo what-it-prints; echo what-it-whispers >&2';

test('a command that gives a secret has the environment of pam, but not what opens the vault', async () => {
  await using project = await makeProject({ TOKEN: 'of-the-password-manager' });
  const identity = /^AGE-SECRET-KEY-\S+$/m.exec(await readFile(project.identityFile, 'utf8'))?.[0] ?? '';
  await appendFile(join(project.root, 'pam.yaml'), `allowCommands: ${JSON.stringify([['/bin/sh', '-c', SCRIPT]])}\n`);
  const password = { fromCommand: ['/bin/sh', '-c', SCRIPT] };
  await project.declare([{ apiVersion: 'pam/v1', kind: 'PamUser', metadata: { name: 'kept' }, spec: { login: 'app', password } }]);
  const applied = await project.pam(['apply', '--auto-approve', '--verbose'], { env: { PAM_IDENTITY: identity } });
  expect(applied, applied.stdout + applied.stderr).toMatchObject({ code: 0 });
  expect(applied.stdout + applied.stderr).not.toMatch(/what-it-whispers|^what-it-prints$/m);
  const seen = await readFile(join(project.root, 'seen.txt'), 'utf8');
  expect(seen).toContain('TOKEN=of-the-password-manager');
  expect(seen).not.toContain('AGE-SECRET-KEY');
  expect(seen).not.toContain('PAM_IDENTITY');
  expect(await project.pam(['secret', 'get', 'PamUser/kept'])).toMatchObject({ code: 0, stdout: 'what-it-prints\n' });
});
