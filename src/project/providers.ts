import type { Capability } from '../plan/index.ts';
import type { ProviderModule } from '../providers/provider.ts';

/** What this version can rotate, by target type. `plan` reads this without loading a driver. */
export const CAPABILITIES: Readonly<Record<string, Capability>> = {
  postgresql: { provable: true, rollback: 'none', fields: ['password'] },
  ssh: { provable: true, rollback: { password: 'none', privateKey: 'overlap' }, fields: ['password', 'privateKey'] },
};

/** Loads the provider of a target type, with its driver; null where this version has none. */
export async function loadProvider(type: string): Promise<ProviderModule | null> {
  switch (type) {
    case 'postgresql':
      return (await import('../providers/postgres/index.ts')).postgresModule;
    case 'ssh':
      return (await import('../providers/ssh/index.ts')).sshModule;
    default:
      return null;
  }
}
