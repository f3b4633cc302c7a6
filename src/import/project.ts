import { isUtf8 } from 'node:buffer';
import { createNamer, type Draft, slug } from '../adopt/index.ts';
import { PamError } from '../errors/index.ts';
import { type Address, formatAddress, type JsonObject, KINDS, type Kind, kindOf, nameOf, type SourceLocation } from '../model/index.ts';
import { convertConfiguration } from './configuration.ts';
import { Cursor, type Report } from './cursor.ts';
import { defined } from './fields.ts';
import { type JsonNode, parseJson } from './json.ts';
import { convertResource, type FindUser, RESOURCE_KINDS } from './resources.ts';
import { convertPolicy, convertSchedule } from './rotation.ts';
import { createSecretSink, type ImportedSecret } from './secrets.ts';
import { convertUser, type Profile, USER_TYPES, type UserContext, type UserPlace } from './users.ts';

export interface ImportOptions {
  /** As the user named the file. */
  readonly file: string;
  /** Addresses that are there already. */
  readonly taken: readonly Address[];
  /** Where files with the secrets are to lie, as seen from the manifest; null: they are read from environment variables. */
  readonly secretsFolder: string | null;
}

export interface Imported {
  /** Each with the place in the file that it comes from. */
  readonly drafts: readonly (Draft & { readonly source: SourceLocation })[];
  readonly secrets: readonly ImportedSecret[];
  /** What is not as the file says: PAM9024, by place. */
  readonly warnings: readonly PamError[];
  /** What stands in the way: PAM9022, PAM9023. */
  readonly problems: readonly PamError[];
}

interface Item {
  readonly cursor: Cursor;
  readonly address: Address;
  readonly title: string | undefined;
}
type UserItem = Item & { readonly login: string | undefined; readonly owner?: Address };

/**
 * Converts the JSON of Commander's `pam project import` and `extend` (its pam_import/README.md) into manifests. Pure. Every key is
 * converted, or told as a warning with its path; nothing in the manifests is rotated at once, and no secret stands in them.
 */
export function convertProject(bytes: Uint8Array, options: ImportOptions): Imported {
  const text = new TextDecoder('utf-8').decode(bytes);
  const report: Report = { warnings: [], problems: [], locate: (at) => locate(options.file, text, at) };
  const node = isUtf8(bytes) ? parseJson(text) : { at: 0, message: 'the file is not UTF-8' };
  const isProject = 'kind' in node && node.kind === 'object' && (node.entries.has('pam_data') || node.entries.has('pam_configuration'));
  if (!isProject) {
    const [at, message] = 'kind' in node ? [node.at, 'neither pam_configuration nor pam_data stands in it'] : [node.at, node.message];
    const problem = new PamError('PAM9022', `this is no PAM project of Commander: ${message}`, { source: report.locate(at) });
    return { drafts: [], secrets: [], warnings: [], problems: [problem] };
  }
  return convert(new Cursor('$', node as JsonNode & { kind: 'object' }, report), report, options);
}

