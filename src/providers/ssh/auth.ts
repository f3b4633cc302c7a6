import type { AnyAuthMethod, ParsedKey, Prompt } from 'ssh2';
import type { Secret } from '../../model/index.ts';

export type Method = 'password' | 'keyboard-interactive' | 'publickey';

/** How far an authentication came, for who explains why it went no further. */
export interface Trace {
  /** The method that the secret, or a signature made with it, was given to. */
  given: Method | null;
  /** The methods that the server offers, where none of them takes our secret. */
  offered: readonly string[] | null;
  /** The server asks for something that the secret is no answer to. */
  foreignPrompt: boolean;
  /** The secret was accepted, and the server wants something more. */
  partly: boolean;
  /** The secret was accepted, and the server wants another one in its place. */
  mustChange: boolean;
}

/** Somebody to authenticate as: with a password, or with the key that was parsed from a private key. */
export interface Identity {
  readonly login: string;
  readonly secret: Secret;
  readonly key: ParsedKey | null;
}

type Next = (method: AnyAuthMethod | false) => void;

/**
 * Chooses the methods for ssh2 (its `authHandler`): `none` first, which spends nothing and tells what the server offers, then the one
 * method that takes the secret, once. `stop` is called where the exchange is not to go on.
 */
export function authenticator(
  { login: username, secret, key }: Identity,
  trace: Trace,
  stop: () => void,
): (left: readonly string[] | null, partial: boolean | null, next: Next) => void {
  const wanted: readonly Method[] = key === null ? ['password', 'keyboard-interactive'] : ['publickey'];

  const answer = (_name: string, _instructions: string, _lang: string, prompts: readonly Prompt[], finish: (a: string[]) => void) => {
    const [prompt, ...others] = prompts;
    const text = prompt?.prompt ?? '';
    if (trace.given === null && others.length === 0 && prompt?.echo !== true && /pass(?:word|wort|code|phrase)|mot de passe/i.test(text)) {
      trace.given = 'keyboard-interactive';
      return finish([secret.reveal()]);
    }
    if (trace.given !== null && /new .*password/i.test(text)) trace.mustChange = true;
    else trace.foreignPrompt = true;
    stop();
  };

  return (left, partial, next) => {
    if (left === null) return next({ type: 'none', username });
    trace.partly = partial === true;
    const method = trace.given === null && trace.offered === null ? wanted.find((m) => left.includes(m)) : undefined;
    if (trace.given === null) trace.offered = left;
    switch (method) {
      case 'password':
        trace.given = method;
        return next({ type: method, username, password: secret.reveal() });
      case 'publickey':
        trace.given = method;
        return next({ type: method, username, key: key as ParsedKey });
      case 'keyboard-interactive':
        return next({ type: method, username, prompt: answer });
      default:
        return next(false);
    }
  };
}
