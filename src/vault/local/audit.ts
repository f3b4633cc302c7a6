import { canonicalJson, type Instant } from '../../model/index.ts';
import { appendToChain, type ChainHead } from '../audit-chain.ts';
import type { VaultKeys } from '../keys.ts';
import { auditMac, sameMac } from '../mac.ts';
import type { AuditEntry, AuditEvent } from '../vault.ts';
import { VaultError } from '../vault-error.ts';
import type { Database } from './database.ts';

interface AuditRow {
  readonly sequence: number;
  /** Canonical JSON of the event without hash and MAC. */
  readonly body: string;
  readonly hash: string;
  readonly mac: string;
}

/** How many events are in memory at once. */
const PAGE = 1000;

/** Inside a write transaction. */
export function appendEvents(db: Database, keys: VaultKeys, entries: readonly AuditEntry[], at: Instant, actor: string): void {
  if (entries.length === 0) return;
  let head: ChainHead = db.one<AuditRow>('SELECT * FROM audit ORDER BY sequence DESC LIMIT 1') ?? null;
  for (const entry of entries) {
    const event: AuditEvent = appendToChain(keys, head, entry, at, actor);
    const { hash, mac, ...body } = event;
    db.run('INSERT INTO audit (sequence, body, hash, mac) VALUES (?, ?, ?, ?)', event.sequence, canonicalJson(body), hash, mac);
    head = event;
  }
}

/** `check` runs in the transaction of each page, and may throw. */
export async function* readEvents(db: Database, check: () => void = () => {}): AsyncIterable<AuditEvent> {
  for (let last = Number.MIN_SAFE_INTEGER; ; ) {
    const rows = db.read(() => {
      check();
      return readPage(db, last);
    });
    for (const { sequence, body, hash, mac } of rows) {
      // The column decides about the order, so it must be the one that is checked.
      yield { ...parseBody(sequence, body), sequence, hash, mac };
      last = sequence;
    }
    if (rows.length < PAGE) return;
  }
}

/**
 * Inside a write transaction: every MAC made anew under another key. One that is wrong under the old key is left wrong, so that
 * what was forged stays so; to refuse instead would keep a recipient in the vault for as long as its trail is damaged.
 */
export function rekeyEvents(db: Database, old: VaultKeys, next: VaultKeys): void {
  for (let rows = readPage(db, Number.MIN_SAFE_INTEGER); rows.length > 0; rows = readPage(db, rows.at(-1)?.sequence ?? 0)) {
    for (const { sequence, hash, mac } of rows) {
      if (sameMac(auditMac(old, hash), mac)) db.run('UPDATE audit SET mac = ? WHERE sequence = ?', auditMac(next, hash), sequence);
    }
  }
}

function readPage(db: Database, after: number): readonly AuditRow[] {
  return db.all<AuditRow>('SELECT * FROM audit WHERE sequence > ? ORDER BY sequence LIMIT ?', after, PAGE);
}

function parseBody(sequence: number, body: string): AuditEntry & { at: Instant; actor: string } {
  try {
    return JSON.parse(body);
  } catch {
    throw new VaultError('PAM5014', `event ${sequence} of the audit trail is not as pam wrote it`);
  }
}
