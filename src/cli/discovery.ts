import { relative, resolve } from 'node:path';
import { type Choice, chooseAccounts, type DraftOptions, draftUsers, writeManifests } from '../adopt/index.ts';
import { combineErrors, PamError } from '../errors/index.ts';
import { accountIdentity } from '../graph/index.ts';
import { type Address, type Emit, kindOf, nameOf, sameOwner } from '../model/index.ts';
import { makePlan, movedEndpoints } from '../plan/index.ts';
import { createRotateContext, loadDesired, openVault, type Project, planInput, readManifests, WHOLE } from '../project/index.ts';
import { asUser, createLogins, knownAccounts, listAccounts, lookupIn } from '../rotate/index.ts';
import { resourceAt } from './records.ts';
import { stopOnSignals } from './signals.ts';

export interface DiscoveryRequest extends Pick<DraftOptions, 'takeOver'> {
  readonly project: Project;
  readonly command: string;
  readonly identity?: string | undefined;
  /** An address, or a bare name. */
  readonly resource: string;
  /** Only these; none: all that the rules and the target's own sense leave. */
  readonly logins: readonly string[];
  readonly policy?: string | undefined;
  /** The file that the manifests are for, as the user gave it. */
  readonly out?: string | undefined;
  readonly emit: Emit;
  readonly tell: (text: string) => void;
}

export interface Discovery {
  readonly resource: Address;
  readonly choices: readonly Choice[];
  /** Of what is to be added; empty where nothing is. It fits the manifests of the project. */
  readonly manifests: string;
  readonly added: number;
}

/**
 * Asks a target for its accounts, decides about each, and writes manifests of those to add: what `pam discover` and `pam adopt` share.
 * Writes nothing, neither on the target nor in the vault, spent attempts aside.
 */
export async function discover(request: DiscoveryRequest): Promise<Discovery> {
  const { project } = request;
  const desired = await loadDesired(project);
  const signals = stopOnSignals(request.tell);
  try {
    await using vault = await openVault(project, request.identity, process.env);
    const snapshot = await vault.authenticate();
    const { owner } = project;
    const resource = resourceAt(snapshot, owner, request.resource);
    const options = { narrowing: WHOLE, grants: {} };
    if (movedEndpoints(makePlan(planInput(project, desired, snapshot, new Date().toISOString(), options))).has(resource.address)) {
      // A credential is not presented to an endpoint that Git has left.
      throw new PamError('PAM4020', `the endpoint of ${resource.address} changes in Git`, { hint: 'apply that first' });
    }
    const ctx = createRotateContext(project, vault, {
      command: request.command,
      env: process.env,
      emit: request.emit,
      stop: signals.signal,
    });
    const lookup = lookupIn(snapshot, owner);
    const found = await listAccounts(ctx, createLogins(ctx), resource, lookup);
    signals.signal.throwIfAborted();
    const known = knownAccounts(snapshot, owner, desired.resources);
    const choices = chooseAccounts(found, {
      resource: resource.address,
      rules: project.file.discover?.rules ?? [],
      known: (account) => known.get(accountIdentity(asUser(resource.address, account), lookup) ?? ''),
      logins: request.logins.length === 0 ? null : new Set(request.logins),
    });
    refuseUnadoptable(request.logins, choices, resource.address);
    const there = [...desired.resources, ...snapshot.records.filter((r) => sameOwner(r.owner, owner))].map((r) => r.address);
    const drafts = draftUsers(choices, {
      resource: resource.address,
      taken: new Set(there.filter((a) => kindOf(a) === 'PamUser').map(nameOf)),
      takeOver: request.takeOver,
      ...(request.policy === undefined ? {} : { policy: request.policy }),
    });
    const manifests = writeManifests(drafts);
    // What does not fit the project (a policy that there is not) is said before anything is written.
    await loadDesired(project, [{ path: draftPath(project, request.out), text: Buffer.from(manifests) }]);
    return { resource: resource.address, choices, manifests, added: drafts.length };
  } finally {
    signals.dispose();
  }
}

/** Is the file one of those that pam.yaml names? If not, no plan will see it. */
export async function isManifest(project: Project, file: string): Promise<boolean> {
  const path = draftPath(project, file);
  return (await readManifests(project)).some((m) => m.path === path);
}

function draftPath(project: Project, out: string | undefined): string {
  return out === undefined ? '(new manifests)' : relative(project.root, resolve(out));
}

/** Whoever names an account means that one: PamError PAM9021 for each that cannot be had. */
function refuseUnadoptable(logins: readonly string[], choices: readonly Choice[], resource: Address): void {
  const problems = [...new Set(logins)].flatMap((login) => {
    const why = whyNot(
      choices.find((c) => c.found.login === login),
      resource,
    );
    if (why === null) return [];
    return [new PamError('PAM9021', `${JSON.stringify(login)} cannot be adopted: ${why}`, { hint: `run: pam discover ${resource}` })];
  });
  if (problems.length > 0) throw combineErrors(problems);
}

/** Null: it can be adopted. */
function whyNot(choice: Choice | undefined, resource: Address): string | null {
  switch (choice?.verdict) {
    case undefined:
      return `${resource} has no account of that name`;
    case 'managed':
      return `it is declared already: ${choice?.address}`;
    case 'released':
      return `its record is released: bring the manifest of ${choice?.address} back`;
    case 'unnameable':
      return 'no manifest can spell its name';
    default:
      return null;
  }
}
