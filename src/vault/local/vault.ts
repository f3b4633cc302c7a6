import { forgetKeys } from '../keys.ts';
import { auditMac, sameMac } from '../mac.ts';
import type { Sealer, Vault, VaultReader } from '../vault.ts';
import { openAttempts } from './attempts.ts';
import { appendEvents } from './audit.ts';
import { type Context, instantOf } from './context.ts';
import { openLeases } from './leases.ts';
import { readRecord, readSecret, readSnapshot, writeRecords } from './records.ts';
import { openRuns } from './runs.ts';

/** The unlocked vault. Disposing it releases its leases, forgets the keys and closes the reader that it came from. */
export function createVault(context: Context, reader: VaultReader, sealer: Sealer): Vault {
  const { db, keys, clock, actor } = context;
  const leases = openLeases(context);
  return {
    ...reader,
    authenticate: async () => readSnapshot(db, keys),
    readRecord: async (id) => readRecord(context, id),
    lease: (scope, options) => leases.acquire(scope, options),
    write: async (batch, held) => writeRecords(context, batch, () => leases.check(held)),
    readSecret: async (ref) => readSecret(context, ref),
    appendAudit: async (entries) => db.write(() => appendEvents(db, keys, entries, instantOf(clock()), actor)),
    isAuthentic: (event) => sameMac(auditMac(keys, event.hash), event.mac),
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
