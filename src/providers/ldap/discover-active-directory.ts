import type { Entry } from 'ldapts';
import type { FoundAccount, Target } from '../provider.ts';
import { type Connection, textOf, valuesOf } from './connection.ts';
import { readPages } from './discover.ts';
import { activeDirectoryFlags, guidOf } from './inspect-active-directory.ts';
import { readRoot } from './names.ts';

/** SAM_NORMAL_USER_ACCOUNT ([MS-ADTS] 2.2.9): neither computers, nor trusts, nor managed service accounts. */
const NORMAL_USER = '805306368';
const ATTRIBUTES = [
  'sAMAccountName',
  'userPrincipalName',
  'userAccountControl',
  'msDS-User-Account-Control-Computed',
  'lockoutTime',
  'accountExpires',
  'pwdLastSet',
  'isCriticalSystemObject',
  'primaryGroupID',
];
const BINARY = ['objectGUID', 'objectSid'];

/** Relative identifiers of accounts that come with every domain ([MS-DTYP] 2.4.2.4): Administrator is one to be managed, the rest is not. */
const ADMINISTRATOR_RID = 500;
const GUEST_TO_LAST_BUILT_IN = [501, 999] as const;
/** Groups whose members stand above others: Domain, Schema and Enterprise Admins; Administrators, Account, Server and Backup Operators. */
const ADMIN_RIDS = [512, 518, 519];
const BUILT_IN_ADMINS = ['S-1-5-32-544', 'S-1-5-32-548', 'S-1-5-32-549', 'S-1-5-32-551'];

export async function* listDomainUsers(connection: Connection, target: Target, boundMs: number): AsyncIterable<FoundAccount> {
  const base = await readRoot(connection, target, 'defaultNamingContext', boundMs);
  const admins = await readAdministrators(connection, target, base, boundMs);
  const now = Date.now();
  const wanted = { anyOf: [{ attribute: 'sAMAccountType', value: NORMAL_USER }] };
  const request = { wanted, attributes: [...ATTRIBUTES, ...BINARY], binary: BINARY };
  for await (const entry of readPages(connection, target, base, request, boundMs)) {
    const { disabled, locked, expired, lastChangedAt } = activeDirectoryFlags(entry, now);
    const rid = ridOf(entry);
    const sam = textOf(entry, 'sAMAccountName') ?? '';
    const isBuiltIn = rid >= GUEST_TO_LAST_BUILT_IN[0] && rid <= GUEST_TO_LAST_BUILT_IN[1];
    const isCritical = textOf(entry, 'isCriticalSystemObject')?.toUpperCase() === 'TRUE' && rid !== ADMINISTRATOR_RID;
    const isAdministrator = admins.has(entry.dn.toLowerCase()) || ADMIN_RIDS.includes(Number(textOf(entry, 'primaryGroupID')));
    yield {
      login: textOf(entry, 'userPrincipalName') ?? sam,
      fields: { distinguishedName: entry.dn },
      identity: guidOf(entry),
      isEnabled: !disabled && !expired,
      isLocked: locked,
      isAdministrator,
      isSystem: isBuiltIn || isCritical,
      canLogIn: true,
      ...(lastChangedAt === undefined ? {} : { lastChangedAt }),
      notes: [...(disabled ? ['disabled'] : []), ...(expired ? ['expired'] : [])],
    };
  }
}

/** Distinguished names, in lower case, of all who are in a group of administrators, directly or through others. */
async function readAdministrators(connection: Connection, target: Target, base: string, boundMs: number): Promise<ReadonlySet<string>> {
  const head = await connection.search(base, { attributes: ['objectSid'], binary: ['objectSid'] }, boundMs);
  const domain = head.entries[0] === undefined ? null : sidOf(head.entries[0]);
  const groups = [...BUILT_IN_ADMINS, ...(domain === null ? [] : ADMIN_RIDS.map((rid) => `${domain}-${rid}`))];
  const members = new Set<string>();
  for (const sid of groups) {
    // Found by its SID, since its name depends on the language of the server. In a child domain some are not there.
    const [group] = (await connection.search(`<SID=${sid}>`, { attributes: ['objectGUID'], binary: ['objectGUID'] }, boundMs)).entries;
    if (group === undefined) continue;
    const request = { wanted: { memberOf: group.dn }, attributes: ['1.1'] };
    for await (const { dn } of readPages(connection, target, base, request, boundMs)) members.add(dn.toLowerCase());
  }
  return members;
}

/** [MS-DTYP] 2.4.2.2: a revision, a count, six bytes of authority, then 32-bit parts with their lowest byte first. */
function sidOf(entry: Entry): string | null {
  const [bytes] = valuesOf(entry, 'objectSid');
  if (!Buffer.isBuffer(bytes) || bytes.length < 8 || bytes.length !== 8 + 4 * (bytes[1] ?? 0)) return null;
  const parts = Array.from({ length: bytes[1] ?? 0 }, (_, i) => bytes.readUInt32LE(8 + 4 * i));
  return ['S', bytes[0], bytes.readUIntBE(2, 6), ...parts].join('-');
}

function ridOf(entry: Entry): number {
  return Number(sidOf(entry)?.split('-').at(-1) ?? -1);
}
