import { type ExitCode, exitOf } from '../errors/index.ts';
import type { Address, Emit, Plan, Snapshot } from '../model/index.ts';
import { type DriftReport, movedEndpoints } from '../plan/index.ts';
import { createRotateContext, type Desired, type Project } from '../project/index.ts';
import { createLogins, knownAccounts, type LiveReport, lookAtTargets, lookupIn } from '../rotate/index.ts';
import type { Vault } from '../vault/index.ts';
import { stopOnSignals } from './signals.ts';

export interface LookRequest {
  readonly project: Project;
  /** Of the vault, its MACs checked: what is read from it says where credentials are presented. */
  readonly snapshot: Snapshot;
  readonly plan: Plan;
  isWanted(address: Address): boolean;
  readonly prove: boolean;
  /** Tell also the accounts that nobody declares, in these manifests or on record. */
  readonly coverage: Desired | null;
  readonly parallelism: number;
  readonly emit: Emit;
  readonly tell: (text: string) => void;
}

export type LookResult = LiveReport & { readonly interrupted: boolean };

/** `pam drift --live`: looks at the targets with signals caught, so that no session is cut off in the middle. */
export async function lookLive(vault: Vault, request: LookRequest): Promise<LookResult> {
  const { project, snapshot, plan, isWanted, prove, parallelism } = request;
  const signals = stopOnSignals(request.tell);
  try {
    const ctx = createRotateContext(project, vault, { command: 'drift', env: process.env, emit: request.emit, stop: signals.signal });
    const known = request.coverage === null ? {} : { coverage: knownAccounts(snapshot, project.owner, request.coverage.resources) };
    const options = { isWanted, moving: movedEndpoints(plan), prove, parallelism, ...known };
    const report = await lookAtTargets(ctx, createLogins(ctx), snapshot, lookupIn(snapshot, project.owner), options);
    return { ...report, interrupted: signals.signal.aborted };
  } finally {
    signals.dispose();
  }
}

/** From the very lists that are printed: what was found goes before what could not be looked at, since it is certain. */
export function exitOfDrift(report: DriftReport, live: Pick<LookResult, 'unseen' | 'interrupted'> | undefined): ExitCode {
  if (live?.interrupted === true) return 130;
  if (report.findings.length > 0) return 2;
  const codes = live?.unseen.map(({ code }) => exitOf(code)) ?? [];
  if (codes.length === 0) return 0;
  return codes.includes(6) ? 6 : 1;
}
