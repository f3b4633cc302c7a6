import { PamError } from '../errors/index.ts';
import {
  type Address,
  type DesiredResource,
  formatAddress,
  isKind,
  type Kind,
  kindOf,
  type Owner,
  parseAddress,
  type Snapshot,
  sameOwner,
  type VaultRecord,
} from '../model/index.ts';
import type { Desired } from '../project/index.ts';

/** Checks addresses of the command line; a bare name means `kind`. PamError PAM9001. */
export function addressesOf(texts: readonly string[], kind: Kind): readonly Address[] {
  return texts.map((text) => {
    const address = text.includes('/') ? text : `${kind}/${text}`;
    const parsed = parseAddress(address);
    if (parsed === null) {
      const given = address.slice(0, address.indexOf('/'));
      throw new PamError('PAM9001', `${text} is no address`, {
        hint: isKind(given) ? 'names are lower-case letters, digits, - _ .' : 'such as PamUser/orders-app',
      });
    }
    return address as Address;
  });
}

/** What the records themselves declare: for commands that work without manifests. */
export function desiredFromRecords(snapshot: Snapshot, owner: Owner): Desired {
  const source = { file: 'vault', line: 1, column: 1 };
  const resources = snapshot.records
    .filter((r) => sameOwner(r.owner, owner) && r.status === 'managed')
    .map((r): DesiredResource => ({ address: r.address, fields: r.fields, links: r.links, inputs: {}, source }));
  return { resources, warnings: [], digest: '' };
}

/** The record of an address; PamError PAM9008 when the owner has none. */
export function recordAt(snapshot: Snapshot, owner: Owner, address: Address): VaultRecord {
  const record = snapshot.records.find((r) => r.address === address && sameOwner(r.owner, owner));
  if (record === undefined)
    throw new PamError('PAM9008', `there is no record of ${address} in ${owner.project}/${owner.environment}`, { hint: 'run: pam list' });
  return record;
}

/** What accounts live on, by its address or its bare name. PamError PAM9001 where several have the name, PAM9008 where nothing has it. */
export function resourceAt(snapshot: Snapshot, owner: Owner, text: string): VaultRecord {
  const kinds: readonly Kind[] = ['PamDatabase', 'PamMachine', 'PamDirectory'];
  if (text.includes('/')) {
    const [address] = addressesOf([text], 'PamDatabase');
    if (address === undefined || !kinds.includes(kindOf(address)))
      throw new PamError('PAM9001', `no accounts live on ${text}`, { hint: `give a ${kinds.join(', ')}` });
    return recordAt(snapshot, owner, address);
  }
  const found = snapshot.records.filter((r) => sameOwner(r.owner, owner) && kinds.some((kind) => r.address === formatAddress(kind, text)));
  if (found.length > 1)
    throw new PamError('PAM9001', `${text} may be one of several`, { hint: `give ${found.map((r) => r.address).join(' or ')}` });
  return found[0] ?? recordAt(snapshot, owner, formatAddress('PamDatabase', text));
}
