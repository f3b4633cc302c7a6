import type { Capability } from '../plan/index.ts';
import type { ProviderModule } from '../providers/provider.ts';

/** What this version can rotate, by target type. `plan` reads this without loading a driver. */
export const CAPABILITIES: Readonly<Record<string, Capability>> = {
  mariadb: { provable: true, rollback: 'none', fields: ['password'] },
  mysql: { provable: true, rollback: 'none', fields: ['password'] },
  postgresql: { provable: true, rollback: 'none', fields: ['password'] },
  ssh: { provable: true, rollback: { password: 'none', privateKey: 'overlap' }, fields: ['password', 'privateKey'] },
  openldap: { provable: true, rollback: 'none', fields: ['password'] },
  active_directory: { provable: true, rollback: 'none', fields: ['password'] },
};

/** Loads the provider of a target type, with its driver; null where this version has none. */
export async function loadProvider(type: string): Promise<ProviderModule | null> {
  switch (type) {
    case 'mariadb':
      return (await import('../providers/mysql/index.ts')).mariadbModule;
    case 'mysql':
      return (await import('../providers/mysql/index.ts')).mysqlModule;
    case 'postgresql':
      return (await import('../providers/postgres/index.ts')).postgresModule;
    case 'ssh':
      return (await import('../providers/ssh/index.ts')).sshModule;
    case 'openldap':
    case 'active_directory':
      return (await import('../providers/ldap/index.ts')).ldapModule;
    default:
      return null;
  }
}
