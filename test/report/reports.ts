import type { Address, Change, Plan, PolicyFinding, Risk } from '../../src/model/index.ts';
import { summarize } from '../../src/plan/index.ts';
import type { Finding, FormatContext, Report } from '../../src/report/index.ts';
import { planFindings } from '../../src/report/index.ts';
import { NOW, OWNER } from '../plan/fixtures.ts';

export const CONTEXT: FormatContext = {
  version: '1.2.3',
  prefix: 'infra/',
  maxBytes: 65_536,
  stream: 'stream-1',
  explain: (code) => (code === 'PAM2010' ? { title: 'a limit is exceeded', explanation: 'Raise it.' } : undefined),
};

export function reportOf(findings: readonly Finding[], more: Partial<Report> = {}): Report {
  return { command: 'validate', owner: OWNER, findings, document: { valid: true }, text: 'text', summary: '1 error.', exit: 8, ...more };
}

export function planOf(
  changes: readonly Change[],
  more: { readonly risks?: readonly Risk[]; readonly findings?: readonly PolicyFinding[]; readonly narrowing?: Plan['narrowing'] } = {},
): Plan {
  return {
    formatVersion: 1,
    owner: OWNER,
    lineage: 'lineage-1',
    serial: 7,
    asOf: NOW,
    manifestDigest: 'digest',
    narrowing: { targets: [], excludes: [], files: [] },
    grants: {},
    changes,
    risks: [],
    findings: [],
    unmanaged: [],
    summary: summarize(changes, 3),
    digest: `sha256:${'a'.repeat(64)}`,
    ...more,
  };
}

export function planReport(plan: Plan): Report {
  return reportOf(planFindings(plan, new Map()), { command: 'plan', document: plan, plan, summary: 'Plan.', exit: 0 });
}

const row = (kind: string, address: Address, line?: number) => ({
  id: `${kind} ${address}`,
  address,
  dependsOn: [],
  precondition: 'absent',
  ...(line === undefined ? {} : { source: { file: 'manifests/a.yaml', line, column: 9 } }),
});
const name = (prefix: string, i: number): Address => `PamUser/${prefix}-${String(i).padStart(4, '0')}`;

export const create = (i: number, after = {}): Change => ({
  ...row('create', name('new', i), i + 1),
  kind: 'create',
  after: { login: `new_${i}`, rotation: { type: 'general', policy: 'RotationPolicy/monthly' }, ...after },
});
export const release = (i: number): Change => ({ ...row('release', name('gone', i)), kind: 'release' });
export const relink = (i: number): Change => ({
  ...row('relink', name('moved', i), i + 1),
  kind: 'relink',
  link: { type: 'belongs-to', to: 'PamDatabase/new-db' },
  from: 'PamDatabase/old-db',
});
export const rotate = (i: number): Change => ({
  ...row('rotate', name('old', i), i + 1),
  kind: 'rotate',
  field: 'password',
  reason: { type: 'due', dueAt: NOW },
  currentVersion: null,
});

const times = <T>(n: number, make: (i: number) => T) => Array.from({ length: n }, (_, i) => make(i));

/** The one that a reviewer must not miss anything in: five dangerous rows among more than a thousand. */
export function bigPlan(more: { readonly blockCreates?: boolean } = {}): Plan {
  const blocked = { code: 'PAM2010', reason: '1000 rows of create exceed the limit of 100' };
  const creates = times(1000, (i) => create(i)).map((c) => (more.blockCreates === true ? { ...c, blocked } : c));
  const rotations = times(50, rotate);
  const risks = rotations.map((r): Risk => ({ code: 'no-rollback', address: r.address, message: 'the old secret stops working at once' }));
  // The dangerous ones last, as the order of work may have it.
  return planOf([...creates, ...rotations, ...times(2, relink), ...times(3, release)], { risks });
}
