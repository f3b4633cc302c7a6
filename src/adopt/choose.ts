import type { DiscoverRule } from '../manifest/index.ts';
import type { Address } from '../model/index.ts';
import type { FoundAccount } from '../providers/provider.ts';
import type { KnownAccount } from '../rotate/index.ts';
import { findRule } from './rules.ts';

/**
 * What becomes of an account: `add`; `ignored` by a rule; `managed`: somebody declares it already; `released`: its manifest went, its
 * record stays; `system` came with the system; `no-login`: it has no secret of its own to log in with; `unnameable`: no manifest can
 * spell its name.
 */
export type Verdict = 'add' | 'ignored' | 'managed' | 'released' | 'system' | 'no-login' | 'unnameable';

export interface Choice {
  readonly found: FoundAccount;
  readonly verdict: Verdict;
  /** The number, from 1, and the rule that decided. */
  readonly rule?: { readonly number: number; readonly rule: DiscoverRule };
  /** Of what is declared already. */
  readonly address?: Address;
}

export interface ChooseOptions {
  readonly resource: Address;
  readonly rules: readonly DiscoverRule[];
  /** Who declares the account already. */
  known(found: FoundAccount): KnownAccount | undefined;
  /** Only these, and whatever the rules say of them: a person asked for each. Null: all. */
  readonly logins: ReadonlySet<string> | null;
}

/** Decides about each account that the target listed, by login. Pure. */
export function chooseAccounts(accounts: readonly FoundAccount[], options: ChooseOptions): readonly Choice[] {
  const { logins } = options;
  return accounts
    .filter(({ login }) => logins === null || logins.has(login))
    .map((found) => choose(found, options))
    .sort((a, b) => (a.found.login < b.found.login ? -1 : 1));
}

function choose(found: FoundAccount, { resource, rules, known, logins }: ChooseOptions): Choice {
  const there = known(found);
  if (there !== undefined) return { found, verdict: there.isReleased ? 'released' : 'managed', address: there.address };
  if (![found.login, ...Object.values(found.fields)].every((v) => typeof v !== 'string' || isSpellable(v)))
    return { found, verdict: 'unnameable' };
  const rule = findRule(rules, resource, found);
  const fitting = rule === undefined ? {} : { rule };
  if (logins !== null || rule?.rule.action === 'add') return { found, verdict: 'add', ...fitting };
  if (rule !== undefined) return { found, verdict: 'ignored', rule };
  return { found, verdict: found.isSystem ? 'system' : found.canLogIn ? 'add' : 'no-login' };
}

/** One line of text, as the schema has it, that UTF-8 can write. */
function isSpellable(text: string): boolean {
  return text.length > 0 && text.length <= 1024 && !/[\u0000-\u001f\u007f]/.test(text) && !/\p{Cs}/u.test(text);
}
