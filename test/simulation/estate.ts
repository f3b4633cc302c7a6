import { Secret, type VaultRecord } from '../../src/model/index.ts';
import { ADMIN, ADMIN_SECRET, OWNER, USER, type World } from './world.ts';

/** A database, its administrator, and the account, of which `spent` failed logins are on record. */
export function prepare(world: World, spent: number): void {
  const at = world.now();
  for (let i = 0; i < spent; i++)
    world.tickets.set(`before-${i}`, { record: USER, version: 'mistyped', at: world.scheduler.now() - 60_000, state: 'refused' });
  const base = { owner: OWNER, revision: 1, status: 'managed' as const, inputs: {}, createdAt: at, updatedAt: at, mac: '' };
  const current = (id: string) => [
    { id, field: 'password' as const, state: 'current' as const, origin: 'input' as const, createdAt: at, proof: { at, method: 'login' } },
  ];
  const rotation = {
    type: 'general',
    initial: 'now',
    ...(world.kind.actor === 'self' ? { selfRotate: true } : {}),
    ...(world.kind.unproved ? { allowUnproved: true } : {}),
  };
  const records: VaultRecord[] = [
    {
      ...base,
      id: 'db',
      address: 'PamDatabase/db',
      fields: { databaseType: 'postgresql', host: 'db' },
      links: [{ type: 'admin-of', to: 'PamUser/admin' }],
      versions: [],
      rotation: {},
    },
    {
      ...base,
      id: ADMIN,
      address: 'PamUser/admin',
      fields: { login: 'admin' },
      links: [{ type: 'belongs-to', to: 'PamDatabase/db' }],
      versions: current('admin-version'),
      rotation: {},
    },
    {
      ...base,
      id: USER,
      address: 'PamUser/user',
      fields: { login: 'user', rotation, reconcileCredential: 'PamUser/admin' },
      links: [{ type: 'belongs-to', to: 'PamDatabase/db' }],
      versions: world.kind.unknown ? [] : current('old-version'),
      rotation: {},
    },
  ];
  for (const record of records) world.records.set(record.id, record);
  world.secrets.set(world.secretKey({ record: ADMIN, field: 'password', version: 'admin-version' }), Secret.fromText(ADMIN_SECRET));
  if (!world.kind.unknown)
    world.secrets.set(world.secretKey({ record: USER, field: 'password', version: 'old-version' }), Secret.fromText(world.first));
}
