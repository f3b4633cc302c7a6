import {
  type Address,
  type Blocked,
  type Change,
  type ChangeKind,
  type JsonObject,
  linkOf,
  type Plan,
  type PlanSummary,
  parseAddress,
  type RotateReason,
} from '../model/index.ts';
import { planDigest } from './digest.ts';
import { DEFAULT_LIMITS, type PlanInput } from './input.ts';
import { applyLimits, blockEmptySet, blockFrozen, blockProtected } from './limits.ts';
import { liveRows } from './live-rows.ts';
import { addDependencies, dropRows, isRecordRow, sortByLayers } from './order.ts';
import { orphanRow, recordRows } from './record-rows.ts';
import { findRisks, isSoleAdmin } from './risks.ts';
import { blockTwins } from './twins.ts';
import { buildWorld, fieldReferences, type World } from './world.ts';

/** (desired, snapshot, asOf) → Plan. Pure: the same input gives the same bytes. Never throws for what it plans: it blocks. */
export function makePlan(input: PlanInput): Plan {
  const world = buildWorld(input);
  const narrowed = isNarrowed(input);
  const wanted = wantedAddresses(input, world);

  const all = world.pairs.flatMap((pair) => {
    const orphan = narrowed ? undefined : orphanRow(pair);
    const isProtected = (pair.record?.fields['lifecycle'] as JsonObject | undefined)?.['protect'] === true;
    const declared = pair.desired !== undefined || input.requests !== undefined || pair.record?.rotation.active !== undefined;
    return [...recordRows(pair), ...(orphan === undefined ? [] : [orphan]), ...(declared ? liveRows(input, world, pair) : [])].map((c) =>
      blockProtected(c, isProtected),
    );
  });
  const ordered = sortByLayers(addDependencies(blockTwins(all, world), world));
  const kept = dropRows(ordered, (c) => !wanted(c.address) || isLeftOut(c, input));
  const managed = world.pairs.filter((p) => p.record?.status === 'managed').length;
  const limited = applyLimits(blockSoleAdmins(blockEmptySet(kept, input), input, world), input, managed);
  const changes = blockFrozen(limited, input);

  const touched = new Set(changes.map((c) => c.address));
  return {
    formatVersion: 1,
    owner: input.owner,
    lineage: input.snapshot.lineage,
    serial: input.snapshot.serial,
    asOf: input.asOf,
    manifestDigest: input.manifestDigest,
    narrowing: input.narrowing,
    grants: input.grants,
    ...(input.expiresAt === undefined ? {} : { expiresAt: input.expiresAt }),
    changes,
    risks: findRisks(input, world, changes).filter((r) => wanted(r.address)),
    findings: [],
    unmanaged: world.pairs.flatMap((p) =>
      p.desired === undefined && p.record?.status === 'released' && p.record.releasedAt !== undefined
        ? [{ address: p.address, releasedAt: p.record.releasedAt }]
        : [],
    ),
    summary: summarize(changes, world.pairs.filter((p) => p.desired !== undefined && wanted(p.address) && !touched.has(p.address)).length),
    digest: planDigest(input.owner, input.snapshot.lineage, input.grants, changes, input.expiresAt),
  };
}

export function summarize(changes: readonly Change[], unchanged: number): PlanSummary {
  const counts: Partial<Record<ChangeKind, number>> = {};
  const rotateReasons: Partial<Record<RotateReason['type'], number>> = {};
  for (const change of changes) {
    counts[change.kind] = (counts[change.kind] ?? 0) + 1;
    if (change.kind === 'rotate') rotateReasons[change.reason.type] = (rotateReasons[change.reason.type] ?? 0) + 1;
  }
  return { counts, rotateReasons, blocked: changes.filter((c) => c.blocked !== undefined).length, unchanged };
}

function isNarrowed({ narrowing, requests }: PlanInput): boolean {
  return narrowing.targets.length > 0 || narrowing.files.length > 0 || requests !== undefined;
}

/** `--only records` leaves out what touches live systems, `--only rotations` what writes records, each with what depends on it. */
function isLeftOut(change: Change, input: PlanInput): boolean {
  if (change.kind === 'recover') return false;
  if (input.requests !== undefined) return change.kind !== 'rotate' || !input.requests.includes(change.address);
  if (input.narrowing.only === undefined) return false;
  return (input.narrowing.only === 'records') !== isRecordRow(change);
}

/** `--target A` takes what A depends on with it; `--exclude A` leaves out A, and `dropRows` what depends on it. */
export function wantedAddresses(input: PlanInput, world: World): (address: Address) => boolean {
  const { targets, excludes } = input.narrowing;
  const matches = selector(world);
  const wanted = new Set<Address>();
  const open = world.pairs.map((p) => p.address).filter((a) => targets.some((t) => matches(t, a)));
  for (let address = open.pop(); address !== undefined; address = open.pop()) {
    if (wanted.has(address)) continue;
    wanted.add(address);
    const state = world.after(address);
    if (state === undefined) continue;
    open.push(...state.links.map((l) => l.to), ...fieldReferences(state.fields));
    const resource = world.after(linkOf(state, 'belongs-to') ?? ('' as Address));
    const admin = resource === undefined ? undefined : linkOf(resource, 'admin-of');
    if (admin !== undefined) open.push(admin);
  }
  return (address) => (targets.length === 0 || wanted.has(address)) && !excludes.some((e) => matches(e, address));
}

/** A selector is an address, `folder:prod/databases` (with what is below it), or `label:team=payments`. */
export function selector(world: World): (text: string, address: Address) => boolean {
  return (text, address) => {
    if (text === address) return true;
    const metadata = world.after(address)?.fields['metadata'] as { folder?: string; labels?: Record<string, string> } | undefined;
    if (text.startsWith('folder:')) {
      const folder = text.slice('folder:'.length);
      return metadata?.folder === folder || (metadata?.folder?.startsWith(`${folder}/`) ?? false);
    }
    if (text.startsWith('label:')) {
      const [key = '', value] = text.slice('label:'.length).split('=');
      const found = metadata?.labels?.[key];
      return found !== undefined && (value === undefined || found === value);
    }
    return false;
  };
}

/** Is the text something that `--target` takes? Whether anything matches it is another question. */
export function isSelector(text: string): boolean {
  return parseAddress(text) !== null || /^folder:.+/.test(text) || /^label:[^=]+(=.*)?$/.test(text);
}

function blockSoleAdmins(changes: readonly Change[], input: PlanInput, world: World): readonly Change[] {
  const allowed = input.grants['soleAdmin'] ?? input.limits['soleAdmin']?.max ?? DEFAULT_LIMITS['soleAdmin']?.max ?? 0;
  const sole = changes.filter((c) => c.kind === 'rotate' && c.blocked === undefined && isSoleAdmin(c.address, world));
  if (sole.length <= allowed) return changes;
  const ids = new Set(sole.map((c) => c.id));
  const blocked: Blocked = {
    code: 'PAM2005',
    reason: `it is the only administrator of its own resource, and nothing could reset it; set reconcileCredential, or --grant soleAdmin=${sole.length}`,
  };
  return changes.map((c) => (ids.has(c.id) ? { ...c, blocked } : c));
}
