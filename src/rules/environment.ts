import type { Environment } from '@marcbachmann/cel-js';
import { compileRegex } from './regex.ts';
import { type Shape, type Subject, VARIABLES } from './variables.ts';

export type CelLibrary = typeof import('@marcbachmann/cel-js');

/** Stands in for the library's `matches`, which goes back and can take for ever: see `regex.ts`. */
export const LINEAR_MATCHES = 'matchesInLinearTime';

/** Far more than a rule that people can read. */
const LIMITS = { maxAstNodes: 500, maxDepth: 32, maxListElements: 200, maxMapEntries: 200, maxCallArguments: 16 };

export function createEnvironment(library: CelLibrary, subject: Subject): Environment {
  const environment = new library.Environment({ limits: LIMITS, enableOptionalTypes: true, homogeneousAggregateLiterals: false });
  for (const [name, type] of Object.entries(VARIABLES[subject])) {
    if (typeof type === 'string') environment.registerVariable(name, type);
    else environment.registerVariable({ name, schema: copy(type) });
  }
  const patterns = new Map<string, (text: string) => boolean>();
  environment.registerFunction(`string.${LINEAR_MATCHES}(string): bool`, (text: string, pattern: string) => {
    const test = patterns.get(pattern) ?? compileRegex(pattern);
    patterns.set(pattern, test);
    return test(text);
  });
  return environment;
}

/** The library keeps what it is given. */
function copy(shape: Shape): { [name: string]: string | ReturnType<typeof copy> } {
  return Object.fromEntries(Object.entries(shape).map(([name, type]) => [name, typeof type === 'string' ? type : copy(type)]));
}
