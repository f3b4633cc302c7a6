import type { DesiredResource, VaultRecord } from '../../src/model/index.ts';
import type { PlanInput } from '../../src/plan/index.ts';
import { NOW, OWNER, snapshotOf } from '../plan/fixtures.ts';

/** The input of a plan over these resources and records, at the moment of the fixtures. */
export function inputOf(
  resources: readonly DesiredResource[],
  records: readonly VaultRecord[],
  { refused = [] }: { refused?: readonly string[] } = {},
): PlanInput<VaultRecord> {
  return {
    owner: OWNER,
    desired: resources,
    manifestDigest: 'digest',
    snapshot: snapshotOf(records, { refusedVersions: refused }),
    asOf: NOW,
    narrowing: { targets: [], excludes: [], files: [] },
    grants: {},
    limits: {},
    freezes: [],
    capabilities: { postgresql: { provable: true, rollback: 'none', fields: ['password'] } },
  };
}

/** What tries to leave the place that it was put in: markup, quotes, comments, CSS, shells, entities, directions, broken surrogates. */
export const NASTY: readonly string[] = [
  '</script><script>alert(1)</script>',
  '"><img src=x onerror=alert(1)>',
  "' onmouseover='alert(1)",
  '<!-- --> ]]> <![CDATA[',
  '&lt;b&gt; &amp; &#60;',
  '</style><style>*{display:none}</style>',
  '</svg></title></table></details>',
  '"]\n  n9["x"] -->|"y"| n0\nclick n0 "https://example.com"',
  '"; n0 -> n9; "\\" \\',
  '`$(id)`#quot;#35;%%{init: {}}%%',
  'safe\u202egnp.exe\u2066\u200b\u0000\u001b[31m\ud800',
  '💣é漢字',
];
