import { openSync, readSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { realTimers, type Timers } from '../timers.ts';
import type { VaultReader } from '../vault.ts';
import { VaultError } from '../vault-error.ts';
import { type Clock, currentActor } from './context.ts';
import { Database, isUnloggedReadOnly } from './database.ts';
import { readMeta } from './meta.ts';
import { createReader } from './reader.ts';
import { APPLICATION_ID, FORMAT_VERSION } from './schema.ts';

export interface OpenOptions {
  /** From pam.yaml; another one in the vault is VaultError PAM5002. */
  readonly lineage?: string;
  readonly clock: Clock;
  /** Name of this machine: a lease whose holder died here is taken over at once. */
  readonly host: string;
  /** Who stands in the audit trail; default `user@host`. */
  readonly actor?: string;
  readonly timers?: Timers;
  /** How long a lease lives without its heartbeat, which beats three times as often. */
  readonly leaseTtlMs?: number;
}

/** Long beside a pause of a loaded machine, short beside the patience of whoever waits for a runner that died elsewhere. */
const LEASE_TTL_MS = 30_000;

/**
 * Opens the vault at `path` for reading; nothing is created. VaultError PAM5001 (missing), PAM5002 (lineage), PAM5003 (damaged or
 * no vault), PAM5004 (newer format), PAM5010 (cannot be read).
 */
export async function openLocalVault(path: string, options: OpenOptions): Promise<VaultReader> {
  checkHeader(path);
  const { db, lineage } = openDatabase(resolve(path));
  try {
    checkLineage(path, lineage, options.lineage);
  } catch (error) {
    db.close();
    throw error;
  }
  const { clock, host, actor = currentActor(host), timers = realTimers, leaseTtlMs = LEASE_TTL_MS } = options;
  return createReader(lineage, { db, clock, host, actor, timers, leaseTtlMs });
}

/** VaultError PAM5002 when it is not the one that pam.yaml names. */
export function checkLineage(path: string, lineage: string, expected: string | undefined): void {
  if (expected === undefined || expected === lineage) return;
  throw new VaultError('PAM5002', `the vault ${path} has the lineage ${lineage}, pam.yaml expects ${expected}`);
}

/** Looks at the header of the file (https://www.sqlite.org/fileformat.html §1.3) before SQLite does, which would write beside a foreign file. */
export function checkHeader(path: string): void {
  const header = readStart(path, 100);
  const isVault = header.toString('latin1', 0, 16) === 'SQLite format 3\0' && header.readUInt32BE(68) === APPLICATION_ID;
  if (!isVault) throw new VaultError('PAM5003', `${path} is no vault of pam`);
  const version = header.readUInt32BE(60);
  if (version > FORMAT_VERSION)
    throw new VaultError('PAM5004', `the vault ${path} has format ${version}, this pam knows ${FORMAT_VERSION}`);
}

/**
 * Vault files whose header was read, by device and inode. They stay open until the process ends: closing one drops every lock that
 * the process has on that file (POSIX, fcntl(2)), those of SQLite's connections too, and another process would then take the log away
 * from under them (https://www.sqlite.org/howtocorrupt.html §2.2).
 */
const opened = new Map<string, number>();

function readStart(path: string, length: number): Buffer {
  const bytes = Buffer.alloc(length);
  try {
    const { dev, ino } = statSync(path);
    const key = `${dev}:${ino}`;
    const file = opened.get(key) ?? openSync(path, 'r');
    opened.set(key, file);
    readSync(file, bytes, 0, length, 0);
  } catch (cause) {
    const missing = cause instanceof Error && 'code' in cause && cause.code === 'ENOENT';
    throw missing
      ? new VaultError('PAM5001', `there is no vault at ${path}`, {
          hint: 'run: pam vault restore FILE, or correct `vault.path`; `pam init` makes a new one',
        })
      : new VaultError('PAM5003', `the vault ${path} cannot be read`, { cause });
  }
  return bytes;
}

export function openDatabase(path: string): { db: Database; lineage: string } {
  try {
    return tryDatabase(path, false);
  } catch (error) {
    if (isUnloggedReadOnly(path, error)) return tryDatabase(path, true);
    throw error;
  }
}

function tryDatabase(path: string, immutable: boolean): { db: Database; lineage: string } {
  const db = new Database(path, { immutable });
  try {
    const { lineage } = readMeta(db);
    if (!immutable) db.useWal();
    return { db, lineage };
  } catch (error) {
    db.close();
    throw error;
  }
}
