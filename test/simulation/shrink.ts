import { type Fault, faultsAt } from './faults.ts';
import { type Scenario, type SimulationResult, simulate } from './simulate.ts';
import type { TargetKind } from './world.ts';

/** A run that can be made again from this alone: `npm run simulate -- --replay JSON`. */
export interface Replay {
  readonly kind: TargetKind;
  readonly runners: number;
  readonly recoveries: number;
  readonly spent: number;
  readonly seed: number;
  /** By the index of their operation. */
  readonly faults: readonly (readonly [number, Fault])[];
}

export function simulateAgain(replay: Replay): Promise<SimulationResult> {
  return simulate({ ...replay, faults: faultsAt(new Map(replay.faults)) });
}

/** The same violation with as few faults as can be: each is left out that is not needed for one. */
export async function shrink(scenario: Scenario, failed: SimulationResult): Promise<{ replay: Replay; result: SimulationResult }> {
  const { kind, runners, recoveries = 0, spent = 0, seed } = scenario;
  let replay: Replay = { kind, runners, recoveries, spent, seed, faults: [...failed.faults] };
  let result = failed;
  for (const fault of replay.faults) {
    const fewer = { ...replay, faults: replay.faults.filter((f) => f !== fault) };
    const again = await simulateAgain(fewer);
    if (again.violations.length > 0) [replay, result] = [fewer, again];
  }
  return { replay, result };
}

/** Throws with the violations, how to repeat them, and the whole trace, where there are any. */
export async function mustHold(scenario: Scenario, result: SimulationResult): Promise<void> {
  if (result.violations.length === 0) return;
  const least = await shrink(scenario, result);
  const repeat = `npm run simulate -- --replay '${JSON.stringify(least.replay)}'`;
  throw new Error([...least.result.violations, `--- repeat it with: ${repeat}`, '--- trace', ...least.result.trace].join('\n'));
}
