/**
 * A wall clock that is wrong by so much, for one pam. With `stepAt` it is right until the clock has been read so often, and then
 * jumps, as a step of NTP does.
 */
export function wrongClock(shiftMs: number, stepAt = 0): Record<string, string> {
  const script = `
    const Real = Date;
    let reads = 0;
    const now = () => Real.now() + (reads++ < ${stepAt} ? 0 : ${shiftMs});
    globalThis.Date = class extends Real {
      constructor(...args) { if (args.length === 0) super(now()); else super(...args); }
      static now() { return now(); }
    };`;
  return { NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(script)}` };
}
