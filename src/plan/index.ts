export { applyFields, readPath, sameLink } from './diff.ts';
export { planDigest } from './digest.ts';
export { type AcceptedDrift, type DriftReport, driftScope, type Finding, findDrift, type LiveFinding } from './drift.ts';
export type { Capability, Freeze, Limit, Limits, PlanInput } from './input.ts';
export { STOPPING_CODES } from './limits.ts';
export { isDueNow, nextRotation, scheduledTime } from './live-rows.ts';
export { isRecordRow } from './order.ts';
export { isSelector, makePlan } from './plan.ts';
export { movedEndpoints } from './risks.ts';
