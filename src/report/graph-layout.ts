import type { AccessGraph } from '../graph/index.ts';
import { linesOf } from './graph-picture.ts';

/** Pixels. */
export const BOX = { width: 270, height: 44, gap: 10, column: 150, block: 26, margin: 24 } as const;

export interface Box {
  readonly address: string;
  /** 0: accounts with power over something, 1: resources and configurations, 2: all other accounts. */
  readonly column: 0 | 1 | 2;
  readonly x: number;
  readonly y: number;
}

export interface Layout {
  readonly boxes: ReadonlyMap<string, Box>;
  readonly width: number;
  readonly height: number;
}

/**
 * Three columns. Each resource has a block of rows of its own, beside it to the left those who administer it and to the right
 * the accounts that live on it: nearly every line stays inside its block, and boxes cannot overlap. An account that has power
 * over several resources stands at the first one. Nodes come sorted, so the same graph has the same layout.
 */
export function layOut(graph: AccessGraph): Layout {
  const isAccount = (address: string) => address.startsWith('PamUser/');
  const blocks = new Map<string, { left: string[]; middle: string[]; right: string[] }>();
  for (const { address } of graph.nodes) if (!isAccount(address)) blocks.set(address, { left: [], middle: [address], right: [] });
  /** For accounts that no line joins to a resource. */
  blocks.set('', { left: [], middle: [], right: [] });

  const powers = new Map<string, string>();
  const homes = new Map<string, string>();
  const lines = linesOf(graph);
  for (const { from, to, types } of lines) {
    if (!isAccount(from)) continue;
    const onlyLives = types.every((t) => t === 'belongs-to' || t === 'iam-of' || t === 'serves');
    if (!onlyLives && !powers.has(from)) powers.set(from, isAccount(to) ? '' : to);
    if (!onlyLives && powers.get(from) === '' && !isAccount(to)) powers.set(from, to);
    if (!isAccount(to) && !homes.has(from)) homes.set(from, to);
  }
  for (const { address } of graph.nodes) {
    if (!isAccount(address)) continue;
    const power = powers.get(address);
    const block = blocks.get((power === '' ? homes.get(address) : power) ?? homes.get(address) ?? '');
    (power === undefined ? block?.right : block?.left)?.push(address);
  }
  // What one account has power over stands together, so that its lines stay short.
  const first = new Map<string, string>();
  for (const { from, to } of lines) if (powers.has(from) && !first.has(to)) first.set(to, powers.get(from) ?? '');
  const keyOf = (address: string) => `${address === '' ? 1 : 0} ${first.get(address) ?? address} ${first.has(address) ? 1 : 0} ${address}`;
  const ordered = [...blocks].sort(([a], [b]) => (keyOf(a) < keyOf(b) ? -1 : 1));
  return place(ordered.map(([, block]) => block));
}

function place(blocks: readonly { left: string[]; middle: string[]; right: string[] }[]): Layout {
  const boxes = new Map<string, Box>();
  const step = BOX.height + BOX.gap;
  let top: number = BOX.margin;
  const used = ([0, 1, 2] as const).filter((c) => blocks.some((b) => [b.left, b.middle, b.right][c]?.length));
  for (const { left, middle, right } of blocks) {
    const rows = Math.max(left.length, middle.length, right.length);
    if (rows === 0) continue;
    for (const [column, members] of [left, middle, right].entries()) {
      // Short columns stand in the middle of their block, where a long one has its resource in sight of all its accounts.
      const offset = ((rows - members.length) * step) / 2;
      for (const [i, address] of members.entries()) {
        const x = BOX.margin + used.indexOf(column as 0 | 1 | 2) * (BOX.width + BOX.column);
        boxes.set(address, { address, column: column as 0 | 1 | 2, x, y: top + offset + i * step });
      }
    }
    top += rows * step - BOX.gap + BOX.block;
  }
  const columns = Math.max(1, used.length);
  return {
    boxes,
    // Lines between boxes of one column bend out to the right of it.
    width: 2 * BOX.margin + columns * BOX.width + (columns - 1) * BOX.column + 60,
    height: top - BOX.block + BOX.margin,
  };
}
