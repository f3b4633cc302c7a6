/**
 * Every instant at which tests kill the process. The names are those of `README.md` in this room; they are passed to
 * `RotateContext.failpoint`, which does nothing outside tests.
 */
export const ROTATE_FAILPOINTS = [
  'rotate.leased',
  'rotate.preflighted',
  'rotate.generated',
  'rotate.staged',
  'rotate.journaled',
  'rotate.read-back',
  'rotate.armed',
  'rotate.answered',
  'rotate.answer-journaled',
  'rotate.proving',
  'rotate.proved',
  'rotate.proof-journaled',
  'rotate.committed',
  'rotate.closed',
  'recover.found',
  'recover.quiesced',
  'recover.identified',
  'ingest.read',
  'ingest.stored',
  'ingest.proved',
  'ingest.committed',
] as const;
/** Only where secrets overlap. */
export const RETIRE_FAILPOINTS = ['retire.begun', 'retire.taken-out', 'retire.noted'] as const;
export type RotateFailpoint = (typeof ROTATE_FAILPOINTS)[number] | (typeof RETIRE_FAILPOINTS)[number];
