import { readFileSync } from 'node:fs';
import { leaveMemoryOutOfCoreDumps } from './core-dump.ts';

const arguments_ = process.argv.slice(2);

if (arguments_.length === 1 && ['--version', '-v', 'version'].includes(arguments_[0] ?? '')) {
  // Answered before oclif is loaded: editors and pipelines ask this often.
  const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as { version: string };
  process.stdout.write(`pam ${version}\n`);
} else {
  leaveMemoryOutOfCoreDumps();
  const { main } = await import('./program.ts');
  await main(arguments_);
}
