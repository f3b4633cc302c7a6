import { slug } from '../adopt/index.ts';
import { type Address, type Kind, nameOf } from '../model/index.ts';
import type { Cursor } from './cursor.ts';
import { type FindUser, RESOURCE_KINDS } from './resources.ts';
import { USER_TYPES } from './users.ts';

/** One record of the file, and what it is called from now on. */
export interface Item {
  readonly cursor: Cursor;
  readonly address: Address;
  readonly title?: string | undefined;
}

export interface UserItem extends Item {
  readonly login: string | undefined;
  /** The resource that it stands in. */
  readonly owner?: Address;
}

/** Gives an address to a record by its title, or what stands for one. */
export type AddressFor = (kind: Kind, text: string) => Address;

/** All resources, and all users of the file: those that stand in resources first. Types that there are not are told. */
export function readItems(
  data: Cursor | undefined,
  addressFor: AddressFor,
): { readonly resources: readonly Item[]; readonly users: readonly UserItem[] } {
  const resources = (data?.objects('resources') ?? []).flatMap((cursor) => readResource(cursor, addressFor));
  const inside = resources.flatMap(({ cursor, address }) => cursor.objects('users').flatMap((user) => readUser(user, addressFor, address)));
  const others = (data?.objects('users') ?? []).flatMap((user) => readUser(user, addressFor));
  return { resources, users: [...inside, ...others] };
}

function readResource(cursor: Cursor, addressFor: AddressFor): readonly Item[] {
  const kind = RESOURCE_KINDS.get(cursor.text('type') ?? '');
  if (kind === undefined) {
    cursor.problem('type', 'is not known', `one of ${[...RESOURCE_KINDS.keys()].join(', ')}`);
    return [];
  }
  const title = cursor.text('title');
  return [{ cursor, address: addressFor(kind, title ?? cursor.text('host') ?? cursor.text('url') ?? 'resource'), title }];
}

function readUser(cursor: Cursor, addressFor: AddressFor, owner?: Address): readonly UserItem[] {
  if (!(USER_TYPES as readonly string[]).includes(cursor.text('type') ?? 'pamUser')) {
    cursor.problem('type', 'is not known', `one of ${USER_TYPES.join(', ')}`);
    return [];
  }
  const title = cursor.text('title');
  const login = cursor.text('login');
  const plain = login ?? 'user';
  const address = addressFor('PamUser', title ?? (owner === undefined ? plain : `${nameOf(owner)}-${slug(plain) || plain}`));
  return [{ cursor, address, title, login, ...(owner === undefined ? {} : { owner }) }];
}

/** By title, then by login; users of the resource itself first. Of two that fit alike none is taken. */
export function createFinder(own: readonly UserItem[], all: readonly UserItem[]): FindUser {
  const ways = [own, all].flatMap((users) => (['title', 'login'] as const).map((field) => ({ users, field })));
  return (cursor, key) => {
    const text = cursor.text(key);
    if (text === undefined) return undefined;
    for (const { users, field } of ways) {
      const [first, ...others] = users.filter((user) => user[field] === text);
      if (first === undefined) continue;
      if (others.length === 0) return first.address;
      const places = [first, ...others].map((user) => user.cursor.path).join(', ');
      cursor.problem(key, `may be one of several users of that ${field}`, `give each a title of its own: ${places}`);
      return undefined;
    }
    cursor.problem(key, 'is neither title nor login of a user in the file');
    return undefined;
  };
}
