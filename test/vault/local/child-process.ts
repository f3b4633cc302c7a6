import { type ChildProcess, spawn } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { build } from 'esbuild';
import type { Order } from './child.ts';

/** One more process at work; `lines` are what it said. */
export interface Child {
  readonly process: ChildProcess;
  readonly lines: readonly string[];
  /** Resolves with the first line that fits. */
  said(isIt: (line: string) => boolean): Promise<string>;
  /** Resolves once it has ended and everything it said was read. */
  ended(): Promise<void>;
}

export interface ChildOptions {
  /** No file may grow beyond this many KiB: writes then fail with EFBIG, as they do with ENOSPC on a full disk. */
  readonly fileLimitKiB?: number;
  /** User id to run as. */
  readonly uid?: number;
}

const ROOT = join(import.meta.dirname, '../../..');

/** Compiles child.ts once for a test file, below node_modules so that it finds its packages; `stop` ends what still runs. */
export async function compileChild() {
  const folder = mkdtempSync(join(ROOT, 'node_modules/.vault-test-'));
  chmodSync(folder, 0o755); // for a child that runs as somebody else
  const file = join(folder, 'child.mjs');
  await build({
    entryPoints: [join(import.meta.dirname, 'child.ts')],
    outfile: file,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    packages: 'external',
    logLevel: 'silent',
  });
  const running = new Set<ChildProcess>();
  return {
    start(order: Order, { fileLimitKiB, uid }: ChildOptions = {}): Child {
      const limit = fileLimitKiB === undefined ? '' : `trap '' XFSZ; ulimit -f ${fileLimitKiB};`;
      const child = spawn('bash', ['-c', `${limit} exec "$0" "$1"`, process.execPath, file], {
        stdio: ['pipe', 'pipe', 'inherit'],
        ...(uid === undefined ? {} : { uid, gid: uid }),
      });
      running.add(child);
      child.once('exit', () => running.delete(child));
      child.stdin.end(`${JSON.stringify(order)}\n`);
      return follow(child);
    },
    stop() {
      for (const child of running) child.kill('SIGKILL');
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function follow(child: ChildProcess): Child {
  if (child.stdout === null) throw new Error('the child has no stdout');
  const lines: string[] = [];
  const waiting = new Set<() => void>();
  const closed = new Promise<void>((resolve) => void child.once('close', () => resolve()));
  createInterface({ input: child.stdout }).on('line', (line) => {
    lines.push(line);
    for (const look of waiting) look();
  });
  return {
    process: child,
    lines,
    ended: () => closed,
    said: (isIt) =>
      new Promise((resolve, reject) => {
        const look = () => {
          const found = lines.find(isIt);
          if (found === undefined) return;
          waiting.delete(look);
          resolve(found);
        };
        waiting.add(look);
        look();
        void closed.then(() => reject(new Error(`it ended and said only: ${lines.join(', ')}`)));
      }),
  };
}
