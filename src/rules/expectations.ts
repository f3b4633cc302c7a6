import { compareText, type PolicyFinding } from '../model/index.ts';

/** A finding that a test expects; what is left out may be anything. */
export interface ExpectedFinding {
  readonly rule: string;
  readonly address?: string;
  readonly severity?: 'error' | 'warning';
  /** A piece of the message. */
  readonly message?: string;
}

export interface Comparison {
  /** Expected, and not found. */
  readonly missing: readonly ExpectedFinding[];
  /** Found, and not expected. */
  readonly unexpected: readonly PolicyFinding[];
}

/**
 * Pairs what was expected with what was found, each once. What says most is paired first, so that an expectation that leaves
 * much out does not take the finding of one that says it all.
 */
export function compareFindings(expected: readonly ExpectedFinding[], found: readonly PolicyFinding[]): Comparison {
  const left = [...found];
  const missing: ExpectedFinding[] = [];
  for (const wish of [...expected].sort((a, b) => Object.keys(b).length - Object.keys(a).length)) {
    const index = left.findIndex((f) => fits(wish, f));
    if (index < 0) missing.push(wish);
    else left.splice(index, 1);
  }
  const byPlace = (a: ExpectedFinding, b: ExpectedFinding) => compareText(a.address ?? '', b.address ?? '') || compareText(a.rule, b.rule);
  return { missing: missing.sort(byPlace), unexpected: left };
}

/** An expectation without an address is one about the plan as a whole. */
function fits({ rule, address, severity, message }: ExpectedFinding, finding: PolicyFinding): boolean {
  return (
    rule === finding.rule &&
    address === finding.address &&
    (severity === undefined || severity === finding.severity) &&
    (message === undefined || finding.message.includes(message))
  );
}
