/** What a login with one candidate said, in this process and since the last request. */
export type ProofAnswer = 'accepted' | 'refused' | 'cannot-tell' | 'never' | 'no-budget';

/**
 * All that the protocol knows about one rotation, gathered from vault, journal, target and this process.
 * The next step follows from it alone, whether the rotation began a moment ago or in a process that was killed last week.
 */
export interface Situation {
  /** The pending secret is in the vault and was read back. */
  readonly staged: boolean;
  /** … and in the journal. */
  readonly journaled: boolean;
  /** The vault has the pending version as `current`. */
  readonly committed: boolean;
  /** The rotation was concluded without success; only its journal entry is left. */
  readonly abandoned: boolean;
  /**
   * What is known of the requests sent so far. `unsettled`: one was (or may have been) sent and its answer is not known.
   * `acked`: the target said that it has the pending secret. `clear`: none was sent, or all were refused.
   */
  readonly requests: 'clear' | 'unsettled' | 'acked';
  /** The last request of this process was refused for certain. */
  readonly refused: boolean;
  /** No unsettled request can take effect any more. */
  readonly quiet: boolean;
  /** What the target's own knowledge said (verifier or change counter), spending no login. */
  readonly oracle: 'unasked' | 'pending' | 'current' | 'none' | 'unavailable';
  /** The oracle only knows what is on file (a line in authorized_keys): no proof, and nothing that a request would overwrite. */
  readonly onFile?: boolean;
  readonly proof: { readonly pending?: ProofAnswer; readonly current?: ProofAnswer };
  /** Is there a current secret in the vault? */
  readonly hasCurrent: boolean;
  /** The old secret may still be taken after a change (Active Directory for an hour, keys until they are retired): that it opens says nothing about the new one. */
  readonly oldLingers?: boolean;
  /** It does so until we end it: whichever is not wanted is taken out. */
  readonly overlaps?: boolean;
  /** An administrator resets the account: the same request may be sent whichever secret is live. */
  readonly resettable: boolean;
  /** A person said that the pending secret is to be set, whatever somebody has put there by hand. */
  readonly reset?: boolean;
  /** Requests sent by this process. */
  readonly sends: number;
  /** A secret lives on beside the current one that is not wanted any more, and this process has not tried yet to end it. */
  readonly retire?: boolean;
  readonly allowUnproved: boolean;
  /** SIGINT or SIGTERM came: start nothing. */
  readonly stopping: boolean;
}

export type Step =
  | { readonly do: 'stage' }
  | { readonly do: 'journal' }
  | { readonly do: 'send' }
  | { readonly do: 'quiesce' }
  | { readonly do: 'identify' }
  /** `expected`: there is reason to believe that this secret is live, so the login is no guess. */
  | { readonly do: 'prove'; readonly which: 'pending' | 'current'; readonly expected: boolean }
  | { readonly do: 'commit'; readonly by: 'login' | 'oracle' | 'unproved' }
  /** The old secret is live for certain, or the account was never touched: the pending one becomes a candidate. */
  | { readonly do: 'abandon' }
  /** Where secrets overlap: takes out of the target what is not wanted any more. It never un-commits; what fails is tried by the next run. */
  | { readonly do: 'retire' }
  | { readonly do: 'close' }
  /** More than one candidate and no proof to be had: stop everything automatic on this account. */
  | { readonly do: 'quarantine'; readonly why: 'foreign' | 'neither-opens' | 'no-proof' }
  /** Nothing more can be done now; journal and vault keep all, and the next run goes on from here. */
  | { readonly do: 'leave'; readonly why: 'stopping' | 'unreachable' | 'no-budget' };

/** Requests of one process for one rotation: the first, one after an oracle said "old", one more for a lost answer. */
const MAX_SENDS = 3;

/** The whole protocol as one pure function (`README.md` has it as a table). Each step adds to the situation, so it ends. */
export function nextStep(s: Situation): Step {
  if (s.committed || s.abandoned) return s.retire === true && !s.stopping ? { do: 'retire' } : { do: 'close' };
  if (!s.staged) return s.stopping ? { do: 'leave', why: 'stopping' } : { do: 'stage' };
  if (!s.journaled) return { do: 'journal' };
  if (s.requests === 'acked' || s.oracle === 'pending') return provePending(s);
  if (s.requests === 'clear') return s.refused ? { do: 'abandon' } : send(s);
  return settle(s);
}

