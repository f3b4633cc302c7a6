import { homedir } from 'node:os';
import { join } from 'node:path';
import { parseIdentities, readIdentityFile } from '../vault/index.ts';

/** Where `init` keeps the identity of a person: below the home folder, never in a repository, the same for every project. */
export function identityFolder(env: NodeJS.ProcessEnv): string {
  return join(env['XDG_CONFIG_HOME'] || join(env['HOME'] || homedir(), '.config'), 'pam');
}

export function defaultIdentityFile(env: NodeJS.ProcessEnv): string {
  return join(identityFolder(env), 'identity.txt');
}

/**
 * The identities to open the vault with: `--identity FILE`, else `PAM_IDENTITY` (the key itself, as CI has it), else
 * `PAM_IDENTITY_FILE`, else the one that `init` made. VaultError PAM5017 where it cannot be read.
 */
export async function findIdentities(file: string | undefined, env: NodeJS.ProcessEnv): Promise<readonly string[]> {
  if (file !== undefined) return readIdentityFile(file);
  const inline = env['PAM_IDENTITY'];
  if (inline !== undefined && inline !== '') return parseIdentities(inline, 'PAM_IDENTITY');
  return readIdentityFile(env['PAM_IDENTITY_FILE'] || defaultIdentityFile(env));
}
