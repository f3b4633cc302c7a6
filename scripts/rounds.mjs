/** `npm run rounds -- --rounds N --seed S`: kills of the built program at random moments, on real servers (as root). */
import { runTestProgram } from './run-test-program.mjs';

process.exitCode = await runTestProgram('test/rounds/main.ts', process.argv.slice(2));
