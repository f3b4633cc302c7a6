import type { CodeInfo } from './code-info.ts';

/** PAM203x: rules that manifests and plans must keep. */
export const RULE_CODES = {
  PAM2030: {
    title: 'an expression of a rule is wrong',
    exit: 8,
    explanation:
      'Expressions of rules are CEL (https://cel.dev). They are compiled and their types checked before anything is planned: a misspelt variable, a wrong type or an unfinished expression is found at its place. `pam test --list` names the variables.',
  },
  PAM2031: {
    title: 'an expression of a rule is too costly',
    exit: 8,
    explanation:
      'Rules are evaluated for every object, so that their cost is bounded: length and depth of an expression, loops within loops, and what a regular expression may hold. Patterns are RE2 without backtracking, and are written out as a text. Split the rule, or say it more simply.',
  },
  PAM2032: {
    title: 'pam.yaml names a rule that there is not',
    exit: 8,
    explanation:
      'The ids under `policies.rules` are those of built-in rules and of rules in `policies.files`. `pam test --list` shows them all.',
  },
  PAM2033: {
    title: 'two rules have the same id',
    exit: 8,
    explanation:
      'An id is what pam.yaml turns off or up and what tests expect: it is unique among the built-in rules and all files. Rename one of the two.',
  },
  PAM2034: {
    title: 'a policy is not kept',
    exit: 3,
    explanation:
      'A rule of severity `error` found something in what the plan would leave behind, and nothing of the plan runs. Mend the manifest, or change the rule under `policies.rules` in pam.yaml. A warning stops nothing.',
  },
  PAM2035: {
    title: 'there are no policy tests',
    exit: 8,
    explanation:
      '`pam test` runs the files that it is given, else those of `policies.tests` in pam.yaml, else `policies/tests/**/*.yaml`. None was found: a test run that tests nothing must not pass.',
  },
} as const satisfies Record<`PAM2${string}`, CodeInfo>;
