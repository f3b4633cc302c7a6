import { mkdtempSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildSync } from 'esbuild';

type Parser = typeof import('@actions/workflow-parser');

/**
 * What GitHub's own parser (https://github.com/actions/languageservices) finds wrong with a workflow: keys, values, expressions and the
 * contexts that they may use. It is bundled first: as published it imports JSON in a way that Node does not take.
 */
export async function loadWorkflowParser(): Promise<(name: string, content: string) => Promise<readonly string[]>> {
  const folder = mkdtempSync(join(tmpdir(), 'pam-parser-'));
  const outfile = join(folder, 'parser.cjs');
  buildSync({
    stdin: { contents: "export * from '@actions/workflow-parser';", resolveDir: import.meta.dirname },
    bundle: true,
    outfile,
    format: 'cjs',
    platform: 'node',
    logLevel: 'error',
  });
  const { parseWorkflow, convertWorkflowTemplate, NoOperationTraceWriter } = createRequire(import.meta.url)(outfile) as Parser;
  rmSync(folder, { recursive: true });
  return async (name, content) => {
    const { context, value } = parseWorkflow({ name, content }, new NoOperationTraceWriter());
    const converted = value === undefined ? undefined : await convertWorkflowTemplate(context, value);
    return [...new Set([...context.errors.getErrors().map((e) => e.message), ...(converted?.errors ?? []).map((e) => e.Message)])];
  };
}
