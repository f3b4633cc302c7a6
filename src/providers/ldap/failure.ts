import type { Code } from '../../errors/index.ts';
import { ProviderError, type SetOutcome, type Target } from '../provider.ts';
import type { Answer } from './connection.ts';

/** How a login went wrong. `restricted`: the secret is right all the same, with what stands in the way. */
export interface LoginFailure {
  readonly code: Code;
  readonly reason: string;
  readonly hint?: string;
  readonly retryable: boolean;
  readonly spent: boolean;
  readonly restricted?: string;
  readonly cause?: unknown;
}

/** What a bind said besides yes. Result codes of RFC 4511 appendix A; `restricted` may also come with success. */
export function explainBind(answer: Answer, target: Target): LoginFailure | null {
  return target.type === 'active_directory' ? explainActiveDirectoryBind(answer) : explainBindByPolicy(answer);
}

const failed = (code: Code, reason: string, more: Partial<LoginFailure> = {}): LoginFailure => ({
  code,
  reason,
  retryable: false,
  spent: false,
  ...more,
});

const restricted = (words: string): LoginFailure => failed('PAM6006', words, { restricted: words });

/** Windows error codes after `data` in the text of result 49 (Microsoft, "LDAP bind error codes"): all but two are told only to who has the secret. */
const RESTRICTIONS: Readonly<Record<string, string>> = {
  '530': 'the account may not log in at this hour',
  '531': 'the account may not log in from this computer',
  '532': 'the password has expired',
  '533': 'the account is disabled',
  '701': 'the account has expired',
  '773': 'the password must be changed at the next login',
};

function explainActiveDirectoryBind(answer: Answer): LoginFailure | null {
  const data = /\bdata ([0-9a-f]+)/i.exec(answer.text)?.[1]?.toLowerCase() ?? '';
  if (answer.code === 49) {
    const words = RESTRICTIONS[data];
    if (words !== undefined) return restricted(`${words} (49, data ${data})`);
    // Told whatever the secret is, so it says nothing about it.
    if (data === '775')
      return failed('PAM6006', 'the account is locked, so the server does not say whether the secret is right (49, data 775)');
    if (data === '525') return failed('PAM6005', 'the account does not exist (49, data 525)');
  }
  return explainResult(answer);
}

/**
 * OpenLDAP answers 49 for a wrong secret, for an account that is locked (unless `ppolicy_use_lockout` lets it say so) and for one that
 * does not exist; what else it says stands in the control. "Expired" is told only to who has the secret.
 */
function explainBindByPolicy(answer: Answer): LoginFailure | null {
  const { error, graceLoginsLeft } = answer.policy;
  if (error === 1) return failed('PAM6006', 'the account is locked, so the server does not say whether the secret is right');
  if (error === 0) return restricted('the password has expired');
  if (answer.code === 0 && error === 2) return restricted('the password must be changed first');
  if (answer.code === 0 && graceLoginsLeft !== undefined)
    return restricted(`the password has expired, ${graceLoginsLeft} more logins are let in`);
  return explainResult(answer);
}

function explainResult({ code }: Answer): LoginFailure | null {
  switch (code) {
    case 0:
      return null;
    case 49:
      return failed('PAM6003', 'the server refused the login (49)', { spent: true });
    case 32:
    case 34:
      return failed('PAM6005', `no entry has this name (${code})`);
    case 48:
      return failed('PAM6006', 'the account has no password to log in with (48)');
    case 19:
    case 53:
      // 389 Directory Server: too many failures, or an account that was made inactive. OpenLDAP: simple binds are turned off.
      return failed('PAM6006', `the account is locked or inactive, or the server takes no simple binds (${code})`);
    case 7:
    case 8:
    case 13:
      return failed('PAM6012', `the server takes no password over this connection (${code})`, {
        hint: 'use TLS: port 636, or StartTLS, and no `tls: { mode: disable }`',
      });
    case 10:
      return failed('PAM6010', 'the server does not hold this account and names another one (10)', { hint: REFERRAL_HINT });
    case 51:
    case 52:
      return failed('PAM6010', `the server is busy or going down (${code})`, { retryable: true });
    default:
      return failed('PAM6011', `the server answered the login with result ${code}`, { spent: true });
  }
}

