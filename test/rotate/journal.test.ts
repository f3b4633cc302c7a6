import { randomBytes, randomUUID } from 'node:crypto';
import { appendFile, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Secret } from '../../src/model/index.ts';
import { createJournal, type Journal, type JournalHead } from '../../src/rotate/journal.ts';
import { fileJournalStorage } from '../../src/rotate/journal-files.ts';
import { createSealer, generateIdentity } from '../../src/vault/index.ts';

let folder: string;
let journal: Journal;
let head: JournalHead;
const AT = '2027-01-01T00:00:00.000Z';
const PENDING = 'pending-Secret_1';

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pam-journal-'));
  const runner = await generateIdentity();
  const recovery = await generateIdentity();
  journal = createJournal(fileJournalStorage(folder), createSealer([runner.recipient, recovery.recipient], [runner.identity]), randomBytes);
  head = {
    rotationId: randomUUID(),
    lineage: randomUUID(),
    record: randomUUID(),
    address: 'PamUser/orders-app',
    field: 'password',
    reason: { type: 'initial' },
    startedAt: AT,
    login: 'orders_app',
    target: { address: 'PamDatabase/orders-db', host: 'db1' },
    candidates: [{ role: 'pending', version: randomUUID(), secret: Secret.fromText(PENDING) }],
  };
});

afterEach(() => rm(folder, { recursive: true, force: true }));

const file = () => join(folder, `${head.rotationId}.journal`);

async function entryWithNotes(): Promise<void> {
  const entry = await journal.open(head);
  await entry.note({ phase: 'armed', attempt: 1, at: AT, deadline: AT });
  await entry.note({ phase: 'acked', attempt: 1, at: AT });
}

test('gives back what was sealed, and the notes in order', async () => {
  await entryWithNotes();
  const read = await journal.read(head.rotationId);
  if (read.state !== 'entry') throw new Error(read.state);
  expect(read.entry.head.candidates[0]?.secret.reveal()).toBe(PENDING);
  expect(read.entry.head.login).toBe('orders_app');
  expect(read.entry.notes.map((n) => n.phase)).toEqual(['armed', 'acked']);
});

test('holds no secret in the clear', async () => {
  await entryWithNotes();
  const text = await readFile(file(), 'utf8');
  expect(text).not.toContain(PENDING);
  expect(text).not.toContain(Buffer.from(PENDING).toString('base64').slice(0, 12));
});

test('is closed without a trace', async () => {
  await entryWithNotes();
  await journal.close(head.rotationId);
  expect(await readdir(folder)).toEqual([]);
  expect((await journal.read(head.rotationId)).state).toBe('absent');
});

test('an entry is never overwritten', async () => {
  await journal.open(head);
  await expect(journal.open(head)).rejects.toMatchObject({ code: 'PAM4010' });
});

test('another process goes on with the notes', async () => {
  await entryWithNotes();
  const read = await journal.read(head.rotationId);
  if (read.state !== 'entry') throw new Error(read.state);
  await (await journal.resume(read.entry)).note({ phase: 'proved', at: AT, method: 'login' });
  const again = await journal.read(head.rotationId);
  expect(again.state === 'entry' && again.entry.notes.map((n) => n.phase)).toEqual(['armed', 'acked', 'proved']);
});

describe('a crash while a note is written', () => {
  test('leaves the notes before it', async () => {
    await entryWithNotes();
    await appendFile(file(), 'abc123 {"phase":"pro');
    const read = await journal.read(head.rotationId);
    expect(read.state === 'entry' && read.entry.notes.map((n) => n.phase)).toEqual(['armed', 'acked']);
  });

  test('does not spoil the next note', async () => {
    await entryWithNotes();
    await appendFile(file(), 'abc123 {"phase":"pro');
    const read = await journal.read(head.rotationId);
    if (read.state !== 'entry') throw new Error(read.state);
    await (await journal.resume(read.entry)).note({ phase: 'proved', at: AT, method: 'login' });
    const again = await journal.read(head.rotationId);
    expect(again.state === 'entry' && again.entry.notes.map((n) => n.phase)).toEqual(['armed', 'acked', 'proved']);
  });
});

describe('damage is told, never believed', () => {
  test.each<[string, (text: string) => string]>([
    ['a changed note', (t) => t.replace('"attempt":1', '"attempt":2')],
    [
      'a note taken out',
      (t) =>
        t
          .split('\n')
          .filter((_, i) => i !== 1)
          .join('\n'),
    ],
    [
      'notes swapped',
      (t) => {
        const [a, b, c] = t.split('\n');
        return [a, c, b, ''].join('\n');
      },
    ],
    ['a flipped byte in the sealed head', (t) => `${t.slice(0, 200)}${t[200] === 'A' ? 'B' : 'A'}${t.slice(201)}`],
    ['a foreign file', () => 'hello\n'],
    ['an empty file', () => ''],
  ])('%s', async (_, change) => {
    await entryWithNotes();
    await writeFile(file(), change(await readFile(file(), 'utf8')));
    expect((await journal.read(head.rotationId)).state).toBe('damaged');
  });

  test('an entry under another name', async () => {
    await entryWithNotes();
    const other = randomUUID();
    await writeFile(join(folder, `${other}.journal`), await readFile(file()));
    expect(await journal.read(other)).toMatchObject({ state: 'damaged' });
  });

  test('an entry that somebody else sealed to us does not decrypt as ours', async () => {
    const foreign = await generateIdentity();
    const theirs = createJournal(fileJournalStorage(folder), createSealer([foreign.recipient], [foreign.identity]), randomBytes);
    await theirs.open(head);
    expect((await journal.read(head.rotationId)).state).toBe('damaged');
  });

  test('is set aside, out of the list, and kept', async () => {
    await journal.open(head);
    await journal.setAside(head.rotationId);
    expect(await journal.list()).toEqual([]);
    expect(await readdir(folder)).toEqual([`${head.rotationId}.damaged`]);
  });
});

test('a folder that cannot be made is an error before anything is written', async () => {
  const blocked = join(folder, 'file');
  await writeFile(blocked, '');
  const other = createJournal(
    fileJournalStorage(join(blocked, 'journal')),
    createSealer([(await generateIdentity()).recipient], []),
    randomBytes,
  );
  await expect(other.open(head)).rejects.toMatchObject({ code: 'PAM4010' });
});

test('leftovers of a torn creation are no entries', async () => {
  await writeFile(join(folder, `${head.rotationId}.tmp`), 'half');
  expect(await journal.list()).toEqual([]);
  await journal.open(head);
  expect(await readdir(folder)).toEqual([`${head.rotationId}.journal`]);
});
