import type { Entry } from 'ldapts';
import type { Lockout } from '../../model/index.ts';
import type { AccountState } from '../provider.ts';
import { type Connection, textOf, valuesOf } from './connection.ts';

/** Operational ones of draft-behera-ldap-password-policy-11 §5.3 and slapo-ppolicy(5), RFC 4530, and what 389 Directory Server has beside them. */
export const OPENLDAP_ATTRIBUTES = [
  'entryUUID',
  'nsUniqueId',
  'pwdAccountLockedTime',
  'pwdChangedTime',
  'pwdFailureTime',
  'pwdReset',
  'pwdPolicySubentry',
  'pwdStartTime',
  'pwdEndTime',
  'nsAccountLock',
] as const;

/** "Locked by an administrator, until one takes it back": no time that could pass. */
export const FOR_GOOD = '000001010000Z';

interface Policy {
  readonly lockout?: Lockout;
  /** 0 = a lockout ends when somebody ends it. */
  readonly lockoutMs: number;
}

export async function openLdapState(connection: Connection, entry: Entry, now: number, boundMs: number): Promise<AccountState> {
  const policy = await readPolicy(connection, entry, boundMs);
  const lockedAt = textOf(entry, 'pwdAccountLockedTime');
  const disabled = lockedAt === FOR_GOOD || textOf(entry, 'nsAccountLock')?.toLowerCase() === 'true';
  const locked = !disabled && lockedAt !== undefined && !(policy.lockoutMs > 0 && timeOf(lockedAt) + policy.lockoutMs <= now);
  const start = textOf(entry, 'pwdStartTime');
  const end = textOf(entry, 'pwdEndTime');
  const expired = (end !== undefined && timeOf(end) <= now) || (start !== undefined && timeOf(start) > now);
  const obstacles = [
    ...(disabled ? ['the account is locked by an administrator (pwdAccountLockedTime, nsAccountLock)'] : []),
    ...(locked ? ['the account is locked after failed logins (pwdAccountLockedTime)'] : []),
    ...(expired ? ['the account is not valid at this time (pwdStartTime, pwdEndTime)'] : []),
  ];
  const identity = textOf(entry, 'entryUUID') ?? textOf(entry, 'nsUniqueId');
  const changedAt = textOf(entry, 'pwdChangedTime');
  return {
    exists: true,
    ...(identity === undefined ? {} : { identity }),
    locked,
    disabled,
    expired,
    mustChange: textOf(entry, 'pwdReset')?.toUpperCase() === 'TRUE',
    obstacles,
    ...(changedAt === undefined ? {} : { lastChangedAt: new Date(timeOf(changedAt)).toISOString() }),
    ...(policy.lockout === undefined ? {} : { lockout: policy.lockout, failures: countFailures(entry, policy.lockout, now) }),
  };
}

/** The policy that the entry names. The default one of the overlay cannot be known from outside, so then nothing is said. */
async function readPolicy(connection: Connection, entry: Entry, boundMs: number): Promise<Policy> {
  const dn = textOf(entry, 'pwdPolicySubentry');
  if (dn === undefined) return { lockoutMs: 0 };
  const attributes = ['pwdLockout', 'pwdMaxFailure', 'pwdFailureCountInterval', 'pwdLockoutDuration'];
  const { entries } = await connection.search(dn, { attributes }, boundMs);
  const [policy] = entries;
  if (policy === undefined) return { lockoutMs: 0 };
  const number = (attribute: string) => Number(textOf(policy, attribute) ?? 0);
  const maxFailures = textOf(policy, 'pwdLockout')?.toUpperCase() === 'TRUE' ? number('pwdMaxFailure') : 0;
  const windowMs = number('pwdFailureCountInterval') * 1000;
  return {
    lockoutMs: number('pwdLockoutDuration') * 1000,
    // A window of 0 = failures are forgotten at the next good login only.
    ...(maxFailures > 0 ? { lockout: { maxFailures, ...(windowMs > 0 ? { windowMs } : {}) } } : {}),
  };
}

/** The overlay keeps a time for each failed login since the last good one. */
function countFailures(entry: Entry, { windowMs = Number.POSITIVE_INFINITY }: Lockout, now: number): number {
  return valuesOf(entry, 'pwdFailureTime').filter((value) => timeOf(value.toString()) + windowMs > now).length;
}

/** GeneralizedTime in UTC (RFC 4517 §3.3.13) as milliseconds; what cannot be read is long past. */
export function timeOf(text: string): number {
  const [, year, month, day, hour, minute, second = '00'] = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)?(?:[.,]\d+)?Z$/.exec(text) ?? [];
  return year === undefined ? 0 : Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
}
