import type { Address, DesiredResource, JsonObject, Link, LinkType, SourceLocation } from '../../src/model/index.ts';

const LINKS: Readonly<Record<string, LinkType>> = {
  resource: 'belongs-to',
  configuration: 'configured-by',
  adminCredential: 'admin-of',
  launchCredential: 'launches',
  autofill: 'autofills',
  services: 'serves',
};

let line = 0;

/** A resource as the manifest room makes it: link fields of the spec become links, and every field has a line of its own. */
export function resource(address: string, spec: JsonObject = {}): DesiredResource {
  line += 10;
  const source: SourceLocation = { file: 'manifests/orders.yaml', line, column: 9 };
  const isUser = address.startsWith('PamUser/');
  const links: Link[] = [];
  const fields: Record<string, unknown> = {};
  const positions: Record<string, SourceLocation> = {};
  for (const [i, [field, value]] of Object.entries(spec).entries()) {
    positions[`spec.${field}`] = { ...source, line: line + i + 1, column: 3 };
    const type = LINKS[field];
    if (type === undefined) fields[field] = value;
    else
      for (const to of Array.isArray(value) ? value : [value])
        links.push({ type: isUser && field === 'configuration' ? 'iam-of' : type, to: to as Address });
  }
  return { address: address as Address, fields: fields as JsonObject, links, inputs: {}, source, positions };
}

export const network = () => resource('PamConfiguration/onprem', { type: 'network' });

export const database = (name = 'orders-db', spec: JsonObject = {}) =>
  resource(`PamDatabase/${name}`, {
    configuration: 'PamConfiguration/onprem',
    databaseType: 'postgresql',
    host: `${name}.example.internal`,
    adminCredential: `PamUser/${name}-admin`,
    ...spec,
  });

export const admin = (name = 'orders-db', spec: JsonObject = {}) =>
  resource(`PamUser/${name}-admin`, { login: 'postgres', resource: `PamDatabase/${name}`, ...spec });

export const user = (name: string, spec: JsonObject = {}) =>
  resource(`PamUser/${name}`, { login: name, resource: 'PamDatabase/orders-db', ...spec });

export const policy = (name: string, spec: JsonObject = { schedule: { every: '30d' } }) => resource(`RotationPolicy/${name}`, spec);

/** A project that has no problem. */
export const sound = () => [network(), database(), admin()];
