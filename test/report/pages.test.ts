import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { blastRadius, buildAccess, connect } from '../../src/graph/index.ts';
import type { Json } from '../../src/model/index.ts';
import { makePlan, makeStateReport, rotationCalendar } from '../../src/plan/index.ts';
import { formatDot, formatGraphPage, formatMermaid, formatPlanPage, formatReportPage, formatSvg } from '../../src/report/index.ts';
import { desired, recordOf, version } from '../plan/fixtures.ts';
import { inputOf, NASTY } from './hostile.ts';

const BENIGN = 'benign';

/** One project with the text wherever a manifest, a target or a person may write one. */
function scene(text: string) {
  const metadata = { folder: text, title: text, labels: { [text]: text } as Record<string, Json> };
  const database = desired(
    'PamDatabase/db',
    { databaseType: 'postgresql', host: text, port: 5432, metadata },
    { 'configured-by': 'PamConfiguration/net', 'admin-of': 'PamUser/admin' },
  );
  const rotation = { type: 'general', schedule: { every: '30d', jitter: '0s' }, trigger: text };
  const app = desired('PamUser/app', { login: text, notes: text, metadata, rotation }, { 'belongs-to': 'PamDatabase/db' });
  const all = [
    desired('PamConfiguration/net', { type: text }),
    database,
    desired('PamUser/admin', { login: text }, { 'belongs-to': 'PamDatabase/db' }),
    app,
    desired('PamUser/new', { login: text, notes: text }),
  ];
  const at = '2027-01-02T00:00:00.000Z';
  const records = all.slice(0, 4).map((r) =>
    r === app
      ? recordOf(
          { ...r, fields: { ...r.fields, notes: `old ${text}` } },
          {
            versions: [version({ proof: { at, method: text, node: text } })],
            rotation: { lastRotatedAt: at, quarantined: { at, code: 'PAM4001', reason: text } },
          },
        )
      : recordOf(r),
  );
  const input = inputOf(all, records);
  const plan = makePlan(input);
  const graph = buildAccess(all);
  const run = {
    id: text,
    command: text,
    startedAt: at,
    finishedAt: null,
    exit: 1,
    rows: 1,
    failed: [{ id: text, outcome: 'failed' as const, detail: text }],
    by: text,
  };
  const report = makeStateReport(input, [run]);
  const findings = [{ rule: 'own-rule', severity: 'error' as const, message: text, hint: text }];
  const narrowed = { ...plan, findings, narrowing: { ...plan.narrowing, targets: [text] }, owner: { project: text, environment: text } };
  const picture = { graph, radius: blastRadius(connect(all), 'PamUser/admin') };
  return {
    plan: formatPlanPage(narrowed, { calendar: rotationCalendar(input), graph }),
    report: formatReportPage({ ...report, owner: { project: text, environment: text } }),
    graph: formatGraphPage(picture, text, graph),
    svg: formatSvg(picture, text),
    mermaid: formatMermaid(picture),
    dot: formatDot(picture),
    data: { plan: narrowed, graph },
  };
}

