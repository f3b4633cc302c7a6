export {
  APPLY_FAILPOINTS,
  type ApplyContext,
  type ApplyFailpoint,
  type ApplyOptions,
  type ApplyResult,
  type Approval,
  apply,
} from './apply.ts';
