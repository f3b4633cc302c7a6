import { effectivePolicy } from '../graph/index.ts';
import {
  type Address,
  type Change,
  type Instant,
  type JsonObject,
  kindOf,
  linkOf,
  type Plan,
  type PublicRecord,
  type Risk,
  type RiskCode,
  versionIn,
} from '../model/index.ts';
import { compareComplexity, entropyBits } from '../policy/index.ts';
import { overlaps } from '../providers/provider.ts';
import { readPath } from './diff.ts';
import type { PlanInput } from './input.ts';
import { capabilityOf, resourceOf } from './live-rows.ts';
import type { World } from './world.ts';

const ENDPOINT = /^(host|port|tls(\..*)?|hostKey|knownHosts|via)$/;

/** What a person should know before anything is touched, sorted by address and code. */
export function findRisks(input: PlanInput, world: World, changes: readonly Change[]): readonly Risk[] {
  const risks = new Map<string, Risk>();
  const add = (code: RiskCode, address: Address, message: string) =>
    risks.set(`${address}\0${code}\0${message}`, { code, address, message });
  for (const change of changes) {
    if (change.kind === 'update') endpointRisk(change, world, add);
    if (change.kind === 'ingest' && change.input.fromCommand !== undefined)
      add('runs-command', change.address, `runs ${JSON.stringify(change.input.fromCommand)} to read ${change.field}`);
    if (
      change.kind === 'ingest' &&
      !change.prove &&
      resourceOf(world, world.after(change.address) ?? { fields: {}, links: [] }) !== undefined
    ) {
      add('unprovable', change.address, `${change.field} is stored unproved: this version cannot log in to its target`);
    }
    if (change.kind === 'rotate') rotationRisks(change, input, world, add);
    if (change.kind === 'create' || change.kind === 'update') policyRisks(change.address, input.asOf, world, add);
  }
  for (const pair of world.pairs) {
    const { desired, record } = pair;
    if (desired === undefined) continue;
    clockRisk(pair.address, record, input.asOf, add);
    if (readPath(desired.fields, 'tls.mode') === 'disable')
      add('plaintext-transport', pair.address, 'tls.mode: disable sends credentials in the clear');
    for (const [field, source] of Object.entries(desired.inputs)) {
      const stored = record?.inputs[field as keyof typeof record.inputs];
      if (source !== undefined && stored !== undefined && source.version < stored) {
        add(
          'lower-input-version',
          pair.address,
          `${field}: version ${source.version} is below ${stored}, which was taken in already: nothing is read`,
        );
      }
    }
  }
  return [...risks.keys()].sort().map((key) => risks.get(key) as Risk);
}

/** Clocks differ by so much between runners, without anything being wrong. */
const CLOCK_MARGIN_MS = 3_600_000;

/** The next time is counted from the last one: an account that a runner rotated ten years ahead would not be due for as long. */
function clockRisk(address: Address, record: PublicRecord | undefined, asOf: Instant, add: Add): void {
  const at = record?.rotation.lastRotatedAt;
  if (at === undefined || Date.parse(at) <= Date.parse(asOf) + CLOCK_MARGIN_MS) return;
  const message = `it was last rotated at ${at}, which is yet to come: the clock of that run or of this one is wrong, and so is when it is due next`;
  add('wrong-clock', address, `${message}; with the right clock: pam rotate ${address}`);
}

type Add = (code: RiskCode, address: Address, message: string) => void;

/** Resources on record whose endpoint the plan changes: what is stored was proved on the old one. */
export function movedEndpoints(plan: Plan): ReadonlySet<Address> {
  const moves = (change: Change) => change.kind === 'update' && change.fields.some((f) => ENDPOINT.test(f.path));
  return new Set(plan.changes.filter(moves).map((c) => c.address));
}

/** A stored credential would be presented to another endpoint than the one it was proved on. */
function endpointRisk(change: Change & { kind: 'update' }, world: World, add: Add): void {
  const moved = change.fields.filter((f) => ENDPOINT.test(f.path));
  if (moved.length === 0) return;
  const holders = [...world.usersOn(change.address), linkOf(world.after(change.address) ?? { fields: {}, links: [] }, 'admin-of')];
  const stored = holders.filter((a) => a !== undefined && (world.pair(a)?.record?.versions.some((v) => v.state === 'current') ?? false));
  if (stored.length > 0) {
    add(
      'new-endpoint',
      change.address,
      `${new Set(stored).size} stored credentials will be presented to a new endpoint (${moved.map((f) => f.path).join(', ')})`,
    );
  }
}

function rotationRisks(change: Change & { kind: 'rotate' }, input: PlanInput, world: World, add: Add): void {
  const { address } = change;
  const state = world.after(address);
  if (state === undefined) return;
  const capability = capabilityOf(input, world, state);
  if (capability?.provable === false) add('unprovable', address, 'the target offers no proof of a login: the new secret will be unproved');
  if (capability !== undefined && !overlaps(capability.rollback, change.field))
    add('no-rollback', address, 'the old secret stops working at once');
  if (isSoleAdmin(address, world))
    add('sole-admin', address, 'the only administrator of its own resource is rotated, with no reconcile credential');
  const consumers = state.fields['consumers'];
  if (!Array.isArray(consumers) || consumers.length === 0)
    add('unlisted-consumers', address, 'no consumers are listed: whatever else uses the secret is not told');
}

function policyRisks(address: Address, asOf: string, world: World, add: Add): void {
  runOnceRisk(address, asOf, world, add);
  if (kindOf(address) === 'RotationPolicy') policyChange(address, world, add);
  if (kindOf(address) !== 'PamUser') return;
  const state = world.after(address);
  const record = world.pair(address)?.record;
  if (state === undefined || record === undefined) return;
  const { complexity } = effectivePolicy(state, world.after);
  const bits = versionIn(record, 'password', 'current')?.bits;
  if (complexity !== undefined && bits !== undefined && bits < Math.floor(entropyBits(complexity))) {
    add('weak-secret', address, `the current secret has ${bits} bits, less than its policy asks for; the next rotation replaces it`);
  }
}

/** A single rotation whose time had passed when it was declared never comes. */
function runOnceRisk(address: Address, asOf: string, world: World, add: Add): void {
  const fields = world.pair(address)?.desired?.fields;
  const time =
    fields === undefined ? null : (readPath(fields, 'schedule.runOnce.time') ?? readPath(fields, 'rotation.schedule.runOnce.time'));
  if (typeof time === 'string' && Date.parse(time) <= Date.parse(asOf)) {
    add('past-run-once', address, `runOnce ${time} has passed: it will never be due`);
  }
}

function policyChange(address: Address, world: World, add: Add): void {
  const pair = world.pair(address);
  const before = pair?.record?.fields['complexity'] as JsonObject | undefined;
  const after = pair?.desired?.fields['complexity'] as JsonObject | undefined;
  if (pair?.record === undefined || pair.desired === undefined) return;
  const change = compareComplexity(before ?? {}, after ?? {});
  if (change === 'weaker' || change === 'mixed') add('weaker-policy', address, 'complexity asks for less than before');
  if (change === 'stricter')
    add('stricter-policy', address, 'complexity asks for more than before; it takes effect at the next rotation of each account');
}

/** The account administers the resource that it lives on, and nothing else could reset it. */
export function isSoleAdmin(address: Address, world: World): boolean {
  const state = world.after(address);
  const resource = state === undefined ? undefined : resourceOf(world, state);
  return resource !== undefined && linkOf(resource, 'admin-of') === address && state?.fields['reconcileCredential'] === undefined;
}
