import type { Address, JsonObject } from '../model/index.ts';
import type { Cursor } from './cursor.ts';
import { takeNotes } from './notes.ts';
import { convertPolicy } from './rotation.ts';
import type { SecretSink } from './secrets.ts';

export interface UserPlace {
  /** What it lives on; undefined for a user that belongs to no resource. */
  readonly resource?: Address | undefined;
  /** Of the resource. */
  readonly title?: string | undefined;
  /** Nothing on the resource, or in the whole configuration, is rotated. */
  readonly isPaused: boolean;
  readonly hasAdmin: boolean;
}

/** What a user needs to know of the rest of the file. */
export interface UserContext {
  readonly configuration: Address;
  /** The type of the configuration, as a manifest has it. */
  readonly cloud: string;
  readonly hasDefaultSchedule: boolean;
  readonly sink: SecretSink;
  /** A profile of `pam_data.rotation_profiles`, by name. */
  profile(name: string): Profile | undefined;
  /** A resource by its title; what it means for users on it. */
  place(title: string): UserPlace | undefined;
}

/** Rotation settings that several users share. */
export interface Profile {
  readonly settings: Cursor;
  /** Of the policy that was made of it; undefined where it says neither when nor what. */
  readonly policy: Address | undefined;
}

/** `login` is a record of Keeper with a login and a password alone, which lives on nothing. */
export const USER_TYPES = ['pamUser', 'login'] as const;

/** The spec of a user. What cannot be rotated as the file says is not rotated, which is told. */
export function convertUser(cursor: Cursor, address: Address, given: UserPlace, ctx: UserContext): JsonObject {
  const login = cursor.text('login');
  if (login === undefined) cursor.problem(null, 'has no login');
  const isManaged = cursor.flag('managed') === true;
  const settings = readSettings(cursor, ctx);
  const place = given.resource === undefined && settings !== undefined ? placeOf(settings, ctx) : given;
  const rotation = settings === undefined ? undefined : convertRotation(cursor, settings, place, isManaged, ctx);
  const inCloud = place.resource === undefined && rotation?.['type'] === 'iamUser';
  const distinguishedName = cursor.text('distinguished_name');
  const connectDatabase = cursor.text('connect_database');
  const notes = takeNotes(cursor);
  const { sink } = ctx;
  const spec: JsonObject = {
    login: login ?? '',
    ...(distinguishedName === undefined ? {} : { distinguishedName }),
    ...(place.resource === undefined ? {} : { resource: place.resource }),
    ...(inCloud ? { configuration: ctx.configuration } : {}),
    ...sink.take(cursor, 'password', address, 'password'),
    ...sink.take(cursor, 'private_pem_key', address, 'privateKey'),
    ...sink.take(cursor, 'private_key_passphrase', address, 'privateKeyPassphrase'),
    ...sink.take(cursor, 'otp', address, 'oneTimeCode'),
    ...(connectDatabase === undefined ? {} : { connectDatabase }),
    ...(isManaged ? { managed: true } : {}),
    ...(rotation === undefined ? {} : { rotation }),
    ...(notes === undefined ? {} : { notes }),
  };
  cursor.leave('attachments', 'scripts', 'uid', 'folder_path');
  return spec;
}

interface Settings {
  readonly cursor: Cursor;
  readonly policy: Address | undefined;
}

/** An object, or the name of a profile. */
function readSettings(cursor: Cursor, ctx: UserContext): Settings | undefined {
  if (!cursor.isText('rotation_settings')) {
    const settings = cursor.object('rotation_settings');
    return settings === undefined ? undefined : { cursor: settings, policy: undefined };
  }
  const profile = ctx.profile(cursor.text('rotation_settings') ?? '');
  if (profile === undefined) {
    cursor.problem('rotation_settings', 'names no profile of $.pam_data.rotation_profiles');
    return undefined;
  }
  return { cursor: profile.settings, policy: profile.policy };
}

/** Of a user that stands in no resource: its settings may name one by its title. */
function placeOf({ cursor }: Settings, ctx: UserContext): UserPlace {
  const title = cursor.text('resource');
  const found = title === undefined ? undefined : ctx.place(title);
  if (title !== undefined && found === undefined) cursor.problem('resource', 'is the title of no resource in the file');
  return found ?? { isPaused: false, hasAdmin: false };
}

function convertRotation(
  user: Cursor,
  { cursor, policy }: Settings,
  place: UserPlace,
  isManaged: boolean,
  ctx: UserContext,
): JsonObject | undefined {
  const resource = cursor.text('resource');
  if (resource !== undefined && resource.toLowerCase() !== place.title?.toLowerCase())
    user.warn('rotation_settings', 'name another resource than the one that the user stands in, which counts');
  const type = (cursor.text('rotation') ?? '').toLowerCase();
  const isOff = cursor.flag('enabled') === false;
  const own = policy === undefined ? convertPolicy(cursor) : {};
  const leftOut = (why: string) => {
    user.warn('rotation_settings', `are left out: ${why}`);
    return undefined;
  };
  if (isManaged) return leftOut('the identity service of the cloud owns the secret (managed)');
  switch (type) {
    case '':
      return leftOut('they do not say which rotation');
    case 'general':
      if (place.resource === undefined) return leftOut('a general rotation needs a resource, and the user belongs to none');
      if (!place.hasAdmin) return leftOut('a general rotation needs an administrator, and the resource has no administrative_credentials');
      break;
    case 'iam_user':
      if (place.resource !== undefined) return leftOut('a user of a cloud lives on no resource');
      if (!['aws', 'azure', 'gcp', 'oci'].includes(ctx.cloud)) return leftOut('the configuration is that of no cloud');
      break;
    case 'scripts_only':
      return leftOut('its scripts are not in the file: declare them as hooks, and rotation.type: scriptsOnly');
    default:
      cursor.problem('rotation', 'is none of general, iam_user, scripts_only');
      return undefined;
  }
  const isTimed = policy !== undefined || own['schedule'] !== undefined || ctx.hasDefaultSchedule;
  return {
    type: type === 'general' ? 'general' : 'iamUser',
    ...(policy === undefined ? {} : { policy }),
    ...own,
    ...(isTimed ? {} : { schedule: { onDemand: true } }),
    ...(isOff || place.isPaused ? { enabled: false } : {}),
  };
}
