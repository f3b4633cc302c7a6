import { existsSync } from 'node:fs';
import { hostname, userInfo } from 'node:os';
import { isPamError, PamError } from '../errors/index.ts';
import { fileJournalStorage } from '../rotate/index.ts';
import { type Backup, type LeaseHolder, type Restored, recipientOf, type Vault, type VaultReader } from '../vault/index.ts';
import { defaultIdentityFile, findIdentities } from './identity.ts';
import { journalPath, type Project, vaultPath } from './project.ts';

/** Opens the vault of the project for reading: no key, no lock. VaultError of `openLocalVault`; PAM9006 for types still to come. */
export async function openReader(project: Project): Promise<VaultReader> {
  const { path, ...lineage } = localVault(project);
  const { openLocalVault } = await import('../vault/local/index.ts');
  return openLocalVault(path, { ...lineage, clock: Date.now, host: hostname() });
}

/** Copies the vault into a new file. Needs no key. VaultError of `backupLocalVault`. */
export async function backupVault(project: Project, file: string): Promise<Backup> {
  const { path, ...lineage } = localVault(project);
  const { backupLocalVault } = await import('../vault/local/index.ts');
  return backupLocalVault(path, file, lineage);
}

/** Makes a copy the vault of the project, checked with its key. VaultError of `restoreLocalVault`. */
export async function restoreVault(
  project: Project,
  file: string,
  options: { readonly identityFile: string | undefined; readonly env: NodeJS.ProcessEnv; readonly replace: boolean },
): Promise<Restored> {
  const { path, ...lineage } = localVault(project);
  const identities = await findIdentities(options.identityFile, options.env);
  const { restoreLocalVault } = await import('../vault/local/index.ts');
  return restoreLocalVault(file, path, { ...lineage, identities, replace: options.replace, clock: Date.now, host: hostname() });
}

function localVault(project: Project): { readonly path: string; readonly lineage?: string } {
  const path = vaultPath(project);
  const { vault } = project.file;
  if (path === undefined) {
    throw new PamError('PAM9006', `vault.type: ${vault.type} is not supported by this version`, { hint: 'use vault: { type: local }' });
  }
  return vault.lineage === undefined ? { path } : { path, lineage: vault.lineage };
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

/**
 * Opens the key for a command that can do without it: null where no identity was given and the one of `init` is missing or fits
 * another vault. What was given must fit.
 */
export async function unlockIfAtHand(reader: VaultReader, identityFile: string | undefined, env: NodeJS.ProcessEnv): Promise<Vault | null> {
  const isGiven = identityFile !== undefined || Boolean(env['PAM_IDENTITY']) || Boolean(env['PAM_IDENTITY_FILE']);
  if (!isGiven && !existsSync(defaultIdentityFile(env))) return null;
  try {
    return await reader.unlock(await findIdentities(identityFile, env));
  } catch (error) {
    if (!isGiven && isPamError(error) && error.code === 'PAM5005') return null;
    throw error;
  }
}

/** The recipients of the identities that this command works with. */
export async function ownRecipients(identityFile: string | undefined, env: NodeJS.ProcessEnv): Promise<readonly string[]> {
  return Promise.all((await findIdentities(identityFile, env)).map(recipientOf));
}

/** Ids of the rotations that have an entry in the journal. */
export function listJournal(project: Project): Promise<readonly string[]> {
  return fileJournalStorage(journalPath(project)).list();
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
