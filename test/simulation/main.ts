import { FAULTS_OF, type Fault, type Operation } from './faults.ts';
import { randomFaults, simulate } from './simulate.ts';
import type { TargetKind } from './world.ts';

const KINDS: readonly TargetKind[] = [
  { actor: 'admin', oracle: true, quiesce: true },
  { actor: 'admin', oracle: true, quiesce: false },
  { actor: 'admin', oracle: false, quiesce: true },
  { actor: 'admin', oracle: false, quiesce: false },
  { actor: 'self', oracle: false, quiesce: false },
  { actor: 'self', oracle: false, quiesce: false, lingers: true },
];
const PROBABILITIES = [0.005, 0.01, 0.02, 0.05, 0.1];

const chooseAny = (operation: Operation, random: () => number): Fault => {
  const fits = FAULTS_OF[operation.kind];
  return fits[Math.floor(random() * fits.length)] ?? 'fail';
};

function flag(name: string, fallback: number): number {
  const at = process.argv.indexOf(`--${name}`);
  return at < 0 ? fallback : Number(process.argv[at + 1]);
}

/** `npm run simulate -- --steps N --seed S`: random runs until N operations were simulated; the first violation ends it with its trace. */
const steps = flag('steps', 100_000);
const first = flag('seed', 1);
const seen = { steps: new Set<string>(), edges: new Set<string>() };
let operations = 0;
let runs = 0;
for (let seed = first; operations < steps; seed++, runs++) {
  const kind = KINDS[seed % KINDS.length];
  if (kind === undefined) continue;
  const runners = 1 + (Math.floor(seed / KINDS.length) % 3);
  const result = await simulate({
    kind,
    runners,
    seed,
    faults: randomFaults(seed, PROBABILITIES[Math.floor(seed / 15) % PROBABILITIES.length] ?? 0, chooseAny),
  });
  operations += result.operations;
  for (const step of result.steps) seen.steps.add(step);
  for (const edge of result.edges) seen.edges.add(edge);
  if (result.violations.length > 0) {
    console.log(
      `seed ${seed}: ${result.violations.join('\n')}\n--- trace (repeat it with --seed ${seed} --steps 1)\n${result.trace.join('\n')}`,
    );
    process.exit(1);
  }
}
console.log(`${operations} operations in ${runs} runs from seed ${first}: no violation`);
console.log(`steps taken: ${[...seen.steps].sort().join(', ')}`);
console.log(`edges taken (${seen.edges.size}):\n  ${[...seen.edges].sort().join('\n  ')}`);
