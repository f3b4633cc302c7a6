import { Flags } from '@oclif/core';
import { filesFlag, formatFlag, PamCommand } from '../src/cli/command.ts';
import { addressesOf, desiredFromRecords } from '../src/cli/records.ts';
import { PamError } from '../src/errors/index.ts';
import { type AccessGraph, blastRadius, buildAccess, connect, neighbourhood, restrict } from '../src/graph/index.ts';
import type { Address, DesiredResource } from '../src/model/index.ts';
import { loadDesired, openReader } from '../src/project/index.ts';
import { formatDot, formatGraph, formatGraphPage, formatMermaid, formatSvg, type GraphPicture } from '../src/report/index.ts';

export default class Graph extends PamCommand {
  static override summary = 'Show who administers what, and what one stolen credential opens.';
  static override description =
    `Reads the manifests; with --recorded the records of the vault instead. Needs no key. The blast radius follows what is declared:
administrators, launch and reconcile credentials, accounts that an administrator can reset, services that run with a credential.`;
  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> --blast-radius PamUser/orders-admin',
    '<%= config.bin %> <%= command.id %> --focus PamDatabase/orders-db --depth 1 --format mermaid',
    '<%= config.bin %> <%= command.id %> --format html > graph.html',
  ];
  static override flags = {
    ...filesFlag,
    format: formatFlag(['mermaid', 'dot', 'svg', 'html']),
    focus: Flags.string({ description: 'Only what lies around this address.', helpValue: 'ADDRESS', exclusive: ['blast-radius'] }),
    depth: Flags.integer({ description: 'How many steps around --focus.', default: 2, min: 1, max: 100 }),
    'blast-radius': Flags.string({ description: 'What a thief of this credential can open, step by step.', helpValue: 'ADDRESS' }),
    recorded: Flags.boolean({ description: 'What the vault has on record, instead of the manifests.', exclusive: ['file'] }),
  };

  async run(): Promise<void> {
    const { flags } = await this.parse(Graph);
    this.useFlags(flags);
    const resources = await this.readResources(flags.recorded, flags.file);
    const whole = buildAccess(resources);
    const [focus] = addressesIn(whole, flags.focus);
    const [stolen] = addressesIn(whole, flags['blast-radius']);
    if (stolen !== undefined) {
      const radius = blastRadius(connect(resources), stolen);
      const graph = restrict(whole, new Set([stolen, ...radius.hops.map((h) => h.address)]));
      return this.show({ graph, radius }, flags.format, `Blast radius of ${stolen}`);
    }
    const graph = focus === undefined ? whole : neighbourhood(whole, [focus], flags.depth);
    const marks = focus === undefined ? {} : { marks: new Map([[focus, 'focus']]) };
    this.show({ graph, ...marks }, flags.format, focus === undefined ? 'Who has power over what' : `Around ${focus}`);
  }

  private async readResources(recorded: boolean, files: readonly string[] | undefined): Promise<readonly DesiredResource[]> {
    const project = await this.openProject(files);
    if (!recorded) return (await loadDesired(project)).resources;
    await using reader = await openReader(project);
    return desiredFromRecords(await reader.snapshot(), project.owner).resources;
  }

  private show(picture: GraphPicture, format: string | undefined, title: string): void {
    const data = { ...picture.graph, ...(picture.radius === undefined ? {} : { blastRadius: picture.radius }) };
    this.print(
      data,
      draw(picture, format, title, data, () => formatGraph(picture, this.paint(process.stdout))),
    );
  }
}

function draw(picture: GraphPicture, format: string | undefined, title: string, data: unknown, text: () => string): string {
  switch (format) {
    case 'mermaid':
      return formatMermaid(picture);
    case 'dot':
      return formatDot(picture);
    case 'svg':
      return formatSvg(picture, title);
    case 'html':
      return formatGraphPage(picture, title, data);
    default:
      return text();
  }
}

/** The address that a flag names, which must be in the graph. PamError PAM9001, PAM2014. */
function addressesIn(graph: AccessGraph, text: string | undefined): readonly Address[] {
  const [address] = addressesOf(text === undefined ? [] : [text], 'PamUser');
  if (address === undefined) return [];
  if (address.startsWith('RotationPolicy/'))
    throw new PamError('PAM9001', `${address} is not in the graph: a policy opens nothing`, { hint: 'give an account or a resource' });
  if (!graph.nodes.some((n) => n.address === address))
    throw new PamError('PAM2014', `no manifest declares ${address}, and there is no record of it`, { hint: 'run: pam graph' });
  return [address];
}
