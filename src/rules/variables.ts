/** What a rule is evaluated for. */
export type Subject = 'resource' | 'change' | 'link' | 'plan';

/** The shape of a variable in the words of the CEL library; a misspelt name in it is found when a rule is loaded. */
export interface Shape {
  readonly [name: string]: string | Shape;
}

/** A resource as it will be once the plan is applied (of a `release` or `delete`: as it was). No secret is in it. */
const RESOURCE: Shape = {
  address: 'string',
  kind: 'string',
  name: 'string',
  /** Empty where there is none. */
  folder: 'string',
  title: 'string',
  labels: 'map<string, string>',
  /** The spec as written, without links and sources of secrets; references are full addresses. */
  spec: 'map<string, dyn>',
  protect: 'bool',
  retire: 'bool',
  /** Addresses by the type of link: `resource.links['belongs-to']`. */
  links: 'map<string, list<string>>',
  /** What it administers, if it is a user. */
  administers: 'list<string>',
  /** The rotation of a user, its policy resolved. */
  rotation: {
    declared: 'bool',
    /** Declared and not paused. */
    enabled: 'bool',
    type: 'string',
    /** Which secret is rotated. */
    field: 'string',
    /** Longest time between two rotations in seconds; 0 where no time is set. */
    periodSeconds: 'int',
    /** Entropy of a generated password. */
    passwordBits: 'int',
  },
};

const CHANGE: Shape = {
  id: 'string',
  address: 'string',
  kind: 'string',
  /** Of a rotation: `initial`, `due`, `trigger`, `request`, `drift`. */
  reason: 'string',
  /** Of an update: paths of the fields that differ, such as `tls.mode`. */
  fields: 'list<string>',
  /** Of an ingest or a rotation: which secret. */
  field: 'string',
  /** Of an ingest: where the secret is read, never what. What is not set is empty. */
  input: { fromEnv: 'string', fromFile: 'string', fromCommand: 'list<string>', version: 'int' },
  /** Of a link, unlink or relink. */
  linkType: 'string',
  linkTo: 'string',
  /** Of a move: the address before. */
  from: 'string',
  blocked: 'bool',
};

const PLAN: Shape = {
  /** Numbers of rows by kind, 0 where there are none: `plan.counts['release']`. */
  counts: 'map<string, int>',
  changes: 'int',
  blocked: 'int',
  /** Managed resources once the plan is applied. */
  resources: 'int',
};

/** What every rule sees. */
const COMMON: Shape = { project: 'string', environment: 'string', plan: PLAN, params: 'map<string, int>' };

/** The variables that expressions of a rule may use. */
export const VARIABLES: Readonly<Record<Subject, Shape>> = {
  resource: { ...COMMON, resource: RESOURCE },
  change: { ...COMMON, change: CHANGE, resource: RESOURCE },
  link: { ...COMMON, link: { type: 'string', from: RESOURCE, to: RESOURCE } },
  plan: COMMON,
};

/** `resource.rotation.periodSeconds: int`, one line a value, for people who write rules. */
export function describeVariables(subject: Subject): readonly string[] {
  const list = (shape: Shape, prefix: string): string[] =>
    Object.entries(shape).flatMap(([name, type]) =>
      typeof type === 'string' ? [`${prefix}${name}: ${type}`] : list(type, `${prefix}${name}.`),
    );
  return list(VARIABLES[subject], '');
}
