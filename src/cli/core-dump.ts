import { writeFileSync } from 'node:fs';

/**
 * Leaves the memory of this process out of core dumps: secrets lie in it. Node cannot set RLIMIT_CORE, but a process may choose what of
 * itself is dumped (core(5), "Controlling which mappings are written to the core dump"): with no kind of mapping chosen, a dump is a few
 * pages of registers and names. Its children inherit that. Only Linux has it; elsewhere, and where /proc is not there, `ulimit -c 0` is left.
 */
export function leaveMemoryOutOfCoreDumps(): void {
  if (process.platform !== 'linux') return;
  try {
    writeFileSync('/proc/self/coredump_filter', '0');
  } catch {
    // A kernel without core dumps, or a /proc that may not be written to: nothing that pam could do about it.
  }
}
