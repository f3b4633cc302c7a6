import { PamError } from '../errors/index.ts';
import { type Address, type JsonObject, nameOf, type SecretField } from '../model/index.ts';
import type { Choice } from './choose.ts';
import { createNamer, slug } from './names.ts';
import { type GivenSecret, sourceFor } from './source.ts';
import type { Draft } from './write.ts';

export interface DraftOptions {
  readonly resource: Address;
  /** Names of PamUsers that are there. */
  readonly taken: ReadonlySet<string>;
  /** How an account is taken over: its secret is given and proved; an administrator sets a new one; or not yet at all. */
  readonly takeOver: GivenSecret | { readonly reset: SecretField } | null;
  /** Of all of them; goes before that of a rule. */
  readonly policy?: string;
}

/**
 * Manifests of the accounts that are to be added. Nothing in them rotates an account, but for a reset, which says so: `initial: now` is a
 * row of the plan that a person approves.
 */
export function draftUsers(choices: readonly Choice[], options: DraftOptions): readonly (Draft & { readonly login: string })[] {
  const name = createNamer(new Set(options.taken));
  const drafts = choices
    .filter(({ verdict }) => verdict === 'add')
    .map((choice) => draftUser(choice, name(`${nameOf(options.resource)}-${slug(choice.found.login) || choice.found.login}`), options));
  refuseShared(drafts);
  return drafts;
}

function draftUser({ found, rule }: Choice, name: string, options: DraftOptions): Draft & { readonly login: string } {
  const { resource, takeOver } = options;
  const { folder, labels, policy: policyOfRule } = rule?.rule ?? {};
  const policy = options.policy ?? policyOfRule;
  const given = takeOver !== null && 'template' in takeOver ? takeOver : undefined;
  const reset = takeOver !== null && 'reset' in takeOver ? takeOver.reset : undefined;
  const field = given?.field ?? reset ?? 'password';
  const rotation: JsonObject = {
    type: 'general',
    ...(policy === undefined ? {} : { policy }),
    ...(field === 'password' ? {} : { field }),
    ...(reset === undefined ? {} : { initial: 'now' }),
  };
  return {
    login: found.login,
    address: `PamUser/${name}`,
    comment: [...(found.isAdministrator === true && found.notes.length === 0 ? ['administrator'] : []), ...found.notes].join(', '),
    metadata: { name, ...(folder === undefined ? {} : { folder }), ...(labels === undefined ? {} : { labels }) },
    spec: {
      login: found.login,
      ...found.fields,
      resource,
      ...(given === undefined ? {} : { [given.field]: sourceFor(given, { login: found.login, name }) }),
      ...(policy === undefined && reset === undefined ? {} : { rotation }),
    },
  };
}

/** Two accounts with one source would be given one secret: almost always a template without its `{login}`. */
function refuseShared(drafts: readonly (Draft & { readonly login: string })[]): void {
  const seen = new Map<string, string>();
  for (const { login, spec } of drafts) {
    const source = (spec['password'] ?? spec['privateKey']) as { fromEnv?: string; fromFile?: string } | undefined;
    const place = source?.fromEnv ?? source?.fromFile;
    if (place === undefined) continue;
    const other = seen.get(place);
    if (other !== undefined)
      throw new PamError('PAM9001', `${place} would hold the secrets of both ${JSON.stringify(other)} and ${JSON.stringify(login)}`, {
        hint: 'put {login} or {name} into it, or name the accounts one by one',
      });
    seen.set(place, login);
  }
}
