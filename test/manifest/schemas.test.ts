import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import { beforeAll, describe, expect, test } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { OTHER_SCHEMAS, schemaFor } from '../../src/manifest/index.ts';
import { KINDS } from '../../src/model/index.ts';
import { load } from './load.ts';
import { MALFORMED } from './malformed.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const OF_MANIFESTS = /^(?:common|manifest|project|pam-.*|rotation-policy|rule-file|policy-test-file)\.json$/;
const files = readdirSync(`${root}/schemas`).filter((file) => OF_MANIFESTS.test(file));

interface SchemaNode {
  readonly $ref?: string;
  readonly description?: string;
  readonly examples?: readonly unknown[];
  readonly properties?: Readonly<Record<string, SchemaNode>>;
  readonly additionalProperties?: unknown;
  readonly type?: string;
  readonly $defs?: Readonly<Record<string, SchemaNode>>;
}

const readSchema = (file: string) => JSON.parse(readFileSync(`${root}/schemas/${file}`, 'utf8')) as SchemaNode;

/** Every schema inside a schema. */
function* nodesOf(value: unknown, path = ''): Generator<[string, SchemaNode]> {
  if (typeof value !== 'object' || value === null) return;
  yield [path, value];
  for (const [key, part] of Object.entries(value)) if (key !== 'examples') yield* nodesOf(part, `${path}/${key}`);
}

test('what is committed was generated from the schemas as they are', () => {
  expect(() => execFileSync(process.execPath, ['scripts/generate.mjs', '--check'], { cwd: root, stdio: 'pipe' })).not.toThrow();
}, 60_000);

describe.each(files)('%s', (file) => {
  test('describes every field and gives an example that is valid', () => {
    const ajv = new Ajv2020({ strict: true, strictRequired: false, strictTypes: false, validateFormats: false, discriminator: true });
    const schema = readSchema(file);
    const common = readSchema('common.json');
    if (file !== 'common.json') ajv.addSchema(common);
    ajv.addSchema(schema, file);
    const resolve = (node: SchemaNode): SchemaNode => {
      const [from = '', name = ''] = (node.$ref ?? '').split('#/$defs/');
      return node.$ref === undefined ? node : { ...resolve((from === '' ? schema : common).$defs?.[name] ?? {}), ...node };
    };
    let count = 0;
    for (const [path, node] of nodesOf(schema)) {
      for (const [name, property] of Object.entries(node.properties ?? {})) {
        // A condition looks at a field and does not declare it; what is forbidden needs no example.
        if (/\/(?:if|dependentSchemas)(?:\/|$)/.test(path) || typeof property === 'boolean') continue;
        const { description, examples = [] } = resolve(property);
        expect(description, `${path}/${name} has a description`).toBeTruthy();
        expect(examples.length, `${path}/${name} has an example`).toBeGreaterThan(0);
        const validate = ajv.compile({ $ref: `${file}#${`${path}/properties/${name}`.replaceAll('$', '%24')}` });
        for (const example of examples) expect(validate(example), `${path}/${name}: ${JSON.stringify(example)}`).toBe(true);
        count++;
      }
    }
    expect(count).toBeGreaterThan(2);
  });

  test('leaves no mapping open by accident', () => {
    for (const [path, node] of nodesOf(readSchema(file))) {
      const isPart = /\/(?:then|else|if|dependentSchemas)(?:\/|$)/.test(path);
      if (node.type !== 'object' || isPart || 'discriminator' in node || path === '') continue;
      expect(node.additionalProperties, `${path} says what else may stand in it`).toBeDefined();
    }
  });
});

describe('the schema for editors', () => {
  let validate: ValidateFunction;
  beforeAll(() => {
    const ajv = new Ajv2020({ strict: false, validateFormats: false, discriminator: true });
    validate = ajv.compile(readSchema('manifest.json'));
  });

  test('stands alone', () => {
    for (const [path, { $ref }] of nodesOf(readSchema('manifest.json'))) expect($ref ?? '#', path).toMatch(/^#/);
  });

  /** Problems that lie in the text, or that a schema cannot express. */
  const BEYOND = [
    'PAM1001',
    'PAM1002',
    'PAM1003',
    'PAM1004',
    'PAM1006',
    'PAM1007',
    'PAM1019',
    'PAM1023',
    'PAM1024',
    'PAM1025',
    'PAM1026',
    'PAM1027',
    'PAM1028',
    'PAM1029',
    'PAM1042',
  ];
  const cases = MALFORMED.filter((each) => !BEYOND.includes(each.code) && !/session settings|in a URL/.test(each.name));

  test.each(cases.map((each) => [each.name, each.text] as const))('refuses what pam refuses: %s', (_, text) => {
    const [document] = parseAllDocuments(text.replace('‸', ''), { logLevel: 'silent' });
    expect(validate(document?.toJS())).toBe(false);
  });
});

describe('the schema of one kind', () => {
  test.each([...KINDS, ...OTHER_SCHEMAS] as const)('of %s leads nowhere but into itself', async (name) => {
    const schema = await schemaFor(name);
    const ajv = new Ajv2020({ strict: false, validateFormats: false, discriminator: true });
    expect(() => ajv.compile(schema)).not.toThrow();
    expect(Object.keys(schema['$defs'] ?? {})).not.toContain('PamMachine');
  });

  test('accepts what pam accepts', async () => {
    const text = 'apiVersion: pam/v1\nkind: PamUser\nmetadata: { name: a }\nspec: { login: a, resource: PamMachine/m }\n';
    const validate = new Ajv2020({ strict: false, validateFormats: false, discriminator: true }).compile(await schemaFor('PamUser'));
    expect(load(text).problems).toEqual([]);
    expect(validate(parseAllDocuments(text)[0]?.toJS())).toBe(true);
  });
});