/** The tags of a page with the values of their attributes taken out: what a browser would build, if the text stayed in its place. */
const skeleton = (markup: string) =>
  markup
    .replace(/(<script type="application\/json"[^>]*>)[^<>]*(?=<\/script>)/g, '$1')
    .match(/<[^>]*>/g)
    ?.map((tag) => tag.replace(/="[^"]*"/g, '=""').replace(/\s+/g, ' '));

const hostile = fc.oneof(
  fc.constantFrom(...NASTY),
  fc.array(fc.constantFrom(...NASTY, ...'<>"\'&\\`#;|{}[]()$%\n\r\t /=-'), { minLength: 1, maxLength: 6 }).map((l) => l.join('')),
  fc.string({ unit: 'binary', minLength: 1, maxLength: 40 }),
);

describe('whatever a name says, it stays in its place', () => {
  const plain = scene(BENIGN);

  test.each(['report', 'graph', 'svg'] as const)('in the markup of the %s', (which) => {
    fc.assert(
      fc.property(hostile, (text) => {
        expect(skeleton(scene(text)[which])).toEqual(skeleton(plain[which]));
      }),
      { numRuns: 60 },
    );
  });

  test('in the markup of the plan, and its data comes back as it was', () => {
    fc.assert(
      fc.property(hostile, (text) => {
        const { plan, data } = scene(text);
        expect(skeleton(plan)).toEqual(skeleton(plain.plan));
        const [, json] = /<script type="application\/json" id="data">([^<]*)<\/script>/.exec(plan) ?? [];
        expect(JSON.parse(json ?? '')).toEqual(JSON.parse(JSON.stringify(data.plan)));
      }),
      { numRuns: 60 },
    );
  });

  test('in Mermaid and dot, where only quoted strings differ', () => {
    const rest = (text: string, quoted: RegExp) => text.replace(quoted, '""');
    fc.assert(
      fc.property(hostile, (text) => {
        const { mermaid, dot } = scene(text);
        expect(rest(mermaid, /"[^"\n]*"/g)).toBe(rest(plain.mermaid, /"[^"\n]*"/g));
        expect(rest(dot, /"(?:[^"\\\n]|\\.)*"/g)).toBe(rest(plain.dot, /"(?:[^"\\\n]|\\.)*"/g));
      }),
      { numRuns: 60 },
    );
  });

  test('and what cannot be seen is written out', () => {
    const { report, svg } = scene('a\u202eb');
    for (const text of [report.replace(/<script[\s\S]*?<\/script>/g, ''), svg]) {
      expect(text).toContain('a&#60;U+202E&#62;b');
      expect(text).not.toContain('\u202e');
    }
  });
});

describe.each(['plan', 'report', 'graph'] as const)('the page of the %s', (which) => {
  const page = scene(BENIGN)[which];

  test('allows its one style and its one script, by hash, and nothing that loads', () => {
    const policy = /Content-Security-Policy" content="([^"]*)"/.exec(page)?.[1] ?? '';
    const hash = (text: string | undefined) =>
      `'sha256-${createHash('sha256')
        .update(text ?? '')
        .digest('base64')}'`;
    const styles = [...page.matchAll(/<style>([\s\S]*?)<\/style>/g)];
    const scripts = [...page.matchAll(/<script>([\s\S]*?)<\/script>/g)];
    expect([styles.length, scripts.length]).toEqual([1, 1]);
    expect(policy).toBe(
      `default-src 'none'; style-src ${hash(styles[0]?.[1])}; script-src ${hash(scripts[0]?.[1])}; base-uri 'none'; form-action 'none'`,
    );
    expect(page).not.toMatch(/\s(src|style|on\w+)=|url\(|@import|<(link|img|iframe|object|embed)\b/);
    for (const [, href] of page.matchAll(/href="([^"]*)"/g)) expect(href).toMatch(/^#/);
  });

  test('has headings in order, a caption for every table, a scope for every head, a label for every field, ids of one use', () => {
    const levels = [...page.matchAll(/<h([1-6])/g)].map((m) => Number(m[1]));
    expect(levels[0]).toBe(1);
    for (const [i, level] of levels.slice(1).entries()) expect(level - (levels[i] ?? 0)).toBeLessThanOrEqual(1);
    expect(page.match(/<table[^>]*><caption>/g)?.length).toBe(page.match(/<table/g)?.length);
    expect(page).not.toMatch(/<th(?![^>]*scope=)(?=[ >])/);
    expect(page.match(/<label>[^<]*<(input|select)|<label><input/g)?.length).toBe(page.match(/<(input|select)\b/g)?.length);
    const ids = [...page.matchAll(/\sid="([^"]*)"/g)].map((m) => m[1]);
    expect(ids.length).toBe(new Set(ids).size);
    for (const [, target] of page.matchAll(/(?:href="#|data-for="|aria-controls="|aria-labelledby=")([^"]+)"/g))
      expect(ids).toContain(target);
    for (const landmark of ['<main', '<nav aria-label', '<header>', '<footer>', 'lang="en"']) expect(page).toContain(landmark);
  });

  test('shows its filters only where the script runs, and tells the count', () => {
    const forms = page.match(/<form [^>]*>/g) ?? [];
    expect(forms.length).toBeGreaterThan(0);
    for (const form of forms) expect(form).toMatch(/ hidden>$/);
    expect(page.match(/<output aria-live="polite">/g)?.length).toBe(forms.length);
  });
});

test('the plan page puts risks first and says how to approve, narrowing and all', () => {
  const { plan } = scene("it's");
  const order = [...plan.matchAll(/<h2 id="([^"]*)"/g)].map((m) => m[1]);
  expect(order.slice(0, 4)).toEqual(['risks', 'policies', 'changes', 'apply']);
  expect(plan).toMatch(/pam apply --approve sha256:[0-9a-f]{64} --env &#39;it&#39;\\&#39;&#39;s&#39; --target /);
  expect(plan).toMatch(/data-kind="create" data-danger="(yes|no)"/);
});

/** Relative luminance and contrast as WCAG 2.2 defines them. */
function contrast(a: string, b: string): number {
  const luminance = (hex: string) => {
    const [r = 0, g = 0, b = 0] = [1, 3, 5]
      .map((i) => Number.parseInt(hex.slice(i, i + 2), 16) / 255)
      .map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const [light = 0, dark = 0] = [luminance(a), luminance(b)].sort((x, y) => y - x);
  return (light + 0.05) / (dark + 0.05);
}

test('every colour of text has a contrast of 4.5 to its ground, in both schemes', () => {
  const schemes = [...scene(BENIGN).report.matchAll(/\{ (color-scheme: light dark; )?(--ink: [^}]*--ground: [^}]*)\}/g)].map(
    (m) => Object.fromEntries([...(m[2] ?? '').matchAll(/--([\w-]+): (#[0-9a-f]{6})/g)].map((c) => [c[1], c[2]])) as Record<string, string>,
  );
  expect(schemes.length).toBe(2);
  for (const c of schemes) {
    const pairs = ['ink', 'soft', 'link', 'bad', 'warn', 'good'].flatMap((t) => [[t, 'ground'] as const, [t, 'panel'] as const]);
    for (const [text, ground] of [...pairs, ['bad', 'bad-ground'], ['warn', 'warn-ground'], ['ink', 'warn-ground']] as const)
      expect(contrast(c[text] ?? '', c[ground] ?? ''), `${text} on ${ground}`).toBeGreaterThanOrEqual(4.5);
  }
});

test('a rotation with only the risks that every rotation has is not called dangerous', () => {
  const app = desired('PamUser/app', { login: 'app', rotation: { type: 'general', initial: 'now' } }, { 'belongs-to': 'PamDatabase/db' });
  const database = desired('PamDatabase/db', { databaseType: 'postgresql', host: 'db1', port: 5432 }, { 'admin-of': 'PamUser/admin' });
  const admin = desired('PamUser/admin', { login: 'postgres' }, { 'belongs-to': 'PamDatabase/db' });
  const input = inputOf([database, admin, app], [recordOf(database), recordOf(admin, { versions: [version()] }), recordOf(app)]);
  const page = formatPlanPage(makePlan(input), { calendar: [], graph: { nodes: [], edges: [] } });
  expect(page).toContain('no-rollback');
  expect(page).toMatch(/data-kind="rotate" data-danger="no"/);
});
