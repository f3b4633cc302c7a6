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
  /** The target says that it was done, and nothing was. */
  | 'hollow'
  /** What the target knows of the secret may not be read at the moment. */
  | 'untold'
  /** The target refuses the right secret, as a directory that has not caught up does, or a key file with the wrong owner. */
  | 'wrong'
  /** The target lets anybody in at the moment. */
  | 'any'
  /** The runner is held up for longer than its lease lasts. */
  | 'pause'
  /** The runner gets SIGINT. */
  | 'stop';

export type OperationKind =
  | 'vault-read'
  | 'vault-write'
  | 'lease'
  | 'journal-read'
  | 'journal-write'
  | 'login'
  | 'look'
  | 'ask'
  | 'send'
  | 'prove';

/** What can happen to a runner at any operation. */
export const COMMON: readonly Fault[] = ['crash-before', 'crash-after', 'pause', 'stop'];

export const FAULTS_OF: Readonly<Record<OperationKind, readonly Fault[]>> = {
  'vault-read': [...COMMON, 'fail'],
  'vault-write': [...COMMON, 'fail', 'lost'],
  lease: [...COMMON, 'fail'],
  'journal-read': [...COMMON, 'fail'],
  'journal-write': [...COMMON, 'fail', 'lost'],
  login: [...COMMON, 'fail'],
  look: [...COMMON, 'fail'],
  ask: [...COMMON, 'fail', 'untold'],
  send: [...COMMON, 'fail', 'lost', 'late', 'twice', 'refuse', 'policy', 'foreign', 'hollow'],
  prove: [...COMMON, 'fail', 'wrong', 'any'],
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

/** Faults at the first, second, … operation of a kind. */
export function faultsAtNth(faults: readonly (readonly [OperationKind, number, Fault])[]): FaultPlan {
  const seen = new Map<OperationKind, number>();
  return ({ kind }) => {
    const nth = (seen.get(kind) ?? 0) + 1;
    seen.set(kind, nth);
    return faults.find(([of, at]) => of === kind && at === nth)?.[2];
  };
}
