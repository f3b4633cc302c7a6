import type { Finding, FormatContext, Report } from './finding.ts';
import { fingerprints } from './fingerprint.ts';
import { placeInRepository } from './place.ts';
import { ruleInfo } from './rules.ts';

/**
 * SARIF 2.1.0 (https://docs.oasis-open.org/sarif/sarif/v2.1.0/): one run, a rule for each code that was found. URIs are relative
 * to the top of the repository, and each result has a place, as code scanning asks of both.
 */
export function formatSarif(report: Report, context: FormatContext): string {
  const rules = [...new Set(report.findings.map((f) => f.rule))].sort();
  const prints = fingerprints(report.findings);
  const log = {
    $schema: 'https://json.schemastore.org/sarif-2.1.0.json',
    version: '2.1.0',
    runs: [
      {
        tool: { driver: { name: 'pam', version: context.version, rules: rules.map((id) => ruleOf(id, context)) } },
        // Tells the results of one project and environment from those of another in the same repository.
        automationDetails: { id: `pam/${report.command}/${report.owner?.project ?? '-'}/${report.owner?.environment ?? '-'}/` },
        invocations: [{ executionSuccessful: ![1, 5, 6, 8, 130].includes(report.exit), exitCode: report.exit }],
        columnKind: 'utf16CodeUnits',
        results: report.findings.map((finding, i) => ({
          ruleId: finding.rule,
          ruleIndex: rules.indexOf(finding.rule),
          level: finding.level,
          message: { text: textOf(finding) },
          locations: [{ physicalLocation: physicalLocation(finding, context), ...logicalLocation(finding) }],
          partialFingerprints: { 'pamFinding/v1': prints[i] },
        })),
      },
    ],
  };
  return JSON.stringify(log, null, 2);
}

function ruleOf(id: string, context: FormatContext): object {
  const { title, explanation } = ruleInfo(id, context);
  return {
    id,
    shortDescription: { text: title },
    ...(explanation === undefined ? {} : { fullDescription: { text: explanation }, help: { text: explanation } }),
  };
}

function textOf({ address, message, hint }: Finding): string {
  const subject = address === undefined || message.includes(address) ? '' : `${address}: `;
  return `${subject}${message}${hint === undefined ? '' : `\nhint: ${hint}`}`;
}

function physicalLocation(finding: Finding, context: FormatContext): object {
  const { file, line, column } = placeInRepository(finding, context);
  return {
    artifactLocation: { uri: file.split('/').map(encodeURIComponent).join('/') },
    region: { startLine: line, startColumn: column },
  };
}

function logicalLocation({ address }: Finding): object {
  return address === undefined ? {} : { logicalLocations: [{ fullyQualifiedName: address, kind: 'resource' }] };
}
