import { readdirSync, readFileSync } from 'node:fs';

export interface ProcessWatch {
  /** Arguments of every process that was seen, one a line. */
  commandLines(): string;
  /** Environments, one a line, without what is excused. */
  environments(): string;
  stop(): void;
}

/** Between two looks, milliseconds: `chpasswd` runs for two hundred. */
const INTERVAL_MS = 15;

/**
 * Looks at every process of the machine again and again: `/proc/PID/cmdline` is readable by everybody on it, and `/proc/PID/environ` is
 * what a crash report or a child would have. `isExcused` is asked of one variable of a process, by its arguments.
 */
export function watchProcesses(isExcused: (args: readonly string[], variable: string) => boolean): ProcessWatch {
  const commands = new Set<string>();
  const environments = new Set<string>();
  /** A process is looked at again when it has become another program. */
  const known = new Map<string, string>();
  const look = () => {
    for (const pid of readdirSync('/proc')) {
      if (!/^\d/.test(pid)) continue;
      const command = read(`/proc/${pid}/cmdline`);
      if (known.get(pid) === command) continue;
      known.set(pid, command);
      commands.add(command.replaceAll('\0', ' '));
      const args = command.split('\0');
      const variables = read(`/proc/${pid}/environ`).split('\0');
      environments.add(variables.filter((entry) => !isExcused(args, entry.slice(0, Math.max(0, entry.indexOf('='))))).join(' '));
    }
  };
  look();
  const timer = setInterval(look, INTERVAL_MS);
  return {
    commandLines: () => [...commands].join('\n'),
    environments: () => [...environments].join('\n'),
    stop: () => clearInterval(timer),
  };
}

/** Bytes as they are; nothing for a process that has ended, or that has no memory of its own. */
function read(path: string): string {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return '';
  }
}
