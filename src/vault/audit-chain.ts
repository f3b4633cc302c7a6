import { createHash } from 'node:crypto';
import { canonicalJson, type Instant } from '../model/index.ts';
import type { VaultKeys } from './keys.ts';
import { auditMac } from './mac.ts';
import type { AuditEntry, AuditEvent } from './vault.ts';
import { VaultError } from './vault-error.ts';

/** The last event of a trail, or null where there is none yet. */
export type ChainHead = Pick<AuditEvent, 'sequence' | 'hash'> | null;

/** The event that follows `head`: its hash covers the hash before it, its MAC covers the hash. */
export function appendToChain(keys: VaultKeys, head: ChainHead, entry: AuditEntry, at: Instant, actor: string): AuditEvent {
  const body = { ...entry, sequence: (head?.sequence ?? 0) + 1, at, actor };
  const hash = hashEvent(head, body);
  return { ...body, hash, mac: auditMac(keys, hash) };
}

/**
 * Checks a whole trail, oldest first, and returns its length and the hash of its end; VaultError PAM5014 names the first event that
 * was changed, or from where on some are missing. Without `isAuthentic` (`Vault.isAuthentic`, which needs the key) only the chain is
 * checked, which somebody who rewrites every event can forge. A trail cut off at its end looks like a shorter one:
 * keep the returned hash elsewhere to notice.
 */
export async function verifyAuditChain(
  events: AsyncIterable<AuditEvent>,
  isAuthentic: (event: AuditEvent) => boolean = () => true,
): Promise<{ readonly events: number; readonly hash: string | null }> {
  let head: ChainHead = null;
  for await (const event of events) {
    const expected: number = (head?.sequence ?? 0) + 1;
    if (event.sequence !== expected) throw new VaultError('PAM5014', `event ${expected} of the audit trail is missing`);
    const { hash, mac: _, ...body } = event;
    if (hashEvent(head, body) !== hash || !isAuthentic(event)) {
      throw new VaultError('PAM5014', `event ${expected} of the audit trail is not as pam wrote it`);
    }
    head = event;
  }
  return { events: head?.sequence ?? 0, hash: head?.hash ?? null };
}

function hashEvent(head: ChainHead, body: Omit<AuditEvent, 'hash' | 'mac'>): string {
  return createHash('sha256')
    .update(`${head?.hash ?? ''}\n${canonicalJson(body)}`)
    .digest('hex');
}