const REFERRAL_HINT = 'name the server that holds the account, and takes changes, as `host`';

/** @throws ProviderError for an answer to a request that only reads */
export function requireSuccess(answer: Answer, target: Target, doing: string): void {
  if (answer.code === 0) return;
  const what = `${target.address}: ${doing} was refused with result ${answer.code}`;
  if (answer.code === 10) throw new ProviderError('PAM6010', what, { hint: REFERRAL_HINT });
  if (answer.code === 50) throw new ProviderError('PAM6004', what);
  if (answer.code === 51 || answer.code === 52) throw new ProviderError('PAM6010', what, { retryable: true });
  throw new ProviderError('PAM6011', what);
}

const POLICY_WORDS: Readonly<Record<number, readonly [Code, string]>> = {
  2: ['PAM6006', 'the credential must change its own password first'],
  3: ['PAM6004', 'the password policy lets only an administrator change it (pwdAllowUserChange)'],
  4: ['PAM6004', 'the password policy wants the old password as well (pwdSafeModify): use `selfRotate: true`'],
  5: ['PAM6007', 'it fails the quality check of the password policy'],
  6: ['PAM6007', 'it is too short for the password policy'],
  7: ['PAM6007', 'the password policy wants the present one to be older first (pwdMinAge)'],
  8: ['PAM6007', 'it is in the history of the password policy'],
};

/**
 * What became of a change. A result other than success means that nothing was done (RFC 4511 §4.6), except those that a proxy also
 * gives when it has lost the server behind it, and the codes from 80 on, which stand for failures of any kind: they are `unknown`.
 */
export function explainChange(answer: Answer, isSelf: boolean): SetOutcome {
  const { code, text, policy } = answer;
  // The eight digits that begin a text of Active Directory are a Windows error code.
  const windows = /^([0-9a-f]{8}):/i.exec(text)?.[1]?.toUpperCase() ?? '';
  const refused = (why: Code, reason: string, retryable = false): SetOutcome => ({
    outcome: 'refused',
    code: why,
    reason: `${reason} (${windows === '' ? code : `${code}, ${windows}`})`,
    retryable,
  });
  if (code === 0) return { outcome: 'done' };
  const [byPolicy, words] = POLICY_WORDS[policy.error ?? -1] ?? [];
  if (byPolicy !== undefined && words !== undefined) return refused(byPolicy, words);
  if (windows === '0000052D') return refused('PAM6007', 'the password policy refused it: length, classes, history or minimum age');
  if (windows === '00000056') return refused('PAM6006', 'the old secret is not the one that the account has');
  if (windows === '0000001F') return refused('PAM6002', 'the server takes passwords over TLS only');
  switch (code) {
    case 3:
    case 52:
      return { outcome: 'unknown', reason: `the server gave up on the change (${code})` };
    case 8:
    case 13:
      return refused('PAM6012', 'the server takes no password over this connection');
    case 10:
      return refused('PAM6010', `the server is a replica or does not hold this account: ${REFERRAL_HINT}`);
    case 19:
      return refused('PAM6007', 'a rule of the server refused it');
    case 32:
    case 34:
      return refused('PAM6005', 'no entry has this name');
    case 50:
      return refused('PAM6004', 'the credential may not set the password of this account');
    case 51:
      return refused('PAM6010', 'the server is busy', true);
    case 53:
      if (/shadow context|read.?only|operation restricted|global catalog/i.test(text))
        return refused('PAM6010', `the server takes no changes: ${REFERRAL_HINT}`);
      return isSelf
        ? refused('PAM6006', 'the old secret is not the one that the account has')
        : refused('PAM6011', 'the server is unwilling');
    default:
      return code >= 80
        ? { outcome: 'unknown', reason: `the server could not tell what became of the change (${code})` }
        : refused('PAM6011', 'the server refused the change');
  }
}
