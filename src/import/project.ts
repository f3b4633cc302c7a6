import { isUtf8 } from 'node:buffer';
import { LineCounter } from 'yaml';
import { createNamer, type Draft } from '../adopt/index.ts';
import { PamError } from '../errors/index.ts';
import { type Address, formatAddress, type JsonObject, KINDS, kindOf, nameOf, type SourceLocation } from '../model/index.ts';
import { convertConfiguration } from './configuration.ts';
import { Cursor, type Report } from './cursor.ts';
import { defined } from './fields.ts';
import { type AddressFor, createFinder, type Item, readItems } from './items.ts';
import { parseJson } from './json.ts';
import { convertResource } from './resources.ts';
import { convertPolicy, convertSchedule } from './rotation.ts';
import { createSecretSink, type ImportedSecret } from './secrets.ts';
import { convertUser, type Profile, type UserPlace } from './users.ts';

export interface ImportOptions {
  /** As the user named the file. */
  readonly file: string;
  /** Addresses that are there already. */
  readonly taken: readonly Address[];
  /** Where files with the secrets are to lie, as seen from the manifest; null: they are read from environment variables. */
  readonly secretsFolder: string | null;
}

/** A manifest with the place in the file that it comes from. */
type ImportedDraft = Draft & { readonly source: SourceLocation };

export interface Imported {
  readonly drafts: readonly ImportedDraft[];
  readonly secrets: readonly ImportedSecret[];
  /** What is not as the file says: PAM9024, by place. */
  readonly warnings: readonly PamError[];
  /** What stands in the way: PAM9022, PAM9023. */
  readonly problems: readonly PamError[];
}

/**
 * Converts the JSON of Commander's `pam project import` and `extend` (its pam_import/README.md) into manifests. Pure. Every key is
 * converted, or told as a warning with its path; nothing in the manifests is rotated at once, and no secret stands in them.
 */
export function convertProject(bytes: Uint8Array, options: ImportOptions): Imported {
  const text = new TextDecoder('utf-8').decode(bytes);
  const report: Report = { warnings: [], problems: [], locate: createLocator(options.file, text) };
  const refuse = (at: number, message: string): Imported => {
    const problem = new PamError('PAM9022', `this is no PAM project of Commander: ${message}`, { source: report.locate(at) });
    return { drafts: [], secrets: [], warnings: [], problems: [problem] };
  };
  if (!isUtf8(bytes)) return refuse(0, 'the file is not UTF-8');
  const node = parseJson(text);
  if (!('kind' in node)) return refuse(node.at, node.message);
  if (node.kind !== 'object' || !(node.entries.has('pam_data') || node.entries.has('pam_configuration')))
    return refuse(node.at, 'neither pam_configuration nor pam_data stands in it');
  return convert(new Cursor('$', node, report), report, options);
}

