import { type Address, type Change, type ChangeKind, compareText, linkOf } from '../model/index.ts';
import { fieldReferences, type World } from './world.ts';

const RECORD_KINDS: readonly ChangeKind[] = ['create', 'update', 'link', 'unlink', 'relink', 'move', 'adopt', 'retire'];

export function isRecordRow(change: Change): boolean {
  return RECORD_KINDS.includes(change.kind) || change.kind === 'release' || change.kind === 'delete';
}

/**
 * Fills in `dependsOn`: records before links to them, records before what happens live, an administrator's credential before
 * everything that uses it, and its own rotation after all of that.
 */
export function addDependencies(changes: readonly Change[], world: World): readonly Change[] {
  const rows = new Map<Address, Change[]>();
  for (const change of changes) {
    const list = rows.get(change.address);
    if (list === undefined) rows.set(change.address, [change]);
    else list.push(change);
  }
  const idsOf = (address: Address | undefined, wanted: (kind: ChangeKind) => boolean): string[] =>
    address === undefined ? [] : (rows.get(address) ?? []).filter((c) => wanted(c.kind)).map((c) => c.id);
  const records = (address: Address | undefined) => idsOf(address, (kind) => RECORD_KINDS.includes(kind));
  const credentials = (address: Address | undefined) =>
    idsOf(address, (kind) => kind === 'ingest' || kind === 'verify' || kind === 'recover');
  /** Of an administrator that has nothing in flight itself: two that administer each other must not wait for each other. */
  const inputs = (address: Address | undefined) =>
    idsOf(address, (kind) => kind === 'recover').length > 0 ? [] : idsOf(address, (kind) => kind === 'ingest');
  const creates = (address: Address) => idsOf(address, (kind) => kind === 'create' || kind === 'move' || kind === 'adopt');

  const dependencies = new Map<string, Set<string>>();
  for (const change of changes) {
    const { address } = change;
    const needs = new Set<string>();
    const add = (ids: readonly string[]) => {
      for (const id of ids) if (id !== change.id) needs.add(id);
    };
    switch (change.kind) {
      case 'create':
      case 'move':
      case 'adopt':
      case 'retire':
      case 'release':
      case 'delete':
        break;
      case 'update':
        add(creates(address));
        break;
      case 'link':
      case 'unlink':
      case 'relink':
        add([...creates(address), ...creates(change.link.to)]);
        break;
      case 'recover':
      case 'ingest':
      case 'verify':
      case 'rotate': {
        // Recovery comes before everything else, but for an account that came back from the journal and is linked by this very plan.
        const record = world.pair(address)?.record;
        if (change.kind === 'recover' && record !== undefined && linkOf(record, 'belongs-to') !== undefined) break;
        const state = world.after(address);
        const resource = state === undefined ? undefined : linkOf(state, 'belongs-to');
        const owner = resource === undefined ? undefined : world.after(resource);
        add([...records(address), ...records(resource), ...(state === undefined ? [] : fieldReferences(state.fields).flatMap(records))]);
        const admin = owner === undefined ? undefined : linkOf(owner, 'admin-of');
        if (change.kind === 'rotate') add([...credentials(address), ...records(admin), ...credentials(admin)]);
        else if (change.kind === 'recover') add([...records(admin), ...inputs(admin)]);
        // What is in flight comes first; a quarantined account may be freed by a new input.
        else add((rows.get(address) ?? []).filter((c) => c.kind === 'recover' && c.blocked === undefined).map((c) => c.id));
        break;
      }
      default:
        change satisfies never;
    }
    dependencies.set(change.id, needs);
  }
  adminsLast(changes, world, dependencies);
  return changes.map((change) => ({ ...change, dependsOn: [...(dependencies.get(change.id) ?? [])].sort() }));
}

/**
 * The rotation of an administrator waits for those of all accounts that it serves. Two accounts may administer each other
 * (`rotation.md` §2.8e): then the one whose address comes first is rotated first.
 */
function adminsLast(changes: readonly Change[], world: World, dependencies: Map<string, Set<string>>): void {
  const rotations = new Map(changes.filter((c) => c.kind === 'rotate').map((c) => [c.address, c.id]));
  for (const [admin, id] of rotations) {
    for (const resource of world.administeredBy(admin)) {
      for (const user of world.usersOn(resource)) {
        const served = rotations.get(user);
        if (served === undefined || served === id) continue;
        // Only another administrator can close a circle.
        if (world.administeredBy(user).length > 0 && reaches(dependencies, served, id)) continue;
        dependencies.get(id)?.add(served);
      }
    }
  }
}

function reaches(dependencies: ReadonlyMap<string, ReadonlySet<string>>, from: string, to: string): boolean {
  const seen = new Set<string>();
  const open = [from];
  for (let id = open.pop(); id !== undefined; id = open.pop()) {
    if (id === to) return true;
    if (seen.has(id)) continue;
    seen.add(id);
    open.push(...(dependencies.get(id) ?? []));
  }
  return false;
}

/** Layer by layer, within a layer by address, then by id: the order of work and of every listing. */
export function sortByLayers(changes: readonly Change[]): readonly Change[] {
  const byId = new Map(changes.map((c) => [c.id, c]));
  const layers = new Map<string, number>();
  const layerOf = (id: string): number => {
    const known = layers.get(id);
    if (known !== undefined) return known;
    const needs = byId.get(id)?.dependsOn ?? [];
    const layer = needs.length === 0 ? 0 : 1 + Math.max(...needs.filter((n) => byId.has(n)).map(layerOf), -1);
    layers.set(id, layer);
    return layer;
  };
  return changes
    .map((change) => ({ change, layer: layerOf(change.id) }))
    .sort((a, b) => a.layer - b.layer || compareText(a.change.address, b.change.address) || compareText(a.change.id, b.change.id))
    .map(({ change }) => change);
}

/** Takes rows out, and with them everything that depends on them. */
export function dropRows(changes: readonly Change[], drop: (change: Change) => boolean): readonly Change[] {
  const dropped = new Set<string>();
  return changes.filter((change) => {
    const gone = drop(change) || change.dependsOn.some((id) => dropped.has(id));
    if (gone) dropped.add(change.id);
    return !gone;
  });
}
