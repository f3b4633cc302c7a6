/**
 * Rules that manifests and plans must keep (`policies` in pam.yaml), in CEL. Not to be confused with `policy/`, which is about
 * when and how credentials are rotated. `load.ts` compiles them, `rules.ts` evaluates them; both are pure.
 */
export { type Comparison, compareFindings, type ExpectedFinding } from './expectations.ts';
export { type LoadedRules, type LoadRulesOptions, loadRules } from './load.ts';
export { type JudgeOptions, judge, type Rule } from './rules.ts';
export { describeVariables } from './variables.ts';
