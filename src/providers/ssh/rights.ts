import { nodeOf } from '../network.ts';
import { EXIT, script, shellCommand } from './script.ts';
import type { Session } from './session.ts';

/**
 * How scripts of a session act as somebody else: their first lines, and what goes first over stdin. They define `$S`, which goes
 * before a command that needs root; `as_user NAME COMMAND`; and `may COMMAND`, which asks without trying, since every try that sudo
 * refuses is an incident in the log of the host.
 */
export interface Rights {
  readonly lines: readonly string[];
  readonly input: string;
}

export type Gained = { readonly ok: true; readonly rights: Rights } | { readonly ok: false; readonly reason: string };

const ROOT = ['S=', 'may() { :; }', 'as_user() { u=$1; shift; runuser -u "$u" -- "$@"; }'];
const SUDO = ['S="sudo -n --"', 'may() { sudo -n -l -- "$@" >/dev/null 2>&1; }', 'as_user() { u=$1; shift; sudo -n -H -u "$u" -- "$@"; }'];
/**
 * sudo gets the password of the credential on a stdin of its own and notes it for the children of this shell; what follows is `sudo -n`,
 * which reads nothing. So a new secret can never be taken for a password by sudo, whatever becomes of the first one.
 */
const SUDO_WITH_PASSWORD = [
  'IFS= read -r s || exit 102',
  `printf "%s\\n" "$s" | sudo -S -p "" -v 2>/dev/null || exit ${EXIT.sudoRefused}`,
  's=',
  ...SUDO,
];

/** Something harmless that needs the same right as the real thing. `chpasswd` without input changes nothing. */
export const REHEARSALS = {
  password: '$S /usr/sbin/chpasswd </dev/null',
  privateKey: 'as_user "$1" /bin/sh -c :',
} as const;

/** Credentials whose password sudo refused in this process: it is not asked again, since it may lock the account. */
const refusedBySudo = new Set<string>();

/**
 * Finds out how the session may act for the account: as root, by sudo without a password, or by sudo with the credential's own.
 * `ok: false` in the words of sudo that we know.
 * @throws ProviderError PAM6001 when the session is gone
 */
export async function gainRights(session: Session, field: keyof typeof REHEARSALS, login: string, boundMs: number): Promise<Gained> {
  const rehearse = (lines: readonly string[], input: string) =>
    session.read(shellCommand(script(...lines, `${REHEARSALS[field]} && echo gained`), [login], { ms: boundMs }), input, boundMs);
  const first = await rehearse(['if [ "$(id -u)" = 0 ]; then echo root; exit; fi', ...SUDO], '');
  const answer = first.stdout.toString().trim();
  if (answer === 'root') return { ok: true, rights: { lines: ROOT, input: '' } };
  if (answer === 'gained') return { ok: true, rights: { lines: SUDO, input: '' } };
  const words = sudoRefusal(first.stderr) ?? 'the shell did not run the command';
  const { credential } = session;
  if (words !== PASSWORD_REQUIRED || credential.field !== 'password') return { ok: false, reason: words };

  const who = `${nodeOf(session.target)}\0${credential.login}`;
  const refused = { ok: false, reason: `sudo refuses the password of ${credential.address}` } as const;
  if (refusedBySudo.has(who)) return refused;
  const rights = { lines: SUDO_WITH_PASSWORD, input: `${credential.secret.reveal()}\n` };
  const second = await rehearse(rights.lines, rights.input);
  if (second.code === 0) return { ok: true, rights };
  if (second.code !== EXIT.sudoRefused) return { ok: false, reason: sudoRefusal(second.stderr) ?? words };
  refusedBySudo.add(who);
  return refused;
}

const PASSWORD_REQUIRED = 'sudo: a password is required';
const REFUSALS: readonly (readonly [RegExp, string])[] = [
  [/a password is required|authentication is required/, PASSWORD_REQUIRED],
  [/is not allowed to (?:execute|run)/, 'sudo: the user is not allowed to execute that'],
  [/not in the sudoers file|may not run sudo/, 'sudo: the user is not in the sudoers file'],
  [/must have a tty|terminal is required/, 'sudo: sorry, you must have a tty to run sudo (requiretty)'],
  [/sudo: (?:command )?not found/, 'sudo is not installed'],
  [/account validation failure|account management error/, 'sudo: account validation failure (expired, or shut out by PAM)'],
  [/^sudo: /m, 'sudo did not run the command'],
];

/** What sudo said, in its own words where they are known to hold nothing else. Undefined: it was not sudo that said no. */
export function sudoRefusal(stderr: string): string | undefined {
  return REFUSALS.find(([pattern]) => pattern.test(stderr))?.[1];
}
