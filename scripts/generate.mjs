// Makes three files from `schemas/*.json`, the one source of truth about manifests:
//   schemas/manifest.json            every kind in one self-contained schema, for editors
//   src/manifest/types.gen.ts        the same as TypeScript types
//   src/manifest/validators.gen.js   one compiled validator a kind, with no imports: Ajv itself is not loaded at run time
// The first two are committed. `--check` writes nothing and exits 1 where a committed file is stale. No network.
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const BUNDLE = 'schemas/manifest.json';
const TYPES = 'src/manifest/types.gen.ts';
const VALIDATORS = 'src/manifest/validators.gen.js';

/** The file of each kind, in the order of the documentation. */
const KIND_FILES = {
  PamConfiguration: 'pam-configuration.json',
  PamMachine: 'pam-machine.json',
  PamDatabase: 'pam-database.json',
  PamDirectory: 'pam-directory.json',
  PamRemoteBrowser: 'pam-remote-browser.json',
  PamUser: 'pam-user.json',
  RotationPolicy: 'rotation-policy.json',
};

/** Files that are no manifests. */
const OTHER_FILES = { ProjectFile: 'project.json', RuleFile: 'rule-file.json', PolicyTestFile: 'policy-test-file.json' };

/** What pam writes and reads again. Its type is written by hand, in src/model. */
const OWN_FILES = { Snapshot: 'snapshot.json' };

const read = (path) => readFileSync(new URL(`../${path}`, import.meta.url), 'utf8');
const readOrEmpty = (path) => {
  try {
    return read(path);
  } catch {
    return '';
  }
};
const readSchema = (file) => JSON.parse(read(`schemas/${file}`));
const toText = (value) => `${JSON.stringify(value, null, 2)}\n`;

/** Through a temporary file of this process, so that two runs at once do not mix. */
function write(path, text) {
  const temporary = `${root}${path}.${process.pid}.tmp`;
  writeFileSync(temporary, text);
  renameSync(temporary, `${root}${path}`);
}

/** Deep copy of a schema with `change` applied to each object, innermost first. */
function mapSchema(value, change) {
  if (Array.isArray(value)) return value.map((item) => mapSchema(item, change));
  if (value === null || typeof value !== 'object') return value;
  return change(Object.fromEntries(Object.entries(value).map(([key, item]) => [key, mapSchema(item, change)])));
}

