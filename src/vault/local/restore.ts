import { chmodSync, copyFileSync, existsSync, statSync } from 'node:fs';
import { canonicalJson, type Instant } from '../../model/index.ts';
import { appendToChain, verifyAuditChain } from '../audit-chain.ts';
import { forgetKeys, type VaultKeys } from '../keys.ts';
import { auditMac, sameMac } from '../mac.ts';
import { openSecret } from '../sealing.ts';
import type { Restored, SecretRef } from '../vault.ts';
import { VaultError } from '../vault-error.ts';
import { readEvents } from './audit.ts';
import { checkIntegrity } from './backup.ts';
import { type Clock, currentActor, instantOf } from './context.ts';
import { Database, quote } from './database.ts';
import { readMeta } from './meta.ts';
import { checkHeader, checkLineage } from './open.ts';
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
 * when another process has that one open; those of opening and unlocking a vault for the copy.
 */
export async function restoreLocalVault(copy: string, path: string, options: RestoreOptions): Promise<Restored> {
  checkHeader(copy);
  if (existsSync(path) && !options.replace) throw alreadyThere(path);
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
      takeOver(path, options);
      replaced = setAside(path, `replaced-${instantOf(now).replaceAll(/[-:.]/g, '')}`);
    },
  );
  if (checked === undefined) throw new Error('the file was placed without being made');
  return { ...checked.found, replaced };
}

/**
 * Whoever has the vault open that is there would go on with the file that is moved away, and what he rotates would be lost: leaving
 * WAL mode needs a file for oneself. It also folds the log in, so that one file is kept. A damaged vault is moved away as it is.
 */
function takeOver(path: string, { replace }: RestoreOptions): void {
  if (!existsSync(path)) return;
  if (!replace) throw alreadyThere(path);
  try {
    checkHeader(path);
    leaveWal(path, path);
  } catch (error) {
    if (!Database.isBusy(error)) return;
    throw new VaultError('PAM5007', `another process has the vault ${path} open`, {
      hint: 'wait for it, or look who it is: pam lock show',
    });
  }
}

/** Only by `exec`, so that libsql closes the file at once. */
function leaveWal(path: string, name: string): void {
  const db = new Database(path, { name });
  try {
    db.exec('PRAGMA journal_mode = DELETE');
  } finally {
    db.closeUnread();
  }
}

/** A copy that was made without pam has a log beside it perhaps, which belongs to it. */
function takeCopy(copy: string, temporary: string): void {
  copyFileSync(copy, temporary);
  if ((statSync(`${copy}-wal`, { throwIfNoEntry: false })?.size ?? 0) > 0) copyFileSync(`${copy}-wal`, `${temporary}-wal`);
  chmodSync(temporary, 0o600);
  leaveWal(temporary, copy);
}

interface Checked {
  readonly keys: VaultKeys;
  readonly last: LastEvent;
  readonly found: Omit<Restored, 'replaced'>;
}

async function checkCopy(copy: string, temporary: string, { lineage, identities }: RestoreOptions): Promise<Checked> {
  const db = new Database(temporary, { immutable: true, name: copy });
  try {
    checkIntegrity(db, copy);
    const meta = readMeta(db);
    checkLineage(copy, meta.lineage, lineage);
    const { keys } = await unlockKeys(db, identities);
    const last = readLastEvent(db);
    const found = {
      lineage: meta.lineage,
      records: readSnapshot(db, keys).records.length,
      lastEventAt: last.at,
      recipients: meta.recipients,
      damaged: findDamaged(db, keys),
      auditProblem: await checkAudit(db, keys),
    };
    return { keys, last, found };
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

/** Where the trail ends; without a time where its event is damaged. */
interface LastEvent {
  readonly sequence: number;
  readonly hash: string;
  readonly at: Instant | null;
}

function readLastEvent(db: Database): LastEvent {
  const last = db.one<LastEvent>(
    "SELECT sequence, hash, iif(json_valid(body), body ->> '$.at', NULL) AS at FROM audit ORDER BY sequence DESC LIMIT 1",
  );
  if (last === undefined) throw new VaultError('PAM5003', 'the copy has no audit trail');
  return last;
}

/** The leases of that day are over, and the trail says where the vault comes from. */
function finishCopy(temporary: string, keys: VaultKeys, last: LastEvent, now: Instant, { host, actor }: RestoreOptions): void {
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
