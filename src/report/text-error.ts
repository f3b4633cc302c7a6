import type { PamError } from '../errors/index.ts';
import type { Paint } from './paint.ts';

/**
 * The text form of an error, with its place, frame and hint:
 *
 *     error[PAM1042]: PamUser/orders-app links to a resource that no manifest declares
 *       --> manifests/orders.yaml:31:13
 *     31 |   resource: PamDatabase/order-db
 *        |             ^^^^^^^^^^^^^^^^^^^^
 *     hint: did you mean PamDatabase/orders-db (manifests/orders.yaml:8)?
 */
export function formatError(error: PamError, paint: Paint, level: 'error' | 'warning' = 'error'): string {
  const color = level === 'error' ? paint.red : paint.yellow;
  const lines = [`${color(paint.bold(`${level}[${error.code}]`))}: ${error.message}`];
  const { source, frame } = error;
  if (source !== undefined) lines.push(`  ${paint.dim('-->')} ${source.file}:${source.line}:${source.column}`);
  if (source !== undefined && frame !== undefined) {
    const number = String(source.line);
    const margin = ' '.repeat(number.length);
    lines.push(`${paint.dim(`${number} |`)} ${frame.text}`);
    lines.push(`${paint.dim(`${margin} |`)} ${' '.repeat(Math.max(0, source.column - 1))}${color('^'.repeat(Math.max(1, frame.length)))}`);
  }
  if (error.hint !== undefined) lines.push(`${paint.cyan('hint')}: ${error.hint}`);
  return lines.join('\n');
}

/** The error and all that came with it, and how many there are. */
export function formatErrors(error: PamError, paint: Paint): string {
  const all = [error, ...error.others];
  const text = all.map((e) => formatError(e, paint)).join('\n\n');
  return all.length === 1 ? text : `${text}\n\n${all.length} errors`;
}

export function errorsToJson(error: PamError): readonly Record<string, unknown>[] {
  return [error, ...error.others].map((e) => e.toJSON());
}
