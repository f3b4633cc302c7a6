import { expect, test } from 'vitest';
import { writeManifests } from '../../src/adopt/index.ts';
import { convertProject } from '../../src/import/index.ts';
import { parseJson } from '../../src/import/json.ts';

const convert = (text: string) => convertProject(Buffer.from(text), { file: 'keeper.json', taken: [], secretsFolder: null });
const project = (data: object, configuration: object = {}) => convert(JSON.stringify({ pam_configuration: configuration, pam_data: data }));

test('a password that is written as a number keeps every digit', () => {
  const { secrets } = convert('{"pam_data": {"users": [{"login": "app", "password": 12345678901234567890}, {"login": "b", "otp": 1.50}]}}');
  expect(secrets.map((s) => s.value.reveal())).toEqual(['12345678901234567890', '1.50']);
});

test('a number that nothing can hold is a fault', () => {
  expect(parseJson('{"a": 1e999}')).toEqual({ at: 6, message: 'a number is too large' });
});

test.each(['constructor', 'toString', '__proto__', 'hasOwnProperty'])('%s is no type of anything', (type) => {
  const { problems } = project({ resources: [{ type, title: 'one' }], users: [{ type, login: 'one' }] }, { environment: type });
  expect(problems.map((p) => p.message)).toEqual([
    '$.pam_configuration.environment is not known',
    '$.pam_data.resources[0].type is not known',
    '$.pam_data.users[0].type is not known',
  ]);
});

test('any number of records may have one title', () => {
  const users = Array.from({ length: 300 }, () => ({ title: '管理者', login: 'root' }));
  const { drafts, problems } = project({ users, resources: users.map(() => ({ type: 'pamMachine', title: 'a'.repeat(200), host: 'h' })) });
  expect(problems).toEqual([]);
  expect(new Set(drafts.map((d) => d.address)).size).toBe(601);
  for (const { metadata } of drafts) expect(metadata['name']).toMatch(/^[a-z0-9](?:[a-z0-9._-]{0,126}[a-z0-9])?$/);
});

test('a text of many megabytes is read, and one that has no end is a fault', () => {
  const long = 'x'.repeat(32 * 1024 * 1024);
  expect(parseJson(`{"a": "${long}"}`)).toMatchObject({ kind: 'object' });
  expect(parseJson(`{"a": "${long}`)).toMatchObject({ at: 6 });
});

test.each(['"\\x"', '"\\u12"', '"a\nb"', '"\\"', '"'])('%j is no text, and the fault repeats nothing of it', (token) => {
  expect(parseJson(token)).toEqual({ at: 0, message: expect.stringMatching(/^this text h(?:as no end|olds an escape)/) });
});

test('a secret among session settings is left out in whatever shape it stands there', () => {
  const connection = { password: ['hunter-one'], sftp: { private_key: { pem: 'hunter-two' }, tokens: 3 } };
  const { drafts, warnings } = project({ resources: [{ type: 'pamMachine', title: 'm', host: 'h', pam_settings: { connection } }] });
  expect(writeManifests(drafts)).not.toContain('hunter');
  expect(warnings.filter((w) => w.message.includes('is a secret among session settings'))).toHaveLength(2);
});

test('a setting that stands there in two spellings is told', () => {
  const connection = { port_forward: { reuse_port: true }, portForward: { reusePort: false } };
  const { drafts, warnings } = project({ resources: [{ type: 'pamMachine', title: 'm', host: 'h', pam_settings: { connection } }] });
  expect(writeManifests(drafts)).toContain('reusePort: true');
  expect(warnings.map((w) => w.message)).toContainEqual(expect.stringContaining('.portForward stands there under another spelling'));
});
