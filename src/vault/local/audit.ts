import { canonicalJson, type Instant } from '../../model/index.ts';
import { appendToChain, type ChainHead } from '../audit-chain.ts';
import type { VaultKeys } from '../keys.ts';
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

export async function* readEvents(db: Database): AsyncIterable<AuditEvent> {
  for (let last = Number.MIN_SAFE_INTEGER; ; ) {
    const rows = db.all<AuditRow>('SELECT * FROM audit WHERE sequence > ? ORDER BY sequence LIMIT ?', last, PAGE);
    for (const { sequence, body, hash, mac } of rows) {
      // The column decides about the order, so it must be the one that is checked.
      yield { ...parseBody(sequence, body), sequence, hash, mac };
      last = sequence;
    }
    if (rows.length < PAGE) return;
  }
}

function parseBody(sequence: number, body: string): AuditEntry & { at: Instant; actor: string } {
  try {
    return JSON.parse(body);
  } catch {
    throw new VaultError('PAM5014', `event ${sequence} of the audit trail is not as pam wrote it`);
  }
}
