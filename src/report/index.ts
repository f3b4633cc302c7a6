export { createPaint, type Paint } from './paint.ts';
export { formatEntry, formatEvent, formatLedger } from './text-apply.ts';
export { driftToJson, formatDrift } from './text-drift.ts';
export { errorsToJson, formatError, formatErrors } from './text-error.ts';
export { formatPlan } from './text-plan.ts';
export { formatPolicyTests, formatRules } from './text-policy.ts';
export { formatRecord, formatRecords, formatTable, secretState } from './text-record.ts';
