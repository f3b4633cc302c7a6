import type { Lockout } from '../../model/index.ts';
import type { Account, AccountState } from '../provider.ts';
import type { Rights } from './rights.ts';
import { script, shellCommand } from './script.ts';
import type { Session } from './session.ts';

const DAY_MS = 86_400_000;

/** What the host knows about an account; `shadow` and `status` only where the session may see them. */
export interface HostAccount {
  /** A line of passwd(5): from its local files, and from wherever the host has it (a directory, too). */
  readonly local: readonly string[] | null;
  readonly any: readonly string[] | null;
  /** A line of shadow(5). */
  readonly shadow: readonly string[] | null;
  /** What `passwd -S` says: `L` is locked. */
  readonly status: string | null;
  /** On the host's own clock, days since 1970-01-01. */
  readonly today: number;
}

const LOOK = ['echo "local:$(getent -s files passwd "$1")"', 'echo "any:$(getent passwd "$1")"', 'echo "now:$(date +%s)"'];
const LOOK_AT_LOCKOUT = [
  `cd /etc/pam.d 2>/dev/null; echo "$(cat sshd common-auth password-auth system-auth 2>/dev/null | grep -m1 '^[^#]*pam_faillock[.]so')"`,
  `echo "$(grep '^[^#]' /etc/security/faillock.conf 2>/dev/null | tr '\\n' ' ')"`,
];
/** `getent shadow` tells all at once, the verifier included; `passwd -S` is what a narrow sudoers file may allow instead. */
const LOOK_AS_ROOT = [
  'if may getent shadow "$1"; then printf shadow:; $S getent shadow "$1" || echo; elif may passwd -S "$1"; then printf status:; $S passwd -S "$1" || echo; fi',
];

/** Reads what the host knows; spends nothing. Without rights only what everybody may see. */
export async function lookAt(session: Session, login: string, rights: Rights | null, boundMs: number): Promise<HostAccount> {
  const text = rights === null ? script(...LOOK) : script(...rights.lines, ...LOOK, ...LOOK_AS_ROOT);
  const { stdout } = await session.read(shellCommand(text, [login], { ms: boundMs }), rights?.input ?? '', boundMs);
  const found = new Map(
    stdout
      .toString('utf8')
      .split('\n')
      .map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1)] as const),
  );
  const fields = (name: string) => {
    const parts = found.get(name)?.split(':') ?? [];
    return parts[0] === login ? parts : null;
  };
  return {
    local: fields('local'),
    any: fields('any'),
    shadow: fields('shadow'),
    status: found.get('status')?.split(' ')[1] ?? null,
    today: Math.floor((Number(found.get('now')) * 1000) / DAY_MS),
  };
}

/** When failed password logins lock an account; null where the host does not use pam_faillock(8). */
export async function readLockout(session: Session, boundMs: number): Promise<Lockout | null> {
  const { stdout } = await session.read(shellCommand(script(...LOOK_AT_LOCKOUT), [], { ms: boundMs }), '', boundMs);
  const [pam = '', configuration = ''] = stdout.toString('utf8').split('\n');
  return readFaillock(pam, configuration);
}

/** The line of PAM, whose options go before those of faillock.conf(5), with the defaults of both. */
export function readFaillock(pam: string, configuration: string): Lockout | null {
  if (pam === '') return null;
  const option = (name: string) => new RegExp(`\\b${name} *= *(\\d+)`).exec(pam) ?? new RegExp(`\\b${name} *= *(\\d+)`).exec(configuration);
  const number = (name: string, otherwise: number) => Number(option(name)?.[1] ?? otherwise);
  const maxFailures = number('deny', 3);
  return maxFailures === 0 ? null : { maxFailures, windowMs: number('fail_interval', 900) * 1_000 };
}

/** The fields of shadow(5) that say how an account stands, after the name and the verifier. */
interface Shadow {
  readonly verifier: string;
  /** Days since 1970-01-01; 0 = to be changed at the next login. */
  readonly lastChange: number | null;
  /** Days after the last change from which on the password must be changed. */
  readonly maxAge: number | null;
  readonly expires: number | null;
}

export function readShadow(fields: readonly string[]): Shadow {
  const day = (index: number) => (fields[index] === undefined || fields[index] === '' ? null : Number(fields[index]));
  return { verifier: fields[1] ?? '', lastChange: day(2), maxAge: day(4), expires: day(7) };
}

/**
 * The account as the host sees it. A locked password is in the way of a new one, since `chpasswd` would unlock the account, but not of
 * a key; an account of a directory is changed there. What the session may not see is left out.
 */
export function stateOf(account: Account, host: HostAccount): AccountState {
  if (host.any === null) return { exists: false, obstacles: ['the account does not exist on the host'] };
  const wantsPassword = account.field === 'password';
  const shadow = host.shadow === null ? null : readShadow(host.shadow);
  const locked = shadow === null ? host.status === 'L' || host.status === 'LK' : /^[!*]/.test(shadow.verifier);
  const expired = shadow !== null && shadow.expires !== null && shadow.expires <= host.today;
  const obstacles = [
    ...(wantsPassword && host.local === null ? ['the account comes from a directory (SSSD, LDAP, …): link it to that'] : []),
    ...(wantsPassword && locked ? ['the password is locked, and a new one would unlock it (usermod -U, if that is meant)'] : []),
    ...(expired ? ['the account has expired (chage -E), and a new secret does not change that'] : []),
  ];
  return {
    exists: true,
    identity: host.any[2] ?? '',
    ...(shadow === null && host.status === null ? {} : { locked }),
    ...(shadow === null ? {} : { expired, mustChange: wantsPassword && mustChange(shadow, host.today) }),
    obstacles,
    ...(shadow?.lastChange ? { lastChangedAt: new Date(shadow.lastChange * DAY_MS).toISOString() } : {}),
  };
}

function mustChange({ lastChange, maxAge }: Shadow, today: number): boolean {
  if (lastChange === null) return false;
  return lastChange === 0 || (maxAge !== null && lastChange + maxAge < today);
}
