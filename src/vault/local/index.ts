export { type CreateOptions, createLocalVault } from './create.ts';
export { type OpenOptions, openLocalVault } from './open.ts';
