import { describe, expect, test } from 'vitest';
import { freezeBounds, loadProjectFile } from '../../src/manifest/index.ts';

const load = (text: string) => loadProjectFile('pam.yaml', Buffer.from(text));
const FULL = `# the project of the orders team
apiVersion: pam/v1
project: orders
vault: { type: local, path: .pam/vault.db, lineage: 4f9b3c1e-6d52-4a0e-9a43-0c7f2b6f3e11, durable: true }
journal: { type: local, path: /srv/pam/journal }
manifests: [manifests/**/*.yaml, "!manifests/old/**"]
environments:
  prod:
    vault: { type: postgres, url: { fromEnv: PAM_VAULT_URL }, tls: { ca: ca.pem } }
    journal: { type: postgres, url: "postgres://pam@journal.example.internal/pam" }
  later:
    vault: { type: keeper, config: { fromFile: ksm.json } }
limits:
  rotate: { max: 100, percent: 50, kinds: { PamUser: { max: 50 } } }
  soleAdmin: { max: 0 }
freeze:
  - { from: 2027-12-20, to: 2028-01-02, reason: year-end closing }
  - { from: "2027-06-01T18:00:00+02:00", to: "2027-06-02T06:00:00Z", reason: move }
allowCommands: [[op, read, "*"]]
drift:
  accept: [{ address: PamUser/old, reason: leaves with the server, until: 2027-03-31 }]
`;

