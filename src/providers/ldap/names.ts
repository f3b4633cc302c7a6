import type { Entry } from 'ldapts';
import { type Account, type Credential, ProviderError, type Target } from '../provider.ts';
import { type Connection, textOf } from './connection.ts';
import { requireSuccess } from './failure.ts';

type Named = Pick<Account | Credential, 'address' | 'login' | 'fields'>;

/**
 * What an account binds as: its distinguished name, or on Active Directory also `user@domain` or `DOMAIN\user`. A bare login there gets
 * the domain of the directory. Other names are not tried: a server might take them for something else.
 *
 * @throws ProviderError PAM6005 where there is no such name
 */
export function bindName({ address, login, fields }: Named, target: Target): string {
  const dn = fields['distinguishedName'];
  if (typeof dn === 'string' && isDn(dn)) return dn;
  if (dn === undefined && isDn(login)) return login;
  if (dn === undefined && target.type === 'active_directory' && login !== '') {
    if (/[@\\]/.test(login)) return login;
    const domain = target.fields['domainName'];
    if (typeof domain === 'string' && domain !== '') return `${login}@${domain}`;
  }
  throw new ProviderError('PAM6005', `${address}: nothing in ${target.address} can be called by that name`, {
    hint: 'set `distinguishedName`, such as cn=app,ou=services,dc=example,dc=org',
  });
}

/** `<GUID=…>` and `<SID=…>` are the names by which Active Directory finds an entry that was moved. */
function isDn(name: string): boolean {
  return /^\s*(?:[A-Za-z][A-Za-z0-9-]*|[0-9]+(?:\.[0-9]+)+)\s*=/.test(name) || /^<(?:GUID|SID)=.+>$/i.test(name);
}

export function isSameAccount(a: Named, b: Named, target: Target): boolean {
  return bindName(a, target).toLowerCase() === bindName(b, target).toLowerCase();
}

/**
 * Reads the entry of an account; null where there is none, or none that the session may see. A distinguished name is read as it is;
 * the other names of Active Directory are looked for once in the domain.
 *
 * @throws ProviderError PAM6005 where the name is not unique or the domain is another one
 */
export async function findEntry(
  connection: Connection,
  target: Target,
  account: Account,
  attributes: readonly string[],
  boundMs: number,
): Promise<Entry | null> {
  const name = bindName(account, target);
  const request = { attributes, binary: ['objectGUID', 'objectSid'] };
  if (isDn(name)) {
    const answer = await connection.search(name, request, boundMs);
    // 32 noSuchObject; 34 invalidDNSyntax: there is nothing that could be called like that.
    if (answer.code === 32 || answer.code === 34) return null;
    requireSuccess(answer, target, `reading ${account.address}`);
    return answer.entries[0] ?? null;
  }
  const { base, attribute, value, fallback } = await searchFor(connection, target, account, name, boundMs);
  for (const within of [{ attribute, value }, ...(fallback === undefined ? [] : [{ attribute: 'sAMAccountName', value: fallback }])]) {
    const { entries, ...answer } = await connection.search(base, { ...request, within }, boundMs);
    requireSuccess(answer.code === 4 ? { ...answer, code: 0 } : answer, target, `looking for ${account.address}`);
    if (entries.length > 1) throw new ProviderError('PAM6005', `${account.address}: several entries of ${target.address} have this login`);
    if (entries.length === 1) return entries[0] ?? null;
  }
  return null;
}

async function searchFor(connection: Connection, target: Target, account: Account, name: string, boundMs: number) {
  const base = await readRoot(connection, target, 'defaultNamingContext', boundMs);
  const [, short, sam] = /^([^\\]+)\\(.+)$/.exec(name) ?? [];
  if (short === undefined || sam === undefined) {
    const [, user, domain] = /^(.+)@([^@]+)$/.exec(name) ?? [];
    // Without a userPrincipalName of its own, an account has that of its sAMAccountName and the domain.
    const isImplied = domain?.toLowerCase() === base.replaceAll(/,?dc=/gi, '.').slice(1).toLowerCase();
    return { base, attribute: 'userPrincipalName', value: name, ...(isImplied && user !== undefined ? { fallback: user } : {}) };
  }
  const partitions = `CN=Partitions,${await readRoot(connection, target, 'configurationNamingContext', boundMs)}`;
  const within = { attribute: 'nETBIOSName', value: short };
  const { entries } = await connection.search(partitions, { within, attributes: ['nCName'] }, boundMs);
  if (textOf(entries[0], 'nCName')?.toLowerCase() !== base.toLowerCase()) {
    throw new ProviderError('PAM6005', `${account.address}: ${target.address} does not hold the domain that its login names`, {
      hint: 'name a domain controller of that domain as `host`, or set `distinguishedName`',
    });
  }
  return { base, attribute: 'sAMAccountName', value: sam };
}

/** What a server says about itself (RFC 4512 §5.1); empty where it does not. */
export async function readRoot(connection: Connection, target: Target, attribute: string, boundMs: number): Promise<string> {
  const root = await connection.search('', { attributes: [attribute] }, boundMs);
  requireSuccess(root, target, 'reading its root');
  return textOf(root.entries[0], attribute) ?? '';
}
