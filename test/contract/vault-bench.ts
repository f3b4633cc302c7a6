import { afterEach, beforeEach } from 'vitest';
import type { VaultRecord } from '../../src/model/index.ts';
import type { AuditEvent, RecordPut, SecretRef, Vault, VaultReader } from '../../src/vault/index.ts';
import { putWith, type VaultFixture } from './vault-fixture.ts';

/** What the tests of one vault share: made anew for each test, closed after it. */
export interface Bench {
  readonly fixture: VaultFixture;
  /** Unlocked by the runner. */
  readonly vault: Vault;
  /** One more process at work on the same vault. */
  openVault(identity?: string): Promise<Vault>;
  openReader(): Promise<VaultReader>;
  put(...puts: RecordPut[]): Promise<readonly VaultRecord[]>;
  putOne(...args: Parameters<typeof putWith>): Promise<VaultRecord>;
}

export function useBench(create: () => Promise<VaultFixture>): Bench {
  let fixture: VaultFixture;
  let vault: Vault;
  const opened: AsyncDisposable[] = [];

  async function openReader(): Promise<VaultReader> {
    const reader = await fixture.open();
    opened.push(reader);
    return reader;
  }
  async function openVault(identity = fixture.identities.runner): Promise<Vault> {
    const unlocked = await (await openReader()).unlock([identity]);
    opened.push(unlocked);
    return unlocked;
  }
  beforeEach(async () => {
    fixture = await create();
    vault = await openVault();
  });
  afterEach(async () => {
    for (const handle of opened.splice(0).reverse()) await handle[Symbol.asyncDispose]();
    await fixture[Symbol.asyncDispose]();
  });

  return {
    get fixture() {
      return fixture;
    },
    get vault() {
      return vault;
    },
    openVault,
    openReader,
    put: (...puts) => vault.write({ puts }, []),
    async putOne(...args) {
      const [record] = await vault.write({ puts: [putWith(...args)] }, []);
      if (record === undefined) throw new Error('nothing was written');
      return record;
    },
  };
}

/** The secret of the version at `index` of a record. */
export function refTo(record: VaultRecord, index = 0): SecretRef {
  const version = record.versions[index];
  if (version === undefined) throw new Error('no such version');
  return { record: record.id, field: version.field, version: version.id };
}

/** The next write of a record that was read, with changes. */
export function again({ revision, mac: _, updatedAt: __, ...record }: VaultRecord, changes: Partial<VaultRecord> = {}): RecordPut {
  return { record: { ...record, ...changes }, expected: revision };
}

export async function allEvents(vault: { audit(): AsyncIterable<AuditEvent> }): Promise<AuditEvent[]> {
  const events: AuditEvent[] = [];
  for await (const event of vault.audit()) events.push(event);
  return events;
}
