import { describe, expect, test } from 'vitest';
import { Secret } from '../../src/model/index.ts';
import type { RecordPut } from '../../src/vault/index.ts';
import { again, allEvents, type Bench, refTo } from './vault-bench.ts';
import { draft, header, OWNER, putWith } from './vault-fixture.ts';

export function describeRecords(bench: Bench): void {
  describe('records', () => {
    test('an empty vault has a lineage and no records, without a key', async () => {
      const reader = await bench.openReader();
      const snapshot = await reader.snapshot();
      expect(snapshot).toMatchObject({ formatVersion: 1, records: [], refusedVersions: [], lineage: reader.lineage });
      expect(snapshot.lineage).toMatch(/^[0-9a-f-]{36}$/);
    });
    test('gives back what was written, with revision, MAC and time', async () => {
      const written = await bench.putOne('app', [[header('current'), 's']]);
      expect(written).toMatchObject({ address: 'PamUser/app', revision: 1, updatedAt: '2026-03-01T12:00:00.000Z' });
      expect(written.mac).toMatch(/^[0-9a-f]{64}$/);
      expect((await (await bench.openReader()).snapshot()).records).toEqual([written]);
      expect(await bench.vault.readRecord(written.id)).toEqual(written);
      expect((await bench.vault.authenticate()).records).toEqual([written]);
    });
    test('has no record that nobody wrote', async () => {
      expect(await bench.vault.readRecord('6e2b6f1a-0000-4000-8000-000000000000')).toBeNull();
    });
    test('lists records by owner and address', async () => {
      await bench.put(...['zoe', 'adam', 'mia'].map((name) => ({ record: draft(name), expected: null })));
      expect((await bench.vault.snapshot()).records.map((record) => record.address)).toEqual([
        'PamUser/adam',
        'PamUser/mia',
        'PamUser/zoe',
      ]);
    });
    test('the serial rises with each write', async () => {
      const before = (await bench.vault.snapshot()).serial;
      const record = await bench.putOne('app', []);
      expect((await bench.vault.snapshot()).serial).toBe(before + 1);
      await bench.put(again(record));
      expect((await bench.vault.snapshot()).serial).toBe(before + 2);
    });
    test('a write replaces the revision that it was made from', async () => {
      const first = await bench.putOne('app', []);
      bench.fixture.clock.advance(1000);
      const [second] = await bench.put(again(first, { fields: { login: 'other' } }));
      expect(second).toMatchObject({ id: first.id, revision: 2, fields: { login: 'other' }, updatedAt: '2026-03-01T12:00:01.000Z' });
    });
    test('a write from an older revision is refused', async () => {
      const first = await bench.putOne('app', []);
      await bench.put(again(first));
      await expect(bench.put(again(first))).rejects.toMatchObject({ code: 'PAM5009' });
    });
    test('a record that should be new, and is not, is refused', async () => {
      const first = await bench.putOne('app', []);
      await expect(bench.put({ ...again(first), expected: null })).rejects.toMatchObject({ code: 'PAM5009' });
    });
    test('a record that is gone cannot be replaced', async () => {
      await expect(bench.put({ record: draft('app'), expected: 1 })).rejects.toMatchObject({ code: 'PAM5009' });
    });
    test('an address stands once for each owner', async () => {
      await bench.putOne('app', []);
      await expect(bench.putOne('app', [])).rejects.toMatchObject({ code: 'PAM5009' });
      await bench.put({ record: draft('app', { owner: { ...OWNER, environment: 'staging' } }), expected: null });
      expect((await bench.vault.snapshot()).records).toHaveLength(2);
    });
    test('two records exchange their addresses in one batch', async () => {
      const [a, b] = [await bench.putOne('a', []), await bench.putOne('b', [])];
      await bench.put(again(a, { address: b.address }), again(b, { address: a.address }));
      expect(await bench.vault.readRecord(a.id)).toMatchObject({ address: 'PamUser/b' });
    });
    test('writes everything or nothing', async () => {
      const first = await bench.putOne('app', [[header('current'), 's']]);
      const fresh = putWith('new', [[header('current'), 'n']]);
      const batch = { puts: [fresh, { ...again(first), expected: 7 }], audit: [{ action: 'record.create' }] };
      const before = { snapshot: await bench.vault.snapshot(), events: (await allEvents(bench.vault)).length };
      await expect(bench.vault.write(batch, [])).rejects.toMatchObject({ code: 'PAM5009' });
      expect({ snapshot: await bench.vault.snapshot(), events: (await allEvents(bench.vault)).length }).toEqual(before);
      await expect(
        bench.vault.readSecret({ record: fresh.record.id, field: 'password', version: fresh.record.versions[0]?.id ?? '' }),
      ).rejects.toMatchObject({ code: 'PAM5012' });
    });
    test('deletes a record with its secrets, and keeps its audit events', async () => {
      const record = await bench.putOne('app', [[header('current'), 's']]);
      await bench.vault.write(
        { puts: [], deletes: [{ id: record.id, expected: 1 }], audit: [{ action: 'record.delete', address: record.address }] },
        [],
      );
      expect((await bench.vault.snapshot()).records).toEqual([]);
      await expect(bench.vault.readSecret(refTo(record))).rejects.toMatchObject({ code: 'PAM5012' });
      expect((await allEvents(bench.vault)).at(-1)).toMatchObject({ action: 'record.delete', address: 'PamUser/app' });
    });
    test('deletes only the revision that was read', async () => {
      const record = await bench.putOne('app', []);
      await bench.put(again(record));
      await expect(bench.vault.write({ puts: [], deletes: [{ id: record.id, expected: 1 }] }, [])).rejects.toMatchObject({
        code: 'PAM5009',
      });
    });
    test('of two handles that write one revision, one wins', async () => {
      const other = await bench.openVault();
      const record = await bench.putOne('app', []);
      const results = await Promise.allSettled([
        bench.vault.write({ puts: [again(record, { fields: { login: 'one' } })] }, []),
        other.write({ puts: [again(record, { fields: { login: 'two' } })] }, []),
      ]);
      expect(results.map((result) => result.status).sort()).toEqual(['fulfilled', 'rejected']);
      expect(await bench.vault.readRecord(record.id)).toMatchObject({ revision: 2 });
    });
  });
}

