import { beforeEach, describe, expect, test } from 'vitest';
import type { VaultRecord } from '../../src/model/index.ts';
import type { SecretRef } from '../../src/vault/index.ts';
import { again, type Bench, refTo } from './vault-bench.ts';
import { header } from './vault-fixture.ts';

export function describeAttempts(bench: Bench): void {
  describe('attempts', () => {
    const budget = { max: 2, windowMs: 1_800_000 };
    async function spend(ref: SecretRef, expected = false): Promise<string> {
      const answer = await bench.vault.attempts.spend(ref, { ...budget, expected });
      if (!answer.granted) throw new Error(`not granted: ${answer.reason}`);
      return answer.ticket;
    }
    let ref: SecretRef;
    let record: VaultRecord;
    beforeEach(async () => {
      record = await bench.putOne('app', [
        [header('current'), 'now'],
        [header('candidate'), 'old'],
      ]);
      ref = refTo(record);
    });

    test('grants what the budget allows, and says when there is more', async () => {
      await spend(ref);
      bench.fixture.clock.advance(60_000);
      await spend(ref);
      const until = new Date(bench.fixture.clock() - 60_000 + budget.windowMs).toISOString();
      expect(await bench.vault.attempts.spend(ref, budget)).toEqual({ granted: false, reason: 'exhausted', until });
      bench.fixture.clock.advance(Date.parse(until) - bench.fixture.clock());
      await spend(ref);
    });
    test('counts all versions of an account together, and no other account', async () => {
      await spend(ref);
      await spend(refTo(record, 1));
      expect(await bench.vault.attempts.spend(ref, budget)).toMatchObject({ granted: false });
      const other = await bench.putOne('other', [[header('current'), 'x']]);
      expect(await bench.vault.attempts.spend(refTo(other), budget)).toMatchObject({ granted: true });
      expect(await bench.vault.attempts.spent(record.id, budget.windowMs)).toBe(2);
    });
    test('is known to other runners', async () => {
      await spend(ref);
      await spend(ref);
      expect(await (await bench.openVault()).attempts.spend(ref, budget)).toMatchObject({ granted: false, reason: 'exhausted' });
    });
    test('a login that never happened is given back', async () => {
      await bench.vault.attempts.giveBack(await spend(ref));
      expect(await bench.vault.attempts.spent(ref.record, budget.windowMs)).toBe(0);
    });
    test('a login that succeeded gives back all that is unsettled of its version, and nothing else', async () => {
      await spend(ref);
      const ticket = await spend(ref);
      await bench.vault.attempts.succeed(ticket);
      expect(await bench.vault.attempts.spent(ref.record, budget.windowMs)).toBe(0);
      await spend(refTo(record, 1));
      await bench.vault.attempts.succeed(await spend(ref));
      expect(await bench.vault.attempts.spent(ref.record, budget.windowMs)).toBe(1);
    });
    test('what killed processes left behind of an expected version counts as one', async () => {
      for (let kill = 0; kill < 5; kill += 1) await spend(ref, true);
      expect(await bench.vault.attempts.spend(ref, { ...budget, expected: true })).toMatchObject({ granted: true });
      expect(await bench.vault.attempts.spend(ref, budget)).toMatchObject({ granted: false, reason: 'exhausted' });
    });
    test('a refused version may be tried again once it was sent again, and is not refused any more once that was good', async () => {
      const instant = () => new Date(bench.fixture.clock()).toISOString();
      const sentBefore = instant();
      bench.fixture.clock.advance(1_000);
      await bench.vault.attempts.refuse(await spend(ref), 'PAM6003');
      expect(await bench.vault.attempts.spend(ref, { ...budget, sentAt: sentBefore })).toEqual({ granted: false, reason: 'refused' });
      bench.fixture.clock.advance(1_000);
      const again = await bench.vault.attempts.spend(ref, { ...budget, sentAt: instant() });
      if (!again.granted) throw new Error('not granted');
      expect(await bench.vault.attempts.spent(ref.record, budget.windowMs)).toBe(2);
      const { serial } = await bench.vault.snapshot();
      await bench.vault.attempts.succeed(again.ticket);
      expect(await bench.vault.snapshot()).toMatchObject({ refusedVersions: [], serial: serial + 1 });
    });
    test('one that is refused again counts from then on', async () => {
      await bench.vault.attempts.refuse(await spend(ref), 'PAM6003');
      bench.fixture.clock.advance(1_000);
      const sentAt = new Date(bench.fixture.clock()).toISOString();
      bench.fixture.clock.advance(1_000);
      const again = await bench.vault.attempts.spend(ref, { ...budget, sentAt });
      if (!again.granted) throw new Error('not granted');
      await bench.vault.attempts.refuse(again.ticket, 'PAM6003');
      expect(await bench.vault.attempts.spend(ref, { ...budget, max: 9, sentAt })).toEqual({ granted: false, reason: 'refused' });
    });

    test('a refused version is not tried again, and the snapshot says so', async () => {
      await bench.vault.attempts.refuse(await spend(ref), 'PAM6003');
      expect(await bench.vault.attempts.spend(ref, budget)).toEqual({ granted: false, reason: 'refused' });
      expect(await bench.vault.attempts.spent(ref.record, budget.windowMs)).toBe(1);
      expect((await (await bench.openReader()).snapshot()).refusedVersions).toEqual([ref.version]);
      bench.fixture.clock.advance(10 * budget.windowMs);
      expect(await bench.vault.attempts.spend(ref, budget)).toEqual({ granted: false, reason: 'refused' });
      expect(await bench.vault.attempts.spend(refTo(record, 1), budget)).toMatchObject({ granted: true });
    });
    test('refusing and clearing change the serial of the snapshot', async () => {
      const before = (await bench.vault.snapshot()).serial;
      await bench.vault.attempts.refuse(await spend(ref), 'PAM6003');
      expect((await bench.vault.snapshot()).serial).toBe(before + 1);
      await bench.vault.attempts.clear(ref.record);
      expect((await bench.vault.snapshot()).serial).toBe(before + 2);
    });
    test('clearing forgets refusals and spent attempts', async () => {
      await bench.vault.attempts.refuse(await spend(ref), 'PAM6003');
      await spend(refTo(record, 1));
      await bench.vault.attempts.clear(ref.record);
      expect(await bench.vault.attempts.spent(ref.record, budget.windowMs)).toBe(0);
      expect((await bench.vault.snapshot()).refusedVersions).toEqual([]);
      await spend(ref);
    });
    test('what a person let us forget counts on for the threshold of the target, until a login is good', async () => {
      for (const version of [0, 1]) {
        await bench.vault.attempts.refuse(await spend(refTo(record, version)), 'PAM6003');
        await bench.vault.attempts.clear(ref.record);
      }
      expect(await bench.vault.attempts.spend(ref, { ...budget, lockAt: 3 })).toMatchObject({ granted: false, reason: 'exhausted' });
      const answer = await bench.vault.attempts.spend(ref, { ...budget, lockAt: 4 });
      if (!answer.granted) throw new Error('not granted');
      await bench.vault.attempts.succeed(answer.ticket);
      expect(await bench.vault.attempts.spend(ref, { ...budget, lockAt: 2 })).toMatchObject({ granted: true });
    });
    test('the threshold of the target does not hold for a secret that it has just taken, until that one is refused', async () => {
      const taken = { ...budget, max: 3, lockAt: 2, firstIsFree: true, sentAt: '9999-01-01T00:00:00.000Z' };
      await bench.vault.attempts.refuse(await spend(refTo(record, 1)), 'PAM6003');
      const answer = await bench.vault.attempts.spend(ref, taken);
      if (!answer.granted) throw new Error('not granted');
      await bench.vault.attempts.refuse(answer.ticket, 'PAM6003');
      expect(await bench.vault.attempts.spend(ref, taken)).toMatchObject({ granted: false, reason: 'exhausted' });
    });
    test('a refusal that arrives after the clearing still counts', async () => {
      const ticket = await spend(ref);
      await bench.vault.attempts.clear(ref.record);
      await bench.vault.attempts.refuse(ticket, 'PAM6003');
      expect(await bench.vault.attempts.spend(ref, budget)).toEqual({ granted: false, reason: 'refused' });
      expect(await bench.vault.attempts.spent(ref.record, budget.windowMs)).toBe(1);
    });
    test('a version that is erased takes its refusal along', async () => {
      await bench.vault.attempts.refuse(await spend(refTo(record, 1)), 'PAM6003');
      await bench.put(again(record, { versions: record.versions.slice(0, 1) }));
      expect((await bench.vault.snapshot()).refusedVersions).toEqual([]);
    });
    test('a budget of none grants none', async () => {
      expect(await bench.vault.attempts.spend(ref, { ...budget, max: 0 })).toEqual({ granted: false, reason: 'exhausted' });
    });
  });
}