/** `common.json#/$defs/tls` and `#/$defs/tls` of one file both become `#/$defs/tls` of the bundle; names are unique over all files. */
const bundled = (schema) => mapSchema(schema, (o) => (typeof o.$ref === 'string' ? { ...o, $ref: o.$ref.replace(/^[^#]*/, '') } : o));

function collectDefs(files) {
  const defs = {};
  for (const file of files) {
    for (const [name, schema] of Object.entries(readSchema(file).$defs ?? {})) {
      if (name in defs) throw new Error(`schemas/${file}: $defs/${name} stands in another file too`);
      defs[name] = bundled(schema);
    }
  }
  return defs;
}

function makeBundle() {
  const defs = collectDefs(['common.json', ...Object.values(KIND_FILES)]);
  for (const [kind, file] of Object.entries(KIND_FILES)) {
    const { $schema, $id, $defs, ...schema } = readSchema(file);
    defs[kind] = bundled(schema);
  }
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    $id: 'manifest.json',
    title: 'Manifest',
    description: 'One manifest of pam: `kind` says what it declares.',
    type: 'object',
    required: ['apiVersion', 'kind', 'metadata', 'spec'],
    // What every kind has, so that an editor has something to offer before it knows the kind.
    properties: {
      apiVersion: { $ref: '#/$defs/apiVersion' },
      kind: { description: 'What the manifest declares.', examples: ['PamUser'], enum: Object.keys(KIND_FILES) },
      metadata: { $ref: '#/$defs/metadata' },
      spec: {
        description: 'What is declared: the fields depend on `kind`.',
        examples: [{ login: 'orders_app' }],
        type: 'object',
        additionalProperties: true,
      },
    },
    allOf: Object.keys(KIND_FILES).map((kind) => ({
      if: { required: ['kind'], properties: { kind: { const: kind } } },
      // biome-ignore lint/suspicious/noThenProperty: the keyword of JSON Schema
      then: { $ref: `#/$defs/${kind}` },
    })),
    $defs: defs,
  };
}

/**
 * What json-schema-to-typescript makes readable types of. TypeScript cannot say "exactly one of these keys" readably: such a `oneOf`
 * is left to the validator. `if`/`else` becomes a union. A piece with a title becomes one named type, any other is written out.
 */
function forTypes(schema, defs) {
  return mapSchema(schema, (o) => {
    const { $schema, $id, discriminator, dependentSchemas, examples, if: condition, then: yes, else: no, ...rest } = o;
    if (typeof rest.$ref === 'string') {
      const { $ref, ...beside } = rest;
      const target = defs[$ref.replace('#/$defs/', '')];
      return target.title === undefined ? { ...forTypes(target, defs), ...beside } : { $ref };
    }
    if (Array.isArray(rest.oneOf) && rest.oneOf.every((branch) => Object.keys(branch).join() === 'required')) delete rest.oneOf;
    // The branches of a discriminated union say everything; what stands beside them is for editors.
    if (discriminator !== undefined) return { title: rest.title, description: rest.description, oneOf: rest.oneOf };
    return condition === undefined ? rest : { ...rest, anyOf: [{ ...condition, ...yes }, no] };
  });
}

async function makeTypes(bundle) {
  const { compile } = await import('json-schema-to-typescript');
  const others = Object.entries(OTHER_FILES).map(([name, file]) => [name, readSchema(file)]);
  const defs = Object.assign({ ...bundle.$defs }, ...others.map(([, schema]) => bundled(schema.$defs)));
  const bodyOf = ({ $id, $defs, ...schema }) => bundled(schema);
  const schema = {
    title: 'Schemas',
    description: 'The type of each kind of manifest, of pam.yaml and of the files that it names.',
    type: 'object',
    additionalProperties: false,
    required: [...Object.keys(KIND_FILES), ...Object.keys(OTHER_FILES)],
    properties: Object.fromEntries([
      ...Object.keys(KIND_FILES).map((kind) => [kind, { $ref: `#/$defs/${kind}` }]),
      ...others.map(([name, other]) => [name, bodyOf(other)]),
    ]),
  };
  const titled = Object.fromEntries(Object.entries(defs).filter(([, def]) => def.title !== undefined));
  return compile(forTypes({ ...schema, $defs: titled }, defs), 'Schemas', {
    additionalProperties: false,
    bannerComment: '// Made by scripts/generate.mjs from schemas/*.json. Do not edit.',
    // Lists with bounds would become unions of tuples of every length.
    ignoreMinAndMaxItems: true,
    unreachableDefinitions: false,
    style: { singleQuote: true, printWidth: 140, trailingComma: 'all' },
  });
}

async function makeValidators(hash) {
  const { default: Ajv } = await import('ajv/dist/2020.js');
  const { default: standaloneCode } = await import('ajv/dist/standalone/index.js');
  const { build } = await import('esbuild');
  const ajv = new Ajv({
    allErrors: true,
    discriminator: true,
    // Errors carry their schema: its `description`, `examples` and property names make the hints.
    verbose: true,
    strict: true,
    strictRequired: false,
    strictTypes: false,
    validateFormats: false,
    code: { source: true, esm: true, lines: true },
  });
  const exports = { ...KIND_FILES, ...OTHER_FILES, ...OWN_FILES };
  for (const file of ['common.json', ...Object.values(exports)]) ajv.addSchema(readSchema(file));
  // Functions by name: their users look them up by the kind of a document.
  const contents = `${standaloneCode(ajv, exports)}\nexport const validators = { ${Object.keys(exports).join(', ')} };`;
  const result = await build({
    stdin: { contents, resolveDir: root, loader: 'js' },
    bundle: true,
    write: false,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    minify: true,
    legalComments: 'none',
    logLevel: 'error',
  });
  return `// Made by scripts/generate.mjs from schemas/*.json (${hash}). Do not edit.\n${result.outputFiles[0].text}`;
}

/** Of everything that the output depends on, so that an up-to-date tree costs nothing. */
function hashInputs() {
  const hash = createHash('sha256');
  const files = readdirSync(new URL('../schemas/', import.meta.url))
    .filter((file) => file.endsWith('.json'))
    .sort();
  for (const path of [...files.map((file) => `schemas/${file}`), 'scripts/generate.mjs', 'package-lock.json', TYPES])
    hash.update(readOrEmpty(path)).update('\0');
  return hash.digest('hex');
}

async function main() {
  const check = process.argv.includes('--check');
  if (!check && readOrEmpty(VALIDATORS).startsWith(`// Made by scripts/generate.mjs from schemas/*.json (${hashInputs()})`)) return;
  const bundle = makeBundle();
  const made = { [BUNDLE]: toText(bundle), [TYPES]: await makeTypes(bundle) };
  if (check) {
    const stale = Object.keys(made).filter((path) => readOrEmpty(path) !== made[path]);
    for (const path of stale) console.error(`${path} is stale: run node scripts/generate.mjs`);
    process.exitCode = stale.length === 0 ? 0 : 1;
    return;
  }
  for (const [path, text] of Object.entries(made)) if (readOrEmpty(path) !== text) write(path, text);
  write(VALIDATORS, await makeValidators(hashInputs()));
}

await main();
