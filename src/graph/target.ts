import type { Address, JsonObject } from '../model/index.ts';
import { kindOf } from '../model/index.ts';
import type { Target, TlsSettings } from '../providers/provider.ts';

/** Where each kind of target listens unless its resource says otherwise (IANA; KeeperPAM's port mapping). */
const DEFAULT_PORTS: Readonly<Record<string, number>> = {
  postgresql: 5432,
  mysql: 3306,
  mariadb: 3306,
  mssql: 1433,
  oracle: 1521,
  mongodb: 27017,
  ssh: 22,
  macos: 22,
  windows: 5986,
  cisco_ios_xe: 22,
  openldap: 636,
  active_directory: 636,
};

/** What speaks to the resource: the key of a provider. Null for kinds that no account lives on. */
export function targetType(address: Address, fields: JsonObject): string | null {
  switch (kindOf(address)) {
    case 'PamDatabase':
      // Keeper's `-flexible` forms name how a cloud hosts the server; the protocol is the same.
      return String(fields['databaseType'] ?? '').replace(/-flexible$/, '');
    case 'PamMachine': {
      const system = fields['operatingSystem'] ?? 'linux';
      return system === 'linux' ? 'ssh' : String(system);
    }
    case 'PamDirectory':
      return String(fields['directoryType'] ?? '');
    case 'PamConfiguration':
      return String(fields['type'] ?? '');
    case 'PamUser':
    case 'PamRemoteBrowser':
    case 'RotationPolicy':
      return null;
  }
}

/** The live system that a resource stands for; null where it has no address. Works on records and on desired resources alike. */
export function targetOf(resource: { readonly address: Address; readonly fields: JsonObject }): Target | null {
  const { address, fields } = resource;
  const type = targetType(address, fields);
  const host = fields['host'];
  if (type === null || typeof host !== 'string') return null;
  const port = fields['port'];
  return { address, type, host, port: typeof port === 'number' ? port : (DEFAULT_PORTS[type] ?? 0), tls: tlsOf(fields), fields };
}

export function tlsOf(fields: JsonObject): TlsSettings {
  const tls = (fields['tls'] ?? {}) as Partial<TlsSettings>;
  return { ...tls, mode: tls.mode ?? 'verify-full' };
}
