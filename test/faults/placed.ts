import { expect } from 'vitest';
import { type VaultRecord, type VersionState, versionIn } from '../../src/model/index.ts';
import type { PlacedScene } from './places.ts';
import { plannedRows } from './scene.ts';

async function recordOf({ project, address }: PlacedScene): Promise<VaultRecord> {
  const record = await project.readVault(async (vault) => (await vault.snapshot()).records.find((r) => r.address === address));
  if (record === undefined) throw new Error(`no record of ${address}`);
  return record;
}

/** The newest one of that state. */
export async function stored(scene: PlacedScene, state: VersionState): Promise<string | undefined> {
  const { id, versions } = await recordOf(scene);
  const header = versions
    .filter((v) => v.field === scene.field && v.state === state)
    .sort((a, b) => b.createdAt.localeCompare(a.createdAt))[0];
  if (header === undefined) return undefined;
  return (await scene.project.readVault((vault) => vault.readSecret({ record: id, field: scene.field, version: header.id }))).reveal();
}

export async function applied({ project }: PlacedScene, args: readonly string[] = ['apply', '--auto-approve']): Promise<void> {
  const result = await project.pam(args);
  expect(result, result.stdout + result.stderr).toMatchObject({ code: 0 });
}

/** Promises 1 and 6 after any fault: one more apply finishes, nothing is left over, one secret was made, and what readers get was proved and opens the account. */
export async function expectConverged(scene: PlacedScene, allowed: number): Promise<void> {
  await applied(scene);
  expect(await scene.failedLogins(), 'failed logins').toBeLessThanOrEqual(allowed);
  const record = await recordOf(scene);
  expect(record.rotation.active).toBeUndefined();
  expect(record.rotation.retiring).toBeUndefined();
  expect(versionIn(record, scene.field, 'pending')).toBeUndefined();
  expect(versionIn(record, scene.field, 'current')?.proof).toBeDefined();
  expect(record.versions.filter((v) => v.field === scene.field && v.origin === 'generated')).toHaveLength(1);
  const current = (await stored(scene, 'current')) ?? '';
  expect(current).not.toBe(scene.first);
  expect(await scene.opens(current), 'what is stored opens the account').toBe(true);
  expect(await scene.project.journal()).toEqual([]);
  expect(await plannedRows(scene)).toEqual([]);
}
