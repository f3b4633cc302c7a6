export { backupLocalVault } from './backup.ts';
export { type CreateOptions, createLocalVault } from './create.ts';
export { type OpenOptions, openLocalVault } from './open.ts';
export { type RestoreOptions, restoreLocalVault } from './restore.ts';
