import { createHmac, timingSafeEqual } from 'node:crypto';
import { canonicalJson, type VaultRecord } from '../model/index.ts';
import type { VaultKeys } from './keys.ts';
import type { Recipient } from './vault.ts';
import { VaultError } from './vault-error.ts';

/** What the MAC of a record stands over: canonical JSON of everything but the MAC itself. */
export function recordBody(record: Omit<VaultRecord, 'mac'>): string {
  return canonicalJson({ ...record, mac: undefined });
}

/** HMAC-SHA-256 (hex) over the lineage and the body of a record. */
export function recordMac(keys: VaultKeys, body: string): string {
  return hmac(keys.mac, `pam/v1 record\n${keys.lineage}\n${body}`);
}

/** HMAC-SHA-256 (hex) over the recipients: whoever could add one would be sent every journal entry. */
export function recipientsMac(keys: VaultKeys, recipients: readonly Recipient[]): string {
  return hmac(keys.mac, `pam/v1 recipients\n${keys.lineage}\n${canonicalJson(recipients)}`);
}

/** HMAC-SHA-256 (hex) over the hash of an audit event, which stands for the whole trail up to it. */
export function auditMac(keys: VaultKeys, hash: string): string {
  return hmac(keys.audit, `pam/v1 audit\n${keys.lineage}\n${hash}`);
}

/** HMAC-SHA-256 (hex) over something that is kept outside the vault, such as an entry of the journal. */
export function outsideMac(keys: VaultKeys, text: string): string {
  return hmac(keys.outside, `pam/v1 outside\n${keys.lineage}\n${text}`);
}

/** Constant-time comparison of two MACs in hex. */
export function sameMac(a: string, b: string): boolean {
  const [left, right] = [Buffer.from(a), Buffer.from(b)];
  return left.length === right.length && timingSafeEqual(left, right);
}

/** PAM5006 with every address that is not as pam wrote it. */
export function forgedRecords(addresses: readonly string[]): VaultError {
  return new VaultError('PAM5006', `not as pam wrote it: ${addresses.join(', ')}`, {
    hint: 'restore the vault from a backup, or look at what was changed with `pam show ADDRESS`',
  });
}

function hmac(key: Buffer, text: string): string {
  return createHmac('sha256', key).update(text).digest('hex');
}
