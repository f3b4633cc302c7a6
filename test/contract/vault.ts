import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type Instant, type RecordId, Secret, type VaultRecord } from '../../src/model/index.ts';
import { type AuditEvent, type LeaseScope, type RecordPut, type SecretRef, type Vault, verifyAuditChain } from '../../src/vault/index.ts';
import { draft, header, holder, LEASE_TTL_MS, OWNER, putWith, run, type VaultFixture } from './vault-fixture.ts';

/** The suite that every vault passes. `create` makes a new, empty vault for each test. */
export function describeVault(name: string, create: () => Promise<VaultFixture>): void {
  describe(name, () => {
    let fixture: VaultFixture;
    let vault: Vault;
    const opened: AsyncDisposable[] = [];

    beforeEach(async () => {
      fixture = await create();
      vault = await openVault();
    });
    afterEach(async () => {
      for (const handle of opened.splice(0).reverse()) await handle[Symbol.asyncDispose]();
      await fixture[Symbol.asyncDispose]();
    });

    /** One more process at work on the same vault. */
    async function openVault(identity = fixture.identities.runner): Promise<Vault> {
      const reader = await openReader();
      const unlocked = await reader.unlock([identity]);
      opened.push(unlocked);
      return unlocked;
    }
    async function openReader() {
      const reader = await fixture.open();
      opened.push(reader);
      return reader;
    }
    async function put(...puts: RecordPut[]): Promise<readonly VaultRecord[]> {
      return vault.write({ puts }, []);
    }
    async function putOne(...args: Parameters<typeof putWith>): Promise<VaultRecord> {
      const [record] = await put(putWith(...args));
      if (record === undefined) throw new Error('nothing was written');
      return record;
    }
    const refTo = (record: VaultRecord, index = 0): SecretRef => {
      const version = record.versions[index];
      if (version === undefined) throw new Error('no such version');
      return { record: record.id, field: version.field, version: version.id };
    };
    const again = ({ revision, mac: _, updatedAt: __, ...record }: VaultRecord, changes: Partial<VaultRecord> = {}): RecordPut => ({
      record: { ...record, ...changes },
      expected: revision,
    });

    describe('key', () => {
      test('opens with the runner identity and with the recovery identity', async () => {
        const record = await putOne('app', [[header('current'), 'hunter2']]);
        const recovery = await openVault(fixture.identities.recovery);
        expect((await recovery.readSecret(refTo(record))).reveal()).toBe('hunter2');
      });
      test('opens with the first identity that fits', async () => {
        const reader = await openReader();
        const unlocked = await reader.unlock([fixture.identities.stranger, fixture.identities.runner]);
        expect((await unlocked.authenticate()).records).toEqual([]);
      });
      test('refuses the identity of a stranger, none, and one that cannot be read', async () => {
        const reader = await openReader();
        await expect(reader.unlock([fixture.identities.stranger])).rejects.toMatchObject({ code: 'PAM5005' });
        await expect(reader.unlock([])).rejects.toMatchObject({ code: 'PAM5005' });
        const error: unknown = await reader.unlock(['AGE-SECRET-KEY-1NOTREALLY']).catch((e: unknown) => e);
        expect(error).toMatchObject({ code: 'PAM5005' });
        expect(`${error} ${JSON.stringify(error)}`).not.toContain('NOTREALLY');
      });
      test('seals for every recipient, and tells a stranger from damage', async () => {
        const sealed = await vault.sealer.seal(Buffer.from('journal'));
        const recovery = await openVault(fixture.identities.recovery);
        expect(Buffer.from(await recovery.sealer.open(sealed)).toString()).toBe('journal');
        const damaged = Buffer.from(sealed);
        damaged.writeUInt8(damaged.readUInt8(damaged.length - 1) ^ 1, damaged.length - 1);
        await expect(vault.sealer.open(damaged)).rejects.toMatchObject({ code: 'PAM5011' });
      });
    });

    describe('records', () => {
      test('an empty vault has a lineage and no records, without a key', async () => {
        const reader = await openReader();
        const snapshot = await reader.snapshot();
        expect(snapshot).toMatchObject({ formatVersion: 1, records: [], refusedVersions: [], lineage: reader.lineage });
        expect(snapshot.lineage).toMatch(/^[0-9a-f-]{36}$/);
      });
      test('gives back what was written, with revision, MAC and time', async () => {
        const written = await putOne('app', [[header('current'), 's']]);
        expect(written).toMatchObject({ address: 'PamUser/app', revision: 1, updatedAt: '2026-03-01T12:00:00.000Z' });
        expect(written.mac).toMatch(/^[0-9a-f]{64}$/);
        expect((await (await openReader()).snapshot()).records).toEqual([written]);
        expect(await vault.readRecord(written.id)).toEqual(written);
        expect((await vault.authenticate()).records).toEqual([written]);
      });
      test('has no record that nobody wrote', async () => {
        expect(await vault.readRecord('6e2b6f1a-0000-4000-8000-000000000000')).toBeNull();
      });
      test('lists records by owner and address', async () => {
        await put(...['zoe', 'adam', 'mia'].map((name) => ({ record: draft(name), expected: null })));
        expect((await vault.snapshot()).records.map((record) => record.address)).toEqual(['PamUser/adam', 'PamUser/mia', 'PamUser/zoe']);
      });
      test('the serial rises with each write', async () => {
        const before = (await vault.snapshot()).serial;
        const record = await putOne('app', []);
        expect((await vault.snapshot()).serial).toBe(before + 1);
        await put(again(record));
        expect((await vault.snapshot()).serial).toBe(before + 2);
      });
      test('a write replaces the revision that it was made from', async () => {
        const first = await putOne('app', []);
        fixture.clock.advance(1000);
        const [second] = await put(again(first, { fields: { login: 'other' } }));
        expect(second).toMatchObject({ id: first.id, revision: 2, fields: { login: 'other' }, updatedAt: '2026-03-01T12:00:01.000Z' });
      });
      test('a write from an older revision is refused', async () => {
        const first = await putOne('app', []);
        await put(again(first));
        await expect(put(again(first))).rejects.toMatchObject({ code: 'PAM5009' });
      });
      test('a record that should be new, and is not, is refused', async () => {
        const first = await putOne('app', []);
        await expect(put({ ...again(first), expected: null })).rejects.toMatchObject({ code: 'PAM5009' });
      });
      test('a record that is gone cannot be replaced', async () => {
        await expect(put({ record: draft('app'), expected: 1 })).rejects.toMatchObject({ code: 'PAM5009' });
      });
      test('an address stands once for each owner', async () => {
        await putOne('app', []);
        await expect(putOne('app', [])).rejects.toMatchObject({ code: 'PAM5009' });
        await put({ record: draft('app', { owner: { ...OWNER, environment: 'staging' } }), expected: null });
        expect((await vault.snapshot()).records).toHaveLength(2);
      });
      test('two records exchange their addresses in one batch', async () => {
        const [a, b] = [await putOne('a', []), await putOne('b', [])];
        await put(again(a, { address: b.address }), again(b, { address: a.address }));
        expect(await vault.readRecord(a.id)).toMatchObject({ address: 'PamUser/b' });
      });
      test('writes everything or nothing', async () => {
        const first = await putOne('app', [[header('current'), 's']]);
        const fresh = putWith('new', [[header('current'), 'n']]);
        const batch = { puts: [fresh, { ...again(first), expected: 7 }], audit: [{ action: 'record.create' }] };
        const before = { snapshot: await vault.snapshot(), events: (await allEvents(vault)).length };
        await expect(vault.write(batch, [])).rejects.toMatchObject({ code: 'PAM5009' });
        expect({ snapshot: await vault.snapshot(), events: (await allEvents(vault)).length }).toEqual(before);
        await expect(vault.readSecret({ record: fresh.record.id, field: 'password', version: fresh.record.versions[0]?.id ?? '' })).rejects.toMatchObject({ code: 'PAM5012' });
      });
      test('deletes a record with its secrets, and keeps its audit events', async () => {
        const record = await putOne('app', [[header('current'), 's']]);
        await vault.write({ puts: [], deletes: [{ id: record.id, expected: 1 }], audit: [{ action: 'record.delete', address: record.address }] }, []);
        expect((await vault.snapshot()).records).toEqual([]);
        await expect(vault.readSecret(refTo(record))).rejects.toMatchObject({ code: 'PAM5012' });
        expect((await allEvents(vault)).at(-1)).toMatchObject({ action: 'record.delete', address: 'PamUser/app' });
      });
      test('deletes only the revision that was read', async () => {
        const record = await putOne('app', []);
        await put(again(record));
        await expect(vault.write({ puts: [], deletes: [{ id: record.id, expected: 1 }] }, [])).rejects.toMatchObject({ code: 'PAM5009' });
      });
      test('of two handles that write one revision, one wins', async () => {
        const other = await openVault();
        const record = await putOne('app', []);
        const results = await Promise.allSettled([
          vault.write({ puts: [again(record, { fields: { login: 'one' } })] }, []),
          other.write({ puts: [again(record, { fields: { login: 'two' } })] }, []),
        ]);
        expect(results.map((result) => result.status).sort()).toEqual(['fulfilled', 'rejected']);
        expect(await vault.readRecord(record.id)).toMatchObject({ revision: 2 });
      });
    });

    describe('secrets', () => {
      test('reads each version of each field', async () => {
        const record = await putOne('app', [
          [header('current'), 'now'],
          [header('previous'), 'before'],
          [header('current', 'privateKey'), 'key ☃\u0000\n'],
        ]);
        const read = await Promise.all([0, 1, 2].map(async (index) => (await vault.readSecret(refTo(record, index))).reveal()));
        expect(read).toEqual(['now', 'before', 'key ☃\u0000\n']);
      });
      test('keeps bytes as they are, none at all included', async () => {
        const [binary, empty] = [header('current', 'privateKey'), header('current')];
        const bytes = Buffer.from(Array.from({ length: 256 }, (_, i) => i));
        const [record] = await put({
          record: draft('app', { versions: [binary, empty] }),
          expected: null,
          secrets: [
            { field: 'privateKey', version: binary.id, secret: Secret.fromBytes(bytes) },
            { field: 'password', version: empty.id, secret: Secret.fromText('') },
          ],
        });
        if (record === undefined) throw new Error('nothing was written');
        expect((await vault.readSecret(refTo(record))).bytes()).toEqual(bytes);
        expect((await vault.readSecret(refTo(record, 1))).bytes()).toHaveLength(0);
      });
      test('a version that the record lists no longer is erased', async () => {
        const record = await putOne('app', [[header('current'), 'now'], [header('previous'), 'before']]);
        await put(again(record, { versions: record.versions.slice(0, 1) }));
        expect((await vault.readSecret(refTo(record, 0))).reveal()).toBe('now');
        await expect(vault.readSecret(refTo(record, 1))).rejects.toMatchObject({ code: 'PAM5012' });
      });
      test('a version that moves to another state keeps its secret', async () => {
        const record = await putOne('app', [[header('pending'), 'new']]);
        await put(again(record, { versions: record.versions.map((version) => ({ ...version, state: 'current' as const })) }));
        expect((await vault.readSecret(refTo(record))).reveal()).toBe('new');
      });
      test('a rename keeps the secrets', async () => {
        const record = await putOne('app', [[header('current'), 'now']]);
        await put(again(record, { address: 'PamUser/renamed' }));
        expect((await vault.readSecret(refTo(record))).reveal()).toBe('now');
      });
      test('refuses a batch that contradicts itself', async () => {
        const record = await putOne('app', [[header('current'), 'now']]);
        const secret = Secret.fromText('x');
        const [pending, second] = [header('pending'), header('pending')];
        const contradictions: RecordPut[] = [
          { ...again(record), secrets: [{ field: 'password', version: pending.id, secret }] },
          again(record, { versions: [...record.versions, pending] }),
          { ...again(record), secrets: [{ ...refTo(record), secret }] },
          { ...again(record, { versions: [pending, second] }), secrets: [pending, second].map(({ field, id }) => ({ field, version: id, secret })) },
          again(record, { versions: [...record.versions, ...record.versions] }),
        ];
        for (const contradiction of contradictions) await expect(put(contradiction)).rejects.toMatchObject({ code: 'PAM5015' });
        await expect(put(again(record), again(record))).rejects.toMatchObject({ code: 'PAM5015' });
        expect((await vault.readSecret(refTo(record))).reveal()).toBe('now');
      });
    });

    describe('leases', () => {
      const project: LeaseScope = { type: 'project', owner: OWNER };
      const account = (record: RecordId): LeaseScope => ({ type: 'account', record });

      test('a scope has one holder, and says who it is', async () => {
        await vault.lease(project, { waitMs: 0, holder: holder({ url: 'https://ci.example/7' }) });
        const error: unknown = await (await openVault()).lease(project, { waitMs: 0, holder: holder() }).catch((e: unknown) => e);
        expect(error).toMatchObject({ code: 'PAM5007' });
        expect(String(error)).toContain('deploy on runner-1');
        expect(String(error)).toContain('https://ci.example/7');
      });
      test('scopes do not hinder each other', async () => {
        await vault.lease(project, { waitMs: 0, holder: holder() });
        await vault.lease({ type: 'project', owner: { ...OWNER, environment: 'staging' } }, { waitMs: 0, holder: holder() });
        await vault.lease(account('a'), { waitMs: 0, holder: holder() });
        await vault.lease(account('b'), { waitMs: 0, holder: holder() });
        expect(await (await openReader()).heldLeases()).toHaveLength(4);
      });
      test('a released scope is free, and its epoch rises', async () => {
        const first = await vault.lease(project, { waitMs: 0, holder: holder() });
        await first.release();
        await first.release();
        expect(await vault.heldLeases()).toEqual([]);
        const second = await (await openVault()).lease(project, { waitMs: 0, holder: holder() });
        expect(second.epoch).toBe(first.epoch + 1);
      });
      test('disposing a vault releases its leases and stops their heartbeats', async () => {
        const other = await (await fixture.open()).unlock([fixture.identities.runner]);
        await other.lease(project, { waitMs: 0, holder: holder() });
        expect(fixture.timers.beating).toBe(1);
        await other[Symbol.asyncDispose]();
        expect(fixture.timers.beating).toBe(0);
        await vault.lease(project, { waitMs: 0, holder: holder() });
      });
      test('shows what is held and until when', async () => {
        const lease = await vault.lease(account('a'), { waitMs: 0, holder: holder() });
        const expiresAt: Instant = new Date(fixture.clock() + LEASE_TTL_MS).toISOString();
        expect(await vault.heldLeases()).toEqual([{ scope: account('a'), epoch: lease.epoch, holder: holder(), expiresAt }]);
      });
      test('waits until the scope is released', async () => {
        const first = await vault.lease(project, { waitMs: 0, holder: holder() });
        fixture.timers.onSleep = async (sleeps) => {
          if (sleeps === 3) await first.release();
        };
        const second = await (await openVault()).lease(project, { waitMs: 60_000, holder: holder() });
        expect(second.epoch).toBe(first.epoch + 1);
      });
      test('gives up after the wait', async () => {
        await vault.lease(project, { waitMs: 0, holder: holder() });
        const start = fixture.clock();
        await expect((await openVault()).lease(project, { waitMs: 1500, holder: holder() })).rejects.toMatchObject({ code: 'PAM5007' });
        expect(fixture.clock() - start).toBe(1500);
      });
      test('stops to wait when it is told to', async () => {
        await vault.lease(project, { waitMs: 0, holder: holder() });
        const stop = new AbortController();
        fixture.timers.onSleep = () => stop.abort(new Error('interrupted'));
        await expect(vault.lease(project, { waitMs: 60_000, holder: holder(), signal: stop.signal })).rejects.toThrow('interrupted');
      });
      test('an expired lease is taken over, and its holder can write no more', async () => {
        const slow = await vault.lease(project, { waitMs: 0, holder: holder() });
        fixture.clock.advance(LEASE_TTL_MS);
        const other = await openVault();
        const fast = await other.lease(project, { waitMs: 0, holder: holder() });
        await expect(vault.write({ puts: [putWith('app', [])] }, [slow])).rejects.toMatchObject({ code: 'PAM5008' });
        expect(slow.lost.aborted).toBe(true);
        expect((await vault.snapshot()).records).toEqual([]);
        await other.write({ puts: [putWith('app', [])] }, [fast]);
      });
      test('every lease of a write is checked', async () => {
        const good = await vault.lease(project, { waitMs: 0, holder: holder() });
        const gone = await vault.lease(account('a'), { waitMs: 0, holder: holder() });
        await gone.release();
        await expect(vault.write({ puts: [] }, [good, gone])).rejects.toMatchObject({ code: 'PAM5008' });
      });
      test('the heartbeat keeps a lease', async () => {
        const lease = await vault.lease(project, { waitMs: 0, holder: holder() });
        fixture.clock.advance(LEASE_TTL_MS - 1);
        fixture.timers.beat();
        await expect.poll(async () => (await vault.heldLeases())[0]?.expiresAt).toBe(new Date(fixture.clock() + LEASE_TTL_MS).toISOString());
        fixture.clock.advance(LEASE_TTL_MS - 1);
        await expect((await openVault()).lease(project, { waitMs: 0, holder: holder() })).rejects.toMatchObject({ code: 'PAM5007' });
        expect(lease.lost.aborted).toBe(false);
      });
      test('the heartbeat notices that a lease is lost, and does not take it back', async () => {
        const slow = await vault.lease(project, { waitMs: 0, holder: holder() });
        fixture.clock.advance(LEASE_TTL_MS);
        const fast = await (await openVault()).lease(project, { waitMs: 0, holder: holder({ command: 'pam rotate' }) });
        fixture.timers.beat();
        await expect.poll(() => slow.lost.aborted).toBe(true);
        await slow.release();
        expect(await vault.heldLeases()).toMatchObject([{ epoch: fast.epoch, holder: { command: 'pam rotate' } }]);
        expect(fast.lost.aborted).toBe(false);
      });
    });

    describe('attempts', () => {
      const budget = { max: 2, windowMs: 1_800_000 };
      async function spend(ref: SecretRef, expected = false): Promise<string> {
        const answer = await vault.attempts.spend(ref, { ...budget, expected });
        if (!answer.granted) throw new Error(`not granted: ${answer.reason}`);
        return answer.ticket;
      }
      let ref: SecretRef;
      let record: VaultRecord;
      beforeEach(async () => {
        record = await putOne('app', [[header('current'), 'now'], [header('candidate'), 'old']]);
        ref = refTo(record);
      });

      test('grants what the budget allows, and says when there is more', async () => {
        await spend(ref);
        fixture.clock.advance(60_000);
        await spend(ref);
        const until = new Date(fixture.clock() - 60_000 + budget.windowMs).toISOString();
        expect(await vault.attempts.spend(ref, budget)).toEqual({ granted: false, reason: 'exhausted', until });
        fixture.clock.advance(Date.parse(until) - fixture.clock());
        await spend(ref);
      });
      test('counts all versions of an account together, and no other account', async () => {
        await spend(ref);
        await spend(refTo(record, 1));
        expect(await vault.attempts.spend(ref, budget)).toMatchObject({ granted: false });
        const other = await putOne('other', [[header('current'), 'x']]);
        expect(await vault.attempts.spend(refTo(other), budget)).toMatchObject({ granted: true });
        expect(await vault.attempts.spent(record.id, budget.windowMs)).toBe(2);
      });
      test('is known to other runners', async () => {
        await spend(ref);
        await spend(ref);
        expect(await (await openVault()).attempts.spend(ref, budget)).toMatchObject({ granted: false, reason: 'exhausted' });
      });
      test('a login that never happened is given back', async () => {
        await vault.attempts.giveBack(await spend(ref));
        expect(await vault.attempts.spent(ref.record, budget.windowMs)).toBe(0);
      });
      test('a login that succeeded gives back all that is unsettled of its version, and nothing else', async () => {
        await spend(ref);
        const ticket = await spend(ref);
        await vault.attempts.succeed(ticket);
        expect(await vault.attempts.spent(ref.record, budget.windowMs)).toBe(0);
        await spend(refTo(record, 1));
        await vault.attempts.succeed(await spend(ref));
        expect(await vault.attempts.spent(ref.record, budget.windowMs)).toBe(1);
      });
      test('what killed processes left behind of an expected version counts as one', async () => {
        for (let kill = 0; kill < 5; kill += 1) await spend(ref, true);
        expect(await vault.attempts.spend(ref, { ...budget, expected: true })).toMatchObject({ granted: true });
        expect(await vault.attempts.spend(ref, budget)).toMatchObject({ granted: false, reason: 'exhausted' });
      });
      test('a refused version is not tried again, and the snapshot says so', async () => {
        await vault.attempts.refuse(await spend(ref), 'PAM6003');
        expect(await vault.attempts.spend(ref, budget)).toEqual({ granted: false, reason: 'refused' });
        expect(await vault.attempts.spent(ref.record, budget.windowMs)).toBe(1);
        expect((await (await openReader()).snapshot()).refusedVersions).toEqual([ref.version]);
        fixture.clock.advance(10 * budget.windowMs);
        expect(await vault.attempts.spend(ref, budget)).toEqual({ granted: false, reason: 'refused' });
        expect(await vault.attempts.spend(refTo(record, 1), budget)).toMatchObject({ granted: true });
      });
      test('refusing and clearing change the serial of the snapshot', async () => {
        const before = (await vault.snapshot()).serial;
        await vault.attempts.refuse(await spend(ref), 'PAM6003');
        expect((await vault.snapshot()).serial).toBe(before + 1);
        await vault.attempts.clear(ref.record);
        expect((await vault.snapshot()).serial).toBe(before + 2);
      });
      test('clearing forgets refusals and spent attempts', async () => {
        await vault.attempts.refuse(await spend(ref), 'PAM6003');
        await spend(refTo(record, 1));
        await vault.attempts.clear(ref.record);
        expect(await vault.attempts.spent(ref.record, budget.windowMs)).toBe(0);
        expect((await vault.snapshot()).refusedVersions).toEqual([]);
        await spend(ref);
      });
      test('a refusal that arrives after the clearing still counts', async () => {
        const ticket = await spend(ref);
        await vault.attempts.clear(ref.record);
        await vault.attempts.refuse(ticket, 'PAM6003');
        expect(await vault.attempts.spend(ref, budget)).toEqual({ granted: false, reason: 'refused' });
        expect(await vault.attempts.spent(ref.record, budget.windowMs)).toBe(1);
      });
      test('a version that is erased takes its refusal along', async () => {
        await vault.attempts.refuse(await spend(refTo(record, 1)), 'PAM6003');
        await put(again(record, { versions: record.versions.slice(0, 1) }));
        expect((await vault.snapshot()).refusedVersions).toEqual([]);
      });
      test('a budget of none grants none', async () => {
        expect(await vault.attempts.spend(ref, { ...budget, max: 0 })).toEqual({ granted: false, reason: 'exhausted' });
      });
    });

    describe('runs', () => {
      test('keeps a run with its plan and its ledger', async () => {
        const started = run('r1', 'sha256:a', '2026-03-01T12:00:00.000Z', ['PamUser/app']);
        await vault.runs.start(started);
        const entry = (id: string) => ({ id, address: 'PamUser/app' as const, kind: 'adopt' as const, outcome: 'succeeded' as const, at: '2026-03-01T12:00:01.000Z' });
        await vault.runs.append('r1', [entry('one')]);
        await vault.runs.append('r1', [entry('two'), entry('three')]);
        const found = await (await openReader()).readRun('r1');
        expect(found?.run).toEqual(started);
        expect(found?.ledger.map(({ id }) => id)).toEqual(['one', 'two', 'three']);
        await vault.runs.finish('r1', 7);
        expect((await vault.readRun('r1'))?.run).toEqual({ ...started, finishedAt: '2026-03-01T12:00:00.000Z', exit: 7 });
        expect(await vault.readRun('r2')).toBeNull();
      });
      test('lists the newest first, without their plans', async () => {
        await vault.runs.start(run('r1', 'sha256:a', '2026-03-01T12:00:00.000Z'));
        await vault.runs.start(run('r2', 'sha256:b', '2026-03-02T12:00:00.000Z', ['PamUser/app']));
        const listed = await (await openReader()).listRuns(10);
        expect(listed.map(({ id }) => id)).toEqual(['r2', 'r1']);
        expect(listed[0]).not.toHaveProperty('plan');
        expect(listed[0]?.changes).toEqual([{ id: 'adopt PamUser/app', kind: 'adopt', address: 'PamUser/app' }]);
        expect(await vault.listRuns(1)).toHaveLength(1);
      });
      test('finds the newest run of a digest', async () => {
        for (const [id, digest] of [['r1', 'a'], ['r2', 'a'], ['r3', 'b']] as const) {
          await vault.runs.start(run(id, digest, '2026-03-01T12:00:00.000Z'));
        }
        expect((await vault.findRun('a'))?.id).toBe('r2');
        expect(await vault.findRun('c')).toBeNull();
      });
    });

    describe('audit', () => {
      test('chains what was written, and the chain and its MACs hold', async () => {
        const start = (await allEvents(vault)).length;
        await vault.write({ puts: [putWith('app', [])], audit: [{ action: 'record.create', address: 'PamUser/app', detail: { lines: 2 } }] }, []);
        await vault.appendAudit([{ action: 'secret.read', address: 'PamUser/app', record: 'r' }, { action: 'secret.read' }]);
        const events = await allEvents(await openReader());
        expect(events.slice(start).map(({ action }) => action)).toEqual(['record.create', 'secret.read', 'secret.read']);
        expect(events.map(({ sequence }) => sequence)).toEqual(events.map((_, index) => index + 1));
        expect(events.at(-1)).toMatchObject({ at: '2026-03-01T12:00:00.000Z', actor: expect.any(String) });
        const checked = await verifyAuditChain(vault.audit(), (event) => vault.isAuthentic(event));
        expect(checked).toEqual({ events: events.length, hash: events.at(-1)?.hash });
      });
      test('two writers share one chain', async () => {
        const other = await openVault();
        for (let i = 0; i < 5; i += 1) {
          await Promise.all([vault.appendAudit([{ action: 'a.a' }]), other.appendAudit([{ action: 'b.b' }])]);
        }
        await verifyAuditChain(vault.audit(), (event) => vault.isAuthentic(event));
      });
    });
  });
}

async function allEvents(vault: { audit(): AsyncIterable<AuditEvent> }): Promise<AuditEvent[]> {
  const events: AuditEvent[] = [];
  for await (const event of vault.audit()) events.push(event);
  return events;
}
