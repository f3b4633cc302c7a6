import { createHash } from 'node:crypto';
import { type Attempt, ProviderError, type SetOutcome } from '../provider.ts';
import type { Rights } from './rights.ts';
import { EXIT, markerOf, script, shellCommand } from './script.ts';
import { CLIENT_MARGIN_MS, type Session } from './session.ts';

/** Whose file, and how the session gets there: null = it is its own. Everything is done as that user, never as root. */
export interface KeyFile {
  readonly session: Session;
  readonly login: string;
  readonly rights: Rights | null;
}

/** `~/.ssh/authorized_keys` by the home of passwd(5), as sshd looks for it (`AuthorizedKeysFile` at its default); links are followed. */
const FIND = ['d=$(getent passwd "$1" | cut -d: -f6)/.ssh', 'f=$d/authorized_keys', 'if [ -L "$f" ]; then f=$(readlink -f "$f"); fi'];
const READ = script(...FIND, `[ -e "$f" ] || exit ${EXIT.noFile}`, 'exec cat "$f"');

/**
 * Replaces the file by what comes over stdin, all or nothing: `$2` is the SHA-256 of the file as we read it (or `none`), `$3` that of the
 * new one. A copy beside it has mode, owner, ACL and SELinux context of the original; it is written, compared, flushed, renamed.
 * A full disk leaves the original as it is, and so does input that is cut off or comes late.
 */
const WRITE = script(
  'umask 077',
  ...FIND,
  'sum() { sha256sum "$1" | cut -c1-64; }',
  'clean() { rm -f "$t"; }',
  `fail() { clean; exit ${EXIT.cannotWrite}; }`,
  `if [ -e "$f" ] && [ -z "$(find "$f" -user "$(id -u)")" ]; then exit ${EXIT.foreignOwner}; fi`,
  '[ -d "$d" ] || mkdir -m 700 "$d" || fail',
  // What an earlier try left when it was killed.
  'rm -f "$f".pam-??????',
  't=$(mktemp "$f".pam-XXXXXX) || fail',
  'trap "clean; exit 143" TERM HUP',
  'if [ -e "$f" ]; then cp -a "$f" "$t" || fail; fi',
  'cat >"$t" || fail',
  `[ "$(sum "$t")" = "$3" ] || { clean; exit ${EXIT.cutInput}; }`,
  'sync "$t" || fail',
  `[ "$(if [ -e "$f" ]; then sum "$f"; else echo none; fi)" = "$2" ] || { clean; exit ${EXIT.changedMeanwhile}; }`,
  'mv -f "$t" "$f" || fail',
  'if [ "$2" = none ] && command -v restorecon >/dev/null; then restorecon "$d" "$f"; fi',
  'sync "$d"',
);
/** `$1` account, `$2` script to run as it, `$3`… its arguments. */
const AS_USER = 'u=$1; t=$2; shift 2; as_user "$u" /bin/sh -c "$t" "$0" "$u" "$@"';

/** How often the file is read again because somebody else wrote it between our reading and our writing. */
const MAX_TRIES = 3;

/** The text of the file, one character a byte; null where there is none. @throws ProviderError PAM6001, PAM6004 */
export async function readKeyFile(file: KeyFile, boundMs: number): Promise<string | null> {
  const { code, stdout } = await file.session.read(commandFor(file, READ, [], { ms: boundMs }), file.rights?.input ?? '', boundMs);
  if (code === EXIT.noFile) return null;
  if (code === 0) return stdout.toString('latin1');
  throw new ProviderError('PAM6004', `${file.session.credential.address} cannot read the authorized_keys of ${file.login}`);
}

/** Reads the file, changes its text and puts it back, for as long as somebody else changes it meanwhile. */
export async function editKeyFile(file: KeyFile, change: (text: string) => string, attempt: Attempt, boundMs: number): Promise<SetOutcome> {
  for (let tries = 1; ; tries++) {
    const before = await readKeyFile(file, boundMs);
    const after = change(before ?? '');
    if (after === before) return { outcome: 'done' };
    const bytes = Buffer.from(after, 'latin1');
    const expected = before === null ? 'none' : sha256(Buffer.from(before, 'latin1'));
    const command = commandFor(file, WRITE, [expected, sha256(bytes)], { ms: attempt.timeoutMs, marker: markerOf(attempt) });
    const input = Buffer.concat([Buffer.from(file.rights?.input ?? ''), bytes]);
    let code: number | null;
    try {
      ({ code } = await file.session.request(command, input, attempt.timeoutMs + CLIENT_MARGIN_MS));
    } catch {
      return { outcome: 'unknown', reason: 'the connection broke after the change was sent' };
    }
    if (code === EXIT.changedMeanwhile && tries < MAX_TRIES) continue;
    return explainWrite(code);
  }
}

function explainWrite(code: number | null): SetOutcome {
  const refused = (c: 'PAM6004' | 'PAM6010', reason: string, retryable = false): SetOutcome => ({
    outcome: 'refused',
    code: c,
    reason,
    retryable,
  });
  switch (code) {
    case 0:
      return { outcome: 'done' };
    case EXIT.foreignOwner:
      return refused('PAM6004', 'authorized_keys belongs to another user, who alone may change it');
    case EXIT.cannotWrite:
      return refused('PAM6010', 'authorized_keys cannot be written (disk full, quota, read-only); it is as it was', true);
    case EXIT.cutInput:
      return refused('PAM6010', 'the new authorized_keys did not reach the host whole; the file is as it was', true);
    case EXIT.changedMeanwhile:
      return refused('PAM6010', 'somebody else keeps changing authorized_keys', true);
    case EXIT.sudoRefused:
      return refused('PAM6004', 'sudo refuses the password of the administrator');
    default:
      return { outcome: 'unknown', reason: `the host did not say what became of authorized_keys (exit ${code ?? 'by a signal'})` };
  }
}

function commandFor(file: KeyFile, text: string, args: readonly string[], bound: { ms: number; marker?: string }): string {
  if (file.rights === null) return shellCommand(text, [file.login, ...args], bound);
  return shellCommand([...file.rights.lines, AS_USER].join('; '), [file.login, text, ...args], bound);
}

function sha256(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}
