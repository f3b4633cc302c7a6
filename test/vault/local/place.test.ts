import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { placeFile } from '../../../src/vault/local/place.ts';

/** Mocked, because no file system without hard links can be mounted here: what FAT answers to link(2). */
const noLinks = vi.hoisted(() => ({ active: false }));
vi.mock('node:fs', async (original) => {
  const fs = await original<typeof import('node:fs')>();
  const linkSync: typeof fs.linkSync = (from, to) => {
    if (noLinks.active) throw Object.assign(new Error('operation not permitted'), { code: 'EPERM' });
    fs.linkSync(from, to);
  };
  return { ...fs, linkSync };
});

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'pam-place-'));
});
afterEach(() => {
  noLinks.active = false;
  rmSync(folder, { recursive: true, force: true });
});

describe.each([
  ['with hard links', false],
  ['without hard links', true],
])('placing a file on a file system %s', (_, isMocked) => {
  beforeEach(() => {
    noLinks.active = isMocked;
  });

  test('gives it its name once it is whole', async () => {
    const path = join(folder, 'file');
    await placeFile(path, (temporary) => {
      expect(existsSync(path)).toBe(false);
      writeFileSync(temporary, 'whole');
    });
    expect(readFileSync(path, 'utf8')).toBe('whole');
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(readdirSync(folder)).toEqual(['file']);
  });
  test('overwrites nothing, not even what appeared while it was written', async () => {
    const path = join(folder, 'file');
    const placing = placeFile(path, () => writeFileSync(path, 'faster'));
    await expect(placing).rejects.toMatchObject({ code: 'PAM5016' });
    expect(readFileSync(path, 'utf8')).toBe('faster');
    expect(readdirSync(folder)).toEqual(['file']);
  });
  test('leaves nothing when it fails', async () => {
    const placing = placeFile(join(folder, 'file'), () => Promise.reject(Object.assign(new Error('full'), { code: 'ENOSPC' })));
    await expect(placing).rejects.toMatchObject({ code: 'PAM5010', message: expect.stringContaining('ENOSPC') });
    expect(readdirSync(folder)).toEqual([]);
  });
});