describe('pam.yaml', () => {
  test('is read with every setting', () => {
    const { project, problems } = load(FULL);
    expect(problems).toEqual([]);
    expect(project?.environments?.['prod']?.vault).toEqual({ type: 'postgres', url: { fromEnv: 'PAM_VAULT_URL' }, tls: { ca: 'ca.pem' } });
    expect(project?.freeze?.[0]?.from).toBe('2027-12-20');
  });

  test('needs a project and a vault only', () => {
    expect(load('project: a\nvault: { type: local }\n').project).toEqual({ project: 'a', vault: { type: 'local' } });
  });

  test.each([
    ['an empty file', 'PAM1010', '‸'],
    ['a second document', 'PAM1010', 'project: a\nvault: { type: local }\n‸---\nproject: b\n'],
    ['text that is no YAML', 'PAM1001', 'project: ‸"a\nvault: { type: local }\n'],
    ['a list', 'PAM1015', '‸- project: a\n'],
    ['no project', 'PAM1014', '‸vault: { type: local }\n'],
    ['no vault', 'PAM1014', '‸project: a\n'],
    ['an unknown setting', 'PAM1013', 'project: a\nvault: { type: local }\n‸manifest: [a]\n'],
    ['an unknown setting of an environment', 'PAM1013', 'project: a\nvault: { type: local }\nenvironments: { prod: { ‸project: b } }\n'],
    ['an environment in capitals', 'PAM1017', 'project: a\nvault: { type: local }\nenvironments: { ‸Prod: {} }\n'],
    ['a vault of no type', 'PAM1014', 'project: a\n‸vault: { path: a }\n'],
    ['a vault of an unknown type', 'PAM1016', 'project: a\nvault: { type: ‸sqlite }\n'],
    ['a setting of another vault', 'PAM1013', 'project: a\nvault: { type: local, ‸url: { fromEnv: A } }\n'],
    ['a vault without its URL', 'PAM1014', 'project: a\n‸vault: { type: postgres }\n'],
    ['a lineage that is none', 'PAM1017', 'project: a\nvault: { type: local, lineage: ‸abc }\n'],
    ['a URL with its password', 'PAM1020', 'project: a\nvault: { type: postgres, url: ‸"postgres://pam:hunter2@db/pam" }\n'],
    [
      'a URL with its password in an environment',
      'PAM1020',
      'project: a\nvault: { type: local }\nenvironments: { x: { journal: { type: postgres, url: ‸"postgres://pam:hunter2@db/pam" } } }\n',
    ],
    ['a password', 'PAM1020', 'project: a\nvault: { type: local, password: ‸hunter2 }\n'],
    ['the configuration of Keeper itself', 'PAM1020', 'project: a\nvault: { type: keeper, config: ‸hunter2 }\n'],
    ['a URL of another kind', 'PAM1017', 'project: a\nvault: { type: postgres, url: ‸"mysql://db/pam" }\n'],
    ['a limit below zero', 'PAM1017', 'project: a\nvault: { type: local }\nlimits: { rotate: { max: ‸-1 } }\n'],
    ['a limit of nothing', 'PAM1017', 'project: a\nvault: { type: local }\nlimits: { rotate: ‸{} }\n'],
    ['a limit of an unknown action', 'PAM1013', 'project: a\nvault: { type: local }\nlimits: { ‸rotation: { max: 1 } }\n'],
    ['no manifests', 'PAM1017', 'project: a\nvault: { type: local }\nmanifests: ‸[]\n'],
    ['manifests that are no list', 'PAM1015', 'project: a\nvault: { type: local }\nmanifests: ‸manifests/*.yaml\n'],
    ['a freeze without a reason', 'PAM1014', 'project: a\nvault: { type: local }\nfreeze: [‸{ from: 2027-01-01, to: 2027-01-02 }]\n'],
    [
      'a freeze that ends before it begins',
      'PAM1030',
      'project: a\nvault: { type: local }\nfreeze: [{ from: 2027-01-02, to: ‸2027-01-01, reason: x }]\n',
    ],
    [
      'a freeze on a day that there is not',
      'PAM1030',
      'project: a\nvault: { type: local }\nfreeze: [{ from: ‸2027-02-30, to: 2027-03-01, reason: x }]\n',
    ],
    [
      'a freeze without its offset',
      'PAM1017',
      'project: a\nvault: { type: local }\nfreeze: [{ from: ‸"2027-01-01T00:00:00", to: 2027-03-01, reason: x }]\n',
    ],
    [
      'a day of acceptance that there is not',
      'PAM1030',
      'project: a\nvault: { type: local }\ndrift: { accept: [{ address: PamUser/a, reason: x, until: ‸2027-13-01 }] }\n',
    ],
    [
      'an address of no kind',
      'PAM1017',
      'project: a\nvault: { type: local }\ndrift: { accept: [{ address: ‸User/a, reason: x, until: 2027-01-01 }] }\n',
    ],
    ['a command that is a text', 'PAM1015', 'project: a\nvault: { type: local }\nallowCommands: [‸op read]\n'],
    ['policies that are a list', 'PAM1015', 'project: a\nvault: { type: local }\npolicies: ‸[a.yaml]\n'],
    [
      'a severity that there is not',
      'PAM1016',
      'project: a\nvault: { type: local }\npolicies: { rules: { longest-period: { severity: ‸fatal } } }\n',
    ],
    [
      'a parameter of another rule',
      'PAM1013',
      'project: a\nvault: { type: local }\npolicies: { rules: { every-user-rotates: { ‸max: 3 } } }\n',
    ],
    [
      'a period that is no duration',
      'PAM1030',
      'project: a\nvault: { type: local }\npolicies: { rules: { longest-period: { max: ‸1h2d } } }\n',
    ],
    ['a key that stands twice', 'PAM1004', 'project: a\nvault: { type: local }\n‸project: b\n'],
  ])('with %s is refused at its place', (_, code, text) => {
    const before = text.slice(0, text.indexOf('‸')).split('\n');
    const { project, problems } = load(text.replace('‸', ''));
    expect(project).toBeNull();
    expect(problems.map((p) => ({ code: p.code, ...p.source }))).toEqual([
      { code, file: 'pam.yaml', line: before.length, column: (before.at(-1) ?? '').length + 1 },
    ]);
    expect(JSON.stringify(problems.map((p) => [p, p.frame]))).not.toContain('hunter2');
  });
});

test('a freeze of days holds its last day in full', () => {
  expect(freezeBounds({ from: '2027-12-20', to: '2027-12-20', reason: 'x' })).toEqual({
    from: Date.UTC(2027, 11, 20),
    to: Date.UTC(2027, 11, 21),
  });
});