/** The pending secret is believed to be live: show it, then commit it. */
function provePending(s: Situation): Step {
  switch (s.proof.pending) {
    case undefined:
      return { do: 'prove', which: 'pending', expected: true };
    case 'accepted':
      return { do: 'commit', by: 'login' };
    case 'never':
    case 'cannot-tell':
    case 'no-budget':
    case 'refused':
      break;
    default:
      return unreachable(s.proof.pending);
  }
  if (s.oracle === 'unasked') return { do: 'identify' };
  if (s.oracle === 'pending' && s.onFile !== true) return { do: 'commit', by: 'oracle' };
  if (s.proof.pending === 'never') return s.allowUnproved ? { do: 'commit', by: 'unproved' } : { do: 'quarantine', why: 'no-proof' };
  if (s.proof.pending !== 'refused') return { do: 'leave', why: s.proof.pending === 'no-budget' ? 'no-budget' : 'unreachable' };
  // The target said "done" and then refused the secret.
  if (s.oracle === 'current') return s.sends < MAX_SENDS ? send(s) : { do: 'abandon' };
  if (s.oracle === 'none' || !s.hasCurrent) return { do: 'quarantine', why: 'neither-opens' };
  // Where the old one opens for a while whatever was set, it would open in either case.
  if (s.oldLingers === true && s.overlaps !== true) {
    const again: Step = s.sends < MAX_SENDS ? send(s) : { do: 'leave', why: 'unreachable' };
    return s.resettable ? again : proveCurrent(s, again);
  }
  return proveCurrent(s, { do: 'abandon' });
}

/** A request may have landed, or may yet. First nothing more may move, then the target is asked, cheapest proof first. */
function settle(s: Situation): Step {
  if (!s.quiet) return { do: 'quiesce' };
  switch (s.oracle) {
    case 'unasked':
      return { do: 'identify' };
    case 'current':
      return s.refused || s.sends >= MAX_SENDS ? { do: 'abandon' } : send(s);
    case 'none':
      // With an old secret in the vault that is not live either, somebody changed it by hand: not ours to overwrite, unless told to.
      if (s.hasCurrent && s.onFile !== true && s.reset !== true) return { do: 'quarantine', why: 'foreign' };
      if (s.refused) return { do: 'abandon' };
      return s.sends < MAX_SENDS ? send(s) : { do: 'leave', why: 'unreachable' };
    case 'unavailable':
      break;
    case 'pending':
      return provePending(s);
    default:
      return unreachable(s.oracle);
  }
  // No free way to know. Sending the same secret again spends no failed login, if an administrator can.
  if (s.resettable && !s.refused) return s.sends < MAX_SENDS ? send(s) : { do: 'leave', why: 'unreachable' };
  if (s.proof.pending === 'accepted') return { do: 'commit', by: 'login' };
  const pendingFirst = s.oldLingers === true || !s.hasCurrent;
  if (pendingFirst && s.proof.pending === undefined) return { do: 'prove', which: 'pending', expected: false };
  const askCurrent = s.hasCurrent && s.proof.current === undefined && (!pendingFirst || s.proof.pending === 'refused');
  if (askCurrent) return { do: 'prove', which: 'current', expected: false };
  if (s.proof.current === 'accepted') return s.refused || s.sends >= MAX_SENDS ? { do: 'abandon' } : send(s);
  if (s.proof.current === 'cannot-tell') return { do: 'leave', why: 'unreachable' };
  switch (s.proof.pending) {
    case undefined:
      return { do: 'prove', which: 'pending', expected: false };
    case 'refused':
      return { do: 'quarantine', why: 'neither-opens' };
    case 'never':
      return { do: 'quarantine', why: 'no-proof' };
    case 'no-budget':
      return { do: 'leave', why: 'no-budget' };
    case 'cannot-tell':
      return { do: 'leave', why: 'unreachable' };
    default:
      return unreachable(s.proof.pending);
  }
}

/** A step in words: for events, and for the edges that the simulation counts. */
export function stepName(step: Step): string {
  switch (step.do) {
    case 'prove':
      return `prove ${step.which}`;
    case 'commit':
      return `commit by ${step.by}`;
    case 'quarantine':
    case 'leave':
      return `${step.do}: ${step.why}`;
    default:
      return step.do;
  }
}

function send(s: Situation): Step {
  return s.stopping ? { do: 'leave', why: 'stopping' } : { do: 'send' };
}

function proveCurrent(s: Situation, live: Step): Step {
  switch (s.proof.current) {
    case undefined:
      return { do: 'prove', which: 'current', expected: false };
    case 'accepted':
      return live;
    case 'refused':
      return { do: 'quarantine', why: 'neither-opens' };
    case 'never':
      return { do: 'quarantine', why: 'no-proof' };
    case 'cannot-tell':
      return { do: 'leave', why: 'unreachable' };
    case 'no-budget':
      return { do: 'leave', why: 'no-budget' };
    default:
      return unreachable(s.proof.current);
  }
}

function unreachable(value: never): never {
  throw new Error(`unexpected ${String(value)}`);
}
