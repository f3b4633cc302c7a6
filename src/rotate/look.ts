import { type Code, isPamError } from '../errors/index.ts';
import { targetOf } from '../graph/index.ts';
import { type Address, kindOf, linkOf, type SecretField, type Snapshot, type VaultRecord, versionIn } from '../model/index.ts';
import type { Finding } from '../plan/index.ts';
import { canDiscover, type Provider } from '../providers/provider.ts';
import type { RotateContext } from './context.ts';
import { findUndeclared, type KnownAccount } from './coverage.ts';
import { REFUSED, REFUSED_BEFORE, tellProof, tellSighting } from './live-findings.ts';
import type { Logins } from './logins.ts';
import { proveOnly } from './prove-only.ts';
import { sightAccount } from './sighting.ts';
import { describeSubject, type Lookup, loginField } from './subject.ts';

export interface LookOptions {
  /** Which accounts are asked for. */
  isWanted(address: Address): boolean;
  /** Resources whose endpoint changes in Git: a credential is not presented to the old one any more. */
  readonly moving: ReadonlySet<Address>;
  /** Logs in with each stored secret, inside the attempt budget. */
  readonly prove: boolean;
  /** Asks each target for all of its accounts, and tells those that are not among these (`knownAccounts`). */
  readonly coverage?: ReadonlyMap<string, KnownAccount>;
  /** Targets at once. */
  readonly parallelism: number;
}

export interface LiveReport {
  /** Targets that let the administrator in. */
  readonly targets: number;
  /** Accounts that were seen there. */
  readonly accounts: number;
  /** Accounts that were logged in to with what is stored, and opened. */
  readonly proved: number;
  readonly findings: readonly Finding[];
  /** What could not be looked at: nothing is known of it. */
  readonly unseen: readonly { readonly address: Address; readonly code: Code; readonly message: string }[];
  /** What is no finding. */
  readonly notes: readonly { readonly address: Address; readonly message: string }[];
}

interface Tally {
  targets: number;
  accounts: number;
  proved: number;
  findings: Finding[];
  unseen: { address: Address; code: Code; message: string }[];
  notes: { address: Address; message: string }[];
}

/**
 * Looks at the managed accounts on their targets: one session of its administrator for each target. Nothing is written, to vault, journal
 * or target; logins are spent as everywhere, and of the accounts themselves with `prove` only. Never rejects for what a target answers.
 */
export async function lookAtTargets(
  ctx: RotateContext,
  logins: Logins,
  snapshot: Snapshot,
  lookup: Lookup,
  options: LookOptions,
): Promise<LiveReport> {
  const tally: Tally = { targets: 0, accounts: 0, proved: 0, findings: [], unseen: [], notes: [] };
  const waiting = [...groupByResource(snapshot, lookup, options)];
  const work = async () => {
    for (let next = waiting.shift(); next !== undefined && !ctx.stop.aborted; next = waiting.shift())
      await lookAtTarget(ctx, logins, lookup, options, tally, ...next);
  };
  await Promise.all(Array.from({ length: Math.min(options.parallelism, waiting.length) }, work));
  const byAddress = (a: { address: Address }, b: { address: Address }) => (a.address < b.address ? -1 : a.address > b.address ? 1 : 0);
  return { ...tally, unseen: tally.unseen.sort(byAddress), notes: tally.notes.sort(byAddress) };
}

function groupByResource(snapshot: Snapshot, lookup: Lookup, options: LookOptions): Map<Address, VaultRecord[]> {
  const groups = new Map<Address, VaultRecord[]>();
  for (const record of [...snapshot.records].sort((a, b) => (a.address < b.address ? -1 : 1))) {
    const resource = linkOf(record, 'belongs-to');
    if (resource === undefined || lookup(record.address)?.id !== record.id || !isLookedAt(record) || !options.isWanted(record.address))
      continue;
    groups.set(resource, [...(groups.get(resource) ?? []), record]);
  }
  if (options.coverage !== undefined)
    for (const { id, address, status, links } of snapshot.records) {
      const isTarget = status === 'managed' && links.some((l) => l.type === 'admin-of') && !groups.has(address);
      if (isTarget && lookup(address)?.id === id && options.isWanted(address)) groups.set(address, []);
    }
  return groups;
}

/** A retired account is on its way out, so that nothing about it is a surprise. */
function isLookedAt(record: VaultRecord): boolean {
  const lifecycle = record.fields['lifecycle'] as { retire?: boolean } | undefined;
  return kindOf(record.address) === 'PamUser' && record.status === 'managed' && lifecycle?.retire !== true;
}

async function lookAtTarget(
  ctx: RotateContext,
  logins: Logins,
  lookup: Lookup,
  options: LookOptions,
  tally: Tally,
  resource: Address,
  accounts: readonly VaultRecord[],
): Promise<void> {
  const noteAll = (message: string) => tally.notes.push(...accounts.map(({ address }) => ({ address, message })));
  if (options.moving.has(resource)) {
    noteAll(`not looked at: the endpoint of ${resource} changes in Git; apply that first`);
    return;
  }
  const opened = await openAdmin(ctx, logins, lookup, options, tally, resource, accounts);
  try {
    if (opened.session !== null && options.coverage !== undefined) await cover(opened.session, lookup, tally, resource, options.coverage);
    for (const record of accounts) {
      if (ctx.stop.aborted) return;
      const before = tally.findings.length;
      const isThere = opened.session === null || (await lookAtAccount(ctx, logins, opened.session, lookup, tally, record, opened.admin));
      if (!isThere) {
        const [message, code] = ['the connection broke before it was looked at', 'PAM6001'] as const;
        tally.unseen.push(...accounts.slice(accounts.indexOf(record) + 1).map(({ address }) => ({ address, code, message })));
        return;
      }
      const moved = tally.findings.slice(before).some((f) => f.what !== 'key-added' && f.what !== 'unlocked' && f.what !== 'enabled');
      // To log in to what is known to be shut, or with what is known to be wrong, would only spend the login.
      if (options.prove && opened.canProve && !moved) await proveAccount(ctx, logins, lookup, tally, record);
    }
  } finally {
    await close(opened.session);
  }
}

