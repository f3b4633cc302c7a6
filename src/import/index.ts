/** Manifests from the files of other programs. `project.ts` tells the whole of it for Commander's PAM projects. Pure. */
export { convertProject, type Imported } from './project.ts';
export type { ImportedSecret } from './secrets.ts';
