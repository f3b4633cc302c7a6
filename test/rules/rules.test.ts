import { describe, expect, test } from 'vitest';
import { desired, estate, recordOf, replace } from '../plan/fixtures.ts';
import { find, load, only } from './load.ts';

const NONE = only('every-user-rotates', 'off');
const user = (name: string, fields = {}) => desired(`PamUser/${name}`, { login: name, ...fields });
const rule = (on: string, require: string, more = '') =>
  `- { id: mine, on: ${on}, require: ${JSON.stringify(require)}, message: broken${more} }\n`;

describe('an expression', () => {
  /** `‸` stands before the place that the error points at. */
  test.each([
    ['a misspelt field', 'PAM2030', "- { id: r, on: resource, require: resource.‸knd == 'x', message: m }\n"],
    ['a field of another subject', 'PAM2030', '- { id: r, on: link, require: "‸change.kind == \'x\'", message: m }\n'],
    [
      'a comparison of other types',
      'PAM2030',
      '- id: r\n  on: resource\n  require: |\n    resource.protect &&\n      ‸resource.name == 3\n  message: m\n',
    ],
    ['no truth value', 'PAM2030', '- { id: r, on: plan, require: ‸"plan.changes + 1", message: m }\n'],
    ['no text for a message', 'PAM2030', '- { id: r, on: plan, require: "true", message: m, messageExpression: ‸plan.changes }\n'],
    ['an end too early', 'PAM2030', '- { id: r, on: plan, require: "plan.changes >‸", message: m }\n'],
    ['loops in loops in loops', 'PAM2031', '- { id: r, on: plan, require: "[1].all(x, [1].all(y, ‸[1].all(z, z > 0)))", message: m }\n'],
    ['a pattern that is computed', 'PAM2031', '- { id: r, on: resource, require: resource.name.matches(‸resource.folder), message: m }\n'],
    ['a pattern that looks around', 'PAM2031', "- { id: r, on: resource, require: resource.name.matches('‸(?=a)'), message: m }\n"],
    ['more nodes than anybody reads', 'PAM2031', `- { id: r, on: plan, require: "${'1 + '.repeat(300)}1 > 0", message: m }\n`],
    ['a field that there is not', 'PAM1013', '- { id: r, on: plan, ‸requires: "true", message: m }\n'],
    ['the id of a built-in rule', 'PAM2033', '- { id: ‸longest-period, on: plan, require: "true", message: m }\n'],
  ])('with %s is an error at its place', async (_, code, text) => {
    const before = text.slice(0, text.indexOf('‸')).split('\n');
    const { problems } = await load({}, text.replace('‸', ''));
    const place = text.includes('‸') ? { line: before.length, column: (before.at(-1) ?? '').length + 1 } : {};
    expect(problems[0]).toMatchObject({ code, source: { file: 'policies/a.yaml', ...place } });
  });

  test('that only fails on some objects is an error of those objects, and no crash', async () => {
    const text = rule('resource', 'resource.spec.port > 1000', ', severity: warning');
    const found = await find(NONE, [desired('PamDatabase/a', { port: 5432 }), desired('PamDatabase/b')], [], { text });
    expect(found).toEqual([
      {
        rule: 'mine',
        severity: 'error',
        address: 'PamDatabase/b',
        message: 'the rule cannot be evaluated: No such key: port',
        hint: 'ask first whether it is set: has(a.b), or a.?b.orValue(…)',
      },
    ]);
  });

  test('of a message that fails falls back to the fixed message', async () => {
    const text = rule('resource', 'false', ', messageExpression: "resource.labels.team"');
    const found = await find(NONE, [user('a', { metadata: { labels: { team: 'x' } } }), user('b')], [], { text });
    expect(found.map((f) => f.message)).toEqual(['x', 'broken']);
  });

  test('sees folder, labels, spec, links and rotation of a resource', async () => {
    const text = rule(
      'resource',
      "resource.kind != 'PamUser' || resource.name != 'app' || (resource.links['belongs-to'] == ['PamDatabase/db'] && resource.rotation.periodSeconds == 30 * 86400 && resource.spec.login == 'app' && resource.spec.consumers.size() == 1)",
    );
    const { all } = estate();
    expect(await find(NONE, all, [], { text })).toEqual([]);
  });
});

