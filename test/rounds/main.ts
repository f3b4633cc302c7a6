import { performance } from 'node:perf_hooks';
import { runRounds } from './rounds.ts';
import { TARGET_NAMES, type TargetName } from './target.ts';

/** `npm run rounds -- --rounds 500 --seed 1 [--server postgres] [--lanes 4]`: ends at the first violation with its seed, round and moments. */
function flag(name: string): string | undefined {
  const at = process.argv.indexOf(`--${name}`);
  return at < 0 ? undefined : process.argv[at + 1];
}

const wanted = flag('server');
const servers = TARGET_NAMES.filter((name): name is TargetName => wanted === undefined || wanted === name);
if (servers.length === 0) {
  console.error(`there is no server ${wanted}: take one of ${TARGET_NAMES.join(', ')}`);
  process.exit(8);
}
const rounds = Number(flag('rounds') ?? 20);
const seed = Number(flag('seed') ?? Date.now() % 1_000_000);
const lanes = Math.min(rounds, Number(flag('lanes') ?? 4));
const begun = performance.now();
console.log(`seed ${seed}: ${rounds} rounds on ${servers.join(', ')}, ${lanes} side by side`);

const stopping = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stopping.abort());
const counted = new Map<string, number>();
let done = 0;
const { results, kept } = await runRounds({
  servers,
  rounds,
  seed,
  lanes,
  stop: stopping.signal,
  tell: ({ plan, interrupted, struck, violations, failedLogins, held }, lane, seconds) => {
    if (struck > 0) done += 1;
    for (const phase of interrupted) counted.set(phase, (counted.get(phase) ?? 0) + 1);
    const kills = plan.kills.map(({ signal, after }) => `${signal} ${JSON.stringify(after)}`).join(', ');
    const what = `${done}/${rounds} lane ${lane} round ${plan.round}: ${plan.rotated.length} by ${plan.by}, ${kills}`;
    console.log(`${what}; ${failedLogins} failed logins${held.length > 0 ? `, held: ${held.join(', ')}` : ''}, ${seconds.toFixed(1)} s`);
    for (const violation of violations) console.log(`VIOLATION (seed ${seed}, lane ${lane}, round ${plan.round}): ${violation}`);
  },
});

const sum = (of: (result: (typeof results)[number]) => number) => results.reduce((total, result) => total + of(result), 0);
console.log(
  `\n${done} rounds in ${Math.round((performance.now() - begun) / 1000)} s: ${sum((r) => r.struck)} kills of runs with ${sum((r) => r.plan.rotated.length)} rotations`,
);
console.log(
  `gone before its moment: ${sum((r) => r.plan.kills.length - r.struck)}; failed logins: ${sum((r) => r.failedLogins)}; held until a person vouched: ${sum((r) => r.held.length)}`,
);
console.log(
  `last step told before the kill: ${[...counted]
    .sort(([, a], [, b]) => b - a)
    .map(([phase, n]) => `${phase} ${n}`)
    .join(', ')}`,
);
console.log(`violations: ${sum((r) => r.violations.length)}${kept.length > 0 ? `; kept: ${kept.join(', ')}` : ''}`);
process.exitCode = kept.length > 0 ? 1 : 0;
