import { setTimeout as wait } from 'node:timers/promises';
import { nodeOf } from '../network.ts';
import type { Attempt, Candidate, LiveAnswer } from '../provider.ts';
import { lookAt, readShadow } from './inspect.ts';
import type { Rights } from './rights.ts';
import { markerOf, script, shellCommand } from './script.ts';
import type { Session } from './session.ts';

/** How often to look whether a process has gone, milliseconds. */
const POLL_MS = 50;
/** crypt(3) takes up to half a second for one candidate (yescrypt, SHA-512 with many rounds). */
const CRYPT_MS = 1_000;

/**
 * crypt(3) of the host, since yescrypt is in no library of Node: the first line of stdin is the verifier, the others are candidates;
 * the index of each that fits is printed. Nothing of it is in an argument, and it runs without the rights of root.
 */
const PERL =
  'my $h = <STDIN>; chomp $h; my $i = 0; while (<STDIN>) { chomp; my $c = crypt($_, $h); print "$i\\n" if defined $c && $c eq $h; $i++ }';
const PYTHON =
  'import sys, crypt; l = [x.rstrip("\\n") for x in sys.stdin]; [print(i) for i, c in enumerate(l[1:]) if crypt.crypt(c, l[0]) == l[0]]';
const COMPARE = script(
  'if command -v perl >/dev/null; then exec perl -e "$1"; fi',
  'if python3 -c "import crypt" 2>/dev/null; then PYTHONIOENCODING=utf-8:surrogateescape exec python3 -c "$2"; fi',
  'exit 127',
);

/** Which candidate fits the verifier in shadow(5), compared on the host: a strong answer that spends no login. */
export async function identifyPassword(
  session: Session,
  login: string,
  rights: Rights,
  candidates: readonly Candidate[],
  boundMs: number,
): Promise<LiveAnswer> {
  const unknown = (reason: string): LiveAnswer => ({ live: 'unknown', reason });
  const { shadow } = await lookAt(session, login, rights, boundMs);
  if (shadow === null) return unknown('the verifier cannot be read (getent shadow, through sudo)');
  // A locked password is its verifier behind an exclamation mark: the secret is still the one that it was.
  const verifier = readShadow(shadow).verifier.replace(/^!+/, '');
  const found = { method: 'verifier', node: nodeOf(session.target) };
  if (!verifier.startsWith('$'))
    return /^(?:\*|x?)$/.test(verifier) ? { live: 'none', ...found } : unknown('the verifier is of no known kind');
  const usable = candidates.filter(({ secret }) => !/[\0\r\n]/.test(secret.reveal()));
  const input = [verifier, ...usable.map(({ secret }) => secret.reveal()), ''].join('\n');
  const ms = boundMs + usable.length * CRYPT_MS;
  const result = await session.read(shellCommand(COMPARE, [PERL, PYTHON], { ms }), input, ms);
  if (result.code !== 0) return unknown('the host has neither perl nor a python3 with crypt to compare with');
  const index = result.stdout.toString().split('\n')[0] ?? '';
  return { live: index === '' ? 'none' : (usable[Number(index)]?.id ?? 'none'), ...found };
}

/**
 * Ends what carries the marker of the attempt, and says whether it and what it started are gone. Each command of an SSH session is a
 * process session of its own, so its number finds `sudo` and `chpasswd` too; sudo hands the signal on to what it runs.
 * `$1` is a pattern that does not match itself.
 */
const END = script(
  'command -v pgrep >/dev/null || exit 2',
  'p=$(pgrep -d, -f -- "$1") || exit 0',
  's=$(ps -o sid= -p "$p" | sort -u | tr -d " " | paste -s -d, -)',
  '[ "$s" ] || exit 0',
  'pkill -TERM -s "$s"',
  'exit 1',
);

/** @returns false when something is still there after the attempt's time limit, or cannot be looked for on this host */
export async function endAttempt(session: Session, attempt: Attempt, boundMs: number): Promise<boolean> {
  const giveUpAt = performance.now() + attempt.timeoutMs;
  const command = shellCommand(END, [`^(timeout|sh) .*${markerOf(attempt).replace('p', '[p]')}`], { ms: boundMs });
  for (;;) {
    const { code } = await session.read(command, '', boundMs);
    if (code === 0) return true;
    if (code !== 1 || performance.now() >= giveUpAt) return false;
    await wait(POLL_MS);
  }
}
