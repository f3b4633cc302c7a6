/**
 * Numbers the strongly connected components: two nodes have the same number when each can be reached from the other.
 * Tarjan's algorithm (Depth-first search and linear graph algorithms, 1972) without recursion, since chains can be long.
 */
export function components<T>(roots: readonly T[], next: (node: T) => readonly T[]): ReadonlyMap<T, number> {
  const index = new Map<T, number>();
  /** The smallest index that is reachable; of finished components their number is in `found`. */
  const low = new Map<T, number>();
  const found = new Map<T, number>();
  const open: T[] = [];

  const enter = (node: T) => {
    index.set(node, index.size);
    low.set(node, index.size - 1);
    open.push(node);
    return { node, edges: next(node)[Symbol.iterator]() };
  };
  const lower = (node: T, value: number) => low.set(node, Math.min(low.get(node) ?? value, value));

  for (const root of roots) {
    if (index.has(root)) continue;
    const path = [enter(root)];
    for (let frame = path.at(-1); frame !== undefined; frame = path.at(-1)) {
      const { node, edges } = frame;
      const edge = edges.next();
      if (edge.done !== true) {
        const seen = index.get(edge.value);
        if (seen === undefined) path.push(enter(edge.value));
        else if (!found.has(edge.value)) lower(node, seen);
        continue;
      }
      path.pop();
      const parent = path.at(-1);
      if (parent !== undefined) lower(parent.node, low.get(node) ?? 0);
      if (low.get(node) === index.get(node)) closeComponent(node);
    }
  }
  return found;

  function closeComponent(root: T): void {
    const number = index.get(root) ?? 0;
    for (let node = open.pop(); node !== undefined; node = open.pop()) {
      found.set(node, number);
      if (node === root) return;
    }
  }
}