async function close(session: Provider | null): Promise<void> {
  try {
    await session?.[Symbol.asyncDispose]();
  } catch {
    // A session that cannot be closed any more is closed.
  }
}

/** The one session of the administrator; where there is none, it is said why for every account. */
async function openAdmin(
  ctx: RotateContext,
  logins: Logins,
  lookup: Lookup,
  options: LookOptions,
  tally: Tally,
  resource: Address,
  accounts: readonly VaultRecord[],
): Promise<{ readonly session: Provider | null; readonly admin: Address | undefined; readonly canProve: boolean }> {
  const [first] = accounts;
  const record = lookup(resource);
  const adminAddress = record === undefined ? undefined : linkOf(record, 'admin-of');
  const admin = adminAddress === undefined ? undefined : lookup(adminAddress);
  const concerned = [...accounts.map((a) => a.address), ...(options.coverage === undefined ? [] : [resource])];
  const none = (message: string, canProve: boolean) => {
    tally.notes.push(...concerned.map((address) => ({ address, message })));
    return { session: null, admin: adminAddress, canProve };
  };
  const unseen = (code: Code, message: string, canProve: boolean) => {
    tally.unseen.push(...concerned.map((address) => ({ address, code, message })));
    return { session: null, admin: adminAddress, canProve };
  };
  if (record === undefined) return unseen('PAM4007', `${resource} has no record`, false);
  const target = targetOf(record);
  if (target === null || (await ctx.provider(target.type)) === null)
    return none('cannot be inspected: this version has no provider for its target', false);
  if (admin === undefined)
    return none('cannot be inspected without a login, as its resource has no admin credential; --prove logs in', true);
  try {
    const subject = { ...describeSubject(first ?? admin, lookup), target, actor: { type: 'admin', record: admin } as const };
    const session = await logins.openActor(subject);
    tally.targets++;
    return { session, admin: adminAddress, canProve: true };
  } catch (error) {
    if (!isPamError(error)) throw error;
    const isRefused = error.code === 'PAM6003' || error.code === 'PAM4003';
    if (isRefused) {
      const message = error.code === 'PAM6003' ? REFUSED : REFUSED_BEFORE;
      tally.findings.push({ class: 'drift', address: admin.address, what: 'secret-refused', message: `${message} (on ${resource})` });
    }
    // Who cannot be reached, or is not the one that is trusted, is not asked again account by account.
    return unseen(error.code, error.message, isRefused || error.code === 'PAM4004' || error.code === 'PAM4008');
  }
}

/** What the target has and nobody declares. */
async function cover(
  session: Provider,
  lookup: Lookup,
  tally: Tally,
  address: Address,
  known: ReadonlyMap<string, KnownAccount>,
): Promise<void> {
  const record = lookup(address);
  if (record === undefined) return;
  if (!canDiscover(session)) {
    tally.notes.push({ address, message: 'its accounts cannot be listed' });
    return;
  }
  try {
    tally.findings.push(...(await findUndeclared(session, record, lookup, known)));
  } catch (error) {
    if (!isPamError(error)) throw error;
    tally.unseen.push({ address, code: error.code, message: error.message });
  }
}

/** False when the target is not to be reached any more. */
async function lookAtAccount(
  ctx: RotateContext,
  logins: Logins,
  session: Provider,
  lookup: Lookup,
  tally: Tally,
  { id, address }: VaultRecord,
  admin: Address | undefined,
): Promise<boolean> {
  try {
    const sighting = await sightAccount(ctx, logins, session, id, lookup);
    if (sighting === null) return true;
    tally.accounts++;
    // The session itself has just shown the secret of the administrator.
    const { findings, notes } = tellSighting(sighting, { isShown: address === admin });
    tally.findings.push(...findings);
    tally.notes.push(...notes.map((message) => ({ address, message })));
    return true;
  } catch (error) {
    if (!isPamError(error)) throw error;
    tally.unseen.push({ address, code: error.code, message: error.message });
    return error.code !== 'PAM6001' && error.code !== 'PAM6002';
  }
}

async function proveAccount(ctx: RotateContext, logins: Logins, lookup: Lookup, tally: Tally, record: VaultRecord): Promise<void> {
  const { id, address } = record;
  const field: SecretField = loginField(record);
  if (versionIn(record, field, 'current') === undefined) return;
  if (record.rotation.active !== undefined || record.rotation.quarantined !== undefined) {
    tally.notes.push({ address, message: 'not proved: pam recover comes first' });
    return;
  }
  try {
    const proved = await proveOnly(ctx, logins, id, lookup, field);
    if (proved === null) return;
    if (proved.proof.answer === 'accepted') tally.proved++;
    const { findings, notes, unseen } = tellProof(address, field, proved.proof, proved.current.unproved !== undefined);
    tally.findings.push(...findings);
    tally.notes.push(...notes.map((message) => ({ address, message })));
    if (unseen !== undefined) tally.unseen.push({ address, code: unseen.code, message: unseen.message });
  } catch (error) {
    if (!isPamError(error)) throw error;
    tally.unseen.push({ address, code: error.code, message: error.message });
  }
}
