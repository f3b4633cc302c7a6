import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { addKey, hasKey, removeKeys } from '../../../src/providers/ssh/authorized-keys.ts';

const OLD = 'AAAAC3NzaC1lZDI1NTE5AAAAIOldOldOldOldOldOldOldOldOldOldOldOldOldOldOldOl';
const NEW = {
  type: 'ssh-ed25519',
  blob: 'AAAAC3NzaC1lZDI1NTE5AAAAINewNewNewNewNewNewNewNewNewNewNewNewNewNewNewNe',
  comment: 'pam:PamUser/a:1',
};
const NEW_LINE = `${NEW.type} ${NEW.blob} ${NEW.comment}\n`;

describe('authorized_keys', () => {
  test('a key goes to the end, once', () => {
    const text = addKey('# keep\n', NEW, undefined);
    expect(text).toBe(`# keep\n${NEW_LINE}`);
    expect(addKey(text, NEW, undefined)).toBe(text);
  });

  test('a last line without a line feed is ended first', () => {
    expect(addKey('# keep', NEW, undefined)).toBe(`# keep\n${NEW_LINE}`);
    expect(addKey('', NEW, undefined)).toBe(NEW_LINE);
  });

  test.for([
    'restrict',
    'from="10.0.0.0/8,!10.1.*"',
    'command="run \\"it\\" # now",no-pty,environment="A=b c"',
    'from="a b",command="ssh-ed25519 AAAA"',
  ])('the new key is bound as the old one is: %s', (options) => {
    expect(addKey(`${options} ssh-ed25519 ${OLD} me\n`, NEW, OLD)).toContain(`\n${options} ${NEW_LINE}`);
  });

  test('options of other keys stay with them', () => {
    expect(addKey(`restrict ssh-ed25519 ${OLD} me\n`, NEW, undefined)).toContain(`\n${NEW_LINE}`);
  });

  test('what only looks like a key is none', () => {
    const text = `# ssh-ed25519 ${OLD}\ncommand="ssh-ed25519 ${OLD}" ssh-rsa AAAAB3 x\nssh-ed25519\n`;
    expect(hasKey(text, OLD)).toBe(false);
    expect(removeKeys(text, [OLD])).toBe(text);
  });

  test('every line of a key goes, whatever stands before and behind it', () => {
    const lines = [`ssh-ed25519 ${OLD}`, `\trestrict  ssh-ed25519   ${OLD} again \r`, `ssh-ed25519 ${OLD} last`];
    expect(removeKeys(`a\n${lines[0]}\nb\n${lines[1]}\n\n${lines[2]}`, [OLD])).toBe('a\nb\n\n');
  });

  test('adding and removing a key leaves every byte of everything else', () => {
    const anything = fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes).toString('latin1'));
    fc.assert(
      fc.property(fc.array(anything), anything, (lines, last) => {
        const text = [...lines, last].join('\n');
        const ended = text === '' || text.endsWith('\n') ? text : `${text}\n`;
        expect(removeKeys(addKey(text, NEW, undefined), [NEW.blob])).toBe(ended);
      }),
    );
  });
});
