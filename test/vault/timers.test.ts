import { expect, test } from 'vitest';
import { realTimers } from '../../src/vault/index.ts';

test('a sleep ends at once when it is told to stop', async () => {
  const stop = new AbortController();
  const asleep = realTimers.sleep(600_000, stop.signal);
  stop.abort(new Error('interrupted'));
  await expect(asleep).rejects.toThrow('interrupted');
});

test('a sleep that was stopped before does not begin', async () => {
  await expect(realTimers.sleep(600_000, AbortSignal.abort(new Error('interrupted')))).rejects.toThrow('interrupted');
});

test('repeats until it is stopped', async () => {
  let beats = 0;
  const stopped = await new Promise<number>((resolve) => {
    const stop = realTimers.repeat(1, () => {
      beats += 1;
      if (beats < 3) return;
      stop();
      resolve(beats);
    });
  });
  expect(stopped).toBe(3);
});
