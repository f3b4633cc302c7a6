/** Resources and what they mean to each other: references resolved and checked, order fixed. */
export { type AccessEdge, type AccessGraph, type AccessNode, buildAccess, neighbourhood, restrict } from './access.ts';
export { type AccessLevel, type BlastRadius, blastRadius, type Hop } from './blast-radius.ts';
export { buildGraph } from './build-graph.ts';
export { effectivePolicy } from './effective-policy.ts';
export { connect, dependencies, order } from './graph.ts';
export { accountIdentity } from './identity.ts';
export { rotationOrder } from './rotation-order.ts';
export { targetOf, targetType } from './target.ts';