function convert(root: Cursor, report: Report, options: ImportOptions): Imported {
  const names = new Map(KINDS.map((kind) => [kind, createNamer(new Set(options.taken.filter((a) => kindOf(a) === kind).map(nameOf)))]));
  const addressFor = (kind: Kind, text: string) => formatAddress(kind, names.get(kind)?.(text) ?? text);
  const sink = createSecretSink(options.secretsFolder);
  const drafts: (Draft & { source: SourceLocation })[] = [];
  const write = ({ cursor, address, title }: Item, spec: JsonObject, comment = '') =>
    drafts.push({
      address,
      comment: comment.trim(),
      metadata: { name: nameOf(address), ...(title === undefined || title === nameOf(address) ? {} : { title }) },
      spec,
      source: cursor.location(),
    });

  const project = root.text('project') ?? 'imported';
  root.leave('shared_folder_users', 'shared_folder_resources');

  // The configuration, and the policy of all that have none of their own.
  const settings = root.object('pam_configuration');
  const title = settings?.text('title');
  const configuration: Item = { cursor: settings ?? root, address: addressFor('PamConfiguration', title ?? project), title };
  const configurationSpec = settings === undefined ? { type: 'network' } : convertConfiguration(settings, configuration.address, sink);
  const byDefault = settings?.object('default_rotation_schedule');
  const schedule = byDefault === undefined ? {} : convertSchedule(byDefault);
  const defaultPolicy =
    schedule.schedule === undefined ? undefined : addressFor('RotationPolicy', `${nameOf(configuration.address)}-default`);
  if (defaultPolicy !== undefined && byDefault !== undefined)
    write({ cursor: byDefault, address: defaultPolicy, title: undefined }, schedule);
  const isAllPaused = settings?.flag('rotation') === false;

  // All names first, since anything may refer to anything.
  const data = root.object('pam_data');
  const resources = (data?.objects('resources') ?? []).flatMap((cursor): readonly Item[] => {
    const kind = RESOURCE_KINDS[cursor.text('type') ?? ''];
    if (kind === undefined) {
      cursor.problem('type', 'is not known', `one of ${Object.keys(RESOURCE_KINDS).join(', ')}`);
      return [];
    }
    const title = cursor.text('title');
    return [{ cursor, address: addressFor(kind, title ?? cursor.text('host') ?? cursor.text('url') ?? 'resource'), title }];
  });
  const readUser = (cursor: Cursor, owner?: Address): readonly UserItem[] => {
    if (!(USER_TYPES as readonly string[]).includes(cursor.text('type') ?? 'pamUser')) {
      cursor.problem('type', 'is not known', `one of ${USER_TYPES.join(', ')}`);
      return [];
    }
    const [title, login] = [cursor.text('title'), cursor.text('login')];
    const plain = owner === undefined ? (login ?? 'user') : `${nameOf(owner)}-${slug(login ?? 'user') || login}`;
    return [{ cursor, address: addressFor('PamUser', title ?? plain), title, login, ...(owner === undefined ? {} : { owner }) }];
  };
  const users = [
    ...resources.flatMap(({ cursor, address }) => cursor.objects('users').flatMap((user) => readUser(user, address))),
    ...(data?.objects('users') ?? []).flatMap((user) => readUser(user)),
  ];

  const places = new Map<Address, UserPlace>();
  for (const item of resources) {
    const { cursor, address } = item;
    const own = users.filter((u) => u.owner === address);
    const notes = cursor.text('notes');
    const converted = convertResource(cursor, kindOf(address), configuration.address, createFinder(own, users));
    places.set(address, {
      resource: address,
      title: item.title,
      isPaused: isAllPaused || converted.isPaused,
      hasAdmin: converted.hasAdmin,
    });
    write(item, converted.spec, notes);
  }
  const administrator = settings === undefined ? undefined : createFinder([], users)(settings, 'dom_administrative_credential');
  const isNeeded = settings !== undefined || resources.length > 0;
  if (isNeeded) write(configuration, defined({ ...configurationSpec, defaultPolicy, adminCredential: administrator }));

  const profiles = new Map(
    (data?.object('rotation_profiles')?.map() ?? []).map(([name, cursor]): [string, Profile] => {
      const policy = convertPolicy(cursor);
      if (Object.keys(policy).length === 0) return [name, { settings: cursor }];
      const address = addressFor('RotationPolicy', name);
      const isTimed = policy['schedule'] !== undefined || defaultPolicy !== undefined;
      write({ cursor, address, title: undefined }, { ...policy, ...(isTimed ? {} : { schedule: { onDemand: true } }) });
      return [name, { settings: cursor, policy: address }];
    }),
  );
  const context: UserContext = {
    configuration: configuration.address,
    cloud: String(configurationSpec['type'] ?? ''),
    hasDefaultSchedule: defaultPolicy !== undefined,
    sink,
    profile: (name) => profiles.get(name),
    place: (title) => places.get(resources.find((r) => r.title?.toLowerCase() === title.toLowerCase())?.address ?? configuration.address),
  };
  for (const user of users) {
    const place = user.owner === undefined ? undefined : places.get(user.owner);
    write(user, convertUser(user.cursor, user.address, place ?? { isPaused: isAllPaused, hasAdmin: false }, context));
  }

  root.finish();
  return {
    drafts: drafts.sort((a, b) => KINDS.indexOf(kindOf(a.address)) - KINDS.indexOf(kindOf(b.address))),
    secrets: sink.taken,
    warnings: inOrder(report.warnings),
    problems: inOrder(report.problems),
  };
}

/** By title, then by login; those of the resource itself first. Two that fit alike are refused. */
function createFinder(own: readonly UserItem[], all: readonly UserItem[]): FindUser {
  return (cursor, key) => {
    const text = cursor.text(key);
    if (text === undefined) return undefined;
    for (const [users, field] of [
      [own, 'title'],
      [own, 'login'],
      [all, 'title'],
      [all, 'login'],
    ] as const) {
      const found = users.filter((user) => user[field] === text);
      if (found.length > 1) cursor.problem(key, `may be one of several users of that ${field}`, found.map((u) => u.cursor.path).join(', '));
      if (found.length > 0) return found[0]?.address;
    }
    cursor.problem(key, 'is neither title nor login of a user in the file');
    return undefined;
  };
}

/** By place, each once: what many refer to is told once. */
function inOrder(errors: readonly PamError[]): readonly PamError[] {
  const unique = new Map(errors.map((e) => [`${e.source?.line}:${e.source?.column}:${e.message}`, e]));
  const place = ({ source }: PamError) => (source?.line ?? 0) * 1_000_000 + (source?.column ?? 0);
  return [...unique.values()].sort((a, b) => place(a) - place(b));
}

function locate(file: string, text: string, at: number): SourceLocation {
  const before = text.slice(0, at);
  return { file, line: before.split('\n').length, column: at - (before.lastIndexOf('\n') + 1) + 1 };
}
