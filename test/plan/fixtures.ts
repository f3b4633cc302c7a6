import type { Address, DesiredResource, JsonObject, Link, Plan, Snapshot, VaultRecord, VersionHeader } from '../../src/model/index.ts';
import { makePlan, type PlanInput } from '../../src/plan/index.ts';

export const OWNER = { project: 'orders', environment: 'default' };
export const NOW = '2027-01-15T12:00:00.000Z';
const EARLIER = '2027-01-01T00:00:00.000Z';

/** A declared resource; links are given as `{ 'belongs-to': 'PamDatabase/db' }`. */
export function desired(
  address: Address,
  fields: JsonObject = {},
  links: Partial<Record<Link['type'], Address>> = {},
  more: Partial<DesiredResource> = {},
): DesiredResource {
  return { address, fields, links: toLinks(links), inputs: {}, source: { file: 'manifests/a.yaml', line: 1, column: 1 }, ...more };
}

/** What an apply would have made of the same resource. */
export function recordOf(resource: DesiredResource, more: Partial<VaultRecord> = {}): VaultRecord {
  return {
    id: `id-${resource.address}`,
    address: resource.address,
    owner: OWNER,
    revision: 1,
    status: 'managed',
    fields: resource.fields,
    links: resource.links,
    inputs: Object.fromEntries(Object.entries(resource.inputs).map(([field, input]) => [field, input?.version ?? 1])),
    versions: [],
    rotation: {},
    createdAt: EARLIER,
    updatedAt: EARLIER,
    mac: '',
    ...more,
  };
}

export function version(more: Partial<VersionHeader> = {}): VersionHeader {
  return {
    id: 'v1',
    field: 'password',
    state: 'current',
    origin: 'input',
    createdAt: EARLIER,
    proof: { at: EARLIER, method: 'scram-login' },
    ...more,
  };
}

export function snapshotOf(records: readonly VaultRecord[], more: Partial<Snapshot> = {}): Snapshot {
  return { formatVersion: 1, lineage: 'lineage-1', serial: 7, records, refusedVersions: [], ...more };
}

export function plan(resources: readonly DesiredResource[], records: readonly VaultRecord[] = [], more: Partial<PlanInput> = {}): Plan {
  return makePlan({
    owner: OWNER,
    desired: resources,
    manifestDigest: 'digest',
    snapshot: snapshotOf(records),
    asOf: NOW,
    narrowing: { targets: [], excludes: [], files: [] },
    grants: {},
    limits: {},
    freezes: [],
    capabilities: { postgresql: { provable: true, rollback: 'none', fields: ['password'] } },
    ...more,
  });
}

/** The everyday estate: a database, its administrator with a stored secret, one account with the given rotation. */
export function estate(rotation: JsonObject = { type: 'general', policy: 'RotationPolicy/monthly' }) {
  const configuration = desired('PamConfiguration/onprem', { type: 'network' });
  const policy = desired('RotationPolicy/monthly', { schedule: { every: '30d', jitter: '0s' } });
  const database = desired(
    'PamDatabase/db',
    { databaseType: 'postgresql', host: 'db1', port: 5432 },
    { 'configured-by': 'PamConfiguration/onprem', 'admin-of': 'PamUser/admin' },
  );
  const admin = desired('PamUser/admin', { login: 'postgres' }, { 'belongs-to': 'PamDatabase/db' });
  const app = desired('PamUser/app', { login: 'app', rotation, consumers: ['app'] }, { 'belongs-to': 'PamDatabase/db' });
  const all = [configuration, policy, database, admin, app];
  const records = all.map((r) =>
    recordOf(r, r === admin ? { versions: [version()] } : r === app ? { rotation: { anchorAt: EARLIER } } : {}),
  );
  return { configuration, policy, database, admin, app, all, records };
}

export function replace(records: readonly VaultRecord[], address: Address, more: Partial<VaultRecord>): VaultRecord[] {
  return records.map((r) => (r.address === address ? { ...r, ...more } : r));
}

export const ids = (p: Plan) => p.changes.map((c) => c.id);

function toLinks(links: Partial<Record<Link['type'], Address>>): Link[] {
  return Object.entries(links)
    .map(([type, to]) => ({ type: type as Link['type'], to }))
    .sort((a, b) => (a.type < b.type ? -1 : 1));
}
