import type { Choice, Verdict } from '../adopt/index.ts';
import type { Address } from '../model/index.ts';
import { visible } from './visible.ts';

/** How many accounts stand in a line that says the same of all of them. */
const MAX_NAMED = 8;

const VERDICTS: Readonly<Record<Verdict, string>> = {
  add: 'to add',
  ignored: 'ignored',
  managed: 'declared already',
  released: 'released: bring the manifest back under its name',
  system: 'of the system',
  'no-login': 'without a login of its own',
  unnameable: 'with a name that no manifest can spell',
};

/** Every account with what becomes of it. */
export function choicesToJson(choices: readonly Choice[]): readonly object[] {
  return choices.map(({ found, verdict, rule, address }) => ({
    login: found.login,
    verdict,
    ...(rule === undefined ? {} : { rule: rule.number }),
    ...(address === undefined ? {} : { address }),
    ...found.fields,
    enabled: found.isEnabled,
    ...(found.isLocked === undefined ? {} : { locked: found.isLocked }),
    ...(found.isAdministrator === undefined ? {} : { administrator: found.isAdministrator }),
    system: found.isSystem,
    canLogIn: found.canLogIn,
    ...(found.lastChangedAt === undefined ? {} : { lastChangedAt: found.lastChangedAt }),
    notes: found.notes,
  }));
}

/** A line that counts all, and one for each reason to leave accounts out. */
export function formatChoices(resource: Address, choices: readonly Choice[]): string {
  const added = choices.filter((c) => c.verdict === 'add').length;
  const groups = new Map<string, Choice[]>();
  for (const choice of choices) {
    if (choice.verdict === 'add') continue;
    const reason = `${VERDICTS[choice.verdict]}${choice.verdict === 'ignored' ? ` by rule ${choice.rule?.number}` : ''}`;
    groups.set(reason, [...(groups.get(reason) ?? []), choice]);
  }
  const left = [...groups].map(([reason, group]) => {
    const named = group
      .slice(0, MAX_NAMED)
      .map(({ found, address }) => `${visible(found.login)}${address === undefined ? '' : ` (${address})`}`);
    const more = group.length > MAX_NAMED ? ` and ${group.length - MAX_NAMED} more` : '';
    return `  ${group.length} ${reason}: ${named.join(', ')}${more}`;
  });
  return [`${resource}: ${choices.length} accounts, ${added} to add.`, ...left].join('\n');
}
