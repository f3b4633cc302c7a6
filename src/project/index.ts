export {
  createApplyContext,
  createRotateContext,
  type EngineOptions,
  type PlanOptions,
  planInput,
  planWith,
  WHOLE,
} from './engine.ts';
export { type InitOptions, type InitResult, initProject } from './init.ts';
export { acceptedDrift, type Desired, loadDesired, openProject, type Project, type ProjectOptions, readManifests } from './project.ts';
export {
  backupVault,
  listJournal,
  openReader,
  openVault,
  ownRecipients,
  refuseVolatileVault,
  restoreVault,
  unlockIfAtHand,
} from './vaults.ts';
