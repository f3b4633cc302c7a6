import { beforeEach, describe, expect, test } from 'vitest';
import type { VaultRecord } from '../../src/model/index.ts';
import { createSealer, recipientOf, type Vault, verifyAuditChain } from '../../src/vault/index.ts';
import { again, allEvents, type Bench, refTo } from './vault-bench.ts';
import { draft, header, holder, OWNER, putWith } from './vault-fixture.ts';

/** The runner works; the stranger of the fixture is who comes and goes. */
export function describeRecipients(bench: Bench): void {
  describe('recipients', () => {
    let runner: string;
    let recovery: string;
    let newcomer: string;
    let record: VaultRecord;
    beforeEach(async () => {
      const { identities } = bench.fixture;
      runner = await recipientOf(identities.runner);
      recovery = await recipientOf(identities.recovery);
      newcomer = await recipientOf(identities.stranger);
      record = await bench.putOne('app', [
        [header('current'), 'hunter2'],
        [header('previous'), 'hunter1'],
      ]);
    });
    const add = () => bench.vault.addRecipient({ recipient: newcomer, role: 'runner', label: 'nightly' });
    const unlockAs = async (identity: string) => (await bench.openReader()).unlock([identity]);
    const since = '2026-03-01T12:00:00.000Z';

    async function expectWhole(vault: Vault): Promise<void> {
      expect((await vault.authenticate()).records.map(({ address }) => address)).toContain('PamUser/app');
      expect((await vault.readSecret(refTo(record))).reveal()).toBe('hunter2');
      expect((await vault.readSecret(refTo(record, 1))).reveal()).toBe('hunter1');
      await verifyAuditChain(vault.audit(), (event) => vault.isAuthentic(event));
    }

    test('are listed without a key', async () => {
      expect(await (await bench.openReader()).recipients()).toEqual([
        { recipient: runner, role: 'runner', since },
        { recipient: recovery, role: 'recovery', since },
      ]);
    });
    test('one that is added opens the vault and what is sealed from then on', async () => {
      bench.fixture.clock.advance(1000);
      await add();
      const added = await bench.openVault(bench.fixture.identities.stranger);
      await expectWhole(added);
      const sealed = await (await bench.openVault()).sealer.seal(Buffer.from('journal'));
      expect(Buffer.from(await added.sealer.open(sealed)).toString()).toBe('journal');
      const listed = { recipient: newcomer, role: 'runner', label: 'nightly', since: '2026-03-01T12:00:01.000Z' };
      expect((await added.recipients()).at(-1)).toEqual(listed);
      const detail = { recipient: newcomer, role: 'runner', label: 'nightly' };
      expect((await allEvents(added)).at(-1)).toMatchObject({ action: 'recipient.add', detail });
    });
    test('adding disturbs nobody who is at work', async () => {
      const other = await bench.openVault();
      await add();
      await other.write({ puts: [again(record)] }, []);
      await expectWhole(bench.vault);
    });
    test('one that is there already, is none, or has no proper label is refused', async () => {
      const { stranger } = bench.fixture.identities;
      for (const recipient of [runner, 'age1nonsense', newcomer.toUpperCase(), `${newcomer} `, stranger]) {
        const error: unknown = await bench.vault.addRecipient({ recipient, role: 'runner' }).catch((e: unknown) => e);
        expect(error).toMatchObject({ code: 'PAM5013' });
        expect(`${error} ${JSON.stringify(error)} ${(error as Error).cause}`).not.toContain(stranger);
      }
      for (const label of ['', ' ', 'two\nlines', 'x'.repeat(101)]) {
        await expect(bench.vault.addRecipient({ recipient: newcomer, role: 'runner', label })).rejects.toMatchObject({ code: 'PAM5013' });
      }
      expect(await bench.vault.recipients()).toHaveLength(2);
    });
    test('of two changes at once the second is refused', async () => {
      const other = await bench.openVault();
      const changes = await Promise.allSettled([add(), other.addRecipient({ recipient: newcomer, role: 'recovery' })]);
      expect(changes.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
      expect(changes.find(({ status }) => status === 'rejected')).toMatchObject({ reason: { code: 'PAM5009' } });
    });

    test('one that is removed opens neither the vault nor what is sealed from then on, and the others open everything', async () => {
      await add();
      await bench.vault.removeRecipient(newcomer);
      await expect(unlockAs(bench.fixture.identities.stranger)).rejects.toMatchObject({ code: 'PAM5005' });
      const runnerNow = await bench.openVault();
      await expectWhole(runnerNow);
      await expectWhole(await bench.openVault(bench.fixture.identities.recovery));
      const sealed = await runnerNow.sealer.seal(Buffer.from('journal'));
      await expect(createSealer([], [bench.fixture.identities.stranger]).open(sealed)).rejects.toMatchObject({ code: 'PAM5005' });
      expect(await runnerNow.recipients()).toHaveLength(2);
      expect((await allEvents(runnerNow)).at(-1)).toMatchObject({ action: 'recipient.remove', detail: { recipient: newcomer } });
    });
    test('removing keeps records and their revisions as they are, and changes the serial', async () => {
      await add();
      const before = await bench.vault.snapshot();
      await bench.vault.removeRecipient(newcomer);
      const after = await (await bench.openReader()).snapshot();
      expect(after.serial).toBe(before.serial + 1);
      const bare = (records: readonly VaultRecord[]) => records.map(({ mac: _, ...rest }) => rest);
      expect(bare(after.records)).toEqual(bare(before.records));
      expect(after.records[0]?.mac).not.toBe(before.records[0]?.mac);
      expect(after.lineage).toBe(before.lineage);
    });
    test('whoever worked with the old key reads and writes nothing more, and goes on once opened again', async () => {
      const other = await bench.openVault();
      const lease = await other.lease({ type: 'project', owner: OWNER }, { waitMs: 0, holder: holder() });
      await add();
      await bench.vault.removeRecipient(newcomer);
      const refused = { code: 'PAM5018' };
      for (const vault of [other, bench.vault]) {
        await expect(vault.write({ puts: [again(record)] }, vault === other ? [lease] : [])).rejects.toMatchObject(refused);
        await expect(vault.write({ puts: [putWith('new', [[header('pending'), 'x']])] }, [])).rejects.toMatchObject(refused);
        await expect(vault.appendAudit([{ action: 'secret.read' }])).rejects.toMatchObject(refused);
        await expect(vault.readSecret(refTo(record))).rejects.toMatchObject(refused);
        await expect(vault.readRecord(record.id)).rejects.toMatchObject(refused);
        await expect(vault.authenticate()).rejects.toMatchObject(refused);
        await expect(vault.breakLease(lease.scope)).rejects.toMatchObject(refused);
        await expect(vault.addRecipient({ recipient: newcomer, role: 'runner' })).rejects.toMatchObject(refused);
        await expect(vault.removeRecipient(runner)).rejects.toMatchObject(refused);
        await expect(allEvents(vault)).rejects.toMatchObject(refused);
      }
      const opened = await bench.openVault();
      await opened.write({ puts: [again(record)] }, []);
      await expectWhole(opened);
    });
    test('whoever removes himself is out', async () => {
      await add();
      await bench.vault.removeRecipient(runner);
      await expect(unlockAs(bench.fixture.identities.runner)).rejects.toMatchObject({ code: 'PAM5005' });
      await expectWhole(await bench.openVault(bench.fixture.identities.stranger));
    });
    test('the last runner and the last recovery recipient stay', async () => {
      for (const recipient of [runner, recovery]) {
        await expect(bench.vault.removeRecipient(recipient)).rejects.toMatchObject({ code: 'PAM5019' });
      }
      await add();
      await expect(bench.vault.removeRecipient(recovery)).rejects.toMatchObject({ code: 'PAM5019' });
      await expect(bench.vault.removeRecipient('age1unknown')).rejects.toMatchObject({ code: 'PAM5013' });
      await expectWhole(bench.vault);
    });
    test('nobody is removed while a rotation is unfinished, and nothing changes', async () => {
      await add();
      const active = { id: 'r1', field: 'password' as const, reason: { type: 'request' as const }, startedAt: since };
      await bench.put({ record: draft('busy', { rotation: { active } }), expected: null });
      const error: unknown = await bench.vault.removeRecipient(newcomer).catch((e: unknown) => e);
      expect(error).toMatchObject({ code: 'PAM5019', message: expect.stringContaining('PamUser/busy'), hint: 'run: pam recover' });
      await expectWhole(bench.vault);
      await expectWhole(await bench.openVault(bench.fixture.identities.stranger));
    });
  });
}
