import { combineErrors, PamError } from '../errors/index.ts';
import type { Instant, PamEvent, Plan, PolicyFinding } from '../model/index.ts';
import { STOPPING_CODES } from '../plan/index.ts';
import type { Settled } from './settle.ts';

/** Every object that is not as the plan found it, by name. PamError PAM3001. */
export function refuseStale(settled: Settled): void {
  if (settled.stale.length === 0) return;
  const errors = settled.stale.map(
    ({ address, expected, found }) =>
      new PamError('PAM3001', `${address} is not as the plan found it: expected ${short(expected)}, found ${short(found)}`, {
        hint: 'make a new plan and have it approved',
      }),
  );
  const [first, ...others] = errors;
  throw new PamError('PAM3001', first?.message ?? '', { ...(first?.hint === undefined ? {} : { hint: first.hint }), others });
}

/** Time alone makes nothing stale, but where an end was asked for, it is part of what was approved. PamError PAM3005. */
export function refuseExpired({ expiresAt }: Plan, asOf: Instant): void {
  if (expiresAt === undefined || asOf < expiresAt) return;
  throw new PamError('PAM3005', `the plan could be applied until ${expiresAt}, and it is ${asOf}`, {
    hint: 'make a new plan and have it approved',
  });
}

/** Is anything left to do, what was recovered already aside? */
export function hasWork(settled: Settled): boolean {
  return settled.ready.some((c) => c.kind !== 'recover');
}

/** A limit that is exceeded, a freeze or a rule that is not kept stops the whole apply and names every one. */
export function refuseBlocked(settled: Settled, frozen: string | undefined, findings: readonly PolicyFinding[]): void {
  if (!hasWork(settled)) return;
  if (frozen !== undefined) throw new PamError('PAM2013', frozen);
  const stopping = settled.ready.filter((c) => c.blocked !== undefined && STOPPING_CODES.includes(c.blocked.code) && c.kind !== 'recover');
  const errors = [
    ...stopping.map((c) => new PamError(c.blocked?.code as 'PAM2010', `${c.id}: ${c.blocked?.reason}`)),
    ...findings.filter((f) => f.severity === 'error').map(toError),
  ];
  if (errors.length > 0) throw combineErrors(errors);
}

/** What stops nothing is told. */
export function toWarning({ rule, address, message }: PolicyFinding): PamEvent {
  return { type: 'warning', message: `${message} (${rule})`, ...(address === undefined ? {} : { address }) };
}

function toError({ rule, address, message, hint, source }: PolicyFinding): PamError {
  return new PamError('PAM2034', `${address === undefined ? '' : `${address}: `}${message} (rule ${rule})`, {
    ...(hint === undefined ? {} : { hint }),
    ...(source === undefined ? {} : { source }),
  });
}

function short(hash: string): string {
  return hash.slice(0, 12);
}
