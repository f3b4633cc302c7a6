export {
  createApplyContext,
  createRotateContext,
  type EngineOptions,
  type PlanOptions,
  planInput,
  planWith,
  WHOLE,
} from './engine.ts';
export { projectFolder } from './find.ts';
export { type InitOptions, type InitResult, initProject } from './init.ts';
export { type PolicyTestResult, runPolicyTests } from './policy-tests.ts';
export { acceptedDrift, type Desired, loadDesired, openProject, type Project, type ProjectOptions, readManifests } from './project.ts';
export { findingsOf, loadProjectRules, type Rules } from './rules.ts';
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
