import type { PamError } from '../errors/index.ts';
import { type Address, formatAddress, isKind, type Kind, type LinkType, type SourceLocation } from '../model/index.ts';
import { closest } from '../policy/index.ts';
import { problemAt, type SourceFile, type Span } from './source.ts';

/** Fields of a spec that are links: `fields` of a resource does not repeat them. `kinds`: what a bare name can mean. */
export const LINK_FIELDS: Readonly<Record<string, { readonly type: LinkType; readonly kinds: readonly Kind[] }>> = {
  configuration: { type: 'configured-by', kinds: ['PamConfiguration'] },
  resource: { type: 'belongs-to', kinds: ['PamMachine', 'PamDatabase', 'PamDirectory'] },
  adminCredential: { type: 'admin-of', kinds: ['PamUser'] },
  launchCredential: { type: 'launches', kinds: ['PamUser'] },
  autofill: { type: 'autofills', kinds: ['PamUser'] },
  services: { type: 'serves', kinds: ['PamMachine'] },
};

/** Fields that name a resource and stay fields, as full addresses. */
export const REFERENCE_FIELDS: Readonly<Record<string, Kind>> = {
  defaultPolicy: 'RotationPolicy',
  reconcileCredential: 'PamUser',
  via: 'PamMachine',
};

/** The address that a reference means where a bare name can mean one kind only. The schema has checked its form. */
export function resolveReference(reference: string, kind: Kind): Address {
  return reference.includes('/') ? (reference as Address) : formatAddress(kind, reference);
}

/** Addresses that the manifests declare, and where. */
export class Names {
  readonly #byAddress = new Map<Address, SourceLocation>();
  /** Looking for similar names takes time in proportion to the project: after so many misses the cause is another one. */
  #suggestions = 100;

  /** False where the address is taken. */
  add(address: Address, at: SourceLocation): boolean {
    if (this.#byAddress.has(address)) return false;
    this.#byAddress.set(address, at);
    return true;
  }

  has(address: Address): boolean {
    return this.#byAddress.has(address);
  }

  /** `manifests/orders.yaml:8`. */
  placeOf(address: Address): string {
    const at = this.#byAddress.get(address);
    return at === undefined ? 'no manifest' : `${at.file}:${at.line}`;
  }

  #describe(address: Address): string {
    return `${address} (${this.placeOf(address)})`;
  }

  /**
   * Finds what a bare `resource:` means: the one machine, database or directory of that name. Where none has it (PAM1042) or
   * several have it (PAM1021), it is a problem, and the address is the best guess.
   */
  resolveBare(name: string, label: string, source: SourceFile, span: Span): { address: Address; problem?: PamError } {
    const kinds = LINK_FIELDS['resource']?.kinds ?? [];
    const fitting = kinds.map((kind) => formatAddress(kind, name)).filter((address) => this.#byAddress.has(address));
    const [address = formatAddress('PamMachine', name)] = fitting;
    if (fitting.length === 1) return { address };
    if (fitting.length > 1) {
      const message = `${label}: spec.resource fits ${fitting.map((a) => this.#describe(a)).join(' and ')}`;
      return { address, problem: problemAt(source, span, 'PAM1021', message, { hint: `write ${fitting.join(' or ')}` }) };
    }
    const near = this.#suggestResource(name, kinds);
    const hint = near === undefined ? 'write Kind/name, and declare it in a manifest' : `did you mean ${this.#describe(near)}?`;
    return { address, problem: problemAt(source, span, 'PAM1042', `${label} links to a resource that no manifest declares`, { hint }) };
  }

  #suggestResource(name: string, kinds: readonly Kind[]): Address | undefined {
    if (this.#suggestions-- <= 0) return undefined;
    const byName = new Map<string, Address>();
    for (const address of this.#byAddress.keys()) {
      const [kind = '', itsName = ''] = address.split('/');
      if (isKind(kind) && kinds.includes(kind)) byName.set(itsName, address);
    }
    const near = closest(name, byName.keys());
    return near === null ? undefined : byName.get(near);
  }
}
