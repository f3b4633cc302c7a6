import { type Address, type JsonObject, linkOf, type Owned } from '../model/index.ts';
import type { Complexity, Schedule } from '../policy/index.ts';

/** What a RotationPolicy says; what it leaves out is absent. */
export interface EffectivePolicy {
  readonly schedule?: Schedule;
  readonly complexity?: Complexity;
  /** How many previous versions are kept. */
  readonly retain?: number;
}

type Lookup = (address: Address) => Owned | undefined;

/**
 * The policy of an account, part by part: what stands at the account itself, else in the policy that it names, else in the
 * default policy of the configuration of its resource (or of its own configuration). Empty for an account without `rotation`.
 * Works on desired resources and on records of the vault alike. The JSON is taken as checked.
 */
export function effectivePolicy(user: Owned, lookup: Lookup): EffectivePolicy {
  const rotation = user.fields['rotation'] as JsonObject | undefined;
  if (rotation === undefined) return {};
  const named = fieldsAt(rotation['policy'], lookup);
  const fallback = fieldsAt(configurationOf(user, lookup)?.fields['defaultPolicy'], lookup);
  const part = (name: keyof EffectivePolicy) => {
    const value = rotation[name] ?? named[name] ?? fallback[name];
    return value === undefined ? {} : { [name]: value };
  };
  return { ...part('schedule'), ...part('complexity'), ...part('retain') };
}

/** The configuration that an account lives in, over its resource or directly. */
function configurationOf(user: Owned, lookup: Lookup): Owned | undefined {
  const resourceAddress = linkOf(user, 'belongs-to');
  const resource = resourceAddress === undefined ? undefined : lookup(resourceAddress);
  const configuration = linkOf(user, 'iam-of') ?? (resource === undefined ? undefined : linkOf(resource, 'configured-by'));
  return configuration === undefined ? undefined : lookup(configuration);
}

function fieldsAt(address: unknown, lookup: Lookup): JsonObject {
  return typeof address === 'string' ? (lookup(address as Address)?.fields ?? {}) : {};
}
