import type { JsonObject, Kind } from '../model/index.ts';

/** What is no manifest: pam.yaml, the files that it names, and a snapshot, which pam both writes and reads. */
const OTHER_FILES = {
  ProjectFile: () => import('../../schemas/project.json', { with: { type: 'json' } }),
  RuleFile: () => import('../../schemas/rule-file.json', { with: { type: 'json' } }),
  PolicyTestFile: () => import('../../schemas/policy-test-file.json', { with: { type: 'json' } }),
  Snapshot: () => import('../../schemas/snapshot.json', { with: { type: 'json' } }),
};
/** What commands print: self-contained as they stand. */
const OUTPUTS = {
  Plan: () => import('../../schemas/plan.json', { with: { type: 'json' } }),
  Ledger: () => import('../../schemas/ledger.json', { with: { type: 'json' } }),
  DriftReport: () => import('../../schemas/drift.json', { with: { type: 'json' } }),
  Event: () => import('../../schemas/event.json', { with: { type: 'json' } }),
  Failure: () => import('../../schemas/failure.json', { with: { type: 'json' } }),
};
export const OUTPUT_SCHEMAS = Object.keys(OUTPUTS) as readonly (keyof typeof OUTPUTS)[];
export const OTHER_SCHEMAS = Object.keys(OTHER_FILES) as readonly (keyof typeof OTHER_FILES)[];

/** The kinds that `pam schema` knows, all of them in one for editors, and the other files. */
export type SchemaName = Kind | 'Manifest' | keyof typeof OTHER_FILES | keyof typeof OUTPUTS;

/**
 * The JSON Schema (2020-12) of a kind of manifest, of all of them, of pam.yaml, of a file that it names or of an output, self-contained: every `$ref` leads into its own `$defs`.
 * Loaded when asked for: no other command needs it.
 */
export async function schemaFor(name: SchemaName): Promise<JsonObject> {
  if (isOutput(name)) return (await OUTPUTS[name]()).default;
  const { default: bundle } = await import('../../schemas/manifest.json', { with: { type: 'json' } });
  if (name === 'Manifest') return bundle;
  if (isOther(name)) {
    const { default: file } = await OTHER_FILES[name]();
    const { $defs, ...schema } = JSON.parse(JSON.stringify(file).replaceAll('"common.json#/', '"#/')) as Bundle;
    return select(schema, { ...(bundle as unknown as Bundle).$defs, ...$defs });
  }
  const { $defs, $schema } = bundle as unknown as Bundle;
  return select({ ...($schema === undefined ? {} : { $schema }), $id: `${name}.json`, ...$defs[name] }, $defs);
}

function isOutput(name: SchemaName): name is keyof typeof OUTPUTS {
  return Object.hasOwn(OUTPUTS, name);
}

function isOther(name: SchemaName): name is keyof typeof OTHER_FILES {
  return Object.hasOwn(OTHER_FILES, name);
}

interface Bundle extends JsonObject {
  readonly $defs: Readonly<Record<string, JsonObject>>;
}

/** Adds those of `defs` that the schema leads to. */
function select(schema: JsonObject, defs: Bundle['$defs']): JsonObject {
  const used: Record<string, JsonObject> = {};
  const waiting = [schema];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    for (const [, name = ''] of JSON.stringify(next).matchAll(/"#\/\$defs\/(\w+)"/g)) {
      const found = defs[name];
      if (found === undefined || name in used) continue;
      used[name] = found;
      waiting.push(found);
    }
  }
  return { ...schema, $defs: used };
}
