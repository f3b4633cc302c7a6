import { expect, test } from 'vitest';
import { buildAccess } from '../../src/graph/index.ts';
import type { DesiredResource } from '../../src/model/index.ts';
import { BOX, layOut } from '../../src/report/graph-layout.ts';
import { admin, database, network, resource, user } from '../graph/fixtures.ts';

/** Ten databases, some of them with one administrator, and 300 accounts. */
function estate(): readonly DesiredResource[] {
  const names = Array.from({ length: 10 }, (_, i) => `db-${i}`);
  return [
    network(),
    ...names.flatMap((name, i) => [
      database(name, i % 3 === 0 ? { adminCredential: 'PamUser/db-0-admin' } : { launchCredential: `PamUser/${name}-3` }),
      admin(name),
      ...Array.from({ length: 28 }, (_, u) =>
        user(`${name}-${u}`, { resource: `PamDatabase/${name}`, ...(u === 5 ? { reconcileCredential: `PamUser/${name}-6` } : {}) }),
      ),
    ]),
    ...Array.from({ length: 10 }, (_, i) => resource(`PamUser/kept-${i}`, { login: 'kept' })),
  ];
}

test('300 accounts are laid out with no box over another, each once and inside the picture', () => {
  const graph = buildAccess(estate());
  const { boxes, width, height } = layOut(graph);
  expect(graph.nodes.filter((n) => n.address.startsWith('PamUser/')).length).toBe(300);
  expect([...boxes.keys()].sort()).toEqual(graph.nodes.map((n) => n.address));
  const list = [...boxes.values()];
  for (const [i, a] of list.entries()) {
    expect(a.x >= 0 && a.y >= 0 && a.x + BOX.width <= width && a.y + BOX.height <= height, a.address).toBe(true);
    for (const b of list.slice(i + 1)) {
      const apart = Math.abs(a.x - b.x) >= BOX.width || Math.abs(a.y - b.y) >= BOX.height;
      expect(apart, `${a.address} over ${b.address}`).toBe(true);
    }
  }
});

test('an account stands beside the resource that it lives on', () => {
  const { boxes } = layOut(buildAccess(estate()));
  const y = (address: string) => boxes.get(address)?.y ?? Number.NaN;
  for (let i = 0; i < 10; i++)
    expect(Math.abs(y(`PamUser/db-${i}-10`) - y(`PamDatabase/db-${i}`))).toBeLessThan(16 * (BOX.height + BOX.gap));
});