function convert(root: Cursor, report: Report, options: ImportOptions): Imported {
  const addressFor = createAddresses(options.taken);
  const sink = createSecretSink(options.secretsFolder);
  const drafts: ImportedDraft[] = [];
  const write = (item: Item, spec: JsonObject, comment?: string) => drafts.push(draftOf(item, spec, comment));

  const project = root.text('project') ?? 'imported';
  root.leave('shared_folder_users', 'shared_folder_resources');
  const settings = root.object('pam_configuration');
  const title = settings?.text('title');
  const configuration: Item = { cursor: settings ?? root, address: addressFor('PamConfiguration', title ?? project), title };
  const configurationSpec = settings === undefined ? { type: 'network' } : convertConfiguration(settings, configuration.address, sink);
  const isPaused = settings?.flag('rotation') === false;

  // The policy of all that have none of their own.
  const byDefault = settings?.object('default_rotation_schedule');
  const schedule = byDefault === undefined ? {} : convertSchedule(byDefault);
  const hasDefault = byDefault !== undefined && schedule.schedule !== undefined;
  const defaultPolicy = hasDefault ? addressFor('RotationPolicy', `${nameOf(configuration.address)}-default`) : undefined;
  if (hasDefault && defaultPolicy !== undefined) write({ cursor: byDefault, address: defaultPolicy }, schedule);

  // Names come before everything that refers to them.
  const data = root.object('pam_data');
  const { resources, users } = readItems(data, addressFor);

  const places = new Map<Address, UserPlace>();
  for (const item of resources) {
    const { cursor, address } = item;
    const own = users.filter((user) => user.owner === address);
    const resource = convertResource(cursor, kindOf(address), configuration.address, createFinder(own, users));
    places.set(address, {
      resource: address,
      title: item.title,
      isPaused: isPaused || resource.isPaused,
      hasAdmin: resource.hasAdmin,
    });
    write(item, resource.spec, resource.notes);
  }
  const adminCredential = settings === undefined ? undefined : createFinder([], users)(settings, 'dom_administrative_credential');
  const isNeeded = settings !== undefined || resources.length > 0;
  if (isNeeded) write(configuration, defined({ ...configurationSpec, defaultPolicy, adminCredential }));

  const profiles = new Map<string, Profile>();
  for (const [name, cursor] of data?.object('rotation_profiles')?.map() ?? []) {
    const policy = convertPolicy(cursor);
    const isEmpty = Object.keys(policy).length === 0;
    const address = isEmpty ? undefined : addressFor('RotationPolicy', name);
    const onDemand = policy['schedule'] === undefined && !hasDefault ? { schedule: { onDemand: true } } : {};
    if (address !== undefined) write({ cursor, address }, { ...policy, ...onDemand });
    profiles.set(name, { settings: cursor, policy: address });
  }

  const byTitle = new Map(resources.map((r) => [r.title?.toLowerCase(), places.get(r.address)]));
  for (const user of users) {
    const place = (user.owner === undefined ? undefined : places.get(user.owner)) ?? { isPaused, hasAdmin: false };
    const spec = convertUser(user.cursor, user.address, place, {
      configuration: configuration.address,
      cloud: String(configurationSpec['type'] ?? ''),
      hasDefaultSchedule: hasDefault,
      sink,
      profile: (name) => profiles.get(name),
      place: (title) => byTitle.get(title.toLowerCase()),
    });
    write(user, spec);
  }

  root.finish();
  return {
    drafts: drafts.sort((a, b) => KINDS.indexOf(kindOf(a.address)) - KINDS.indexOf(kindOf(b.address))),
    secrets: sink.taken,
    warnings: inOrder(report.warnings),
    problems: inOrder(report.problems),
  };
}

function draftOf({ cursor, address, title }: Item, spec: JsonObject, comment = ''): ImportedDraft {
  const name = nameOf(address);
  const metadata = { name, ...(title === undefined || title === name ? {} : { title }) };
  return { address, comment: comment.trim(), metadata, spec, source: cursor.location() };
}

/** Names are unique within a kind. */
function createAddresses(taken: readonly Address[]): AddressFor {
  const namesOf = (kind: string) => new Set(taken.filter((a) => kindOf(a) === kind).map(nameOf));
  const namers = Object.fromEntries(KINDS.map((kind) => [kind, createNamer(namesOf(kind))]));
  return (kind, text) => formatAddress(kind, namers[kind]?.(text) ?? text);
}

/** By place, each once: what many refer to is told once. */
function inOrder(errors: readonly PamError[]): readonly PamError[] {
  const unique = new Map(errors.map((e) => [`${e.source?.line}:${e.source?.column}:${e.message}`, e]));
  const line = ({ source }: PamError) => source?.line ?? 0;
  const column = ({ source }: PamError) => source?.column ?? 0;
  return [...unique.values()].sort((a, b) => line(a) - line(b) || column(a) - column(b));
}

/** A file of thousands of records has thousands of places to tell: the lines are counted once. */
function createLocator(file: string, text: string): Report['locate'] {
  const counter = new LineCounter();
  for (let start = 0; ; ) {
    counter.addNewLine(start);
    const end = text.indexOf('\n', start);
    if (end < 0) break;
    start = end + 1;
  }
  return (at) => {
    const { line, col } = counter.linePos(at);
    return { file, line, column: col };
  };
}
