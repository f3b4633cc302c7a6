/**
 * One seeded scheduler under everything: each operation of vault, journal, target and clock waits here for its turn, so that the
 * order of all awaits of all runners is decided by the seed alone, and the clock is virtual.
 */
export interface Scheduler {
  /** Milliseconds of virtual time. */
  now(): number;
  /** Resolves when it is this operation's turn. */
  turn(runner: string): Promise<void>;
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
  /** Runs turns and timers until `work` is settled. */
  run<T>(work: Promise<T>): Promise<T>;
  advance(ms: number): void;
  /** Uniform in [0, max). */
  pick(max: number): number;
}

/** mulberry32: small, seeded, good enough to choose an order. */
export function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

export function createScheduler(seed: number, startMs = Date.UTC(2027, 0, 1)): Scheduler {
  const random = seeded(seed);
  const ready: (() => void)[] = [];
  const timers: { at: number; wake: () => void }[] = [];
  let time = startMs;
  const pick = (max: number) => Math.floor(random() * max);

  return {
    now: () => time,
    pick,
    advance(ms) {
      time += ms;
    },
    turn: () => new Promise((resolve) => ready.push(resolve)),
    sleep: (ms, signal) =>
      new Promise((resolve) => {
        if (signal?.aborted) return resolve();
        timers.push({ at: time + ms, wake: resolve });
      }),
    async run(work) {
      let settled = false;
      const done = work.finally(() => {
        settled = true;
      });
      done.catch(() => {});
      for (;;) {
        // Let everything that can go on without us go on first.
        await new Promise((resolve) => setImmediate(resolve));
        if (settled) return done;
        const next = ready.splice(pick(ready.length), 1)[0];
        if (next !== undefined) {
          next();
          continue;
        }
        timers.sort((a, b) => a.at - b.at);
        const timer = timers.shift();
        if (timer === undefined) throw new Error('the simulation is stuck: nothing waits for a turn, and no timer runs');
        time = Math.max(time, timer.at);
        timer.wake();
      }
    },
  };
}
