import { type FoundAccount, ProviderError } from '../provider.ts';
import { readShadow } from './inspect.ts';
import { isLoginName } from './login.ts';
import type { Rights } from './rights.ts';
import { script, shellCommand } from './script.ts';
import type { Session } from './session.ts';

const DAY_MS = 86_400_000;
/** Of login.defs(5), where a host does not say otherwise. */
const UID_MIN = 1_000;
const UID_MAX = 60_000;

/**
 * Each line with a word before it that says where it is from. Of a verifier only its first marks are sent (`!` and `*`, which lock it):
 * whatever is no letter or digit, `$`, `.`, `/` or `_`, with which verifiers begin (crypt(5)).
 */
const LIST = [
  'getent -s files passwd | sed "s/^/passwd:/"',
  'getent group sudo wheel admin root | sed "s/^/group:/"',
  'sed -n "s/^[[:space:]]*\\(UID_M[A-Z]*\\)[[:space:]]\\{1,\\}\\([0-9]*\\).*/defs:\\1:\\2/p" /etc/login.defs 2>/dev/null',
  'echo "now:$(date +%s)"',
];
const LIST_AS_ROOT = [
  'if may getent shadow; then $S getent shadow | sed "s/^\\([^:]*\\):\\([^]a-zA-Z0-9:./_$]\\{0,2\\}\\)[^:]*:/shadow:\\1:\\2:/"; fi',
  'echo end:',
];

/** Local accounts (passwd(5)); those of a directory belong to it. Without rights it is not known which passwords are locked. */
export async function listLocalAccounts(session: Session, rights: Rights | null, boundMs: number): Promise<readonly FoundAccount[]> {
  const text = rights === null ? script(...LIST, 'echo end:') : script(...rights.lines, ...LIST, ...LIST_AS_ROOT);
  const { stdout } = await session.read(shellCommand(text, [], { ms: boundMs }), rights?.input ?? '', boundMs);
  const found = accountsIn(stdout.toString('utf8'));
  if (found === null) throw new ProviderError('PAM6011', `${session.target.address}: the host did not list its accounts to the end`);
  return found;
}

/** Reads what the script printed; null where it is not all there. A line that is not as passwd(5) has it is no account. */
export function accountsIn(text: string): readonly FoundAccount[] | null {
  const lines = text.split('\n').map((line) => line.split(':'));
  if (!lines.some(([from]) => from === 'end') || !lines.some(([from]) => from === 'passwd')) return null;
  const of = (wanted: string) => lines.filter(([from]) => from === wanted).map(([, ...fields]) => fields);
  const defs = new Map(of('defs').map(([name = '', value]) => [name, Number(value)]));
  const today = Math.floor((Number(of('now')[0]?.[0]) * 1_000) / DAY_MS);
  const shadows = new Map(of('shadow').map((fields) => [fields[0] ?? '', readShadow(fields)]));
  const admins = of('group').map(([name = '', , gid = '', members = '']) => ({ name, gid, members: members.split(',') }));
  const seen = new Set<string>();
  return of('passwd').flatMap(([login = '', , uidText = '', gid = '', , , shell]) => {
    if (shell === undefined || !isLoginName(login) || !/^\d{1,10}$/.test(uidText) || seen.has(login)) return [];
    seen.add(login);
    const uid = Number(uidText);
    const shadow = shadows.get(login);
    const isLocked = shadow === undefined ? undefined : /^[!*]/.test(shadow.verifier);
    const isExpired = shadow?.expires !== undefined && shadow.expires !== null && shadow.expires <= today;
    const group = admins.find((g) => (g.name !== 'root' || g.gid === gid) && (g.gid === gid || g.members.includes(login)));
    const canLogIn = !/\/(?:nologin|false|true|sync|halt|shutdown|git-shell)$/.test(shell.trim());
    return [
      {
        login,
        fields: {},
        identity: uidText,
        isEnabled: !isExpired,
        ...(isLocked === undefined ? {} : { isLocked }),
        isAdministrator: uid === 0 || group !== undefined,
        isSystem: uid !== 0 && (uid < (defs.get('UID_MIN') ?? UID_MIN) || uid > (defs.get('UID_MAX') ?? UID_MAX)),
        canLogIn,
        ...(shadow?.lastChange ? { lastChangedAt: new Date(shadow.lastChange * DAY_MS).toISOString() } : {}),
        notes: [
          ...(uid === 0 ? ['uid 0'] : group === undefined ? [] : [`in group ${group.name}`]),
          ...(isLocked === true ? ['its password is locked'] : []),
          ...(isExpired ? ['expired'] : []),
          ...(canLogIn ? [] : ['no login shell']),
        ],
      },
    ];
  });
}
