/** The kinds of resource a manifest can declare. Order is the order of documentation, not of work. */
export const KINDS = [
  'PamConfiguration',
  'PamMachine',
  'PamDatabase',
  'PamDirectory',
  'PamRemoteBrowser',
  'PamUser',
  'RotationPolicy',
] as const;

export type Kind = (typeof KINDS)[number];

/** `Kind/name`, such as `PamUser/orders-app`: unique within one project and environment. */
export type Address = `${Kind}/${string}`;

/** `metadata.name`: lower-case letters, digits, `-`, `_` and `.`, starting and ending with a letter or digit, at most 128 long. */
export const NAME_PATTERN = /^[a-z0-9](?:[a-z0-9._-]{0,126}[a-z0-9])?$/;

export function formatAddress(kind: Kind, name: string): Address {
  return `${kind}/${name}`;
}

/** Splits an address; null when the text is not one (unknown kind, malformed name). */
export function parseAddress(text: string): { kind: Kind; name: string } | null {
  const slash = text.indexOf('/');
  const kind = text.slice(0, slash);
  const name = text.slice(slash + 1);
  if (slash < 0 || !isKind(kind) || !NAME_PATTERN.test(name)) return null;
  return { kind, name };
}

export function isKind(text: string): text is Kind {
  return (KINDS as readonly string[]).includes(text);
}

export function kindOf(address: Address): Kind {
  return address.slice(0, address.indexOf('/')) as Kind;
}

export function nameOf(address: Address): string {
  return address.slice(address.indexOf('/') + 1);
}
