import { Args, Flags } from '@oclif/core';
import { PamCommand } from '../src/cli/command.ts';
import { loadProjectRules, runPolicyTests } from '../src/project/index.ts';
import { formatPolicyTests, formatRules } from '../src/report/index.ts';
import { describeVariables } from '../src/rules/index.ts';

const SUBJECTS = ['resource', 'change', 'link', 'plan'] as const;

export default class Test extends PamCommand {
  static override summary = 'Test the policies: given these manifests, exactly these findings. No vault, no network.';
  static override description =
    `Runs the files of policies.tests in pam.yaml (policies/tests/**/*.yaml where it is left out), or the files and folders that are given. A
finding that no test expects fails it as well. With --list it shows every rule, built in or from a file, and what expressions may use.`;
  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> policies/tests/naming.yaml --json',
    '<%= config.bin %> <%= command.id %> --list',
  ];
  static override strict = false;
  static override args = { path: Args.string({ description: 'A file of tests, or a folder of them. May be given again.' }) };
  static override flags = { list: Flags.boolean({ description: 'Show the rules and their variables instead.' }) };

  async run(): Promise<void> {
    const { argv, flags } = await this.parse(Test);
    this.useFlags(flags);
    const project = await this.openProject();
    const rules = await loadProjectRules(project, { always: true });
    if (flags.list) {
      const variables = Object.fromEntries(SUBJECTS.map((on) => [on, describeVariables(on)]));
      const list = rules.map(({ id, description, on, severity, origin, params }) => ({ id, description, on, severity, origin, params }));
      return this.print({ rules: list, variables }, formatRules(rules, variables, this.paint(process.stdout)));
    }
    const results = await runPolicyTests(project, rules, argv as string[]);
    const exit = results.every((r) => r.passed) ? 0 : 1;
    this.setExit(exit);
    this.print({ tests: results, exit }, formatPolicyTests(results, this.paint(process.stdout)));
  }
}
