import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Secret, type VaultRecord } from '../../../src/model/index.ts';
import type { Vault } from '../../../src/vault/index.ts';
import { Database } from '../../../src/vault/local/database.ts';
import { header, holder, OWNER, putWith } from '../../contract/vault-fixture.ts';
import { createLocalFixture, type LocalFixture } from './fixture.ts';

const CANARY = 'Canary ü?+/~=&>"\\ 0123456789 ~end';

let fixture: LocalFixture;
let vault: Vault;
beforeEach(async () => {
  fixture = await createLocalFixture();
  vault = await (await fixture.open()).unlock([fixture.identities.runner]);
});
afterEach(async () => {
  await vault[Symbol.asyncDispose]();
  await fixture[Symbol.asyncDispose]();
});

/** Everything on the disk: the file, its log, its index. */
function bytesOnDisk(): Buffer {
  const folder = dirname(fixture.path);
  return Buffer.concat(readdirSync(folder).map((name) => readFileSync(join(folder, name))));
}

/** What the secret looks like in the encodings that a leak would have; base64 without the ends, which depend on what stands beside. */
function encodings(text: string): Buffer[] {
  const utf8 = Buffer.from(text, 'utf8');
  const base64 = [0, 1, 2].map((shift) => utf8.subarray(shift).toString('base64').slice(0, 24));
  const texts = [
    text,
    ...base64,
    ...base64.map((part) => part.replaceAll('+', '-').replaceAll('/', '_')),
    utf8.toString('hex'),
    encodeURIComponent(text),
  ];
  return [...texts.map((form) => Buffer.from(form, 'utf8')), Buffer.from(text, 'utf16le')];
}

async function work(): Promise<VaultRecord> {
  const lease = await vault.lease({ type: 'project', owner: OWNER }, { waitMs: 0, holder: holder() });
  const put = putWith('app', [
    [header('pending'), CANARY],
    [header('current'), CANARY],
    [header('current', 'privateKey'), CANARY.repeat(300)],
  ]);
  const [record] = await vault.write(
    { puts: [put], audit: [{ action: 'record.create', detail: { secret: String(Secret.fromText(CANARY)) } }] },
    [lease],
  );
  if (record === undefined) throw new Error('nothing was written');
  await vault.readSecret({ record: record.id, field: 'password', version: record.versions[0]?.id ?? '' });
  await vault.sealer.seal(Buffer.from(CANARY));
  return record;
}

test('no secret stands on the disk in the clear, in any of six encodings', async () => {
  await work();
  const found = bytesOnDisk();
  for (const form of encodings(CANARY)) expect(found.includes(form)).toBe(false);
});

test('the search would find one', () => {
  const leaks = [
    CANARY,
    Buffer.from(`x${CANARY}`).toString('base64'),
    Buffer.from(CANARY).toString('base64url'),
    Buffer.from(CANARY).toString('hex'),
  ];
  for (const leak of [...leaks.map((text) => Buffer.from(text)), Buffer.from(CANARY, 'utf16le'), Buffer.from(encodeURIComponent(CANARY))]) {
    const disk = Buffer.concat([Buffer.from('before'), leak, Buffer.from('after')]);
    expect(encodings(CANARY).some((form) => disk.includes(form))).toBe(true);
  }
});

test('no identity and no derived key stands on the disk', async () => {
  await work();
  const found = bytesOnDisk();
  expect(found.includes(Buffer.from(fixture.identities.runner))).toBe(false);
  expect(found.includes(Buffer.from('AGE-SECRET-KEY'))).toBe(false);
});

test('what is erased is gone from the bytes of the file and of its log', async () => {
  const record = await work();
  const db = new Database(fixture.path);
  const sealed = db.all<{ version: string; sealed: ArrayBuffer }>('SELECT version, sealed FROM secret');
  db.close();
  const [, kept] = record.versions;
  if (kept === undefined) throw new Error('no such version');
  // A piece of each ciphertext, short enough to lie on one page.
  const piece = (version: string) =>
    Buffer.from(sealed.find((row) => row.version === version)?.sealed ?? new ArrayBuffer(0)).subarray(61, 91);
  const erased = record.versions.filter((version) => version !== kept).map((version) => piece(version.id));
  for (const bytes of erased) expect(bytesOnDisk().includes(bytes)).toBe(true);

  const { revision, mac: _, updatedAt: __, ...rest } = record;
  await vault.write({ puts: [{ record: { ...rest, versions: [kept] }, expected: revision }] }, []);
  for (const bytes of erased) expect(bytesOnDisk().includes(bytes)).toBe(false);
  expect(bytesOnDisk().includes(piece(kept.id))).toBe(true);
});
