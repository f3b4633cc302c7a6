import { Args, Flags } from '@oclif/core';
import { identityFlag, PamCommand } from '../../src/cli/command.ts';
import { addressesOf, recordAt } from '../../src/cli/records.ts';
import { PamError } from '../../src/errors/index.ts';
import { SECRET_FIELDS, type SecretField, type VaultRecord, type VersionHeader, versionIn } from '../../src/model/index.ts';
import { openVault } from '../../src/project/index.ts';

export default class SecretGet extends PamCommand {
  static override summary = 'Print a secret: into a pipe, or with --reveal onto a terminal. Every reading is audited.';
  static override description =
    'Prints the secret and one line feed. A secret that nothing has proved is refused without --allow-unproved.';
  static override examples = [
    '<%= config.bin %> <%= command.id %> PamUser/orders-app | psql-login',
    '<%= config.bin %> <%= command.id %> PamUser/orders-app --version previous --reveal',
    '<%= config.bin %> <%= command.id %> PamUser/orders-app --version pending --break-glass',
  ];
  static override args = { address: Args.string({ description: 'Such as PamUser/orders-app.', required: true }) };
  static override flags = {
    ...identityFlag,
    field: Flags.string({ description: 'Which secret of the record.', default: 'password', options: [...SECRET_FIELDS] }),
    version: Flags.string({ description: 'current, previous, pending, or the id of a version.', default: 'current', helpValue: 'VERSION' }),
    'allow-unproved': Flags.boolean({ description: 'Also if nothing has shown that it opens the account.' }),
    reveal: Flags.boolean({ description: 'Also onto a terminal.' }),
    'break-glass': Flags.boolean({ description: 'Also a version that is pending or a candidate.' }),
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(SecretGet);
    this.useFlags(flags);
    const [address] = addressesOf([args.address], 'PamUser');
    if (address === undefined) return;
    if (process.stdout.isTTY === true && !flags.reveal) {
      throw new PamError('PAM9009', `${address} is not shown on a terminal`, { hint: 'add --reveal, or send it into a pipe' });
    }
    const project = await this.openProject();
    await using vault = await openVault(project, flags.identity, process.env);
    const record = recordAt(await vault.authenticate(), project.owner, address);
    const version = findVersion(record, flags.field as SecretField, flags.version);
    this.check(record, version, flags);
    const secret = await vault.readSecret({ record: record.id, field: version.field, version: version.id });
    await vault.appendAudit([
      {
        action: 'secret.read',
        address,
        record: record.id,
        detail: { field: version.field, version: version.id, state: version.state, breakGlass: flags['break-glass'] },
      },
    ]);
    const text = secret.reveal();
    if (this.isJson) this.print({ address, field: version.field, version: version.id, state: version.state, secret: text }, '');
    else this.log(text.endsWith('\n') ? text.slice(0, -1) : text);
  }

  private check(record: VaultRecord, version: VersionHeader, flags: { 'allow-unproved': boolean; 'break-glass': boolean }): void {
    if ((version.state === 'pending' || version.state === 'candidate') && !flags['break-glass']) {
      throw new PamError('PAM9009', `version ${version.id} of ${record.address} is ${version.state}: it may not be what the account has`, {
        hint: 'add --break-glass',
      });
    }
    const kept = !record.links.some((l) => l.type === 'belongs-to' || l.type === 'iam-of');
    const provable = version.field === 'password' || version.field === 'privateKey';
    if (kept || !provable || version.proof !== undefined || flags['allow-unproved'] || flags['break-glass']) return;
    throw new PamError(
      'PAM9010',
      `nothing has proved this secret of ${record.address}${version.unproved === undefined ? '' : `: ${version.unproved}`}`,
      {
        hint: `run: pam verify ${record.address}, or add --allow-unproved`,
      },
    );
  }
}

function findVersion(record: VaultRecord, field: SecretField, wanted: string): VersionHeader {
  const ofField = record.versions.filter((v) => v.field === field);
  const found =
    wanted === 'current' || wanted === 'pending'
      ? versionIn(record, field, wanted)
      : wanted === 'previous'
        ? ofField.filter((v) => v.state === 'previous').sort((a, b) => (a.createdAt < b.createdAt ? 1 : -1))[0]
        : ofField.find((v) => v.id === wanted);
  if (found === undefined)
    throw new PamError('PAM5012', `${record.address} has no ${wanted} ${field}`, { hint: `run: pam show ${record.address}` });
  return found;
}
