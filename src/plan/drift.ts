import { type Address, type Change, compareText, type Instant, linkOf, type Plan, type VaultRecord } from '../model/index.ts';
import type { PlanInput } from './input.ts';
import { dueOf } from './live-rows.ts';
import { selector, wantedAddresses } from './plan.ts';
import { buildWorld, type World } from './world.ts';

/**
 * `drift`: the vault or the target moved. `pending`: Git moved, and nobody applied it. `overdue`: a rotation's time has passed.
 * `unmanaged`: a released record that nobody acknowledged. `unproved`: nothing has shown that the stored secret opens the account.
 */
export const DRIFT_CLASSES = ['drift', 'pending', 'overdue', 'unmanaged', 'unproved'] as const;
export type DriftClass = (typeof DRIFT_CLASSES)[number];

/** What a look at the targets can find: of a declared account, class `drift`; of one that nobody declares, `unmanaged`. */
export const LIVE_FINDINGS = [
  'absent',
  'replaced',
  'locked',
  'unlocked',
  'disabled',
  'enabled',
  'expired',
  'must-change',
  'secret-changed',
  'secret-refused',
  'key-added',
  'key-missing',
  'unusable',
  'undeclared',
  'undeclared-admin',
] as const;
export type LiveFinding = (typeof LIVE_FINDINGS)[number];

export interface Finding {
  readonly class: DriftClass;
  readonly address: Address;
  /** Of what was seen on a target. */
  readonly what?: LiveFinding;
  /** The account that nobody declares; `address` is the resource that has it. */
  readonly login?: string;
  readonly message: string;
  /** Since when, where that is known. */
  readonly since?: Instant;
}

/** What is known of one address, until a day: everything, or only one class or kind of finding. */
export interface AcceptedDrift {
  readonly address: string;
  readonly class?: DriftClass;
  readonly what?: LiveFinding;
  readonly login?: string;
  readonly reason: string;
  readonly until: Instant;
}

export interface DriftReport {
  readonly findings: readonly Finding[];
  /** What `drift.accept` holds back. */
  readonly accepted: readonly (Finding & { readonly reason: string; readonly until: Instant })[];
}

/**
 * What differs at vault level, and what a look at the targets found (`live`), sorted by class and address. Pure, like the plan that it
 * reads. A narrowed run tells of what it was narrowed to.
 */
export function findDrift(
  input: PlanInput<VaultRecord>,
  plan: Plan,
  accept: readonly AcceptedDrift[],
  live: readonly Finding[] = [],
): DriftReport {
  const world = buildWorld(input);
  const isWanted = driftScope(input);
  const all = [
    ...plan.changes.flatMap((c) => findingOf(c)),
    ...world.pairs.flatMap(({ record, address }) =>
      record === undefined ? [] : [...stateFindings(record), ...overdueFindings(record, address, world, input.asOf)],
    ),
    ...plan.unmanaged.map(
      (u): Finding => ({
        class: 'unmanaged',
        address: u.address,
        message: 'released, and not acknowledged in drift.accept',
        since: u.releasedAt,
      }),
    ),
    ...live,
  ].filter((f) => isWanted(f.address));
  const unique = [...new Map(all.map((f) => [`${f.class}\0${f.address}\0${f.message}`, f])).values()].sort(
    (a, b) =>
      DRIFT_CLASSES.indexOf(a.class) - DRIFT_CLASSES.indexOf(b.class) ||
      compareText(a.address, b.address) ||
      compareText(a.message, b.message),
  );
  const acceptedBy = (f: Finding) => accept.find((a) => fits(a, f) && input.asOf < a.until);
  return {
    findings: unique.filter((f) => acceptedBy(f) === undefined),
    accepted: unique.flatMap((f) => {
      const by = acceptedBy(f);
      return by === undefined ? [] : [{ ...f, reason: by.reason, until: by.until }];
    }),
  };
}

function fits(accepted: AcceptedDrift, finding: Finding): boolean {
  return (
    accepted.address === finding.address &&
    (accepted.class === undefined || accepted.class === finding.class) &&
    (accepted.what === undefined || accepted.what === finding.what) &&
    (accepted.login === undefined || accepted.login === finding.login)
  );
}

/**
 * What a narrowed drift tells of: as `plan --target` has it, and besides that the accounts on a resource that was named; without those
 * on one that was excluded.
 */
export function driftScope(input: PlanInput): (address: Address) => boolean {
  const { targets, excludes } = input.narrowing;
  if (targets.length === 0 && excludes.length === 0) return () => true;
  const world = buildWorld(input);
  const matches = selector(world);
  const isOnOneOf = (selectors: readonly string[], address: Address) => {
    const resource = linkOf(world.after(address) ?? { fields: {}, links: [] }, 'belongs-to');
    return resource !== undefined && selectors.some((s) => matches(s, resource));
  };
  const accounts = world.pairs.map((p) => p.address).filter((a) => isOnOneOf(targets, a));
  const wanted = wantedAddresses({ ...input, narrowing: { ...input.narrowing, targets: [...targets, ...accounts] } }, world);
  return (address) => wanted(address) && !isOnOneOf(excludes, address);
}

/** Rows of the plan are what Git wants and the vault does not have yet; those that time or a verify made are told as such. */
function findingOf(change: Change): readonly Finding[] {
  const { address, kind } = change;
  switch (kind) {
    case 'recover':
      return [{ class: 'drift', address, message: 'a rotation was interrupted; the next apply finishes it' }];
    case 'verify':
      return [];
    case 'rotate':
      if (change.reason.type === 'due') return [{ class: 'overdue', address, message: 'its rotation is due', since: change.reason.dueAt }];
      if (change.reason.type === 'drift') return [];
      return [{ class: 'pending', address, message: `rotate (${change.reason.type})` }];
    default:
      return [
        {
          class: 'pending',
          address,
          message: kind === 'link' || kind === 'unlink' || kind === 'relink' ? `${kind} ${change.link.type} ${change.link.to}` : kind,
        },
      ];
  }
}

function stateFindings(record: VaultRecord): readonly Finding[] {
  const { address, rotation } = record;
  const findings: Finding[] = [];
  if (rotation.quarantined !== undefined)
    findings.push({ class: 'drift', address, message: `quarantined: ${rotation.quarantined.reason}`, since: rotation.quarantined.at });
  if (rotation.drift !== undefined)
    findings.push({ class: 'drift', address, message: 'the target refuses the stored secret', since: rotation.drift.at });
  if (record.status === 'released' || linkOf(record, 'belongs-to') === undefined) return findings;
  for (const v of record.versions) {
    const provable = v.field === 'password' || v.field === 'privateKey';
    if (v.state === 'current' && provable && v.proof === undefined)
      findings.push({ class: 'unproved', address, message: `${v.field}: ${v.unproved ?? 'not proved yet'}` });
  }
  return findings;
}

/** Also what waits for its next window: no row of a plan, since nothing can be done about it now. */
function overdueFindings(record: VaultRecord, address: Address, world: World, asOf: Instant): readonly Finding[] {
  const state = world.after(address);
  if (state === undefined || record.status !== 'managed' || state.fields['rotation'] === undefined) return [];
  const due = dueOf(record, state, world, asOf);
  if (due?.overdue !== true || due.due || due.dueAt === null) return [];
  return [{ class: 'overdue', address, message: `its window was missed; the next opens ${due.next ?? 'never'}`, since: due.dueAt }];
}
