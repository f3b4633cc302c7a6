export {
  createApplyContext,
  createRotateContext,
  type EngineOptions,
  type PlanOptions,
  planInput,
  planWith,
  systemClock,
  WHOLE,
} from './engine.ts';
export { findProjectFile, PROJECT_FILE } from './find.ts';
export { defaultIdentityFile, findIdentities } from './identity.ts';
export { type InitOptions, type InitResult, initProject } from './init.ts';
export { type Desired, journalPath, loadDesired, openProject, type Project, type ProjectOptions, vaultPath } from './project.ts';
export { describeHolder, isCi, openReader, openVault, refuseVolatileVault } from './vaults.ts';
