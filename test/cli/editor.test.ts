import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Editor, startEditor } from './editor.ts';
import { makeProject, type TestProject } from './project.ts';

const MODELINE = '# yaml-language-server: $schema=../manifest.schema.json\n';
const USER = 'apiVersion: pam/v1\nkind: PamUser\nmetadata: { name: app }\nspec:\n  login: app\n';
const POLICY = 'apiVersion: pam/v1\nkind: RotationPolicy\nmetadata: { name: monthly }\nspec:\n  schedule: { every: 30d }\n';

let project: TestProject;
let editor: Editor;

beforeAll(async () => {
  project = await makeProject();
  const { stdout } = await project.pam(['schema', 'Manifest']);
  await writeFile(join(project.root, 'manifest.schema.json'), stdout);
  editor = await startEditor({ schemas: { [join(project.root, 'manifest.schema.json')]: ['**/manifests/*.yaml'] } });
});
afterAll(async () => {
  await editor[Symbol.asyncDispose]();
  await project[Symbol.asyncDispose]();
});

let files = 0;
/** A file that the settings name, or one that only its modeline tells about. */
const place = (folder: 'manifests' | 'elsewhere') => join(project.root, folder, `${++files}.yaml`);
/** `line:character`, from 0, of what is wrong. */
const wrong = async (path: string, text: string) =>
  (await editor.open(path, text)).map(({ range, message }) => `${range.start.line}:${range.start.character} ${message}`);

test('a manifest of any kind is sound', async () => {
  expect(await wrong(place('manifests'), `${USER}---\n${POLICY}`)).toEqual([]);
  expect(await wrong(place('elsewhere'), MODELINE + USER)).toEqual([]);
});

test('a misspelt field is marked at its place, in each document of a file that the settings name', async () => {
  const path = place('manifests');
  expect(await wrong(path, `${USER}  resorce: PamDatabase/db\n---\n${POLICY}  complexty: {}\n`)).toEqual([
    expect.stringMatching(/^5:2 .*resorce/),
    expect.stringMatching(/^12:2 .*complexty/),
  ]);
});

test('a modeline does the same for its document', async () => {
  expect(await wrong(place('elsewhere'), `${MODELINE}${USER}  resorce: PamDatabase/db\n`)).toEqual([
    expect.stringMatching(/^6:2 .*resorce/),
  ]);
  expect(await wrong(place('elsewhere'), `${USER}  resorce: PamDatabase/db\n`)).toEqual([]);
});

test('a literal secret is marked', async () => {
  expect(await wrong(place('manifests'), `${USER}  password: hunter2\n`)).toContainEqual(expect.stringMatching(/^5:12 Incorrect type/));
});

test('an empty file is offered the fields of every manifest, and a kind its own', async () => {
  const path = place('manifests');
  await editor.open(path, '\n');
  expect(await editor.complete(path, 0, 0)).toEqual(expect.arrayContaining(['apiVersion', 'kind', 'metadata', 'spec']));
  const kinds = place('manifests');
  await editor.open(kinds, 'apiVersion: pam/v1\nkind: \n');
  expect(await editor.complete(kinds, 1, 6)).toEqual(expect.arrayContaining(['PamUser', 'RotationPolicy']));
});

test.each([
  ['PamUser', `${USER}  \n`, 5, ['resource', 'rotation', 'password', 'consumers'], 'databaseType'],
  ['a second document', `${USER}---\n${POLICY}  \n`, 11, ['complexity', 'retain'], 'login'],
])('%s is offered its fields', async (_, text, line, offered, foreign) => {
  const path = place('manifests');
  await editor.open(path, text);
  const labels = await editor.complete(path, line, 2);
  expect(labels).toEqual(expect.arrayContaining(offered));
  expect(labels).not.toContain(foreign);
});
