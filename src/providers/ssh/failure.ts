import type { Code } from '../../errors/index.ts';
import { connectionError, nodeOf } from '../network.ts';
import { ProviderError, type Target } from '../provider.ts';
import type { Method, Trace } from './auth.ts';

/** How a login went wrong. `restricted`: the secret is right all the same, with what stands in the way. */
export interface LoginFailure {
  readonly code: Code;
  readonly reason: string;
  readonly hint?: string;
  readonly retryable: boolean;
  readonly spent: boolean;
  readonly restricted?: string;
  /** How the secret was given, where it was. */
  readonly method?: Method;
  /** No login of this account can be a proof, now or later. */
  readonly never?: boolean;
  readonly cause?: unknown;
}

/** @param banner what the server said before the login was over: looked at, never repeated */
export function explainLogin(error: unknown, trace: Trace, target: Target, banner: string): LoginFailure {
  const { level = '', message = '' } = error instanceof Error ? (error as Error & { level?: string }) : {};
  const where = `${target.address} at ${nodeOf(target)}`;
  const failure = (code: Code, reason: string, more: Partial<LoginFailure> = {}): LoginFailure => ({
    code,
    reason,
    retryable: false,
    spent: false,
    ...(trace.given === null ? {} : { method: trace.given }),
    ...more,
  });
  const restricted = (words: string, code: Code = 'PAM6006') => failure(code, words, { restricted: words });
  if (error instanceof ProviderError) {
    const { code, hint, retryable, spent, cause } = error;
    return failure(code, message, { retryable, spent, cause, ...(hint === undefined ? {} : { hint }) });
  }
  if (trace.mustChange) return restricted('the password must be changed at the next login');
  if (trace.partly) return restricted('the server wants something more than this secret (AuthenticationMethods)', 'PAM6012');
  // The account is looked at only once the secret was accepted; then the server says why, and closes.
  if (trace.given !== null && /account has expired/i.test(banner)) return restricted('the account has expired');
  if (trace.foreignPrompt) {
    return failure('PAM6009', 'the server asks for something else than a password (a code, a token)', {
      never: true,
      spent: trace.given !== null,
    });
  }
  if (level === 'client-authentication' || /^Too many authentication failures/.test(message)) {
    if (trace.given !== null) return failure('PAM6003', `the server refused the login (${trace.given})`, { spent: true });
    const offer = trace.offered?.join(', ') || 'nothing';
    return failure('PAM6009', `the server takes no such secret from this login: it offers ${offer}`, {
      never: true,
      hint: 'look at PasswordAuthentication, KbdInteractiveAuthentication and PubkeyAuthentication of its sshd',
    });
  }
  if (/^Connection lost before handshake/.test(message)) {
    return failure('PAM6010', `${where} closed the connection before the handshake: too many at once (MaxStartups), or no SSH server`, {
      retryable: true,
    });
  }
  if (level === 'handshake' || level === 'protocol') {
    return failure(
      'PAM6011',
      `${where} and pam have no SSH handshake in common (${message.replaceAll(/[^\x20-\x7e]/g, '?').slice(0, 120)})`,
      {
        hint: 'an old server may lack curve25519 or rsa-sha2: update it',
      },
    );
  }
  const failed = connectionError(error, target, trace.given !== null);
  return failure(failed.code, failed.message, { retryable: failed.retryable, spent: failed.spent, cause: error });
}
