import { PamError } from '../errors/index.ts';

/**
 * Aborts at the first SIGINT or SIGTERM: nothing new is started, and what is in flight is brought to a safe state. A second
 * signal ends the process at once; the journal carries the promise.
 */
export function stopOnSignals(tell: (text: string) => void): { readonly signal: AbortSignal; dispose(): void } {
  const controller = new AbortController();
  const stop = () => {
    if (controller.signal.aborted) process.exit(130);
    tell('interrupted: finishing what is in flight, starting nothing new (again to stop at once)');
    controller.abort(new PamError('PAM4012', 'interrupted'));
  };
  process.on('SIGINT', stop);
  process.on('SIGTERM', stop);
  return {
    signal: controller.signal,
    dispose() {
      process.off('SIGINT', stop);
      process.off('SIGTERM', stop);
    },
  };
}
