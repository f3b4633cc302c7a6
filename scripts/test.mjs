/**
 * `npm test`: installs the servers that the tests need where it may (Debian, root), builds, runs the whole suite and says loudly
 * which servers could not be had. With PAM_TEST_REQUIRE=1 (as in .ci/run) a missing server fails the run.
 * Arguments go to vitest: `npm test -- test/plan`.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

process.chdir(new URL('..', import.meta.url).pathname);
const folder = mkdtempSync(join(tmpdir(), 'pam-test-'));
const report = join(folder, 'report.json');
const missing = join(folder, 'missing');
const env = { ...process.env, PAM_TEST_MISSING: missing };

spawnSync('sh', ['test/servers/install.sh'], { stdio: 'inherit' });
let status = run(process.execPath, ['scripts/build.mjs', '--fast']);
if (status === 0) {
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile=${report}`];
  status = run(process.execPath, ['node_modules/vitest/vitest.mjs', 'run', ...reporters, ...process.argv.slice(2)]);
}
const counts = readCounts();
const absent = readLines(missing);
rmSync(folder, { recursive: true, force: true });
if (absent.length > 0) {
  process.stdout.write(`\n!!! SERVERS THAT ARE NOT HERE, whose suites did not run:\n${absent.map((line) => `!!!   ${line}`).join('\n')}\n`);
}
process.stdout.write(`\n${counts.passed} passed, ${counts.failed} failed${counts.skipped > 0 ? `, ${counts.skipped} skipped` : ''}\n`);
process.exitCode = status === 0 && counts.failed === 0 && counts.passed > 0 ? 0 : 1;

function run(command, args) {
  return spawnSync(command, args, { stdio: 'inherit', env }).status ?? 1;
}

function readCounts() {
  try {
    const json = JSON.parse(readFileSync(report, 'utf8'));
    // A file that could not be loaded has no tests to count, and is a failure all the same.
    const broken = json.testResults.filter((file) => file.status === 'failed' && file.assertionResults.length === 0).length;
    return { passed: json.numPassedTests, failed: json.numFailedTests + broken, skipped: json.numPendingTests + json.numTodoTests };
  } catch {
    return { passed: 0, failed: 1, skipped: 0 };
  }
}

function readLines(path) {
  try {
    return [...new Set(readFileSync(path, 'utf8').split('\n').filter(Boolean))].sort();
  } catch {
    return [];
  }
}
