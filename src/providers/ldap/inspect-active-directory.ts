import type { Entry } from 'ldapts';
import { type AccountState, ProviderError, type Target } from '../provider.ts';
import { type Connection, textOf, valuesOf } from './connection.ts';
import { readRoot } from './names.ts';

export const ACTIVE_DIRECTORY_ATTRIBUTES = [
  'objectGUID',
  'userAccountControl',
  'msDS-User-Account-Control-Computed',
  'lockoutTime',
  'accountExpires',
  'badPwdCount',
  'badPasswordTime',
  'pwdLastSet',
  'msDS-ResultantPSO',
] as const;

/** Bits of userAccountControl ([MS-ADTS] 2.2.16). */
const DISABLED = 0x2;
const LOCKED = 0x10;
/** FILETIME: 100 ns since 1601. Both mean "never". */
const NEVER: readonly bigint[] = [0n, 0x7fff_ffff_ffff_ffffn];
const FILETIME_UNITS_PER_MS = 10_000n;
const EPOCH_OF_1601_MS = -11_644_473_600_000;

export async function activeDirectoryState(
  connection: Connection,
  target: Target,
  entry: Entry,
  now: number,
  boundMs: number,
): Promise<AccountState> {
  const { disabled, locked, expired, lastChangedAt } = activeDirectoryFlags(entry, now);
  const obstacles = [
    ...(disabled ? ['the account is disabled (userAccountControl)'] : []),
    ...(locked ? ['the account is locked after failed logins (lockoutTime)'] : []),
    ...(expired ? ['the account has expired (accountExpires), and a new password does not change that'] : []),
  ];
  return {
    exists: true,
    identity: guidOf(entry),
    locked,
    disabled,
    expired,
    mustChange: textOf(entry, 'pwdLastSet') === '0',
    obstacles,
    ...(lastChangedAt === undefined ? {} : { lastChangedAt }),
    ...(await readLockout(connection, target, entry, now, boundMs)),
  };
}

/** How an account stands, from attributes of its own. */
export function activeDirectoryFlags(entry: Entry, now: number) {
  const control = Number(textOf(entry, 'userAccountControl') ?? 0);
  const computed = textOf(entry, 'msDS-User-Account-Control-Computed');
  const expires = numberOf(entry, 'accountExpires');
  const changed = numberOf(entry, 'pwdLastSet');
  return {
    disabled: (control & DISABLED) !== 0,
    // lockoutTime stays after the lockout has run out; only the computed bit knows that.
    locked: computed === undefined ? numberOf(entry, 'lockoutTime') > 0n : (Number(computed) & LOCKED) !== 0,
    expired: !NEVER.includes(expires) && instantMs(expires) <= now,
    // 0 = must be changed at the next login, which a reset ends.
    lastChangedAt: changed > 0n ? new Date(instantMs(changed)).toISOString() : undefined,
  };
}

/** `<GUID=…>` names an entry wherever it is moved to ([MS-ADTS] 3.1.1.3.1.2.4). */
export function stableName(entry: Entry): string {
  return `<GUID=${guidOf(entry)}>`;
}

/** The first three parts of a GUID are stored with their lowest byte first ([MS-DTYP] 2.3.4.2). */
export function guidOf(entry: Entry): string {
  const [bytes] = valuesOf(entry, 'objectGUID');
  if (!Buffer.isBuffer(bytes) || bytes.length !== 16) throw new ProviderError('PAM6011', 'the server shows no objectGUID of the entry');
  const parts = [
    Buffer.from(bytes.subarray(0, 4)).reverse(),
    Buffer.from(bytes.subarray(4, 6)).reverse(),
    Buffer.from(bytes.subarray(6, 8)).reverse(),
  ];
  return [...parts, bytes.subarray(8, 10), bytes.subarray(10)].map((part) => part.toString('hex')).join('-');
}

/** From the password settings object that applies, where it may be read, else from the head of the domain. */
async function readLockout(
  connection: Connection,
  target: Target,
  entry: Entry,
  now: number,
  boundMs: number,
): Promise<Pick<AccountState, 'lockout' | 'failures'>> {
  const settings = textOf(entry, 'msDS-ResultantPSO');
  const names =
    settings === undefined
      ? { threshold: 'lockoutThreshold', window: 'lockOutObservationWindow' }
      : { threshold: 'msDS-LockoutThreshold', window: 'msDS-LockoutObservationWindow' };
  const base = settings ?? (await readRoot(connection, target, 'defaultNamingContext', boundMs));
  const { entries } = await connection.search(base, { attributes: [names.threshold, names.window] }, boundMs);
  const [found] = entries;
  const maxFailures = Number(found === undefined ? 0n : numberOf(found, names.threshold));
  if (found === undefined || maxFailures === 0) return {};
  // Durations are negative. badPwdCount is this domain controller's, and stays when its window has passed.
  const windowMs = Number(-numberOf(found, names.window) / FILETIME_UNITS_PER_MS);
  const isCounted = instantMs(numberOf(entry, 'badPasswordTime')) + windowMs > now;
  return { lockout: { maxFailures, windowMs }, failures: isCounted ? Number(numberOf(entry, 'badPwdCount')) : 0 };
}

function numberOf(entry: Entry, attribute: string): bigint {
  const text = textOf(entry, attribute);
  return text !== undefined && /^-?\d{1,20}$/.test(text) ? BigInt(text) : 0n;
}

function instantMs(filetime: bigint): number {
  return Number(filetime / FILETIME_UNITS_PER_MS) + EPOCH_OF_1601_MS;
}
