/** Files to resources: YAML with places, schemas, names. `load.ts` tells the whole of it in one function. */
export { allows } from './checks.ts';
export { type Formatted, formatManifest } from './format.ts';
export { type LoadedManifests, type LoadOptions, loadManifests, type ManifestFile } from './load.ts';
export { freezeBounds, type LoadedProjectFile, loadProjectFile, momentMs } from './project-file.ts';
export {
  type InlineManifest,
  type LoadedPolicyTests,
  type LoadedRuleFile,
  loadPolicyTests,
  loadRuleFile,
  type PolicyTest,
} from './rule-files.ts';
export { OTHER_SCHEMAS, OUTPUT_SCHEMAS, type SchemaName, schemaFor } from './schema.ts';
export { namesSecret } from './sensitive.ts';
export { type LoadedSnapshotFile, loadSnapshotFile } from './snapshot-file.ts';
export type { ErrorAt } from './typed-document.ts';
export type * from './types.gen.ts';
