import { createInterface } from 'node:readline/promises';
import { type ApplyResult, type Approval, apply } from '../apply/index.ts';
import { PamError } from '../errors/index.ts';
import type { Emit, Plan, PolicyFinding, Snapshot } from '../model/index.ts';
import { createApplyContext, createRotateContext, openVault, type Project, refuseVolatileVault } from '../project/index.ts';
import type { Vault } from '../vault/index.ts';
import { stopOnSignals } from './signals.ts';

export interface ApplyFlagValues {
  readonly identity?: string | undefined;
  readonly parallelism: number;
  readonly failFast: boolean;
  readonly lockTimeoutMs: number;
}

export interface ApplyRequest {
  readonly project: Project;
  readonly command: string;
  readonly flags: ApplyFlagValues;
  readonly emit: Emit;
  readonly tell: (text: string) => void;
  readonly projectLease: boolean;
  planAt(snapshot: Snapshot, asOf: string): Plan;
  judge(plan: Plan, snapshot: Snapshot): readonly PolicyFinding[];
  /** Asked with the vault open and its metadata authenticated; a refusal throws. */
  approve(vault: Vault): Promise<Approval>;
}

/** Rows at once on one target (`rotation.md` §2.7). */
const PER_TARGET = 2;

/** Opens the vault, gets the approval, applies, with signals caught: what `pam apply` and `pam rotate` share. */
export async function runApply(request: ApplyRequest): Promise<ApplyResult> {
  const { project, flags } = request;
  refuseVolatileVault(project, process.env);
  const signals = stopOnSignals(request.tell);
  try {
    await using vault = await openVault(project, flags.identity, process.env);
    const approval = await request.approve(vault);
    const engine = {
      command: request.command,
      env: process.env,
      emit: request.emit,
      stop: signals.signal,
      leaseWaitMs: flags.lockTimeoutMs,
    };
    const rotate = createRotateContext(project, vault, engine);
    const ctx = createApplyContext(project, rotate, request.planAt, {
      ...engine,
      projectLease: request.projectLease,
      judge: request.judge,
    });
    return await apply(ctx, approval, {
      parallelism: flags.parallelism,
      perTarget: PER_TARGET,
      failFast: flags.failFast,
      lockTimeoutMs: flags.lockTimeoutMs,
    });
  } finally {
    signals.dispose();
  }
}

/** Only a terminal is asked; everywhere else the flags have to say it. */
export function canAsk(): boolean {
  return process.stdin.isTTY === true && process.stderr.isTTY === true;
}

export async function askForYes(question: string): Promise<boolean> {
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return (await terminal.question(`${question}\nOnly 'yes' is accepted: `)).trim() === 'yes';
  } finally {
    terminal.close();
  }
}

/** Without a terminal nothing prompts, and this is said before anything is computed. */
export function refuseUnapproved(what: string): void {
  if (canAsk()) return;
  throw new PamError('PAM3003', `${what} needs to be told what it may do`, {
    hint: 'give a saved plan, --approve DIGEST or --auto-approve',
  });
}
