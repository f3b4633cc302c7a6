import { chmodSync, copyFileSync, existsSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { canonicalJson, type Instant, type Snapshot } from '../../model/index.ts';
import { appendToChain, verifyAuditChain } from '../audit-chain.ts';
import { forgetKeys, type VaultKeys } from '../keys.ts';
import { auditMac, sameMac } from '../mac.ts';
import { openSecret } from '../sealing.ts';
import type { AuditEvent, Recipient, Restored, SecretRef } from '../vault.ts';
import { VaultError } from '../vault-error.ts';
import { readEvents } from './audit.ts';
import { checkIntegrity } from './backup.ts';
import { type Clock, currentActor, instantOf } from './context.ts';
import { Database, quote } from './database.ts';
import { readHeldLeases } from './leases.ts';
import { readMeta } from './meta.ts';
import { checkHeader, checkLineage, openDatabase } from './open.ts';
import { alreadyThere, placeFile, setAside } from './place.ts';
import { readSnapshot } from './records.ts';
import { unlockKeys } from './unlock.ts';

export interface RestoreOptions {
  /** From pam.yaml; a copy of another vault is VaultError PAM5002. */
  readonly lineage?: string;
  readonly identities: readonly string[];
  /** A vault that is there already is kept beside, under another name. */
  readonly replace: boolean;
  readonly clock: Clock;
  readonly host: string;
  /** Who stands in the audit trail; default `user@host`. */
  readonly actor?: string;
}

/**
 * Makes a copy of a vault the vault at `path`, after everything in it was checked: its header, its pages, its lineage, its key, and
 * the MACs of all records. The copy itself is only read. VaultError PAM5016 when a vault is there and `replace` is not set, PAM5007
 * when somebody works on that one; those of opening and unlocking a vault for the copy.
 */
export async function restoreLocalVault(copy: string, path: string, options: RestoreOptions): Promise<Restored> {
  checkHeader(copy);
  refuseTaken(path, options);
  const now = options.clock();
  let checked: Checked | undefined;
  let replaced: string | null = null;
  await placeFile(
    path,
    async (temporary) => {
      takeCopy(copy, temporary);
      checked = await checkCopy(copy, temporary, options);
      finishCopy(temporary, checked.keys, checked.last, instantOf(now), options);
      forgetKeys(checked.keys);
    },
    () => {
      refuseTaken(path, options);
      replaced = setAside(path, `replaced-${instantOf(now).replaceAll(/[-:.]/g, '')}`);
    },
  );
  if (checked === undefined) throw new Error('the file was placed without being made');
  const { snapshot, last, recipients, damaged, auditProblem } = checked;
  const { lineage, records } = snapshot;
  return { lineage, records: records.length, lastEventAt: last.at, recipients, damaged, auditProblem, replaced };
}

/** Whoever works on the vault that is there would go on with the file that was moved away, and what he rotates would be lost. */
function refuseTaken(path: string, { replace, clock, host }: RestoreOptions): void {
  if (!existsSync(path)) return;
  if (!replace) throw alreadyThere(path);
  let held: ReturnType<typeof readHeldLeases>;
  try {
    checkHeader(path);
    const { db } = openDatabase(resolve(path));
    try {
      held = readHeldLeases(db, clock, host);
    } finally {
      db.close();
    }
  } catch (error) {
    if (error instanceof VaultError) return; // damaged: this is what a restore is for
    throw error;
  }
  const [first] = held;
  if (first === undefined) return;
  const { user, host: where, command } = first.holder;
  throw new VaultError('PAM5007', `${user} on ${where} is at work on the vault (\`${command}\`)`, { hint: 'run: pam lock show' });
}

/** A copy that was made without pam has a log beside it perhaps, which belongs to it. */
function takeCopy(copy: string, temporary: string): void {
  copyFileSync(copy, temporary);
  if ((statSync(`${copy}-wal`, { throwIfNoEntry: false })?.size ?? 0) > 0) copyFileSync(`${copy}-wal`, `${temporary}-wal`);
  chmodSync(temporary, 0o600);
  // Folds the log in. Only `exec`, so that libsql closes the file at once.
  const db = new Database(temporary, { name: copy });
  try {
    db.exec('PRAGMA journal_mode = DELETE');
  } finally {
    db.closeUnread();
  }
}

interface Checked {
  readonly keys: VaultKeys;
  readonly snapshot: Snapshot;
  readonly last: AuditEvent;
  readonly recipients: readonly Recipient[];
  readonly damaged: readonly SecretRef[];
  readonly auditProblem: string | null;
}

async function checkCopy(copy: string, temporary: string, { lineage, identities }: RestoreOptions): Promise<Checked> {
  const db = new Database(temporary, { immutable: true, name: copy });
  try {
    checkIntegrity(db, copy);
    const meta = readMeta(db);
    checkLineage(copy, meta.lineage, lineage);
    const { keys } = await unlockKeys(db, identities);
    const snapshot = readSnapshot(db, keys);
    const last = await lastEvent(db);
    return { keys, snapshot, last, recipients: meta.recipients, damaged: findDamaged(db, keys), auditProblem: await checkAudit(db, keys) };
  } finally {
    db.close();
  }
}

function findDamaged(db: Database, keys: VaultKeys): readonly SecretRef[] {
  return db.all<SecretRef & { sealed: ArrayBuffer }>('SELECT record, field, version, sealed FROM secret').flatMap(({ sealed, ...ref }) => {
    try {
      openSecret(keys, ref, Buffer.from(sealed));
      return [];
    } catch {
      return [ref];
    }
  });
}

async function checkAudit(db: Database, keys: VaultKeys): Promise<string | null> {
  try {
    await verifyAuditChain(readEvents(db), (event) => sameMac(auditMac(keys, event.hash), event.mac));
    return null;
  } catch (error) {
    if (error instanceof VaultError) return error.message;
    throw error;
  }
}

async function lastEvent(db: Database): Promise<AuditEvent> {
  let last: AuditEvent | undefined;
  for await (const event of readEvents(db)) last = event;
  if (last === undefined) throw new VaultError('PAM5003', 'the copy has no audit trail');
  return last;
}

/** The leases of that day are over, and the trail says where the vault comes from. */
function finishCopy(temporary: string, keys: VaultKeys, last: AuditEvent, now: Instant, { host, actor }: RestoreOptions): void {
  const entry = { action: 'vault.restore', detail: { lastEventAt: last.at, lastEvent: last.sequence } };
  const { hash, mac, ...body } = appendToChain(keys, last, entry, now, actor ?? currentActor(host));
  const db = new Database(temporary);
  try {
    db.exec(`
      BEGIN;
      UPDATE lease SET epoch = epoch + 1, holder = NULL;
      INSERT INTO audit VALUES (${body.sequence}, ${quote(canonicalJson(body))}, ${quote(hash)}, ${quote(mac)});
      UPDATE meta SET value = value + 1 WHERE name = 'serial';
      COMMIT;
      PRAGMA journal_mode = WAL;`);
  } finally {
    db.closeUnread();
  }
}
