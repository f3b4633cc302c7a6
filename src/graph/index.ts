/** Resources and what they mean to each other: references resolved and checked, order fixed. */
export { buildGraph } from './build-graph.ts';
export { effectivePolicy } from './effective-policy.ts';
export { connect, dependencies, order } from './graph.ts';
export { accountIdentity } from './identity.ts';
export { rotationOrder } from './rotation-order.ts';
export { targetOf, targetType } from './target.ts';
