import { describe, expect, test } from 'vitest';
import { verifyAuditChain } from '../../src/vault/index.ts';
import { allEvents, type Bench, refTo } from './vault-bench.ts';
import { header, putWith, run } from './vault-fixture.ts';

export function describeKey(bench: Bench): void {
  describe('key', () => {
    test('opens with the runner identity and with the recovery identity', async () => {
      const record = await bench.putOne('app', [[header('current'), 'hunter2']]);
      const recovery = await bench.openVault(bench.fixture.identities.recovery);
      expect((await recovery.readSecret(refTo(record))).reveal()).toBe('hunter2');
    });
    test('opens with the first identity that fits', async () => {
      const reader = await bench.openReader();
      const unlocked = await reader.unlock([bench.fixture.identities.stranger, bench.fixture.identities.runner]);
      expect((await unlocked.authenticate()).records).toEqual([]);
    });
    test('refuses the identity of a stranger, none, and one that cannot be read', async () => {
      const reader = await bench.openReader();
      await expect(reader.unlock([bench.fixture.identities.stranger])).rejects.toMatchObject({ code: 'PAM5005' });
      await expect(reader.unlock([])).rejects.toMatchObject({ code: 'PAM5005' });
      const error: unknown = await reader.unlock(['AGE-SECRET-KEY-1NOTREALLY']).catch((e: unknown) => e);
      expect(error).toMatchObject({ code: 'PAM5005' });
      expect(`${error} ${JSON.stringify(error)}`).not.toContain('NOTREALLY');
    });
    test('seals for every recipient, and tells a stranger from damage', async () => {
      const sealed = await bench.vault.sealer.seal(Buffer.from('journal'));
      const recovery = await bench.openVault(bench.fixture.identities.recovery);
      expect(Buffer.from(await recovery.sealer.open(sealed)).toString()).toBe('journal');
      const damaged = Buffer.from(sealed);
      damaged.writeUInt8(damaged.readUInt8(damaged.length - 1) ^ 1, damaged.length - 1);
      await expect(bench.vault.sealer.open(damaged)).rejects.toMatchObject({ code: 'PAM5011' });
    });
  });
}

export function describeRuns(bench: Bench): void {
  describe('runs', () => {
    test('keeps a run with its plan and its ledger', async () => {
      const started = run('r1', 'sha256:a', '2026-03-01T12:00:00.000Z', ['PamUser/app']);
      await bench.vault.runs.start(started);
      const entry = (id: string) => ({
        id,
        address: 'PamUser/app' as const,
        kind: 'adopt' as const,
        outcome: 'succeeded' as const,
        at: '2026-03-01T12:00:01.000Z',
      });
      await bench.vault.runs.append('r1', [entry('one')]);
      await bench.vault.runs.append('r1', [entry('two'), entry('three')]);
      const found = await (await bench.openReader()).readRun('r1');
      expect(found?.run).toEqual(started);
      expect(found?.ledger.map(({ id }) => id)).toEqual(['one', 'two', 'three']);
      await bench.vault.runs.finish('r1', 7);
      expect((await bench.vault.readRun('r1'))?.run).toEqual({ ...started, finishedAt: '2026-03-01T12:00:00.000Z', exit: 7 });
      expect(await bench.vault.readRun('r2')).toBeNull();
    });
    test('lists the newest first, without their plans', async () => {
      await bench.vault.runs.start(run('r1', 'sha256:a', '2026-03-01T12:00:00.000Z'));
      await bench.vault.runs.start(run('r2', 'sha256:b', '2026-03-02T12:00:00.000Z', ['PamUser/app']));
      const listed = await (await bench.openReader()).listRuns(10);
      expect(listed.map(({ id }) => id)).toEqual(['r2', 'r1']);
      expect(listed[0]).not.toHaveProperty('plan');
      expect(listed[0]?.changes).toEqual([{ id: 'adopt PamUser/app', kind: 'adopt', address: 'PamUser/app' }]);
      expect(await bench.vault.listRuns(1)).toHaveLength(1);
    });
    test('finds the newest run of a digest', async () => {
      for (const [id, digest] of [
        ['r1', 'a'],
        ['r2', 'a'],
        ['r3', 'b'],
      ] as const) {
        await bench.vault.runs.start(run(id, digest, '2026-03-01T12:00:00.000Z'));
      }
      expect((await bench.vault.findRun('a'))?.id).toBe('r2');
      expect(await bench.vault.findRun('c')).toBeNull();
    });
  });
}

export function describeAudit(bench: Bench): void {
  describe('audit', () => {
    test('chains what was written, and the chain and its MACs hold', async () => {
      const start = (await allEvents(bench.vault)).length;
      await bench.vault.write(
        { puts: [putWith('app', [])], audit: [{ action: 'record.create', address: 'PamUser/app', detail: { lines: 2 } }] },
        [],
      );
      await bench.vault.appendAudit([{ action: 'secret.read', address: 'PamUser/app', record: 'r' }, { action: 'secret.read' }]);
      const events = await allEvents(await bench.openReader());
      expect(events.slice(start).map(({ action }) => action)).toEqual(['record.create', 'secret.read', 'secret.read']);
      expect(events.map(({ sequence }) => sequence)).toEqual(events.map((_, index) => index + 1));
      expect(events.at(-1)).toMatchObject({ at: '2026-03-01T12:00:00.000Z', actor: expect.any(String) });
      const checked = await verifyAuditChain(bench.vault.audit(), (event) => bench.vault.isAuthentic(event));
      expect(checked).toEqual({ events: events.length, hash: events.at(-1)?.hash });
    });
    test('two writers share one chain', async () => {
      const other = await bench.openVault();
      for (let i = 0; i < 5; i += 1) {
        await Promise.all([bench.vault.appendAudit([{ action: 'a.a' }]), other.appendAudit([{ action: 'b.b' }])]);
      }
      await verifyAuditChain(bench.vault.audit(), (event) => bench.vault.isAuthentic(event));
    });
  });
}
