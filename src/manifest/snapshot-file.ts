import { isPamError, PamError } from '../errors/index.ts';
import type { SnapshotFile } from '../model/index.ts';
import { validate } from './schema-problems.ts';
import { type ErrorAt, readTypedFile } from './typed-document.ts';
import { validators } from './validators.gen.js';

export interface LoadedSnapshotFile {
  /** Null where there are problems. */
  readonly file: SnapshotFile | null;
  readonly problems: readonly PamError[];
  /** For what other rooms find wrong with it. */
  readonly errorAt: ErrorAt;
}

const LABEL = 'the snapshot';
const HINT = 'make it where the vault is, with: pam snapshot --out FILE';

/** Reads what `pam snapshot` wrote: all problems at once, each at its place. `path`: as the user is to see it. */
export function loadSnapshotFile(path: string, bytes: Uint8Array): LoadedSnapshotFile {
  // Places are looked for when something is wrong: a snapshot may be large, and this is the fast reader.
  const errorAt: ErrorAt = (pointer, code, message, place = {}) => {
    const documents = readTypedFile<SnapshotFile>(path, bytes, LABEL, validators.Snapshot);
    const found = isPamError(documents) ? undefined : documents[0]?.errorAt(pointer, code, message, { hint: HINT, ...place });
    return found ?? new PamError(code, `${LABEL}: ${message}`, { hint: HINT, source: { file: path, line: 1, column: 1 } });
  };
  const refuse = (...problems: readonly PamError[]): LoadedSnapshotFile => ({ file: null, problems, errorAt });
  const value = parse(bytes);
  const version = (value as Partial<SnapshotFile> | undefined)?.formatVersion as unknown;
  if (typeof version === 'number' && version !== 1)
    return refuse(errorAt('/formatVersion', 'PAM2016', `it has the format ${version}, which this version does not know`));
  const [broken] = value === undefined ? [] : validate(validators.Snapshot, value);
  if (value !== undefined && broken === undefined) return { file: value as unknown as SnapshotFile, problems: [], errorAt };
  const documents = readTypedFile<SnapshotFile>(path, bytes, LABEL, validators.Snapshot);
  if (isPamError(documents)) return refuse(documents);
  const problems = documents.flatMap((d) => d.problems);
  // Too large for the reader that knows places: then the first is told without one.
  if (broken !== undefined && problems.every((p) => p.code === 'PAM1003'))
    return refuse(errorAt('', 'PAM2016', `it is not as its schema says at ${broken.instancePath || 'its top'}`));
  return problems.length > 0 ? refuse(...problems) : refuse(errorAt('', 'PAM2016', 'it is no JSON document'));
}

/** Undefined where it is no JSON object. */
function parse(bytes: Uint8Array): object | undefined {
  try {
    const value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes)) as unknown;
    return typeof value === 'object' && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}
