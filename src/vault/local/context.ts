import { hostname, userInfo } from 'node:os';
import type { Instant } from '../../model/index.ts';
import type { VaultKeys } from '../keys.ts';
import type { Timers } from '../timers.ts';
import type { Database } from './database.ts';

/** Milliseconds since 1970-01-01 UTC. */
export type Clock = () => number;

/** What the parts of an unlocked vault work with. */
export interface Context {
  readonly db: Database;
  readonly keys: VaultKeys;
  readonly clock: Clock;
  /** Name of this machine, as leases show it. */
  readonly host: string;
  /** Who stands in the audit trail. */
  readonly actor: string;
  readonly timers: Timers;
  readonly leaseTtlMs: number;
}

export function instantOf(ms: number): Instant {
  return new Date(ms).toISOString();
}

export function currentActor(host: string = hostname()): string {
  return `${userName()}@${host}`;
}

function userName(): string {
  try {
    return userInfo().username;
  } catch {
    return `uid ${process.getuid?.() ?? '?'}`; // a container may run under a user that has no name
  }
}