describe('a rule', () => {
  test('about changes sees kind, fields and source of an input, and the resource', async () => {
    const { all, records, database } = estate();
    const moved = { ...database, fields: { ...database.fields, host: 'db2' } };
    const text = `${rule('change', "change.kind != 'update' || !('host' in change.fields)")}${rule('change', "change.input.fromEnv != 'X' || resource.name != 'admin'").replace('mine', 'input')}`;
    const resources = all.map((r) =>
      r === database ? moved : r.address === 'PamUser/admin' ? { ...r, inputs: { password: { fromEnv: 'X', version: 1 } } } : r,
    );
    const found = await find(NONE, resources, records, { text });
    expect(found.map((f) => [f.address, f.rule])).toEqual([
      ['PamDatabase/db', 'mine'],
      ['PamUser/admin', 'input'],
    ]);
  });

  test('about a release sees the resource as it was, and one about resources sees it no more', async () => {
    const { all, records } = estate();
    const text = `${rule('change', "change.kind != 'release' || resource.spec.login != 'app'")}${rule('resource', "resource.name != 'app'").replace('mine', 'gone')}`;
    const found = await find(
      NONE,
      all.filter((r) => r.address !== 'PamUser/app'),
      records,
      { text },
    );
    expect(found.map((f) => f.rule)).toEqual(['mine']);
  });

  test('about the plan has no address and sees its counts', async () => {
    const found = await find(NONE, [user('a'), user('b')], [], {
      text: rule('plan', "plan.counts['create'] < 2 && plan.counts['release'] == 0"),
    });
    expect(found).toEqual([{ rule: 'mine', severity: 'error', message: 'broken' }]);
  });

  test('is turned off, down and up by pam.yaml', async () => {
    const text = rule('plan', 'false');
    const severities = async (setting: 'off' | 'warning' | 'error') =>
      (await find({ rules: { ...NONE.rules, mine: setting } }, [user('a')], [], { text })).map((f) => f.severity);
    expect([await severities('off'), await severities('warning'), await severities('error')]).toEqual([[], ['warning'], ['error']]);
  });

  test('that pam.yaml misspells is an error with the one that was meant', async () => {
    const { problems } = await load({ rules: { 'longest-perod': 'error' } });
    expect(problems.map((p) => [p.code, p.message])).toEqual([['PAM2032', '/rules/longest-perod: there is no rule longest-perod']]);
  });
});

test('records of other owners are nobody’s business, and moved or adopted ones are seen under their new name', async () => {
  const a = user('old');
  const records = [
    recordOf(a),
    recordOf(user('foreign'), { owner: { project: 'x', environment: 'y' } }),
    recordOf(user('back'), { status: 'released', releasedAt: '2027-01-01T00:00:00.000Z' }),
  ];
  const text = rule('resource', 'false', ', messageExpression: resource.name');
  const found = await find(NONE, [desired('PamUser/new', a.fields, {}, { movedFrom: 'PamUser/old' }), user('back')], records, { text });
  expect(found.map((f) => f.message)).toEqual(['back', 'new']);
});

test('a narrowed run answers for what it touches and makes worse, not for what was wrong before', async () => {
  const { all, records, app } = estate();
  const text = rule('resource', "resource.kind != 'PamUser' || has(resource.labels.team)");
  const changed = replace(records, 'PamUser/app', { fields: { ...app.fields, login: 'other' } });
  const narrowing = { targets: ['PamUser/app'], excludes: [], files: [] };
  const all_ = await find(NONE, all, changed, { text });
  const some = await find(NONE, all, changed, { text, narrowing, narrowed: true });
  expect(all_.map((f) => f.address)).toEqual(['PamUser/admin', 'PamUser/app']);
  expect(some.map((f) => f.address)).toEqual(['PamUser/app']);
  const onPolicy = { targets: ['RotationPolicy/monthly'], excludes: [], files: [] };
  const longer = replace(records, 'RotationPolicy/monthly', { fields: { schedule: { every: '7d' } } });
  const worse = await find(only('longest-period', { max: '20d' }), all, longer, { narrowing: onPolicy, narrowed: true });
  expect(worse.map((f) => f.address)).toEqual(['PamUser/app']);
});

test('the same input gives the same findings in the same order', async () => {
  const text = rule('resource', 'false');
  const resources = ['c', 'a', 'b'].map((n) => user(n));
  const found = await find({}, resources, [], { text });
  expect(found).toEqual(await find({}, [...resources].reverse(), [], { text }));
  expect(found.map((f) => f.address)).toEqual(['PamUser/a', 'PamUser/b', 'PamUser/c']);
});
