import { Flags } from '@oclif/core';
import { PamError } from '../errors/index.ts';
import type { Grants, Narrowing, PublicSnapshot } from '../model/index.ts';
import { sameOwner } from '../model/index.ts';
import { isSelector } from '../plan/index.ts';
import { parseDuration } from '../policy/index.ts';
import type { Desired, PlanOptions, Project } from '../project/index.ts';

/** What `plan` and `apply` are narrowed by; the same flags give the same digest. */
export const planFlags = {
  target: Flags.string({
    description: 'Only this, and what it depends on: an address, folder:PATH or label:KEY=VALUE. May be given again.',
    helpValue: 'SELECTOR',
    multiple: true,
  }),
  exclude: Flags.string({
    description: 'All but this, and what depends on it. May be given again.',
    helpValue: 'SELECTOR',
    multiple: true,
  }),
  only: Flags.string({
    description: 'Only rows that write records, or only those that touch live systems.',
    options: ['records', 'rotations'],
  }),
  grant: Flags.string({
    description: 'Raises a limit for this plan, visibly, inside its digest: rotate=300. May be given again.',
    helpValue: 'ACTION=N',
    multiple: true,
  }),
  expires: Flags.string({
    description: 'Until when the plan may be applied, inside its digest: 48h, or an instant, which `apply --approve` needs again.',
    helpValue: '48h|INSTANT',
  }),
};

export interface PlanFlagValues {
  readonly file?: readonly string[] | undefined;
  readonly target?: readonly string[] | undefined;
  readonly exclude?: readonly string[] | undefined;
  readonly only?: string | undefined;
  readonly grant?: readonly string[] | undefined;
  readonly expires?: string | undefined;
}

export function planOptionsOf(flags: PlanFlagValues): PlanOptions {
  const narrowing: Narrowing = {
    targets: flags.target ?? [],
    excludes: flags.exclude ?? [],
    files: flags.file ?? [],
    ...(flags.only === undefined ? {} : { only: flags.only as 'records' | 'rotations' }),
  };
  for (const text of [...narrowing.targets, ...narrowing.excludes]) {
    if (!isSelector(text))
      throw new PamError('PAM9001', `${text} is no selector`, {
        hint: 'give an address (PamUser/orders-app), folder:PATH or label:KEY=VALUE',
      });
  }
  const grants = parseGrants(flags.grant ?? []);
  return { narrowing, grants, ...(flags.expires === undefined ? {} : { expiresAt: parseEnd(flags.expires) }) };
}

/** A selector that nothing fits is a typing error, not an empty plan. */
export function checkSelectors(options: PlanOptions, project: Project, desired: Desired, snapshot: PublicSnapshot): void {
  const addresses = new Set<string>([
    ...desired.resources.map((r) => r.address),
    ...snapshot.records.filter((r) => sameOwner(r.owner, project.owner)).map((r) => r.address),
  ]);
  for (const text of [...options.narrowing.targets, ...options.narrowing.excludes]) {
    if (!text.startsWith('folder:') && !text.startsWith('label:') && !addresses.has(text)) {
      throw new PamError('PAM2014', `no manifest declares ${text}, and there is no record of it`, { hint: 'run: pam list' });
    }
  }
}

function parseGrants(texts: readonly string[]): Grants {
  return Object.fromEntries(
    texts.map((text) => {
      const match = /^((?:[A-Z][A-Za-z]+\.)?[a-zA-Z]+)=(\d{1,7})$/.exec(text);
      if (match?.[1] === undefined) throw new PamError('PAM9001', `${text} is no grant`, { hint: 'such as --grant rotate=300' });
      return [match[1], Number(match[2])];
    }),
  );
}

export function parseInstant(text: string, flag: string): string {
  const ms = /^\d{4}-\d{2}-\d{2}([Tt ]|$)/.test(text) ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(ms)) throw new PamError('PAM9001', `${flag} ${text} is no instant`, { hint: 'such as 2026-12-24T18:00:00Z' });
  return new Date(ms).toISOString();
}

/** From now on, or an instant. The instant stands in the plan: a duration would be another one each time. */
function parseEnd(text: string): string {
  const duration = parseDuration(text);
  return duration.ok ? new Date(Date.now() + duration.ms).toISOString() : parseInstant(text, '--expires');
}

/** `30s`, `5m`, `1h` or a number of seconds, as milliseconds. */
export function parseTimeout(text: string, flag: string): number {
  const match = /^(\d+)(ms|s|m|h)?$/.exec(text);
  if (match?.[1] === undefined) throw new PamError('PAM9001', `${flag} ${text} is no duration`, { hint: 'such as 30s or 5m' });
  return Number(match[1]) * { ms: 1, s: 1000, m: 60_000, h: 3_600_000 }[(match[2] ?? 's') as 's'];
}
