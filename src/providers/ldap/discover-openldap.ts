import { type FoundAccount, ProviderError, type Target } from '../provider.ts';
import { type Connection, textOf, valuesOf } from './connection.ts';
import { readPages, textsOf } from './discover.ts';
import { requireSuccess } from './failure.ts';
import { FOR_GOOD, timeOf } from './inspect-openldap.ts';

/** What people give accounts to (RFC 4519, RFC 4524, RFC 2307); classes derived from them count as well. */
const CLASSES = ['person', 'account', 'posixAccount', 'simpleSecurityObject', 'applicationProcess'];
const ATTRIBUTES = [
  'uid',
  'cn',
  'entryUUID',
  'nsUniqueId',
  'pwdAccountLockedTime',
  'pwdChangedTime',
  'pwdStartTime',
  'pwdEndTime',
  'nsAccountLock',
];

/**
 * Who may do what is a matter of rules that the directory shows to nobody (`olcAccess`), so nothing is said of administrators.
 * An account logs in if it has a userPassword: which entries have one is asked by a filter, so that no verifier is sent.
 */
export async function* listPeople(connection: Connection, target: Target, boundMs: number): AsyncIterable<FoundAccount> {
  const now = Date.now();
  for (const base of await readBases(connection, target, boundMs)) {
    const withPassword = new Set<string>();
    const present = { wanted: { present: 'userPassword' }, attributes: ['1.1'] };
    for await (const { dn } of readPages(connection, target, base, present, boundMs)) withPassword.add(dn);
    const wanted = { anyOf: CLASSES.map((value) => ({ attribute: 'objectClass', value })) };
    for await (const entry of readPages(connection, target, base, { wanted, attributes: ATTRIBUTES }, boundMs)) {
      // Whoever may not look for passwords finds none at all: then nothing can be told from it.
      const canLogIn = withPassword.size === 0 || withPassword.has(entry.dn);
      const lockedAt = textOf(entry, 'pwdAccountLockedTime');
      const isDisabled = lockedAt === FOR_GOOD || textOf(entry, 'nsAccountLock')?.toLowerCase() === 'true';
      const [start, end] = [textOf(entry, 'pwdStartTime'), textOf(entry, 'pwdEndTime')];
      const isExpired = (end !== undefined && timeOf(end) <= now) || (start !== undefined && timeOf(start) > now);
      const changedAt = textOf(entry, 'pwdChangedTime');
      const identity = textOf(entry, 'entryUUID') ?? textOf(entry, 'nsUniqueId');
      yield {
        login: textOf(entry, 'uid') ?? textOf(entry, 'cn') ?? entry.dn,
        fields: { distinguishedName: entry.dn },
        ...(identity === undefined ? {} : { identity }),
        isEnabled: !isDisabled && !isExpired,
        isLocked: lockedAt !== undefined && !isDisabled,
        isSystem: false,
        canLogIn,
        ...(changedAt === undefined ? {} : { lastChangedAt: new Date(timeOf(changedAt)).toISOString() }),
        notes: [
          ...(isDisabled ? ['locked by an administrator'] : []),
          ...(isExpired ? ['not valid at this time'] : []),
          ...(canLogIn ? [] : ['no userPassword']),
        ],
      };
    }
  }
}

/** What the server holds (RFC 4512 §5.1). */
async function readBases(connection: Connection, target: Target, boundMs: number): Promise<readonly string[]> {
  const root = await connection.search('', { attributes: ['namingContexts'] }, boundMs);
  requireSuccess(root, target, 'reading its root');
  const [entry] = root.entries;
  const bases = entry === undefined || valuesOf(entry, 'namingContexts').length === 0 ? [] : textsOf(entry, 'namingContexts');
  if (bases.length === 0) throw new ProviderError('PAM6011', `${target.address}: the server does not say what it holds (namingContexts)`);
  return bases;
}
