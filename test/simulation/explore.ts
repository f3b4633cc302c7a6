import { FAULTS_OF, type Fault, faultsAt, NO_FAULTS, type OperationKind } from './faults.ts';
import { mustHold } from './shrink.ts';
import { type SimulationResult, simulate } from './simulate.ts';
import type { TargetKind } from './world.ts';

/** What happens to one runner, and to one more after it, when `faults` happen. Throws where anything is violated. */
async function explore(kind: TargetKind, faults: ReadonlyMap<number, Fault>): Promise<SimulationResult> {
  const scenario = { kind, runners: 1, recoveries: 1, seed: 1, faults: faults.size === 0 ? NO_FAULTS : faultsAt(faults) };
  const result = await simulate(scenario);
  await mustHold(scenario, result);
  return result;
}

/** What looks and changes nothing: a crash there leaves what a crash after the operation before it left. */
const LOOKS: ReadonlySet<OperationKind> = new Set(['vault-read', 'journal-read', 'ask']);

function faultsOf(kind: OperationKind, isFirst: boolean): readonly Fault[] {
  return FAULTS_OF[kind].filter((fault) => (fault === 'crash-before' ? isFirst : fault !== 'crash-after' || !LOOKS.has(kind)));
}

/**
 * Every combination of up to `most` faults: each fault that fits, at each operation, and for each of these each fault that fits at each
 * operation that comes after it, those of the run that recovers included. Yields every run.
 */
export async function* everyFault(
  kind: TargetKind,
  most: number,
  first: ReadonlyMap<number, Fault> = new Map(),
): AsyncGenerator<SimulationResult> {
  const result = await explore(kind, first);
  yield result;
  if (first.size === most) return;
  const from = Math.max(-1, ...first.keys()) + 1;
  for (let at = from; at < result.operations.length; at++) {
    const operation = result.operations[at];
    if (operation === undefined) continue;
    for (const fault of faultsOf(operation, at === 0)) yield* everyFault(kind, most, new Map([...first, [at, fault]]));
  }
}
