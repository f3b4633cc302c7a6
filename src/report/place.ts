import type { SourceLocation } from '../model/index.ts';
import type { Finding, FormatContext } from './finding.ts';

/**
 * Where a tool that knows the repository shows a finding. What no line declares (the manifest is gone, or a record was never in
 * one) stands at pam.yaml, since these tools refuse a finding without a place.
 */
export function placeInRepository({ source }: Finding, { prefix }: FormatContext): SourceLocation {
  const { file, line, column } = source ?? { file: 'pam.yaml', line: 1, column: 1 };
  return { file: joinPath(prefix, file), line, column };
}

/** `infra/` and `../shared/a.yaml` make `shared/a.yaml`. */
function joinPath(prefix: string, file: string): string {
  const parts: string[] = [];
  for (const part of `${prefix}${file}`.split('/')) {
    if (part === '..' && parts.length > 0 && parts.at(-1) !== '..') parts.pop();
    else if (part !== '.' && part !== '') parts.push(part);
  }
  return parts.join('/');
}
