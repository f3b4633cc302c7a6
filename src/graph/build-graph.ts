import type { PamError } from '../errors/index.ts';
import { compareText, type DesiredResource } from '../model/index.ts';
import { checkAccounts } from './check-accounts.ts';
import { checkCycles } from './check-cycles.ts';
import { checkReferences } from './check-references.ts';
import { connect, type Graph } from './graph.ts';
import { type GraphOptions, startCheck } from './problems.ts';

export interface BuiltGraph {
  /** Usable for looking even where there are problems; references that lead nowhere are left out. */
  readonly graph: Graph<DesiredResource>;
  /** Errors PAM1040 to PAM1059, by place. */
  readonly problems: readonly PamError[];
  /** PAM1060 to PAM1069. */
  readonly warnings: readonly PamError[];
}

/** Resolves the references between resources and checks everything that takes more than one of them to see. Linear in their number. */
export function buildGraph(resources: readonly DesiredResource[], options: GraphOptions = {}): BuiltGraph {
  const { check, problems, warnings } = startCheck(resources, options);
  checkReferences(check);
  checkAccounts(check);
  checkCycles(check);
  return { graph: connect(resources), problems: problems.sort(comparePlaces), warnings: warnings.sort(comparePlaces) };
}

function comparePlaces(a: PamError, b: PamError): number {
  const [x, y] = [a.source, b.source];
  if (x === undefined || y === undefined) return 0;
  return compareText(x.file, y.file) || x.line - y.line || x.column - y.column || compareText(a.code, b.code);
}
