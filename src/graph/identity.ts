import { type Address, kindOf, linkOf, type Owned } from '../model/index.ts';
import type { Node } from './references.ts';
import { targetOf, targetType } from './target.ts';

/**
 * A text that is the same for two users that are one account on one target, as far as can be told without asking it: kind of
 * target, endpoint, and login by the rules of the target. Null for a kept credential, or where the resource is not known.
 */
export function accountIdentity(user: Owned, lookup: (address: Address) => Node | undefined): string | null {
  const place = linkOf(user, 'belongs-to') ?? linkOf(user, 'iam-of');
  const resource = place === undefined ? undefined : lookup(place);
  if (resource === undefined) return null;
  const type = targetType(resource.address, resource.fields) ?? '';
  const target = kindOf(resource.address) === 'PamConfiguration' ? null : targetOf(resource);
  const endpoint = target === null ? resource.address : `${target.host.toLowerCase().replace(/\.$/, '')}:${target.port}`;
  // Behind another jump host the same private address is another machine.
  const via = String(resource.fields['via'] ?? '');
  return [type, via, endpoint, loginIdentity(type, user, resource)].join('\0');
}

function loginIdentity(type: string, user: Owned, resource: Owned): string {
  const login = String(user.fields['login'] ?? '');
  switch (type) {
    case 'mysql':
    case 'mariadb': {
      // The user part is case-sensitive, the host part is not (MySQL 8.4 reference manual, 8.2.4).
      const at = login.lastIndexOf('@');
      return at < 0 ? `${login}@%` : `${login.slice(0, at)}@${login.slice(at + 1).toLowerCase()}`;
    }
    case 'mongodb':
      return `${login}@${user.fields['connectDatabase'] ?? resource.fields['connectDatabase'] ?? 'admin'}`;
    case 'openldap':
    case 'active_directory': {
      const name = user.fields['distinguishedName'];
      return typeof name === 'string' ? foldName(name) : login.toLowerCase();
    }
    case 'windows':
      return login.replace(/^\.\\/, '').toLowerCase();
    case 'mssql':
    case 'oracle':
    case 'aws':
    case 'azure':
    case 'gcp':
    case 'oci':
    case 'domain':
      return login.toLowerCase();
    default:
      // PostgreSQL, Unix and IOS tell `App` from `app`.
      return login;
  }
}

/** RFC 4514 allows no space around `=` and `,`, but people write it; the usual attributes ignore case. */
function foldName(name: string): string {
  return name
    .replace(/\s*([=,+])\s*/g, '$1')
    .trim()
    .toLowerCase();
}
