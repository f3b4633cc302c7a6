/** The rooms as a library: validate, plan and apply without the command line. */
export { type ApplyContext, type ApplyOptions, type ApplyResult, type Approval, apply } from './apply/index.ts';
export * from './errors/index.ts';
export * from './model/index.ts';
export { makePlan, openSnapshot, type PlanInput, publishSnapshot } from './plan/index.ts';
export {
  createApplyContext,
  createRotateContext,
  type Desired,
  initProject,
  loadDesired,
  openProject,
  openReader,
  openVault,
  type PlanOptions,
  type Project,
  planWith,
  WHOLE,
} from './project/index.ts';
export type { Vault, VaultReader } from './vault/index.ts';
