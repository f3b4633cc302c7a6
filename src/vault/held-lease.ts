import type { Timers } from './timers.ts';
import type { Lease, LeaseHolder, LeaseOptions, LeaseScope } from './vault.ts';
import { VaultError } from './vault-error.ts';

export interface LeaseBackend {
  /** Puts the expiry off; false when another holder has the scope now. */
  renew(): Promise<boolean>;
  /** Gives the scope free if it is still ours. */
  release(): Promise<void>;
}

/** A lease with its heartbeat: renewed `everyMs` until it is released or lost. */
export class HeldLease implements Lease {
  readonly scope: LeaseScope;
  readonly epoch: number;
  readonly #backend: LeaseBackend;
  readonly #lost = new AbortController();
  readonly #stop: () => void;
  #released = false;

  constructor(scope: LeaseScope, epoch: number, backend: LeaseBackend, everyMs: number, timers: Timers) {
    this.scope = scope;
    this.epoch = epoch;
    this.#backend = backend;
    this.#stop = timers.repeat(everyMs, () => void this.#renew());
  }

  get lost(): AbortSignal {
    return this.#lost.signal;
  }

  /** Called by whoever finds another epoch in the vault: a renewal or a write. */
  lose(): void {
    this.#stop();
    this.#lost.abort(leaseLost(this.scope));
  }

  async release(): Promise<void> {
    if (this.#released) return;
    this.#released = true;
    this.#stop();
    // One that cannot be released, on a full disk perhaps, runs out by itself; the work under it is done.
    await this.#backend.release().catch(() => {});
  }

  async #renew(): Promise<void> {
    try {
      if (!(await this.#backend.renew()) && !this.#released) this.lose();
    } catch {
      // A vault that cannot be written now says nothing about who holds the lease: the next beat or the next write will tell.
    }
  }
}

export function leaseLost(scope: LeaseScope): VaultError {
  return new VaultError('PAM5008', `the lease of ${describeScope(scope)} was lost to another run`);
}

export function describeScope(scope: LeaseScope): string {
  return scope.type === 'project' ? `project ${scope.owner.project}, environment ${scope.owner.environment}` : `account ${scope.record}`;
}

/** How often a waiting run looks whether the scope is free; short beside any lock timeout, long beside one look. */
const POLL_MS = 200;

/**
 * Tries until the scope is free or `waitMs` are over (VaultError PAM5007 then names the holder). The waits are added up rather than
 * measured, so that a clock which jumps changes nothing.
 */
export async function acquireLease(
  scope: LeaseScope,
  { waitMs, signal }: Pick<LeaseOptions, 'waitMs' | 'signal'>,
  timers: Timers,
  attempt: () => Promise<HeldLease | LeaseHolder>,
): Promise<HeldLease> {
  for (let waited = 0; ; waited += POLL_MS) {
    signal?.throwIfAborted();
    const found = await attempt();
    if (found instanceof HeldLease) return found;
    if (waited >= waitMs) throw leaseHeld(scope, found);
    await timers.sleep(Math.min(POLL_MS, waitMs - waited), signal);
  }
}

function leaseHeld(scope: LeaseScope, holder: LeaseHolder): VaultError {
  const { user, host, pid, command, since, url } = holder;
  const who = `${user} on ${host} (process ${pid}, \`${command}\`) since ${since}${url === undefined ? '' : `, ${url}`}`;
  return new VaultError('PAM5007', `the ${describeScope(scope)} is held by ${who}`, { hint: 'wait for it with `--lock-timeout 5m`' });
}
