import type { Finding, FormatContext, Level, Report } from './finding.ts';
import { placeInRepository } from './place.ts';

const COMMANDS: Readonly<Record<Level, string>> = { error: 'error', warning: 'warning', note: 'notice' };

/**
 * Workflow commands (https://docs.github.com/actions/reference/workflows-and-actions/workflow-commands): each finding is an
 * annotation, the summary a notice. Everything that comes from manifests is escaped, so that no value can be a command of its own.
 */
export function formatGithub(report: Report, context: FormatContext): string {
  const lines = report.findings.map((finding) => annotation(finding, context));
  return [...lines, `::notice title=${escapeProperty(`pam ${report.command}`)}::${escapeData(report.summary)}`].join('\n');
}

function annotation(finding: Finding, context: FormatContext): string {
  const { rule, level, address, message, hint, source } = finding;
  const place = placeInRepository(finding, context);
  const properties = {
    ...(source === undefined ? {} : { file: place.file, line: String(place.line), col: String(place.column) }),
    title: address === undefined ? rule : `${rule} ${address}`,
  };
  const list = Object.entries(properties).map(([name, value]) => `${name}=${escapeProperty(value)}`);
  return `::${COMMANDS[level]} ${list.join(',')}::${escapeData(hint === undefined ? message : `${message}\nhint: ${hint}`)}`;
}

/** As the runner takes it back: https://github.com/actions/toolkit/blob/main/packages/core/src/command.ts */
function escapeData(text: string): string {
  return text.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A');
}

function escapeProperty(text: string): string {
  return escapeData(text).replaceAll(':', '%3A').replaceAll(',', '%2C');
}
