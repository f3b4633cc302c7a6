export { type Backup, backupLocalVault } from './backup.ts';
export { type CreateOptions, createLocalVault } from './create.ts';
export { type OpenOptions, openLocalVault } from './open.ts';
export { type Restored, type RestoreOptions, restoreLocalVault } from './restore.ts';
