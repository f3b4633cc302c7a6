import { createHash } from 'node:crypto';
import type { Finding } from './finding.ts';

/**
 * What tells a finding from all others, and is the same in the next run: rule and address; without an address rule, file and
 * message. Not the line, which moves with every edit above it. Two that are alike so far are numbered.
 */
export function fingerprints(findings: readonly Finding[]): readonly string[] {
  const seen = new Map<string, number>();
  return findings.map(({ rule, address, source, message }) => {
    const identity = JSON.stringify(address === undefined ? [rule, source?.file ?? null, message] : [rule, address]);
    const nth = seen.get(identity) ?? 0;
    seen.set(identity, nth + 1);
    return createHash('sha256').update(`${identity}\n${nth}`).digest('hex').slice(0, 40);
  });
}
