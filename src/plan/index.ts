export { applyFields, diffFields, readPath, sameLink } from './diff.ts';
export { declaredPart, planDigest } from './digest.ts';
export { type Capability, DEFAULT_LIMITS, type Freeze, type Limit, type Limits, type PlanInput } from './input.ts';
export { STOPPING_CODES } from './limits.ts';
export { scheduledTime } from './live-rows.ts';
export { isRecordRow } from './order.ts';
export { isSelector, makePlan, summarize } from './plan.ts';
