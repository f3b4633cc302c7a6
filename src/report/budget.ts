/** A piece of a document that may be left out. */
export interface Item {
  readonly section: string;
  /** Lower goes first; what has the same rank keeps its order. */
  readonly rank: number;
  /** By which it is counted where it is cut. */
  readonly kind: string;
  /** With its line feed. */
  readonly text: string;
}

export interface Fitted {
  readonly kept: readonly Item[];
  /** How many of each kind were cut. */
  readonly cut: ReadonlyMap<string, number>;
}

/**
 * Takes items by rank as long as they fit into `bytes` (UTF-8). The first that does not fit ends it: nothing of less weight is
 * shown where something of more weight is missing. `overhead` is what a section costs besides its items.
 */
export function fitItems(items: readonly Item[], bytes: number, overhead: (section: string) => number): Fitted {
  const ordered = [...items].sort((a, b) => a.rank - b.rank);
  const open = new Set<string>();
  let left = bytes;
  let count = 0;
  for (const item of ordered) {
    const cost = byteLength(item.text) + (open.has(item.section) ? 0 : overhead(item.section));
    if (cost > left) break;
    left -= cost;
    open.add(item.section);
    count++;
  }
  const cut = new Map<string, number>();
  for (const { kind } of ordered.slice(count)) cut.set(kind, (cut.get(kind) ?? 0) + 1);
  return { kept: ordered.slice(0, count), cut };
}

export function byteLength(text: string): number {
  return Buffer.byteLength(text, 'utf8');
}
