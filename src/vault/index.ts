export { createSealer } from './age.ts';
export { verifyAuditChain } from './audit-chain.ts';
export {
  generateIdentity,
  type KeyPair,
  parseIdentities,
  readIdentityFile,
  recipientOf,
  writeIdentityFile,
} from './identity.ts';
export { realTimers, type Timers } from './timers.ts';
export type * from './vault.ts';
