import { everyFault } from './explore.ts';
import { edgesOf } from './machine.ts';
import { mustHold, type Replay, simulateAgain } from './shrink.ts';
import { randomFaults, randomTargetFaults, type SimulationResult, simulate } from './simulate.ts';
import { KINDS } from './world.ts';

/** Of a fault at an operation; `target`: at those of the target alone, and often. */
const PROBABILITIES = [0.005, 0.01, 'target', 0.03, 0.1, 'target'] as const;
const taken = new Set<string>();
const count = { operations: 0, runs: 0, faults: 0 };

function add(result: SimulationResult): void {
  count.runs++;
  count.operations += result.operations.length;
  count.faults += result.faults.size;
  for (const edge of result.edges) taken.add(edge);
}

/** Random runs until so many operations were simulated. */
async function simulateRandom(steps: number, first: number): Promise<void> {
  for (let seed = first; count.operations < steps; seed++) {
    const turn = Math.floor(seed / KINDS.length);
    const kind = KINDS[seed % KINDS.length];
    if (kind === undefined) continue;
    const probability = PROBABILITIES[Math.floor(turn / 3) % PROBABILITIES.length];
    if (probability === undefined) continue;
    const faults = probability === 'target' ? randomTargetFaults(seed, 0.3) : randomFaults(seed, probability);
    const scenario = { kind, runners: 1 + (turn % 3), recoveries: turn % 2, spent: seed % 3, seed, faults };
    const result = await simulate(scenario);
    await mustHold(scenario, result);
    add(result);
  }
}

/** `--exhaustive N`: every combination of up to N faults, for one runner and the one that comes after it. */
async function simulateAll(most: number): Promise<void> {
  for (const kind of KINDS) {
    const before = count.runs;
    for await (const result of everyFault(kind, most)) add(result);
    console.log(`${JSON.stringify(kind)}: ${count.runs - before} runs`);
  }
}

function option(name: string): string | undefined {
  const at = process.argv.indexOf(`--${name}`);
  return at < 0 ? undefined : process.argv[at + 1];
}

async function main(): Promise<void> {
  const replay = option('replay');
  if (replay !== undefined) {
    const { violations, trace } = await simulateAgain(JSON.parse(replay) as Replay);
    console.log([...trace, violations.length === 0 ? 'no violation' : violations.join('\n')].join('\n'));
    process.exitCode = violations.length === 0 ? 0 : 1;
    return;
  }
  const seed = Number(option('seed') ?? 1);
  const most = option('exhaustive');
  await (most === undefined ? simulateRandom(Number(option('steps') ?? 100_000), seed) : simulateAll(Number(most)));
  console.log(
    `${count.operations} operations, ${count.faults} faults, ${count.runs} runs${most === undefined ? ` from seed ${seed}` : ''}: no violation`,
  );
  const edges = [...edgesOf(KINDS)].sort();
  const missing = edges.filter((edge) => !taken.has(edge));
  const unknown = [...taken].filter((edge) => !edges.includes(edge)).sort();
  console.log(`edges of the state machine taken: ${edges.length - missing.length} of ${edges.length}`);
  if (missing.length > 0) console.log(`not taken:\n  ${missing.join('\n  ')}`);
  if (unknown.length > 0) console.log(`taken, and not in the machine:\n  ${unknown.join('\n  ')}`);
}

await main().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
});
