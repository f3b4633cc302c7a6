import type { Address, JsonObject, Kind } from '../model/index.ts';
import { convertTls } from './configuration.ts';
import type { Cursor } from './cursor.ts';
import { defined, type Fields } from './fields.ts';
import { takeNotes } from './notes.ts';

/** Kinds of resource by their `type` in the file. */
export const RESOURCE_KINDS: ReadonlyMap<string, Kind> = new Map([
  ['pamMachine', 'PamMachine'],
  ['pamDatabase', 'PamDatabase'],
  ['pamDirectory', 'PamDirectory'],
  ['pamRemoteBrowser', 'PamRemoteBrowser'],
]);

/** Field of the manifest by key of the file. */
const TEXTS: Readonly<Partial<Record<Kind, Readonly<Record<string, string>>>>> = {
  PamMachine: {
    host: 'host',
    instance_name: 'instanceName',
    instance_id: 'instanceId',
    provider_group: 'providerGroup',
    provider_region: 'providerRegion',
  },
  PamDatabase: {
    host: 'host',
    database_type: 'databaseType',
    database_id: 'databaseId',
    connect_database: 'connectDatabase',
    provider_group: 'providerGroup',
    provider_region: 'providerRegion',
  },
  PamDirectory: {
    host: 'host',
    directory_type: 'directoryType',
    domain_name: 'domainName',
    directory_id: 'directoryId',
    user_match: 'userMatch',
    provider_group: 'providerGroup',
    provider_region: 'providerRegion',
  },
  PamRemoteBrowser: { url: 'url' },
};

/** The file has any text here; a manifest needs to know whom it speaks to. */
const SYSTEMS: readonly (readonly [RegExp, string])[] = [
  [/windows/i, 'windows'],
  [/mac|darwin|os ?x/i, 'macos'],
  [/cisco/i, 'cisco_ios_xe'],
  [/linux|ubuntu|debian|red ?hat|rhel|centos|rocky|alma|suse|fedora/i, 'linux'],
];

/** Finds a user by its title or login. Undefined where there is none, which has been told then. */
export type FindUser = (cursor: Cursor, key: string) => Address | undefined;

export interface ConvertedResource {
  readonly spec: JsonObject;
  /** `pam_settings.options.rotation` is off: nothing on it is rotated. */
  readonly isPaused: boolean;
  readonly hasAdmin: boolean;
  /** A comment of the manifest, since no kind of resource has a field for it. */
  readonly notes: string | undefined;
}

export function convertResource(cursor: Cursor, kind: Kind, configuration: Address, find: FindUser): ConvertedResource {
  const fields: Fields = { configuration };
  for (const [key, field] of Object.entries(TEXTS[kind] ?? {})) fields[field] = cursor.text(key);
  if (kind !== 'PamRemoteBrowser') fields['port'] = cursor.port('port');
  if (kind === 'PamMachine') {
    fields['operatingSystem'] = convertSystem(cursor);
    cursor.leave('ssl_verification');
  }
  if (kind === 'PamDatabase' || kind === 'PamDirectory') Object.assign(fields, convertTls(cursor, 'use_ssl'));
  if (kind === 'PamDirectory') fields['alternativeIPs'] = cursor.texts('alternative_ips');
  cursor.leave('otp', 'attachments', 'scripts', 'uid', 'folder_path');
  const settings = cursor.object('pam_settings');
  const isPaused = settings === undefined ? false : convertSettings(settings, fields, kind, find);
  return {
    spec: defined(fields),
    isPaused,
    hasAdmin: fields['adminCredential'] !== undefined,
    notes: takeNotes(cursor),
  };
}

/** Links become fields of their own; the rest is carried as data. True: rotation is off. */
function convertSettings(settings: Cursor, fields: Fields, kind: Kind, find: FindUser): boolean {
  const options = settings.object('options');
  const connection = settings.object('connection');
  const isPaused = options?.flag('rotation') === false;
  if (connection !== undefined && kind === 'PamRemoteBrowser') fields['autofill'] = find(connection, 'autofill_credentials');
  if (connection !== undefined && kind !== 'PamRemoteBrowser') {
    fields['adminCredential'] = find(connection, 'administrative_credentials');
    fields['launchCredential'] = find(connection, 'launch_credentials');
  }
  const parts = { options: options?.rest(), connection: connection?.rest(), ...settings.rest() };
  const carried = Object.entries(parts).filter(([, part]) => part !== undefined && JSON.stringify(part) !== '{}');
  if (carried.length > 0) fields['pamSettings'] = defined(Object.fromEntries(carried));
  return isPaused;
}

function convertSystem(cursor: Cursor): string | undefined {
  const text = cursor.text('operating_system');
  if (text === undefined) return undefined;
  const system = SYSTEMS.find(([pattern]) => pattern.test(text))?.[1];
  if (system === undefined) cursor.problem('operating_system', 'is not known', `one of ${SYSTEMS.map(([, name]) => name).join(', ')}`);
  return system;
}
