import type { JsonObject, Kind } from '../model/index.ts';

/** The kinds that `pam schema` knows, and pam.yaml. */
export type SchemaName = Kind | 'ProjectFile';

/**
 * The JSON Schema (2020-12) of a kind of manifest or of pam.yaml, self-contained: every `$ref` leads into its own `$defs`.
 * Loaded when asked for: no other command needs it.
 */
export async function schemaFor(name: SchemaName): Promise<JsonObject> {
  const { default: bundle } = await import('../../schemas/manifest.json', { with: { type: 'json' } });
  if (name === 'ProjectFile') {
    const { default: project } = await import('../../schemas/project.json', { with: { type: 'json' } });
    const { $defs, ...schema } = JSON.parse(JSON.stringify(project).replaceAll('"common.json#/', '"#/')) as Bundle;
    return select(schema, { ...(bundle as unknown as Bundle).$defs, ...$defs });
  }
  const { $defs, $schema } = bundle as unknown as Bundle;
  return select({ ...($schema === undefined ? {} : { $schema }), $id: `${name}.json`, ...$defs[name] }, $defs);
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
