export { createPaint, type Paint } from './paint.ts';
export { formatEntry, formatEvent, formatLedger } from './text-apply.ts';
export { errorsToJson, formatError, formatErrors } from './text-error.ts';
export { describe, formatPlan, formatSummary, SYMBOLS } from './text-plan.ts';
export { formatRecord, formatRecords, formatTable, formatVersion, secretState } from './text-record.ts';
