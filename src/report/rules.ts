import type { RiskCode } from '../model/index.ts';
import type { DriftClass } from '../plan/index.ts';
import type { FormatContext, RuleInfo } from './finding.ts';

/** One line each, without a full stop, as the titles of codes are. */
const RISKS: Readonly<Record<RiskCode, string>> = {
  'new-endpoint': 'a stored credential will be presented to a new endpoint',
  'sole-admin': 'the only administrator of its own resource is rotated',
  unprovable: 'the target offers no proof of a login',
  'no-rollback': 'the old secret stops working at once',
  'unlisted-consumers': 'no consumers are listed',
  'plaintext-transport': 'credentials are sent in the clear',
  'weaker-policy': 'the policy asks for less than before',
  'weak-secret': 'the current secret is weaker than its policy',
  'key-slots-full': 'no room for a second key',
  'no-credential': 'no credential is stored yet',
  'runs-command': 'a command runs to read a secret',
  'stricter-policy': 'the policy asks for more than before',
  'lower-input-version': 'the version of an input is below the one that was read',
  'past-run-once': 'a single rotation lies in the past',
  'wrong-clock': 'a rotation is on record that is yet to come',
};

const DRIFT: Readonly<Record<DriftClass, string>> = {
  drift: 'the vault or the target moved away from what was applied',
  pending: 'the manifests moved, and nobody has applied them',
  overdue: 'the time of a rotation has passed',
  unmanaged: 'a record that no manifest declares, and nobody acknowledged',
  unproved: 'nothing has shown that the stored secret opens the account',
};

const NAMED: ReadonlyMap<string, RuleInfo> = new Map([
  ...Object.entries(RISKS).map(([name, title]) => [`risk/${name}`, { title }] as const),
  ...Object.entries(DRIFT).map(([name, title]) => [`drift/${name}`, { title }] as const),
  ['drift/note', { title: 'what a look at the targets came by, and is no drift' }],
  ['verify/moved', { title: 'the target refuses the stored secret' }],
  ['fmt/layout', { title: 'the manifest is not laid out in the canonical way' }],
]);

/** A rule that neither pam nor the table knows (a policy of the project) is called by its id. */
export function ruleInfo(rule: string, context: FormatContext): RuleInfo {
  return context.explain(rule) ?? NAMED.get(rule) ?? { title: rule };
}
