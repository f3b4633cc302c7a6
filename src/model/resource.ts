import type { Address } from './address.ts';
import { hashJson, type JsonObject } from './json.ts';

/** Where a value was written: a file as the user named it (relative to the project), 1-based line and column. */
export interface SourceLocation {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

export const LINK_TYPES = ['belongs-to', 'iam-of', 'admin-of', 'launches', 'autofills', 'configured-by', 'serves'] as const;
export type LinkType = (typeof LINK_TYPES)[number];

/** A typed edge; the resource that carries it is its start. */
export interface Link {
  readonly type: LinkType;
  readonly to: Address;
}

/**
 * A write-only source of a secret. It is read by `apply` only, and again only when `version` rises.
 * Exactly one of the three is set. `fromFile` is relative to the manifest, stored here as an absolute path or as written.
 */
export interface InputSource {
  readonly fromEnv?: string;
  readonly fromFile?: string;
  /** An argv array; pam.yaml must allow-list it. */
  readonly fromCommand?: readonly string[];
  readonly version: number;
}

/** The secret fields that a kind may have. `oneTimeCode` holds an otpauth URL. */
export const SECRET_FIELDS = [
  'password',
  'privateKey',
  'privateKeyPassphrase',
  'oneTimeCode',
  'accessKeyId',
  'accessSecretKey',
  'clientSecret',
  'serviceAccountKey',
  'adminPrivateKey',
] as const;
export type SecretField = (typeof SECRET_FIELDS)[number];

/**
 * What a manifest declares and what a record keeps: one type for both, so that they are compared in one place (`plan/diff.ts`).
 *
 * `fields` is the spec without links and write-only inputs, with `metadata: { folder?, title?, labels? }` and
 * `lifecycle: { protect?, retire? }` beside it. References that are fields (`policy`, `defaultPolicy`,
 * `reconcileCredential`, `via`) stand in it as full addresses. Files that a field names (`tls.ca`) stand in it as their content.
 * `links` are sorted by type, then address.
 */
export interface Owned {
  readonly fields: JsonObject;
  readonly links: readonly Link[];
}

/** A resource as declared, after validation and resolution of its references. */
export interface DesiredResource extends Owned {
  readonly address: Address;
  readonly inputs: Readonly<Partial<Record<SecretField, InputSource>>>;
  /** `metadata.moved.from`: the address that this resource had before. */
  readonly movedFrom?: Address;
  readonly source: SourceLocation;
  /** Positions of single fields by dotted path (`spec.rotation.policy`), for errors and for rows of a plan. */
  readonly positions?: Readonly<Record<string, SourceLocation>>;
}

/** Hash of what a manifest owns on a record: the precondition that rows of a plan carry. */
export function hashOwned(owned: Owned): string {
  return hashJson({ fields: owned.fields, links: sortLinks(owned.links) });
}

export function sortLinks(links: readonly Link[]): readonly Link[] {
  return [...links].sort((a, b) => compareText(a.type, b.type) || compareText(a.to, b.to));
}

/** Code-unit order: the same on every machine and locale, as "same inputs, same bytes" needs. */
export function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

export function linkOf(owned: Owned, type: LinkType): Address | undefined {
  return owned.links.find((link) => link.type === type)?.to;
}