export function describeSecrets(bench: Bench): void {
  describe('secrets', () => {
    test('reads each version of each field', async () => {
      const record = await bench.putOne('app', [
        [header('current'), 'now'],
        [header('previous'), 'before'],
        [header('current', 'privateKey'), 'key ☃\u0000\n'],
      ]);
      const read = await Promise.all([0, 1, 2].map(async (index) => (await bench.vault.readSecret(refTo(record, index))).reveal()));
      expect(read).toEqual(['now', 'before', 'key ☃\u0000\n']);
    });
    test('keeps bytes as they are, none at all included', async () => {
      const [binary, empty] = [header('current', 'privateKey'), header('current')];
      const bytes = Buffer.from(Array.from({ length: 256 }, (_, i) => i));
      const [record] = await bench.put({
        record: draft('app', { versions: [binary, empty] }),
        expected: null,
        secrets: [
          { field: 'privateKey', version: binary.id, secret: Secret.fromBytes(bytes) },
          { field: 'password', version: empty.id, secret: Secret.fromText('') },
        ],
      });
      if (record === undefined) throw new Error('nothing was written');
      expect((await bench.vault.readSecret(refTo(record))).bytes()).toEqual(bytes);
      expect((await bench.vault.readSecret(refTo(record, 1))).bytes()).toHaveLength(0);
    });
    test('a version that the record lists no longer is erased', async () => {
      const record = await bench.putOne('app', [
        [header('current'), 'now'],
        [header('previous'), 'before'],
      ]);
      await bench.put(again(record, { versions: record.versions.slice(0, 1) }));
      expect((await bench.vault.readSecret(refTo(record, 0))).reveal()).toBe('now');
      await expect(bench.vault.readSecret(refTo(record, 1))).rejects.toMatchObject({ code: 'PAM5012' });
    });
    test('a version that moves to another state keeps its secret', async () => {
      const record = await bench.putOne('app', [[header('pending'), 'new']]);
      await bench.put(again(record, { versions: record.versions.map((version) => ({ ...version, state: 'current' as const })) }));
      expect((await bench.vault.readSecret(refTo(record))).reveal()).toBe('new');
    });
    test('a rename keeps the secrets', async () => {
      const record = await bench.putOne('app', [[header('current'), 'now']]);
      await bench.put(again(record, { address: 'PamUser/renamed' }));
      expect((await bench.vault.readSecret(refTo(record))).reveal()).toBe('now');
    });
    test('refuses a batch that contradicts itself', async () => {
      const record = await bench.putOne('app', [[header('current'), 'now']]);
      const secret = Secret.fromText('x');
      const [pending, second] = [header('pending'), header('pending')];
      const contradictions: RecordPut[] = [
        { ...again(record), secrets: [{ field: 'password', version: pending.id, secret }] },
        again(record, { versions: [...record.versions, pending] }),
        { ...again(record), secrets: [{ ...refTo(record), secret }] },
        {
          ...again(record, { versions: [pending, second] }),
          secrets: [pending, second].map(({ field, id }) => ({ field, version: id, secret })),
        },
        again(record, { versions: [...record.versions, ...record.versions] }),
      ];
      for (const contradiction of contradictions) await expect(bench.put(contradiction)).rejects.toMatchObject({ code: 'PAM5015' });
      await expect(bench.put(again(record), again(record))).rejects.toMatchObject({ code: 'PAM5015' });
      expect((await bench.vault.readSecret(refTo(record))).reveal()).toBe('now');
    });
  });
}
