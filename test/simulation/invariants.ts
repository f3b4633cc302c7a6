import { DEFAULT_SETTINGS } from '../../src/rotate/index.ts';
import type { Operation } from './faults.ts';
import { FOREIGN_SECRET, LOCK_AT, secretText, USER, type World } from './world.ts';

/** Worlds whose account was quarantined before the operation that is looked at. */
const quarantinedBefore = new WeakSet<World>();

/** The invariants of `src/rotate/README.md`, after one operation. */
export function checkInvariants(world: World, operation: Operation, violate: (what: string) => void): void {
  const record = world.records.get(USER);
  const versions = record?.versions ?? [];
  const stored = new Map(versions.map((v) => [v.id, secretText(world, v.id)]));
  // Promise 1: at every instant a stored secret opens the account; what is in flight counts as soon as it may land.
  for (const text of [...world.opens, ...world.late.map((r) => r.secret)]) {
    const isOurs = text !== FOREIGN_SECRET && !(world.kind.unknown && text === world.first);
    if (isOurs && ![...stored.values()].includes(text)) violate('the secret of the account is not in the vault');
  }
  // I1: nothing is sent before it is in both.
  if (operation.name === 'target.send') {
    const inJournal = (text: string) => journalTexts(world).some((j) => j.includes(Buffer.from(text).toString('base64')));
    const text = world.sent.at(-1) ?? '';
    if (![...stored.values()].includes(text) || !inJournal(text)) violate('I1: sent before it was sealed in vault and journal');
  }
  // I3: one active pending secret; every retry of a rotation sends the same one.
  if (versions.filter((v) => v.state === 'pending').length > 1) violate('I3: two pending secrets');
  if (new Set(world.sent).size > 1 && !world.mayDrawAgain) violate('I3: a second secret was sent although the first was never refused');
  // I4: current moves only after proof.
  const current = versions.find((v) => v.state === 'current');
  if (current !== undefined && current.origin === 'generated') {
    if (current.proof === undefined && !world.kind.unproved) violate('I4: current without proof');
    const text = secretText(world, current.id) ?? '';
    if (!world.hollow && !world.opens.includes(FOREIGN_SECRET) && !world.opens.includes(text))
      violate('I4: current is not what opens the account');
  }
  // Promise 8: nothing of itself comes near a quarantined account. (Of several runners at once a fenced one may still be on its way.)
  const touches = ['login', 'look', 'ask', 'send', 'prove'].includes(operation.kind) && operation.runner.startsWith('heal');
  if (touches && quarantinedBefore.has(world)) violate('a quarantined account was touched');
  if (record?.rotation.quarantined !== undefined) quarantinedBefore.add(world);
  // I6: the budget.
  const since = world.scheduler.now() - DEFAULT_SETTINGS.budget.windowMs;
  if (world.failedLogins.filter((at) => at > since).length > DEFAULT_SETTINGS.budget.max)
    violate('I6: more failed logins than the budget allows');
  if (world.streak.filter((at) => at > since).length >= LOCK_AT) violate('the account is locked');
}

/** Sealing is a double: what an entry holds can be read. */
function journalTexts(world: World): string[] {
  const lines = [...world.journal.values()].map((bytes) => Buffer.from(bytes).toString().split('\n')[0] ?? '');
  return lines.map((line) => Buffer.from(line.split(' ')[1] ?? '', 'base64').toString());
}
