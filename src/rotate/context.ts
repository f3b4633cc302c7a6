import { type Code, PamError, type PamErrorOptions } from '../errors/index.ts';
import type { Emit, InputSource, Secret } from '../model/index.ts';
import type { ProviderModule } from '../providers/provider.ts';
import type { AttemptBudget, LeaseHolder, Vault } from '../vault/vault.ts';
import type { RotateFailpoint } from './failpoints.ts';
import type { Journal } from './journal.ts';

/** Milliseconds since 1970-01-01 UTC, and waiting. `sleep` ends early, without an error, when the signal is aborted. */
export interface Clock {
  now(): number;
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

/** Randomness of the operating system, or a seeded source in a simulation. */
export interface Random {
  uuid(): string;
  bytes(length: number): Uint8Array;
  /** Uniform in [0, max). */
  int(max: number): number;
}

export interface RotateSettings {
  /** Server-side bound of one change request. */
  readonly changeTimeoutMs: number;
  readonly connectTimeoutMs: number;
  /** Failed logins that may be spent on one account in one window (`rotation.md` §2.5: 2 in 30 minutes where the target has no lockout). */
  readonly budget: Omit<AttemptBudget, 'expected'>;
  /** New draws after the target's policy refused a secret. */
  readonly maxRedraws: number;
}

export const DEFAULT_SETTINGS: RotateSettings = {
  changeTimeoutMs: 10_000,
  connectTimeoutMs: 15_000,
  budget: { max: 2, windowMs: 30 * 60_000 },
  maxRedraws: 2,
};

/** Everything the protocol touches comes in here, so that the same code runs in a simulation. */
export interface RotateContext {
  readonly vault: Vault;
  readonly journal: Journal;
  /** Null where this version has no provider for the type. */
  provider(type: string): Promise<ProviderModule | null>;
  readInput(source: InputSource): Promise<Secret>;
  readonly clock: Clock;
  readonly random: Random;
  readonly settings: RotateSettings;
  readonly holder: LeaseHolder;
  readonly leaseWaitMs: number;
  readonly emit: Emit;
  failpoint(name: RotateFailpoint): Promise<void>;
  /** Aborted by SIGINT or SIGTERM: nothing new is started; what was sent is brought to a safe state. */
  readonly stop: AbortSignal;
}

/** `phase` is where the rotation stood, in the words of `README.md`. */
export class RotationError extends PamError {
  readonly phase: string;

  constructor(code: Code, message: string, options: PamErrorOptions & { phase?: string } = {}) {
    super(code, message, options);
    this.name = 'RotationError';
    this.phase = options.phase ?? 'preflight';
  }
}

export function instant(ms: number): string {
  return new Date(ms).toISOString();
}
