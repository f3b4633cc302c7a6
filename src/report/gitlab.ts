import type { Change } from '../model/index.ts';
import type { FormatContext, Level, Report } from './finding.ts';
import { fingerprints } from './fingerprint.ts';
import { placeInRepository } from './place.ts';

const SEVERITIES: Readonly<Record<Level, string>> = { error: 'major', warning: 'minor', note: 'info' };

/** Code Quality (https://docs.gitlab.com/ci/testing/code_quality/): for `artifacts: { reports: { codequality: FILE } }`. */
export function formatGitlab(report: Report, context: FormatContext): string {
  const prints = fingerprints(report.findings);
  const issues = report.findings.map((finding, i) => {
    const { file, line } = placeInRepository(finding, context);
    const { address, message, hint } = finding;
    const subject = address === undefined || message.includes(address) ? '' : `${address}: `;
    return {
      description: `${subject}${message}${hint === undefined ? '' : ` (${hint})`}`,
      check_name: finding.rule,
      fingerprint: prints[i],
      severity: SEVERITIES[finding.level],
      location: { path: file, lines: { begin: line } },
    };
  });
  return JSON.stringify(issues, null, 2);
}

/**
 * The widget of a merge request that GitLab has for Terraform: for `artifacts: { reports: { terraform: FILE } }`. It knows three
 * numbers, so a release counts as a deletion and all that changes something that is there as an update. Null without a plan.
 */
export function formatGitlabTerraform({ plan }: Report): string | null {
  if (plan === undefined) return null;
  const counts = { create: 0, update: 0, delete: 0 };
  for (const change of plan.changes) counts[actionOf(change)]++;
  return JSON.stringify(counts, null, 2);
}

function actionOf({ kind }: Change): 'create' | 'update' | 'delete' {
  if (kind === 'create') return 'create';
  return kind === 'delete' || kind === 'release' ? 'delete' : 'update';
}
