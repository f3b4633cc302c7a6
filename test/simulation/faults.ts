/** What can go wrong at one operation. Which of them make sense is decided by the operation's kind. */
export type Fault =
  /** The process dies before, or right after, the operation. */
  | 'crash-before'
  | 'crash-after'
  /** It fails with an error and without effect. */
  | 'fail'
  /** It takes effect, and the answer is an error. */
  | 'lost'
  /** The request arrives after everybody has given up on it. */
  | 'late'
  /** The request arrives twice, the second time later. */
  | 'twice'
  /** The target refuses for now, for certain and without effect. */
  | 'refuse'
  /** Its policy refuses this secret. */
  | 'policy'
  /** Somebody changes the secret by hand, right before. */
  | 'foreign'
  /** The runner is held up for longer than its lease lasts. */
  | 'pause';

export type OperationKind = 'vault-read' | 'vault-write' | 'lease' | 'journal-read' | 'journal-write' | 'login' | 'look' | 'send' | 'prove';

const COMMON: readonly Fault[] = ['crash-before', 'crash-after', 'pause'];

export const FAULTS_OF: Readonly<Record<OperationKind, readonly Fault[]>> = {
  'vault-read': [...COMMON, 'fail'],
  'vault-write': [...COMMON, 'fail', 'lost'],
  lease: [...COMMON, 'fail'],
  'journal-read': [...COMMON, 'fail'],
  'journal-write': [...COMMON, 'fail', 'lost'],
  login: [...COMMON, 'fail'],
  look: [...COMMON, 'fail'],
  send: [...COMMON, 'fail', 'lost', 'late', 'twice', 'refuse', 'policy', 'foreign'],
  prove: [...COMMON, 'fail'],
};

/** The process is gone: nothing that it would still do happens. No error of pam's, so that no code of pam handles it. */
export class Crash extends Error {}

export interface Operation {
  readonly index: number;
  readonly runner: string;
  readonly kind: OperationKind;
  readonly name: string;
}

/** Decides what happens at an operation. */
export type FaultPlan = (operation: Operation) => Fault | undefined;

export const NO_FAULTS: FaultPlan = () => undefined;

export function faultsAt(faults: ReadonlyMap<number, Fault>): FaultPlan {
  return ({ index, kind }) => {
    const fault = faults.get(index);
    return fault !== undefined && FAULTS_OF[kind].includes(fault) ? fault : undefined;
  };
}
