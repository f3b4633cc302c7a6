import type { VersionHeader } from '../model/index.ts';
import type { RecordPut, SecretRef, WriteBatch } from './vault.ts';
import { VaultError } from './vault-error.ts';

/** Names a secret within its record. */
export type SecretName = Pick<SecretRef, 'field' | 'version'>;

/**
 * Refuses a batch that contradicts itself (VaultError PAM5015), before anything of it is written. What only the stored secrets can
 * tell is checked by `findErased` in the transaction.
 */
export function checkBatch(batch: WriteBatch): void {
  const ids = [...batch.puts.map((put) => put.record.id), ...(batch.deletes ?? []).map((gone) => gone.id)];
  if (new Set(ids).size !== ids.length) throw contradiction('a record stands in one batch twice');
  for (const { record } of batch.puts) {
    if (new Set(record.versions.map(nameOfHeader).map(keyOf)).size !== record.versions.length) {
      throw contradiction(`${record.address} lists a version twice`);
    }
    for (const state of ['pending', 'current'] as const) {
      const fields = record.versions.filter((header) => header.state === state).map((header) => header.field);
      if (new Set(fields).size !== fields.length) throw contradiction(`${record.address} has two ${state} versions of one field`);
    }
  }
}

/**
 * Which of the `stored` secrets of its record a put no longer lists, and so erases. A version is written once, every version has
 * its secret and every secret its version: else VaultError PAM5015.
 */
export function findErased<Name extends SecretName>({ record, secrets = [] }: RecordPut, stored: readonly Name[]): readonly Name[] {
  const listed = new Set(record.versions.map(nameOfHeader).map(keyOf));
  const has = new Set(stored.map(keyOf));
  for (const secret of secrets) {
    if (!listed.has(keyOf(secret))) throw contradiction(`${record.address} has no version for a secret of ${secret.field}`);
    if (has.has(keyOf(secret))) throw contradiction(`${record.address} would overwrite a secret of ${secret.field}`);
    has.add(keyOf(secret));
  }
  for (const key of listed) {
    if (!has.has(key)) throw contradiction(`${record.address} lists a version without a secret`);
  }
  return stored.filter((name) => !listed.has(keyOf(name)));
}

function nameOfHeader({ field, id }: VersionHeader): SecretName {
  return { field, version: id };
}

function keyOf({ field, version }: SecretName): string {
  return `${field}/${version}`;
}

function contradiction(message: string): VaultError {
  return new VaultError('PAM5015', message);
}
