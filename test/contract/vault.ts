import { describe } from 'vitest';
import { describeAttempts } from './vault-attempts.ts';
import { useBench } from './vault-bench.ts';
import type { VaultFixture } from './vault-fixture.ts';
import { describeLeases } from './vault-leases.ts';
import { describeRecipients } from './vault-recipients.ts';
import { describeRecords, describeSecrets } from './vault-records.ts';
import { describeAudit, describeKey, describeRuns } from './vault-rest.ts';

/** The suite that every vault passes. `create` makes a new, empty vault for each test. */
export function describeVault(name: string, create: () => Promise<VaultFixture>): void {
  describe(name, () => {
    const bench = useBench(create);
    describeKey(bench);
    describeRecipients(bench);
    describeRecords(bench);
    describeSecrets(bench);
    describeLeases(bench);
    describeAttempts(bench);
    describeRuns(bench);
    describeAudit(bench);
  });
}
