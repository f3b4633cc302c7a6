import { Flags } from '@oclif/core';
import { identityFlag, PamCommand } from '../src/cli/command.ts';
import { type DiscoveryRequest, discover, isManifest } from '../src/cli/discovery.ts';
import { refuseExisting, writeNew } from '../src/cli/write-result.ts';
import { PamError } from '../src/errors/index.ts';
import { choicesToJson, formatChoices } from '../src/report/index.ts';

export default class Adopt extends PamCommand {
  static override summary = 'Write manifests that take accounts of a target under management.';
  static override description =
    `Without a LOGIN, all accounts that \`pam discover\` would add. Their secrets come from you (--from-env, --from-file: {login} and {name}
stand for those of the account): apply proves each by a login, and nothing is rotated. Or (--reset) the administrator of the resource sets
new ones, each by a row of the plan. Nothing happens here but that a file is made: look at it, then run pam plan and pam apply.`;
  static override examples = [
    '<%= config.bin %> <%= command.id %> orders-db legacy_report --from-env "ORDERS_{login}"',
    '<%= config.bin %> <%= command.id %> orders-db --from-file "/run/secrets/{login}" --policy monthly',
    '<%= config.bin %> <%= command.id %> PamDatabase/orders-db legacy_report --reset --out manifests/adopted.yaml',
  ];
  static override usage = '<%= command.id %> RESOURCE [LOGIN...]';
  static override strict = false;
  static override flags = {
    ...identityFlag,
    'from-env': Flags.string({
      description: 'The environment variable of apply that holds the secret: DB_{login} becomes DB_ORDERS_APP.',
      helpValue: 'TEMPLATE',
    }),
    'from-file': Flags.string({
      description: 'The file that holds the secret, relative to the manifest.',
      helpValue: 'TEMPLATE',
    }),
    reset: Flags.boolean({ description: 'The administrator sets a new secret (rotation.initial: now).' }),
    field: Flags.string({ description: 'The secret that is given or reset.', options: ['password', 'privateKey'], default: 'password' }),
    policy: Flags.string({ description: 'The RotationPolicy of all of them; first at its next scheduled time.', helpValue: 'NAME' }),
    out: Flags.string({ description: 'The file to make; stdout where it is left out.', helpValue: 'FILE' }),
  };

  async run(): Promise<void> {
    const { argv, flags } = await this.parse(Adopt);
    this.useFlags(flags);
    const [resourceText, ...logins] = argv as string[];
    if (resourceText === undefined)
      throw new PamError('PAM9001', 'give the resource whose accounts are to be adopted', { hint: 'such as: pam adopt orders-db --reset' });
    const takeOver = takeOverOf(flags);
    const { out } = flags;
    if (out !== undefined) await refuseExisting(out);
    const project = await this.openProject();
    const { resource, choices, manifests, added } = await discover({
      project,
      command: 'adopt',
      identity: flags.identity,
      resource: resourceText,
      logins,
      takeOver,
      policy: flags.policy,
      out,
      emit: this.emit,
      tell: (text) => this.tell(text),
    });
    const isMade = out !== undefined && added > 0;
    if (isMade) await writeNew(out, manifests);
    if (!this.isJson) this.tell(formatChoices(resource, choices));
    const document = { resource, accounts: choicesToJson(choices), manifests, out: isMade ? out : null, exit: 0 };
    if (isMade) this.print(document, `Wrote ${added} ${added === 1 ? 'manifest' : 'manifests'} to ${out}. Next: pam plan`);
    else if (this.isJson || added > 0) this.print(document, manifests.trimEnd());
    if (isMade && !(await isManifest(project, out)))
      this.tell(`warning: ${out} is not among the manifests of pam.yaml: no plan will see it`);
  }
}

/** PamError PAM9001 where not exactly one way is given. */
function takeOverOf(flags: {
  readonly 'from-env'?: string | undefined;
  readonly 'from-file'?: string | undefined;
  readonly reset: boolean;
  readonly field: string;
}): DiscoveryRequest['takeOver'] {
  const field = flags.field as 'password' | 'privateKey';
  const ways = [
    ...(flags['from-env'] === undefined ? [] : [{ field, from: 'fromEnv' as const, template: flags['from-env'] }]),
    ...(flags['from-file'] === undefined ? [] : [{ field, from: 'fromFile' as const, template: flags['from-file'] }]),
    ...(flags.reset ? [{ reset: field }] : []),
  ];
  const [way, second] = ways;
  if (way === undefined || second !== undefined)
    throw new PamError('PAM9001', 'say how the accounts are taken over: one of --from-env, --from-file, --reset', {
      hint: 'pam discover makes manifests that only name them',
    });
  return way;
}
