import { effectivePolicy } from '../graph/index.ts';
import { type Address, type Change, type Json, type JsonObject, kindOf, nameOf, type Plan } from '../model/index.ts';
import { entropyBits } from '../policy/index.ts';
import { periodSeconds } from './period.ts';
import type { State, StateResource } from './state.ts';

/** Values of variables: integers are `bigint`, as CEL tells them from fractions. */
export type Values = Readonly<Record<string, unknown>>;

/** Everything that rules are evaluated for, in the form of `variables.ts`. Each value is made once, whatever the number of rules. */
export interface Subjects {
  readonly common: Values;
  resource(resource: StateResource): Values;
  change(change: Change, resource: StateResource): Values;
}

export function createSubjects(plan: Plan, state: State): Subjects {
  const administered = new Map<Address, Address[]>();
  for (const { address, links } of state.values()) {
    for (const { type, to } of links) if (type === 'admin-of') push(administered, to, address);
  }
  const periods = new Map<string, number>();
  const made = new Map<StateResource, Values>();
  const resourceOf = (resource: StateResource): Values => {
    const known = made.get(resource) ?? toResource(resource, state, administered.get(resource.address) ?? [], periods);
    made.set(resource, known);
    return known;
  };
  return {
    common: { project: plan.owner.project, environment: plan.owner.environment, plan: toPlan(plan, state) },
    resource: resourceOf,
    change: (change, resource) => ({ change: toChange(change), resource: resourceOf(resource) }),
  };
}

function toResource(resource: StateResource, state: State, administers: readonly Address[], periods: Map<string, number>): Values {
  const { address, fields, links } = resource;
  const { metadata, lifecycle, ...spec } = fields;
  const { folder = '', title = '', labels = {} } = (metadata ?? {}) as JsonObject;
  const { protect = false, retire = false } = (lifecycle ?? {}) as JsonObject;
  const byType = new Map<string, Address[]>();
  for (const { type, to } of links) push(byType, type, to);
  return {
    address,
    kind: kindOf(address),
    name: nameOf(address),
    folder,
    title,
    labels,
    spec: toCel(spec),
    protect,
    retire,
    links: Object.fromEntries(byType),
    administers: [...administers].sort(),
    rotation: toRotation(resource, state, periods),
  };
}

function toRotation(resource: StateResource, state: State, periods: Map<string, number>): Values {
  const rotation = kindOf(resource.address) === 'PamUser' ? (resource.fields['rotation'] as JsonObject | undefined) : undefined;
  const { schedule, complexity } = effectivePolicy(rotation === undefined ? { fields: {}, links: [] } : resource, (a) => state.get(a));
  const { type = '', field = 'password', enabled = true } = rotation ?? {};
  return {
    declared: rotation !== undefined,
    enabled: rotation !== undefined && enabled,
    type,
    field,
    periodSeconds: BigInt(periodSeconds(schedule, periods)),
    passwordBits: rotation === undefined ? 0n : BigInt(Math.max(0, Math.floor(entropyBits(complexity ?? {})))),
  };
}

function toChange(change: Change): Values {
  const { fromEnv = '', fromFile = '', fromCommand = [], version = 0 } = change.kind === 'ingest' ? change.input : {};
  const link = 'link' in change ? change.link : undefined;
  return {
    id: change.id,
    address: change.address,
    kind: change.kind,
    reason: change.kind === 'rotate' ? change.reason.type : '',
    fields: change.kind === 'update' ? change.fields.map((f) => f.path) : [],
    field: 'field' in change ? change.field : '',
    input: { fromEnv, fromFile, fromCommand: [...fromCommand], version: BigInt(version) },
    linkType: link?.type ?? '',
    linkTo: link?.to ?? '',
    from: change.kind === 'move' || change.kind === 'relink' ? change.from : '',
    blocked: change.blocked !== undefined,
  };
}

const KINDS_OF_CHANGE: Readonly<Record<Change['kind'], bigint>> = {
  create: 0n,
  update: 0n,
  link: 0n,
  unlink: 0n,
  relink: 0n,
  rotate: 0n,
  verify: 0n,
  ingest: 0n,
  move: 0n,
  adopt: 0n,
  release: 0n,
  retire: 0n,
  delete: 0n,
  recover: 0n,
};

function toPlan({ changes, summary }: Plan, state: State): Values {
  const counts = Object.fromEntries(Object.entries(summary.counts).map(([kind, n]) => [kind, BigInt(n)]));
  return {
    counts: { ...KINDS_OF_CHANGE, ...counts },
    changes: BigInt(changes.length),
    blocked: BigInt(summary.blocked),
    resources: BigInt(state.size),
  };
}

/** JSON as CEL has it. */
function toCel(value: Json): unknown {
  if (typeof value === 'number') return Number.isSafeInteger(value) ? BigInt(value) : value;
  if (Array.isArray(value)) return value.map(toCel);
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, toCel(item)]));
}

function push<K, V>(map: Map<K, V[]>, key: K, value: V): void {
  const list = map.get(key);
  if (list === undefined) map.set(key, [value]);
  else list.push(value);
}
