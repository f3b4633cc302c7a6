import type { Secret } from '../../model/index.ts';
import type { Attempt, LiveAnswer, SetOutcome } from '../provider.ts';
import { type Rights, sudoRefusal } from './rights.ts';
import { EXIT, markerOf, script, shellCommand } from './script.ts';
import { CLIENT_MARGIN_MS, type RunResult, type Session } from './session.ts';

/** PAM_MAX_RESP_SIZE of Linux-PAM: longer ones are cut or refused. */
const MAX_SECRET_BYTES = 511;

/**
 * Hands one whole line on, or nothing. Until it has come, SIGTERM and the end of the connection end the process; from then on the shell
 * stays in sight until `chpasswd` has ended (it runs a trap only when its foreground command is over). `chpasswd` itself ends by the
 * SIGTERM that `timeout` sends to all of them: it replaces the file as a whole, or not at all.
 */
const CHANGE_AS_ROOT = [
  `getent -s files passwd "$1" >/dev/null || { getent passwd "$1" >/dev/null && exit ${EXIT.directoryAccount}; exit ${EXIT.noAccount}; }`,
  `IFS= read -r line || exit ${EXIT.cutInput}`,
  'trap : TERM',
  'printf "%s\\n" "$line" | $S /usr/sbin/chpasswd',
];
/** `passwd` asks for the old secret once and for the new one twice. */
const CHANGE_OWN = [
  `IFS= read -r old && IFS= read -r new || exit ${EXIT.cutInput}`,
  'trap : TERM',
  'printf "%s\\n%s\\n%s\\n" "$old" "$new" "$new" | passwd',
];

const refused = (code: 'PAM6003' | 'PAM6004' | 'PAM6005' | 'PAM6006' | 'PAM6007' | 'PAM6010', reason: string, retryable = false) =>
  ({ outcome: 'refused', code, reason, retryable }) as const;
const unknown = (reason: string) => ({ outcome: 'unknown', reason }) as const;

/** What `chpasswd` and `passwd` cannot be given: a line feed would begin another record, and so change another account. */
export function refuseSecret(secret: Secret): SetOutcome | null {
  const bytes = secret.bytes();
  const bad = bytes.length === 0 || bytes.length > MAX_SECRET_BYTES || bytes.some((byte) => byte === 0 || byte === 10 || byte === 13);
  return bad ? refused('PAM6007', `chpasswd takes 1 to ${MAX_SECRET_BYTES} bytes without NUL and line breaks; nothing was sent`) : null;
}

/**
 * An administrator sets the password of a local account: `login:password` over stdin, one account a call.
 * @param isLive asks the verifier whether the new password is live: the answer to a `chpasswd` that failed for no known reason
 */
export async function resetPassword(
  session: Session,
  login: string,
  secret: Secret,
  rights: Rights,
  attempt: Attempt,
  isLive: () => Promise<LiveAnswer>,
): Promise<SetOutcome> {
  const command = shellCommand(script(...rights.lines, ...CHANGE_AS_ROOT), [login], { ms: attempt.timeoutMs, marker: markerOf(attempt) });
  const result = await send(session, command, `${rights.input}${login}:${secret.reveal()}\n`, attempt);
  if (result === null) return unknown(BROKE);
  const outcome = explainReset(result);
  if (outcome.outcome !== 'unknown' || result.code === null) return outcome;
  // It has ended, so that nothing more can land.
  const { live } = await isLive().catch(() => ({ live: 'unknown' }));
  if (live === 'unknown') return outcome;
  return live === 'none' ? refused('PAM6010', `${outcome.reason}; the password is as it was`, true) : { outcome: 'done' };
}

/** An account changes its own password, under the rules of the host. The session was opened with the old one. */
export async function changeOwnPassword(session: Session, secret: Secret, attempt: Attempt): Promise<SetOutcome> {
  const command = shellCommand(script(...CHANGE_OWN), [], { ms: attempt.timeoutMs, marker: markerOf(attempt) });
  const result = await send(session, command, `${session.credential.secret.reveal()}\n${secret.reveal()}\n`, attempt);
  return result === null ? unknown(BROKE) : explainOwnChange(result);
}

const BROKE = 'the connection broke after the change was sent';

async function send(session: Session, command: string, input: string, attempt: Attempt): Promise<RunResult | null> {
  try {
    return await session.request(command, input, attempt.timeoutMs + CLIENT_MARGIN_MS);
  } catch {
    return null;
  }
}

/** Rules of pam_unix, pam_pwquality, pam_cracklib and pam_pwhistory, with LC_ALL=C. */
const POLICY =
  /BAD PASSWORD|password unchanged because|must choose a (?:longer|shorter)|choose a shorter|too (?:simple|short|similar)|already (?:been )?used|password has been already|must wait longer|no password supplied|palindrome/i;
const BUSY = /lock busy|cannot lock|try again later|[Nn]o space left|Disk quota exceeded/;

function common({ code, stderr }: RunResult): SetOutcome | null {
  if (code === 0) return { outcome: 'done' };
  if (code === EXIT.timedOut) return unknown('the host ended the command when its time was up');
  if (code === EXIT.cutInput) return refused('PAM6010', 'the command was cut off before it reached the host whole', true);
  if (BUSY.test(stderr))
    return refused('PAM6010', 'the password files of the host are locked or its disk is full; they are as they were', true);
  return null;
}

/** `chpasswd` also fails when PAM has changed the password and a later module of its stack fails: what is not known is `unknown`. */
function explainReset(result: RunResult): SetOutcome {
  const outcome = common(result);
  if (outcome !== null) return outcome;
  switch (result.code) {
    case EXIT.noAccount:
      return refused('PAM6005', 'the account does not exist on the host');
    case EXIT.directoryAccount:
      return refused('PAM6006', 'the account comes from a directory (SSSD, LDAP, …), where chpasswd of this host does not reach');
    case EXIT.sudoRefused:
      return refused('PAM6004', 'sudo refuses the password of the administrator');
  }
  const words = sudoRefusal(result.stderr);
  if (words !== undefined) return refused('PAM6004', words);
  if (POLICY.test(result.stderr)) return refused('PAM6007', 'a password rule of the host refused it');
  return unknown(`chpasswd failed (exit ${result.code ?? 'by a signal'})`);
}

function explainOwnChange(result: RunResult): SetOutcome {
  const outcome = common(result);
  if (outcome !== null) return outcome;
  if (POLICY.test(result.stderr)) return refused('PAM6007', 'a password rule of the host refused it (quality, history or minimum age)');
  // It asks for the new one only when the old one was right.
  if (/Authentication token manipulation error/.test(result.stderr) && !/new password/i.test(result.stderr)) {
    return refused('PAM6003', 'passwd refused the old password');
  }
  return unknown(`passwd failed (exit ${result.code ?? 'by a signal'})`);
}
