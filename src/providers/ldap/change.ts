import type { Secret } from '../../model/index.ts';
import type { SetOutcome } from '../provider.ts';
import { type Answer, type Connection, textOf } from './connection.ts';
import { explainChange } from './failure.ts';

/** One change of one account. `old` where the account changes itself. */
export interface Change {
  readonly dn: string;
  readonly fresh: Secret;
  readonly old: Secret | null;
  /** LDAP has no bound on the server side: after this moment (of `performance.now()`) nothing is sent or waited for any more. */
  readonly giveUpAt: number;
}

/** What OpenLDAP says (as result 19) to the password that the account has already. */
const SAME_VALUE = /^Password is not being changed from existing value\b/;
/** 2 protocolError: no such operation; 53: it was turned off (`restrict`), or is not for this entry. Nothing was done in either case. */
const NO_EXOP: readonly number[] = [2, 53];

/**
 * OpenLDAP and 389: the Modify Password operation, in which the server hashes; where it is not to be had, a replace of `userPassword`.
 * With the old password in it the operation changes only an account that still has that one, so it cannot land twice.
 */
export async function changeOpenLdap(connection: Connection, { dn, fresh, old, giveUpAt }: Change): Promise<SetOutcome> {
  return settle(old !== null, async () => {
    let answer = await connection.modifyPassword(dn, fresh, old, left(giveUpAt));
    if (NO_EXOP.includes(answer.code) && (old === null || answer.code === 2) && left(giveUpAt) > 0) {
      answer = await connection.modify(dn, { attribute: 'userPassword', old: null, fresh: fresh.bytes() }, left(giveUpAt));
    }
    // The server has compared them: an earlier request of ours has landed.
    if (answer.code === 19 && SAME_VALUE.test(answer.text)) return { ...answer, code: 0 };
    if (answer.code === 0 && old === null) await clearReset(connection, dn, left(giveUpAt));
    return answer;
  });
}

/**
 * With `pwdMustChange` a change by an administrator makes the account change its password again, which no service can. Where we may not
 * take that back, the proof will say so.
 */
async function clearReset(connection: Connection, dn: string, boundMs: number): Promise<void> {
  try {
    const { entries } = await connection.search(dn, { attributes: ['pwdReset'] }, boundMs);
    const isSet = textOf(entries[0], 'pwdReset')?.toUpperCase() === 'TRUE';
    if (isSet) await connection.modify(dn, { attribute: 'pwdReset', old: null, fresh: null }, boundMs);
  } catch {
    // The change itself has been answered.
  }
}

/**
 * Active Directory: `unicodePwd` holds the password in quotes, as UTF-16LE ([MS-ADTS] 3.1.1.3.1.5). Replacing it is the reset of an
 * administrator; taking the old one out and putting the new one in is the change by the account itself.
 */
export async function changeActiveDirectory(connection: Connection, { dn, fresh, old, giveUpAt }: Change): Promise<SetOutcome> {
  const quoted = (secret: Secret) => Buffer.from(`"${secret.reveal()}"`, 'utf16le');
  return settle(old !== null, () =>
    connection.modify(dn, { attribute: 'unicodePwd', old: old && quoted(old), fresh: quoted(fresh) }, left(giveUpAt)),
  );
}

function left(giveUpAt: number): number {
  return Math.max(0, giveUpAt - performance.now());
}

async function settle(isSelf: boolean, change: () => Promise<Answer>): Promise<SetOutcome> {
  try {
    return explainChange(await change(), isSelf);
  } catch {
    return { outcome: 'unknown', reason: 'the connection broke after the change was sent' };
  }
}
