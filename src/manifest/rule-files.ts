import { isPamError, type PamError } from '../errors/index.ts';
import type { SourceFile, Span } from './source.ts';
import { markOf } from './tree.ts';
import { type ErrorAt, readTypedFile } from './typed-document.ts';
import type { PolicyTestFile, Rule, RuleFile } from './types.gen.ts';
import { validators } from './validators.gen.js';

export interface LoadedRuleFile {
  readonly rules: readonly { readonly rule: Rule; readonly errorAt: ErrorAt }[];
  readonly problems: readonly PamError[];
}

/** Reads a file of rules; what stands in their expressions is for whoever compiles them. `path`: as the user is to see it. */
export function loadRuleFile(path: string, text: Uint8Array): LoadedRuleFile {
  const documents = readTypedFile<RuleFile>(path, text, '', validators.RuleFile);
  if (isPamError(documents)) return { rules: [], problems: [documents] };
  return {
    problems: documents.flatMap((d) => d.problems),
    rules: documents.flatMap(({ value, errorAt }) =>
      (value ?? []).map((rule, index) => ({ rule, errorAt: (pointer, ...rest) => errorAt(`/${index}${pointer}`, ...rest) })),
    ),
  };
}

/** A manifest that stands in a test: the file with everything else blanked, so that it keeps its lines and columns. */
export interface InlineManifest {
  readonly text: Uint8Array;
}

export interface PolicyTest {
  readonly path: string;
  readonly line: number;
  readonly test: PolicyTestFile;
  readonly manifests: readonly (string | InlineManifest)[];
  readonly applied: readonly (string | InlineManifest)[];
  readonly errorAt: ErrorAt;
  readonly source: SourceFile;
}

export interface LoadedPolicyTests {
  readonly tests: readonly PolicyTest[];
  readonly problems: readonly PamError[];
}

/** Reads a file of tests of rules, one a document. */
export function loadPolicyTests(path: string, text: Uint8Array): LoadedPolicyTests {
  const documents = readTypedFile<PolicyTestFile>(path, text, '', validators.PolicyTestFile);
  if (isPamError(documents)) return { tests: [], problems: [documents] };
  return {
    problems: documents.flatMap((d) => d.problems),
    tests: documents.flatMap(({ value, errorAt, source, subject }) => {
      if (value === null) return [];
      const cut = (list: readonly unknown[], pointer: string) =>
        list.map((m, i) => (typeof m === 'string' ? m : blankAround(source, markOf(subject.tree, `${pointer}/${i}`))));
      return [
        {
          path,
          line: source.locate(markOf(subject.tree, '/name').start).line,
          test: value,
          manifests: cut(value.manifests, '/manifests'),
          applied: cut(value.applied ?? [], '/applied'),
          errorAt,
          source,
        },
      ];
    }),
  };
}

function blankAround({ text }: SourceFile, { start, end }: Span): InlineManifest {
  const blank = (part: string) => part.replace(/[^\n]/g, ' ');
  return { text: Buffer.from(blank(text.slice(0, start)) + text.slice(start, end)) };
}
