import type { VersionId } from '../model/index.ts';
import type { JournalNote } from './journal.ts';
import type { Unfinished } from './recover.ts';

/** What a person is told about a rotation that some run left: no secrets, candidates by id. */
export interface Explanation {
  readonly address: string;
  readonly rotationId: string;
  readonly state: string;
  readonly evidence: readonly string[];
  readonly candidates: readonly { readonly version: VersionId; readonly role: string; readonly where: readonly ('vault' | 'journal')[] }[];
  /** The next safe step. */
  readonly next: string;
  /** What that step may spend. */
  readonly cost: string;
}

export function explainUnfinished(unfinished: Unfinished): Explanation {
  const { rotationId, record, entry, damaged } = unfinished;
  const active = record?.rotation.active;
  const notes = entry?.notes ?? [];
  const address = record?.address ?? entry?.head.address ?? 'unknown';
  return {
    address,
    rotationId,
    state: stateOf(unfinished),
    evidence: [
      ...(active === undefined ? [] : [`began ${active.startedAt} (${active.reason.type})`]),
      ...notes.map(noteText),
      ...(damaged === undefined ? [] : [`the journal entry is damaged: ${damaged}`]),
      ...(record?.rotation.quarantined === undefined
        ? []
        : [`quarantined ${record.rotation.quarantined.at}: ${record.rotation.quarantined.reason}`]),
    ],
    candidates: candidatesOf(unfinished),
    ...nextOf(unfinished, address),
  };
}

function stateOf({ record, entry, damaged }: Unfinished): string {
  if (record?.rotation.quarantined !== undefined) return 'quarantined';
  if (record === null) return damaged === undefined ? 'known to the journal only' : 'damaged';
  if (record.rotation.active === undefined && entry === null) return 'done; the target still takes a secret that is not wanted any more';
  if (record.rotation.active === undefined) return 'committed; the journal entry is still open';
  const last = entry?.notes.at(-1)?.phase;
  if (last === undefined) return entry === null ? 'staged in the vault; no journal entry' : 'sealed in vault and journal; nothing was sent';
  return {
    armed: 'a request may have been sent; its answer is not known',
    acked: 'the target said that it has the new secret; not proved yet',
    refused: 'the target refused the request',
    proved: 'proved; not committed yet',
  }[last];
}

function nextOf({ record }: Unfinished, address: string): Pick<Explanation, 'next' | 'cost'> {
  if (record === null) return { next: 'pam recover --from-journal', cost: 'no login: it only puts the secrets back into the vault' };
  if (record.rotation.quarantined !== undefined) {
    return {
      next: `pam recover ${address} asks the target again; pam secret get ${address} --version ID --break-glass reads a candidate`,
      cost: 'at most the logins left in the budget of the account',
    };
  }
  return {
    next: `pam recover ${address}, or the next pam apply`,
    cost: 'none where an administrator can see or reset the account; else at most the logins left in its budget',
  };
}

function candidatesOf({ record, entry }: Unfinished): Explanation['candidates'] {
  const inJournal = new Map(entry?.head.candidates.map((c) => [c.version, c.role]) ?? []);
  const field = entry?.head.field ?? record?.rotation.active?.field;
  const inVault = record?.versions.filter((v) => v.field === field && (v.state !== 'previous' || inJournal.has(v.id))) ?? [];
  const vaultRows = inVault.map((v) => ({
    version: v.id,
    role: v.state as string,
    where: inJournal.has(v.id) ? (['vault', 'journal'] as const) : (['vault'] as const),
  }));
  const journalRows = [...inJournal]
    .filter(([id]) => !inVault.some((v) => v.id === id))
    .map(([version, role]) => ({ version, role: role as string, where: ['journal'] as const }));
  return [...vaultRows, ...journalRows];
}

function noteText(note: JournalNote): string {
  switch (note.phase) {
    case 'armed':
      return `attempt ${note.attempt} was armed ${note.at}; over on the server by ${note.deadline}`;
    case 'acked':
      return `attempt ${note.attempt} was acknowledged ${note.at}`;
    case 'refused':
      return `attempt ${note.attempt} was refused ${note.at} (${note.code})`;
    case 'proved':
      return `proved ${note.at} by ${note.method}`;
    default:
      return note satisfies never;
  }
}
