import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { generateIdentity, type NewRecipient } from '../../../src/vault/index.ts';
import { createLocalVault, openLocalVault } from '../../../src/vault/local/index.ts';
import { createTestClock, LEASE_TTL_MS, TestTimers, type VaultFixture } from '../../contract/vault-fixture.ts';

export interface LocalFixture extends VaultFixture {
  readonly folder: string;
  readonly path: string;
  readonly lineage: string;
}

/** Making keys takes most of the time, and the tests do not care which they are. */
const keys = Promise.all([generateIdentity(), generateIdentity(), generateIdentity()]);

/** The first works with the vault, the others are recovery recipients. */
export function asRecipients(...recipients: readonly string[]): readonly NewRecipient[] {
  return recipients.map((recipient, index) => ({ recipient, role: index === 0 ? 'runner' : 'recovery' }));
}

export async function createLocalFixture(): Promise<LocalFixture> {
  const [runner, recovery, stranger] = await keys;
  const folder = mkdtempSync(join(tmpdir(), 'pam-vault-'));
  const path = join(folder, '.pam', 'vault.db');
  const clock = createTestClock();
  const timers = new TestTimers(clock);
  const { lineage } = await createLocalVault(path, { recipients: asRecipients(runner.recipient, recovery.recipient), clock });
  return {
    folder,
    path,
    lineage,
    clock,
    timers,
    identities: { runner: runner.identity, recovery: recovery.identity, stranger: stranger.identity },
    open: () => openLocalVault(path, { lineage, clock, timers, host: 'runner-1', leaseTtlMs: LEASE_TTL_MS }),
    async [Symbol.asyncDispose]() {
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
