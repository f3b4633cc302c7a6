/** Resources and what they mean to each other: references resolved and checked, order fixed. */
export { type BuiltGraph, buildGraph } from './build-graph.ts';
export { type EffectivePolicy, effectivePolicy } from './effective-policy.ts';
export { connect, dependencies, type Graph, order } from './graph.ts';
export { accountIdentity } from './identity.ts';
export type { GraphOptions } from './problems.ts';
export type { Node } from './references.ts';
export { rotationOrder } from './rotation-order.ts';
export { targetOf, targetType } from './target.ts';
