import type { FormatContext, Report } from './finding.ts';
import { formatGithub } from './github.ts';
import { formatGitlab, formatGitlabTerraform } from './gitlab.ts';
import { formatPlanPage } from './html/plan-page.ts';
import { formatJsonl } from './jsonl.ts';
import { formatJunit } from './junit.ts';
import { formatMarkdown } from './markdown.ts';
import { formatSarif } from './sarif.ts';

interface Format {
  /** Of the file in `--out-dir`, behind the name of the command. */
  readonly extension: string;
  /** Null where the report has nothing for the format: a widget that counts a plan, and no plan. */
  readonly render: (report: Report, context: FormatContext) => string | null;
}

/** Every format of the commands that list findings: a new one is a line here and a file. */
export const FORMATS = {
  text: { extension: 'txt', render: (report) => report.text },
  json: { extension: 'json', render: (report) => JSON.stringify(report.document, null, 2) },
  jsonl: { extension: 'jsonl', render: (report, context) => formatJsonl(report, context) },
  markdown: { extension: 'md', render: formatMarkdown },
  sarif: { extension: 'sarif', render: formatSarif },
  junit: { extension: 'junit.xml', render: formatJunit },
  github: { extension: 'github.txt', render: formatGithub },
  gitlab: { extension: 'gitlab.json', render: formatGitlab },
  'gitlab-terraform': { extension: 'gitlab-terraform.json', render: formatGitlabTerraform },
  html: {
    extension: 'html',
    render: ({ plan, page }) => (plan === undefined || page === undefined ? null : formatPlanPage(plan, page)),
  },
} as const satisfies Record<string, Format>;

type FormatName = keyof typeof FORMATS;

const FORMAT_NAMES = Object.keys(FORMATS) as readonly FormatName[];

/** Those of every command that lists findings; the others show a plan. */
export const COMMON_FORMATS = FORMAT_NAMES.filter((name) => name !== 'gitlab-terraform' && name !== 'html');

/** The files of `--out-dir`, by name: `plan.json`, `plan.md`, …; null where a file of an earlier run is to go. */
export function formatAll(report: Report, context: FormatContext): readonly (readonly [string, string | null])[] {
  const name = report.command.replaceAll(' ', '-');
  return FORMAT_NAMES.map((format) => [`${name}.${FORMATS[format].extension}`, FORMATS[format].render(report, context)]);
}

export function isFormat(text: string): text is FormatName {
  return Object.hasOwn(FORMATS, text);
}
