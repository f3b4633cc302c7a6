import { type Code, type Frame, PamError } from '../errors/index.ts';
import type { Address, DesiredResource, SourceLocation } from '../model/index.ts';

/** What the checks of the graph have in common: where to look things up, and where to put what they find. */
export interface Check {
  readonly resources: ReadonlyMap<Address, DesiredResource>;
  /** Declared by documents that have problems of their own: they exist, and nothing more is known about them. */
  readonly incomplete: ReadonlySet<Address>;
  /** `path`: dotted, such as `spec.resource`; where it has no position, the problem stands at the nearest thing around it. */
  report(code: Code, resource: DesiredResource, path: string, message: string, hint?: string): void;
  warn(code: Code, resource: DesiredResource, path: string, message: string, hint?: string): void;
}

export interface GraphOptions {
  readonly incomplete?: readonly Address[];
  /** Problems that another room found: the same code at the same place is not told again. */
  readonly reported?: readonly PamError[];
  readonly frameAt?: (location: SourceLocation) => Frame | undefined;
}

/** A check, with the lists that it fills. */
export function startCheck(
  resources: readonly DesiredResource[],
  options: GraphOptions,
): { check: Check; problems: PamError[]; warnings: PamError[] } {
  const problems: PamError[] = [];
  const warnings: PamError[] = [];
  const reported = new Set((options.reported ?? []).map((error) => placeKey(error.code, error.source)));
  const addTo =
    (list: PamError[]): Check['report'] =>
    (code, resource, path, message, hint) => {
      const source = locate(resource, path);
      if (reported.has(placeKey(code, source))) return;
      const frame = options.frameAt?.(source);
      list.push(
        new PamError(code, message, { source, ...(hint === undefined ? {} : { hint }), ...(frame === undefined ? {} : { frame }) }),
      );
    };
  const check: Check = {
    resources: new Map(resources.map((resource) => [resource.address, resource])),
    incomplete: new Set(options.incomplete ?? []),
    report: addTo(problems),
    warn: addTo(warnings),
  };
  return { check, problems, warnings };
}

/** Only for what is reported: positions are made when they are first asked for. */
function locate({ positions, source }: DesiredResource, path: string): SourceLocation {
  for (let at = path; at !== ''; at = at.slice(0, Math.max(0, at.lastIndexOf('.')))) {
    const found = positions?.[at];
    if (found !== undefined) return found;
  }
  return source;
}

function placeKey(code: Code, source: SourceLocation | undefined): string {
  return `${code} ${source?.file}:${source?.line}:${source?.column}`;
}

/** `PamDatabase/orders-db (manifests/orders.yaml:8)`. */
export function placeOf({ address, source }: DesiredResource): string {
  return `${address} (${source.file}:${source.line})`;
}
