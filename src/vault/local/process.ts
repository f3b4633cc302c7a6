import { readFileSync, readlinkSync } from 'node:fs';

/**
 * Marks one process of one machine so that another process can tell later whether it still runs. Process ids are used again, so the
 * start time belongs to it (field 22 of /proc/PID/stat, clock ticks after boot); and they mean something only within one boot and
 * one PID namespace, since containers may share a host name.
 */
export interface ProcessMark {
  readonly place: string;
  readonly start: string;
}

/** Null where the system does not tell (no /proc, no such process): then only the expiry of a lease ends it. */
export function markProcess(pid: number): ProcessMark | null {
  const place = readPlace();
  const start = readStart(pid);
  return place === null || start === null ? null : { place, start };
}

/** True only when the process is certainly gone: false for another place, where we cannot look. */
export function isDead(pid: number, mark: ProcessMark): boolean {
  return readPlace() === mark.place && readStart(pid) !== mark.start;
}

function readPlace(): string | null {
  try {
    return `${readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()} ${readlinkSync('/proc/self/ns/pid')}`;
  } catch {
    return null;
  }
}

function readStart(pid: number): string | null {
  try {
    // The second field is the name in parentheses, which may hold anything; the rest starts at field 3, the state.
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const isZombie = fields[0] === 'Z' || fields[0] === 'X';
    return isZombie ? null : (fields[19] ?? null);
  } catch {
    return null;
  }
}
