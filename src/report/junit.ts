import type { Finding, FormatContext, Report } from './finding.ts';
import { placeInRepository } from './place.ts';

/**
 * JUnit XML as GitLab, Jenkins and GitHub's test reporters read it: a test case each finding, failed where its level is `error`;
 * one that passed where nothing was found, so that an empty report does not look like one that did not run. No times: the same
 * input gives the same bytes.
 */
export function formatJunit(report: Report, context: FormatContext): string {
  const suite = `pam ${report.command}`;
  const failures = report.findings.filter((f) => f.level === 'error').length;
  const count = Math.max(1, report.findings.length);
  const cases =
    report.findings.length === 0
      ? [`    <testcase ${attributes({ classname: suite, name: report.summary })}/>`]
      : report.findings.map((f) => testCase(suite, f, context));
  const counts = attributes({ name: suite, tests: String(count), failures: String(failures), errors: '0' });
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites ${counts}>`,
    `  <testsuite ${counts}>`,
    ...cases,
    '  </testsuite>',
    '</testsuites>',
  ].join('\n');
}

function testCase(suite: string, finding: Finding, context: FormatContext): string {
  const { rule, level, address, message, hint, source } = finding;
  const { file, line, column } = placeInRepository(finding, context);
  const place = source === undefined ? undefined : `${file}:${line}:${column}`;
  const name = [rule, address ?? place ?? message].join(' ');
  const body = escapeXml([message, place, hint === undefined ? undefined : `hint: ${hint}`].filter((l) => l !== undefined).join('\n'));
  const result =
    level === 'error'
      ? `<failure ${attributes({ message, type: rule })}>${body}</failure>`
      : `<system-out>${escapeXml(`${level}: `)}${body}</system-out>`;
  return `    <testcase ${attributes({ classname: suite, name, ...(source === undefined ? {} : { file }) })}>\n      ${result}\n    </testcase>`;
}

function attributes(values: Readonly<Record<string, string>>): string {
  return Object.entries(values)
    .map(([name, value]) => `${name}="${escapeXml(value).replaceAll('\n', '&#10;')}"`)
    .join(' ');
}

/** What XML 1.0 cannot hold even as a reference (https://www.w3.org/TR/xml/#charsets) becomes U+FFFD. */
function escapeXml(text: string): string {
  return text
    .replace(/\p{Cs}/gu, '\ufffd')
    .replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g, '\ufffd')
    .replace(/[&<>"'\r]/g, (c) => `&#${c.charCodeAt(0)};`);
}
