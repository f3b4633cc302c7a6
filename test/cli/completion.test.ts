import { spawnSync } from 'node:child_process';
import { describe, expect, test } from 'vitest';
import { hasServer } from '../servers/missing.ts';

const pam = new URL('../../dist/pam.js', import.meta.url).pathname;
const scripts = new Map<string, string>();
function script(shell: string): string {
  const known = scripts.get(shell) ?? spawnSync(process.execPath, [pam, 'completion', shell], { encoding: 'utf8' }).stdout;
  scripts.set(shell, known);
  return known;
}

/** What a shell would offer for the words typed so far, the last one being completed. */
const complete: Record<'bash' | 'zsh', (words: readonly string[]) => string[]> = {
  bash(words) {
    const line = `COMP_WORDS=(${words.map((w) => `'${w}'`).join(' ')}); COMP_CWORD=${words.length - 1}; _pam; printf '%s\\n' "\${COMPREPLY[@]}"`;
    const { stdout, stderr } = spawnSync('bash', ['--norc', '-c', `${script('bash')}\n${line}`], { encoding: 'utf8' });
    expect(stderr).toBe('');
    return stdout.split('\n').filter(Boolean);
  },
  zsh(words) {
    // Outside of an editor the builtin is not there: this one prints what it is given, as far as it fits the word at the cursor.
    const stub =
      'compdef() { :; }; _files() { print FILES; }; compadd() { shift; for w in "$@"; do [[ $w == $cur* ]] && print -- $w; done; }';
    const line = `words=(${words.map((w) => `'${w}'`).join(' ')}); CURRENT=${words.length}; _pam`;
    const { stdout, stderr } = spawnSync('zsh', ['-f', '-c', `${stub}\n${script('zsh')}\n${line}`], { encoding: 'utf8' });
    expect(stderr).toBe('');
    return stdout.split('\n').filter(Boolean);
  },
};

describe.each(hasServer('zsh') ? (['bash', 'zsh'] as const) : (['bash'] as const))('%s', (shell) => {
  test('offers commands', () => {
    expect(complete[shell](['pam', 'pl'])).toEqual(['plan']);
    expect(complete[shell](['pam', ''])).toEqual(expect.arrayContaining(['apply', 'plan', 'secret', 'vault']));
  });

  test('offers what stands below a topic', () => {
    expect(complete[shell](['pam', 'secret', ''])).toEqual(['get']);
    expect(complete[shell](['pam', 'vault', 'recipients', ''])).toEqual(['add', 'list', 'remove']);
  });

  test('offers the flags of a command, and the values of a flag', () => {
    expect(complete[shell](['pam', 'apply', '--fo'])).toEqual(['--format']);
    expect(complete[shell](['pam', 'plan', '--only', ''])).toEqual(['records', 'rotations']);
  });

  test('offers the kinds of a schema', () => {
    expect(complete[shell](['pam', 'schema', 'PamU'])).toEqual(['PamUser']);
  });

  test('the value of a flag is no command', () => {
    expect(complete[shell](['pam', '-C', 'apply', 'pl'])).toEqual(['plan']);
  });
});
