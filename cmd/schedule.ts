import { Args, Flags } from '@oclif/core';
import { PamCommand } from '../src/cli/command.ts';
import { parseInstant } from '../src/cli/plan-flags.ts';
import { addressesOf, recordAt } from '../src/cli/records.ts';
import { combineErrors, PamError } from '../src/errors/index.ts';
import { effectivePolicy } from '../src/graph/index.ts';
import type { JsonObject } from '../src/model/index.ts';
import { checkSchedule, describeSchedule, listTimes, type Schedule } from '../src/policy/index.ts';
import { openReader } from '../src/project/index.ts';
import { formatTable } from '../src/report/index.ts';
import { lookupIn } from '../src/rotate/index.ts';

export default class ScheduleCommand extends PamCommand {
  static override summary = 'Show the next times of an account, or of a cron expression.';
  static override examples = [
    '<%= config.bin %> <%= command.id %> PamUser/orders-app',
    '<%= config.bin %> <%= command.id %> --cron "0 0 3 ? * SUN#1" --timezone Europe/Berlin --count 3',
  ];
  static override args = { address: Args.string({ description: 'An account on record.' }) };
  static override flags = {
    cron: Flags.string({ description: 'A Quartz expression (6 or 7 fields).', helpValue: 'EXPR' }),
    timezone: Flags.string({ description: 'IANA zone of --cron; UTC unless told.', helpValue: 'TZ', dependsOn: ['cron'] }),
    from: Flags.string({ description: 'Times after this instant; now unless told.', helpValue: 'INSTANT' }),
    count: Flags.integer({ description: 'How many.', default: 5, min: 1, max: 10_000 }),
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(ScheduleCommand);
    this.useFlags(flags);
    if ((args.address === undefined) === (flags.cron === undefined))
      throw new PamError('PAM9001', 'give an address, or --cron', { hint: 'such as: pam schedule PamUser/orders-app' });
    const from = flags.from === undefined ? new Date().toISOString() : parseInstant(flags.from, '--from');
    const { schedule, anchor, key } =
      flags.cron === undefined
        ? await this.fromRecord(args.address ?? '')
        : { schedule: fromCron(flags.cron, flags.timezone), anchor: undefined, key: undefined };
    const next = listTimes(schedule, from, flags.count, {
      ...(anchor === undefined ? {} : { anchor }),
      ...(key === undefined ? {} : { key }),
    });
    const zone = schedule.timezone ?? 'UTC';
    const rows = next.map((at) => [at, localTime(at, zone)]);
    this.print(
      { schedule: describeSchedule(schedule), timezone: zone, next },
      `${describeSchedule(schedule)}\n${rows.length === 0 ? 'No more times.' : formatTable(['UTC', zone], rows)}`,
    );
  }

  private async fromRecord(text: string): Promise<{ schedule: Schedule; anchor: string | undefined; key: string | undefined }> {
    const project = await this.openProject();
    await using reader = await openReader(project);
    const snapshot = await reader.snapshot();
    const [address] = addressesOf([text], 'PamUser');
    if (address === undefined) throw new PamError('PAM9001', 'no address');
    const record = recordAt(snapshot, project.owner, address);
    const { schedule } = effectivePolicy(record, lookupIn(snapshot, project.owner));
    if (schedule === undefined)
      throw new PamError('PAM9008', `${address} has no schedule`, { hint: 'set rotation.policy, or rotation.schedule' });
    return {
      schedule,
      anchor: record.rotation.lastRotatedAt ?? record.rotation.anchorAt,
      key: schedule.jitter === undefined ? undefined : record.id,
    };
  }
}

function fromCron(cron: string, timezone: string | undefined): Schedule {
  const json: JsonObject = { cron, ...(timezone === undefined ? {} : { timezone }) };
  const problems = checkSchedule(json).filter((p) => p.severity !== 'warning');
  if (problems.length > 0)
    throw combineErrors(
      problems.map((p) => new PamError('PAM9001', `--${p.path || 'cron'}: ${p.message}`, p.hint === undefined ? {} : { hint: p.hint })),
    );
  return json as unknown as Schedule;
}

function localTime(at: string, zone: string): string {
  return new Intl.DateTimeFormat('sv-SE', { timeZone: zone, dateStyle: 'short', timeStyle: 'medium' }).format(new Date(at));
}
