import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import type { Proof, SetOutcome } from '../../src/providers/provider.ts';

/** A row of a table "Errors of …" in the README of a provider. */
export interface ErrorRow {
  readonly request: string;
  readonly answer: string;
  /** In the words of `wordsOf`. */
  readonly pam: string;
}

/** What the provider makes of an error number of a login, without a server. */
interface LoginFailure {
  readonly code: string;
  readonly retryable: boolean;
  readonly restricted?: string;
  readonly never?: boolean;
}

type Result = SetOutcome | Proof;

/**
 * How a row is shown. `wire`: what pam makes of the documented code. `live`: a real server is brought to give that answer, and `shows`
 * is what pam then says of it, so that no other answer is taken for it; else `unseen` says why none here gives it.
 */
export type ErrorCase =
  | { readonly wire?: () => Result | LoginFailure | null; readonly live: () => Promise<Result>; readonly shows: RegExp }
  | { readonly wire: () => Result | LoginFailure | null; readonly unseen: string };

export function readErrorTable(readme: URL, heading: string): readonly ErrorRow[] {
  const [, section] = readFileSync(readme, 'utf8').split(`## ${heading}\n`);
  const lines = section?.split('\n## ')[0]?.split('\n') ?? [];
  return lines
    .filter((line) => /^\| (?!---|request)/.test(line))
    .map((line) => {
      const [request = '', answer = '', , pam = ''] = line.slice(2, -2).split(' | ');
      return { request, answer, pam };
    });
}

/** `, again` = the same request may succeed later; a proof does not tell, since no login is tried again by itself. */
const AGAIN = ', again';

function wordsOf(result: Result | LoginFailure | null): string {
  if (result === null) return 'accepted';
  if ('outcome' in result) {
    return result.outcome === 'refused' ? `refused ${result.code}${result.retryable ? AGAIN : ''}` : result.outcome;
  }
  if ('answer' in result && result.answer === 'accepted') return result.restricted === undefined ? 'accepted' : 'right, restricted';
  if ('restricted' in result && result.restricted !== undefined) return 'right, restricted';
  if (('answer' in result && result.answer === 'refused') || result.code === 'PAM6003') return `refused ${result.code}`;
  const again = 'retryable' in result && result.retryable ? AGAIN : '';
  return `${'never' in result && result.never ? 'never' : 'cannot tell'} ${result.code}${again}`;
}

/** One test a row, and one that no row is left out. `cases` by `request: answer`. */
export function errorTable(rows: readonly ErrorRow[], isHere: boolean, cases: Readonly<Record<string, ErrorCase>>): void {
  const keyOf = ({ request, answer }: ErrorRow) => `${request}: ${answer}`;

  test('the table has every case once', () => {
    expect(rows.map(keyOf).sort()).toEqual(Object.keys(cases).sort());
  });

  for (const row of rows) {
    const shown = cases[keyOf(row)];
    if (shown === undefined) continue;
    const title = `a ${row.request} that is answered with ${row.answer}: ${row.pam}`;
    if (shown.wire !== undefined) {
      test(`${title}, by its code${'unseen' in shown ? ` (no server here says it: ${shown.unseen})` : ''}`, () => {
        expect(wordsOf(shown.wire?.() ?? null)).toBe(row.pam);
      });
    }
    if ('live' in shown) {
      test.runIf(isHere)(`${title}, from the server`, async () => {
        const result = await shown.live();
        const expected = 'answer' in result ? row.pam.replace(AGAIN, '') : row.pam;
        expect(wordsOf(result), JSON.stringify(result)).toBe(expected);
        expect(JSON.stringify(result)).toMatch(shown.shows);
      });
    }
  }
}
