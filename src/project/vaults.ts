import { hostname, userInfo } from 'node:os';
import { PamError } from '../errors/index.ts';
import type { LeaseHolder, Vault, VaultReader } from '../vault/index.ts';
import { findIdentities } from './identity.ts';
import { type Project, vaultPath } from './project.ts';

/** Opens the vault of the project for reading: no key, no lock. VaultError of `openLocalVault`; PAM9006 for types still to come. */
export async function openReader(project: Project): Promise<VaultReader> {
  const path = vaultPath(project);
  const { vault } = project.file;
  if (path === undefined) {
    throw new PamError('PAM9006', `vault.type: ${vault.type} is not supported by this version`, { hint: 'use vault: { type: local }' });
  }
  const { openLocalVault } = await import('../vault/local/index.ts');
  return openLocalVault(path, { ...(vault.lineage === undefined ? {} : { lineage: vault.lineage }), clock: Date.now, host: hostname() });
}

/** Opens the vault with its key, for commands that read secrets or write. */
export async function openVault(project: Project, identityFile: string | undefined, env: NodeJS.ProcessEnv): Promise<Vault> {
  const reader = await openReader(project);
  try {
    return await reader.unlock(await findIdentities(identityFile, env));
  } catch (error) {
    await reader[Symbol.asyncDispose]();
    throw error;
  }
}

/** In CI the runner's disk goes with the job: a vault on it would lose what was just rotated (promise 1). */
export function refuseVolatileVault(project: Project, env: NodeJS.ProcessEnv): void {
  const { vault } = project.file;
  if (!isCi(env) || vault.type !== 'local' || vault.durable === true) return;
  throw new PamError('PAM3004', 'the vault is a local file, and this is a CI job whose disk may not outlive it', {
    hint: 'if vault and journal lie on storage that stays, set vault: { durable: true } in pam.yaml',
  });
}

export function isCi(env: NodeJS.ProcessEnv): boolean {
  return env['CI'] !== undefined && env['CI'] !== '' && env['CI'] !== 'false' && env['CI'] !== '0';
}

/** Who holds a lease or made a run, for whoever is kept waiting. */
export function describeHolder(command: string, env: NodeJS.ProcessEnv, now: number): LeaseHolder {
  const url = jobUrl(env);
  return {
    host: hostname(),
    pid: process.pid,
    user: userName(),
    command,
    since: new Date(now).toISOString(),
    ...(url === undefined ? {} : { url }),
  };
}

function jobUrl(env: NodeJS.ProcessEnv): string | undefined {
  if (env['GITHUB_RUN_ID'] !== undefined)
    return `${env['GITHUB_SERVER_URL']}/${env['GITHUB_REPOSITORY']}/actions/runs/${env['GITHUB_RUN_ID']}`;
  return env['CI_JOB_URL'];
}

/** A container may run under a uid that has no name. */
function userName(): string {
  try {
    return userInfo().username;
  } catch {
    return String(process.getuid?.() ?? 'unknown');
  }
}
