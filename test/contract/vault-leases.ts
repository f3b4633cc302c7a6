import { describe, expect, test } from 'vitest';
import type { Instant, RecordId } from '../../src/model/index.ts';
import type { LeaseScope } from '../../src/vault/index.ts';
import { allEvents, type Bench } from './vault-bench.ts';
import { holder, LEASE_TTL_MS, OWNER, putWith } from './vault-fixture.ts';

export function describeLeases(bench: Bench): void {
  describe('leases', () => {
    const project: LeaseScope = { type: 'project', owner: OWNER };
    const account = (record: RecordId): LeaseScope => ({ type: 'account', record });

    test('a scope has one holder, and says who it is', async () => {
      await bench.vault.lease(project, { waitMs: 0, holder: holder({ url: 'https://ci.example/7' }) });
      const error: unknown = await (await bench.openVault()).lease(project, { waitMs: 0, holder: holder() }).catch((e: unknown) => e);
      expect(error).toMatchObject({ code: 'PAM5007' });
      expect(String(error)).toContain('deploy on runner-1');
      expect(String(error)).toContain('https://ci.example/7');
    });
    test('scopes do not hinder each other', async () => {
      await bench.vault.lease(project, { waitMs: 0, holder: holder() });
      await bench.vault.lease({ type: 'project', owner: { ...OWNER, environment: 'staging' } }, { waitMs: 0, holder: holder() });
      await bench.vault.lease(account('a'), { waitMs: 0, holder: holder() });
      await bench.vault.lease(account('b'), { waitMs: 0, holder: holder() });
      expect(await (await bench.openReader()).heldLeases()).toHaveLength(4);
    });
    test('a released scope is free, and its epoch rises', async () => {
      const first = await bench.vault.lease(project, { waitMs: 0, holder: holder() });
      await first.release();
      await first.release();
      expect(await bench.vault.heldLeases()).toEqual([]);
      const second = await (await bench.openVault()).lease(project, { waitMs: 0, holder: holder() });
      expect(second.epoch).toBe(first.epoch + 1);
    });
    test('disposing a vault releases its leases and stops their heartbeats', async () => {
      const other = await (await bench.fixture.open()).unlock([bench.fixture.identities.runner]);
      await other.lease(project, { waitMs: 0, holder: holder() });
      expect(bench.fixture.timers.beating).toBe(1);
      await other[Symbol.asyncDispose]();
      expect(bench.fixture.timers.beating).toBe(0);
      await bench.vault.lease(project, { waitMs: 0, holder: holder() });
    });
    test('shows what is held and until when', async () => {
      const lease = await bench.vault.lease(account('a'), { waitMs: 0, holder: holder() });
      const expiresAt: Instant = new Date(bench.fixture.clock() + LEASE_TTL_MS).toISOString();
      expect(await bench.vault.heldLeases()).toEqual([{ scope: account('a'), epoch: lease.epoch, holder: holder(), expiresAt }]);
    });
    test('waits until the scope is released', async () => {
      const first = await bench.vault.lease(project, { waitMs: 0, holder: holder() });
      bench.fixture.timers.onSleep = async (sleeps) => {
        if (sleeps === 3) await first.release();
      };
      const second = await (await bench.openVault()).lease(project, { waitMs: 60_000, holder: holder() });
      expect(second.epoch).toBe(first.epoch + 1);
    });
    test('gives up after the wait', async () => {
      await bench.vault.lease(project, { waitMs: 0, holder: holder() });
      const start = bench.fixture.clock();
      await expect((await bench.openVault()).lease(project, { waitMs: 1500, holder: holder() })).rejects.toMatchObject({ code: 'PAM5007' });
      expect(bench.fixture.clock() - start).toBe(1500);
    });
    test('stops to wait when it is told to', async () => {
      await bench.vault.lease(project, { waitMs: 0, holder: holder() });
      const stop = new AbortController();
      bench.fixture.timers.onSleep = () => stop.abort(new Error('interrupted'));
      await expect(bench.vault.lease(project, { waitMs: 60_000, holder: holder(), signal: stop.signal })).rejects.toThrow('interrupted');
    });
    test('an expired lease is taken over, and its holder can write no more', async () => {
      const slow = await bench.vault.lease(project, { waitMs: 0, holder: holder() });
      bench.fixture.clock.advance(LEASE_TTL_MS);
      const other = await bench.openVault();
      const fast = await other.lease(project, { waitMs: 0, holder: holder() });
      await expect(bench.vault.write({ puts: [putWith('app', [])] }, [slow])).rejects.toMatchObject({ code: 'PAM5008' });
      expect(slow.lost.aborted).toBe(true);
      expect((await bench.vault.snapshot()).records).toEqual([]);
      await other.write({ puts: [putWith('app', [])] }, [fast]);
    });
    test('every lease of a write is checked', async () => {
      const good = await bench.vault.lease(project, { waitMs: 0, holder: holder() });
      const gone = await bench.vault.lease(account('a'), { waitMs: 0, holder: holder() });
      await gone.release();
      await expect(bench.vault.write({ puts: [] }, [good, gone])).rejects.toMatchObject({ code: 'PAM5008' });
    });
    test('the heartbeat keeps a lease', async () => {
      const lease = await bench.vault.lease(project, { waitMs: 0, holder: holder() });
      bench.fixture.clock.advance(LEASE_TTL_MS - 1);
      bench.fixture.timers.beat();
      await expect
        .poll(async () => (await bench.vault.heldLeases())[0]?.expiresAt)
        .toBe(new Date(bench.fixture.clock() + LEASE_TTL_MS).toISOString());
      bench.fixture.clock.advance(LEASE_TTL_MS - 1);
      await expect((await bench.openVault()).lease(project, { waitMs: 0, holder: holder() })).rejects.toMatchObject({ code: 'PAM5007' });
      expect(lease.lost.aborted).toBe(false);
    });
    test('the heartbeat notices that a lease is lost, and does not take it back', async () => {
      const slow = await bench.vault.lease(project, { waitMs: 0, holder: holder() });
      bench.fixture.clock.advance(LEASE_TTL_MS);
      const fast = await (await bench.openVault()).lease(project, { waitMs: 0, holder: holder({ command: 'pam rotate' }) });
      bench.fixture.timers.beat();
      await expect.poll(() => slow.lost.aborted).toBe(true);
      await slow.release();
      expect(await bench.vault.heldLeases()).toMatchObject([{ epoch: fast.epoch, holder: { command: 'pam rotate' } }]);
      expect(fast.lost.aborted).toBe(false);
    });

    test('a lease that is broken is free, and its holder can write no more', async () => {
      const stuck = await bench.vault.lease(account('a'), { waitMs: 0, holder: holder({ command: 'pam rotate' }) });
      const other = await bench.openVault();
      expect(await other.breakLease(account('a'))).toMatchObject({ command: 'pam rotate' });
      expect(await other.heldLeases()).toEqual([]);
      await expect(bench.vault.write({ puts: [putWith('app', [])] }, [stuck])).rejects.toMatchObject({ code: 'PAM5008' });
      const next = await other.lease(account('a'), { waitMs: 0, holder: holder() });
      expect(next.epoch).toBeGreaterThan(stuck.epoch);
      await other.write({ puts: [putWith('app', [])] }, [next]);
    });
    test('breaking a lease that has run out fences its holder all the same', async () => {
      const slow = await bench.vault.lease(project, { waitMs: 0, holder: holder() });
      bench.fixture.clock.advance(LEASE_TTL_MS);
      await (await bench.openVault()).breakLease(project);
      await expect(bench.vault.write({ puts: [putWith('app', [])] }, [slow])).rejects.toMatchObject({ code: 'PAM5008' });
    });
    test('breaking says whose lease it was in the audit trail, and says nothing where nobody held it', async () => {
      expect(await bench.vault.breakLease(project)).toBeNull();
      const before = (await allEvents(bench.vault)).length;
      await bench.vault.lease(project, { waitMs: 0, holder: holder({ user: 'deploy' }) });
      await bench.vault.breakLease(project);
      expect(await bench.vault.breakLease(project)).toBeNull();
      const events = (await allEvents(bench.vault)).slice(before);
      expect(events).toMatchObject([{ action: 'lease.break', detail: { ...OWNER, user: 'deploy', host: 'runner-1' } }]);
    });
  });
}
