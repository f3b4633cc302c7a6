import { existsSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';

/**
 * The way from the top of the Git repository down to the project, such as `infra/`; empty where there is no repository. CI systems
 * show findings at paths of the repository, manifests are named by paths of the project.
 */
export function prefixInRepository(root: string): string {
  const start = resolve(root);
  for (let folder = start; ; folder = dirname(folder)) {
    if (existsSync(join(folder, '.git'))) {
      const way = relative(folder, start).replaceAll('\\', '/');
      return way === '' ? '' : `${way}/`;
    }
    if (dirname(folder) === folder) return '';
  }
}
