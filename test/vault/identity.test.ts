import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import {
  createSealer,
  generateIdentity,
  parseIdentities,
  readIdentityFile,
  recipientOf,
  writeIdentityFile,
} from '../../src/vault/index.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'pam-identity-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

test('what is sealed to a recipient is opened by its identity', async () => {
  const pair = await generateIdentity();
  expect(pair.identity).toMatch(/^AGE-SECRET-KEY-1/);
  expect(await recipientOf(pair.identity)).toBe(pair.recipient);
  const sealed = await createSealer([pair.recipient], []).seal(Buffer.from('text'));
  expect(Buffer.from(await createSealer([], [pair.identity]).open(sealed)).toString()).toBe('text');
});

test('an identity file is private, has the form of age-keygen, and is never overwritten', async () => {
  const pair = await generateIdentity();
  const path = join(folder, 'identity.txt');
  await writeIdentityFile(path, pair, '2026-03-01T12:00:00.000Z');
  expect(statSync(path).mode & 0o777).toBe(0o600);
  expect(await readIdentityFile(path)).toEqual([pair.identity]);
  await expect(writeIdentityFile(path, pair, '2026-03-01T12:00:00.000Z')).rejects.toMatchObject({ code: 'PAM5017' });
});

test('reads many identities between comments, blank lines and CRLF', async () => {
  const [a, b] = [await generateIdentity(), await generateIdentity()];
  const text = `# created: 2026\r\n# public key: ${a.recipient}\r\n${a.identity}\r\n\r\n  # second\n${b.identity}`;
  expect(parseIdentities(text, 'PAM_IDENTITY')).toEqual([a.identity, b.identity]);
});

test('tells the line that is no identity, and never repeats it', async () => {
  const { recipient, identity } = await generateIdentity();
  for (const line of [recipient, `${identity} trailing`, 'hunter2 is my password']) {
    const path = join(folder, 'file');
    writeFileSync(path, `# comment\n${line}\n`);
    const error: unknown = await readIdentityFile(path).catch((e: unknown) => e);
    expect(error).toMatchObject({ code: 'PAM5017', message: expect.stringContaining('line 2') });
    expect(`${error} ${JSON.stringify(error)}`).not.toContain(line.slice(0, 12));
  }
});

test('an empty text, a missing file and a broken identity are errors', async () => {
  expect(() => parseIdentities('# nothing\n', 'PAM_IDENTITY')).toThrow(expect.objectContaining({ code: 'PAM5017' }));
  await expect(readIdentityFile(join(folder, 'missing'))).rejects.toMatchObject({ code: 'PAM5017' });
  const { identity } = await generateIdentity();
  const broken = identity.slice(0, -1) + (identity.endsWith('Q') ? 'P' : 'Q');
  const error: unknown = await recipientOf(broken).catch((e: unknown) => e);
  expect(error).toMatchObject({ code: 'PAM5017' });
  expect(`${error} ${(error as Error).cause}`).not.toContain(broken.slice(0, 30));
});
