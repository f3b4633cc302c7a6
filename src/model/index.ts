/**
 * Nouns of the program. Imports nothing from other rooms.
 *
 * Glossary
 * - manifest    one YAML document
 * - resource    what a manifest declares
 * - address     `Kind/name`, such as `PamUser/orders-app`
 * - link        a typed edge between resources
 * - record      what a vault keeps for a resource
 * - vault       where records and secrets rest; it is also the state (there is no second state file)
 * - snapshot    the metadata of all records at one serial, without secrets
 * - target      the live system that an account lives on
 * - provider    code that speaks to one kind of target
 * - version     one value of one secret field: pending, current, previous or candidate
 * - desired     what the manifests say; current: what the vault says
 * - change      one row of a plan; plan: the difference between desired and current; apply: carry it out
 * - drift       vault or target moved away from what was applied
 * - release     a manifest is gone: the record stays, unmanaged; retire: declared to end, may then be deleted
 * - rotation    changing a live secret; prove: log in afresh; roll forward: finish with the journalled secret
 * - journal     sealed notes on disk about rotations in flight, enough to finish or to recover each of them
 * - due         its time has come
 * - kept        said of a credential with neither resource nor configuration: stored and read, nothing to prove
 */
export * from './address.ts';
export * from './event.ts';
export * from './json.ts';
export * from './plan.ts';
export * from './record.ts';
export * from './resource.ts';
export * from './secret.ts';
