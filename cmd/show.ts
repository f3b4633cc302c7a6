import { existsSync } from 'node:fs';
import { Args } from '@oclif/core';
import { PamCommand } from '../src/cli/command.ts';
import { addressesOf, recordAt } from '../src/cli/records.ts';
import { readSavedPlan } from '../src/cli/saved-plan.ts';
import { parseAddress, sameOwner } from '../src/model/index.ts';
import { nextRotation } from '../src/plan/index.ts';
import { openReader } from '../src/project/index.ts';
import { formatPlan, formatRecord } from '../src/report/index.ts';
import { lookupIn } from '../src/rotate/index.ts';

export default class Show extends PamCommand {
  static override summary = 'Show a record, all of them, or a saved plan. Never a secret.';
  static override examples = ['<%= config.bin %> <%= command.id %> PamUser/orders-app', '<%= config.bin %> <%= command.id %> plan.json'];
  static override args = { what: Args.string({ description: 'An address, or the file of a saved plan.' }) };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(Show);
    this.useFlags(flags);
    const { what } = args;
    if (what !== undefined && parseAddress(what) === null && existsSync(what)) {
      const plan = await readSavedPlan(what);
      return this.print(plan, formatPlan(plan, this.paint(process.stdout)));
    }
    const project = await this.openProject();
    await using reader = await openReader(project);
    const snapshot = await reader.snapshot();
    const paint = this.paint(process.stdout);
    const lookup = lookupIn(snapshot, project.owner);
    if (what === undefined) {
      const records = snapshot.records.filter((r) => sameOwner(r.owner, project.owner));
      return this.print(
        { records },
        records.length === 0 ? 'No records.' : records.map((r) => formatRecord(r, nextRotation(r, lookup), paint)).join('\n\n'),
      );
    }
    const [address] = addressesOf([what], 'PamUser');
    if (address === undefined) return;
    const record = recordAt(snapshot, project.owner, address);
    this.print(record, formatRecord(record, nextRotation(record, lookup), paint));
  }
}
