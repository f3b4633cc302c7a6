import type { LedgerEntry } from '../../src/model/index.ts';
import type { PamResult } from '../cli/project.ts';

export interface ApplyJson {
  readonly ledger: readonly LedgerEntry[];
  readonly exit: number;
}

/** The ledger of an `apply --json`, as `kind name: outcome code`, without what succeeded; sorted. */
export function troubles(result: PamResult): readonly string[] {
  return result
    .json<ApplyJson>()
    .ledger.filter((e) => e.outcome !== 'succeeded')
    .map((e) => `${e.kind} ${e.address.replace('PamUser/', '')}: ${e.outcome} ${e.code ?? ''}`.trim())
    .sort();
}
