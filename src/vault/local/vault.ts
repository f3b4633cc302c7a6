import { forgetKeys } from '../keys.ts';
import { auditMac, outsideMac, sameMac } from '../mac.ts';
import type { AuditEntry, LeaseHolder, LeaseScope, Sealer, Vault, VaultReader } from '../vault.ts';
import { openAttempts } from './attempts.ts';
import { appendEvents, readEvents } from './audit.ts';
import { type Context, instantOf } from './context.ts';
import { endLease, openLeases } from './leases.ts';
import { checkKey } from './meta.ts';
import { addRecipient, removeRecipient } from './recipients.ts';
import { readRecord, readSecret, readSnapshot, writeRecords } from './records.ts';
import { openRuns } from './runs.ts';

/** The unlocked vault. Disposing it releases its leases, forgets the keys and closes the reader that it came from. */
export function createVault(context: Context, reader: VaultReader, sealer: Sealer): Vault {
  const { db, keys, clock, actor } = context;
  const leases = openLeases(context);

  function append(entries: readonly AuditEntry[]): void {
    checkKey(db, keys);
    appendEvents(db, keys, entries, instantOf(clock()), actor);
  }
  function breakLease(scope: LeaseScope) {
    return db.write(() => {
      checkKey(db, keys);
      const holder = endLease(db, scope);
      if (holder !== null) append([breakingOf(scope, holder)]);
      return holder;
    });
  }
  return {
    ...reader,
    authenticate: async () => readSnapshot(db, keys),
    readRecord: async (id) => readRecord(context, id),
    lease: (scope, options) => leases.acquire(scope, options),
    write: async (batch, held) => writeRecords(context, batch, () => leases.check(held)),
    readSecret: async (ref) => readSecret(context, ref),
    audit: () => readEvents(db, () => checkKey(db, keys)),
    appendAudit: async (entries) => db.write(() => append(entries)),
    macOf: (text) => outsideMac(keys, text),
    isAuthentic: (event) => sameMac(auditMac(keys, event.hash), event.mac),
    breakLease: async (scope) => breakLease(scope),
    addRecipient: (added) => addRecipient(context, sealer, added),
    removeRecipient: (recipient) => removeRecipient(context, sealer, recipient),
    attempts: openAttempts(context),
    runs: openRuns(context),
    sealer,
    async [Symbol.asyncDispose]() {
      try {
        await leases.releaseAll();
      } finally {
        forgetKeys(keys);
        await reader[Symbol.asyncDispose]();
      }
    },
  };
}

function breakingOf(scope: LeaseScope, { user, host, pid, command, since }: LeaseHolder): AuditEntry {
  const where = scope.type === 'account' ? { record: scope.record } : {};
  const owner = scope.type === 'project' ? { project: scope.owner.project, environment: scope.owner.environment } : {};
  return { action: 'lease.break', ...where, detail: { ...owner, user, host, pid, command, since } };
}
