/** `npm run simulate -- --steps N --seed S`: the deterministic simulation of `test/simulation`, outside of the tests. */
import { runTestProgram } from './run-test-program.mjs';

process.exitCode = await runTestProgram('test/simulation/main.ts', process.argv.slice(2));
