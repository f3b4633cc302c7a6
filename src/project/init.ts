import { existsSync } from 'node:fs';
import { appendFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import { basename, dirname, join, relative, resolve } from 'node:path';
import { PamError } from '../errors/index.ts';
import { NAME_PATTERN } from '../model/index.ts';
import { generateIdentity, readIdentityFile, recipientOf, writeIdentityFile } from '../vault/index.ts';
import { PROJECT_FILE } from './find.ts';
import { defaultIdentityFile, identityFolder } from './identity.ts';

export interface InitOptions {
  readonly folder: string;
  readonly env: NodeJS.ProcessEnv;
  /** An age recipient whose identity is kept offline; without it one is made, in a file of its own. */
  readonly recovery?: string;
  /** Where vault and journal lie outlives the runner (`vault.durable`). */
  readonly durable?: boolean;
}

export interface InitResult {
  readonly root: string;
  /** Relative to `root`. */
  readonly created: readonly string[];
  readonly identityFile: string;
  readonly identityMade: boolean;
  /** The file to move offline, where one was made. */
  readonly recoveryFile?: string;
  readonly lineage: string;
}

/**
 * Makes a project: identity (reused when there is one), vault, pam.yaml, a first manifest, `.pam/` in .gitignore.
 * Never overwrites: PamError PAM9007 when there is a project already. pam.yaml comes last, so that an interrupted
 * `init` can be run again.
 */
export async function initProject(options: InitOptions): Promise<InitResult> {
  const root = resolve(options.folder);
  const projectFile = join(root, PROJECT_FILE);
  if (existsSync(projectFile))
    throw new PamError('PAM9007', `there is a ${PROJECT_FILE} in ${options.folder} already; nothing was changed`);
  const vaultFile = join(root, '.pam', 'vault.db');
  if (existsSync(vaultFile)) {
    throw new PamError(
      'PAM9007',
      `there is a vault at ${relative(process.cwd(), vaultFile)} already, and no ${PROJECT_FILE} that names it`,
      {
        hint: 'restore pam.yaml, or move the vault away if it is not needed any more',
      },
    );
  }
  await mkdir(root, { recursive: true });
  const identity = await ownIdentity(options.env);
  const recovery = await recoveryRecipient(options);
  const { createLocalVault } = await import('../vault/local/index.ts');
  const { lineage } = await createLocalVault(vaultFile, {
    recipients: [
      { recipient: identity.recipient, role: 'runner' },
      { recipient: recovery.recipient, role: 'recovery' },
    ],
    clock: Date.now,
  });

  const created: string[] = ['.pam/vault.db'];
  const manifest = join(root, 'manifests', 'example.yaml');
  if (!existsSync(dirname(manifest))) {
    await mkdir(dirname(manifest));
    await writeFile(manifest, FIRST_MANIFEST, { flag: 'wx' });
    created.push('manifests/example.yaml');
  }
  if (await ignorePam(root)) created.push('.gitignore');
  await writeFile(projectFile, projectText(projectName(root), lineage, options.durable ?? false), { flag: 'wx' });
  created.push(PROJECT_FILE);
  return {
    root,
    created,
    identityFile: identity.file,
    identityMade: identity.made,
    ...(recovery.file === undefined ? {} : { recoveryFile: recovery.file }),
    lineage,
  };
}

async function ownIdentity(env: NodeJS.ProcessEnv): Promise<{ file: string; recipient: string; made: boolean }> {
  const file = env['PAM_IDENTITY_FILE'] || defaultIdentityFile(env);
  if (existsSync(file)) {
    const [identity = ''] = await readIdentityFile(file);
    return { file, recipient: await recipientOf(identity), made: false };
  }
  await mkdir(dirname(file), { recursive: true, mode: 0o700 });
  const pair = await generateIdentity();
  await writeIdentityFile(file, pair, new Date().toISOString());
  return { file, recipient: pair.recipient, made: true };
}

async function recoveryRecipient(options: InitOptions): Promise<{ recipient: string; file?: string }> {
  if (options.recovery !== undefined) return { recipient: options.recovery };
  const folder = identityFolder(options.env);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const pair = await generateIdentity();
  // Each project has its own: they go offline one by one, and one that is gone cannot be reused.
  const base = join(folder, `recovery-${projectName(resolve(options.folder))}`);
  let file = `${base}.txt`;
  for (let n = 2; existsSync(file); n++) file = `${base}-${n}.txt`;
  await writeIdentityFile(file, pair, new Date().toISOString());
  return { recipient: pair.recipient, file };
}

async function ignorePam(root: string): Promise<boolean> {
  const path = join(root, '.gitignore');
  const text = existsSync(path) ? await readFile(path, 'utf8') : '';
  if (text.split('\n').some((line) => ['.pam/', '.pam', '/.pam/'].includes(line.trim()))) return false;
  await appendFile(path, `${text === '' || text.endsWith('\n') ? '' : '\n'}.pam/\n`);
  return true;
}

/** The folder's name made into a name that pam.yaml takes. */
function projectName(root: string): string {
  const name = basename(root)
    .toLowerCase()
    .replace(/[^a-z0-9._-]+/g, '-')
    .replace(/^[^a-z0-9]+|[^a-z0-9]+$/g, '')
    .slice(0, 128);
  return NAME_PATTERN.test(name) ? name : 'project';
}

function projectText(name: string, lineage: string, durable: boolean): string {
  return `# What belongs to this project and where its records are kept.
project: ${name}
vault:
  type: local
  path: .pam/vault.db
  lineage: ${lineage}
${durable ? '  # Vault and journal lie on storage that outlives the runner.\n  durable: true\n' : ''}manifests:
  - manifests/**/*.yaml
`;
}

const FIRST_MANIFEST = `# A network that pam reaches directly, and how often credentials in it are rotated.
# Next: declare a database and its accounts; \`pam schema PamDatabase\` lists every field.
apiVersion: pam/v1
kind: PamConfiguration
metadata:
  name: onprem
spec:
  type: network
  defaultPolicy: monthly
---
apiVersion: pam/v1
kind: RotationPolicy
metadata:
  name: monthly
spec:
  schedule:
    every: 30d
  complexity:
    length: 32
    upper: 2
    lower: 2
    digits: 2
    special: 2
`;
