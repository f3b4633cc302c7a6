import { PamError } from '../errors/index.ts';
import type { JsonObject, SecretField } from '../model/index.ts';

/** Where the secrets of accounts come from that are taken under management. */
export interface GivenSecret {
  readonly field: SecretField;
  readonly from: 'fromEnv' | 'fromFile';
  /** `{login}` and `{name}` stand for those of the account; in a variable, in capitals and with `_` for what it may not hold. */
  readonly template: string;
}

/** Where the secret of one account is read. PamError PAM9001 where the template makes no such place. */
export function sourceFor({ from, template }: GivenSecret, who: { readonly login: string; readonly name: string }): JsonObject {
  // The target says what its accounts are called: with nothing around that, it would choose which of our secrets it is offered.
  if (!/[A-Za-z0-9]/.test(template.replaceAll('{login}', '')))
    throw new PamError('PAM9001', `${template} lets the target choose what is read, by the names of its accounts`, {
      hint:
        from === 'fromEnv'
          ? 'put something of your own before it, such as "DB_{login}"'
          : 'use a folder of its own, such as "adopted/{login}"',
    });
  const place = template.replace(/\{(login|name)\}/g, (_, key: 'login' | 'name') =>
    from === 'fromEnv' ? who[key].toUpperCase().replace(/[^A-Z0-9_]/g, '_') : fileName(who[key], template),
  );
  if (from === 'fromEnv' && !/^[A-Za-z_][A-Za-z0-9_]{0,255}$/.test(place))
    throw new PamError('PAM9001', `${template} gives ${JSON.stringify(place)}, which is no name of an environment variable`, {
      hint: 'such as --from-env "DB_{login}"',
    });
  return { [from]: place, version: 1 };
}

/** A login must not lead into another folder. */
function fileName(text: string, template: string): string {
  if (text.includes('/') || text === '.' || text === '..')
    throw new PamError('PAM9001', `the login ${JSON.stringify(text)} cannot stand in a path`, {
      hint: template.includes('{login}') ? 'use {name} in place of {login}' : 'give a path',
    });
  return text;
}
