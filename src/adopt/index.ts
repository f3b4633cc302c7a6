/** Manifests from what targets have: which accounts (`choose`), what they are called (`names`), how they are written (`draft`, `write`). Pure. */
export { type Choice, chooseAccounts, type Verdict } from './choose.ts';
export { type DraftOptions, draftUsers } from './draft.ts';
export { createNamer, slug } from './names.ts';
export type { GivenSecret } from './source.ts';
export { type Draft, writeManifests } from './write.ts';
