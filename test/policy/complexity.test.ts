import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Secret } from '../../src/model/index.ts';
import { type Complexity, checkComplexity, compareComplexity, entropyBits, generatePassword, satisfies } from '../../src/policy/index.ts';

/** Mulberry32: a seeded generator, so that a test of chance gives the same answer every time. */
function seeded(seed: number): (max: number) => number {
  let state = seed;
  const next32 = () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return (t ^ (t >>> 14)) >>> 0;
  };
  return (max) => {
    const limit = Math.floor(2 ** 32 / max) * max;
    for (;;) {
      const value = next32();
      if (value < limit) return value % max;
    }
  };
}

const generate = (complexity: Complexity, seed: number, login?: string) =>
  generatePassword(complexity, { randomInt: seeded(seed), ...(login === undefined ? {} : { login }) }).reveal();
const many = (complexity: Complexity, count: number, login?: string) => {
  const randomInt = seeded(42);
  return Array.from({ length: count }, () =>
    generatePassword(complexity, { randomInt, ...(login === undefined ? {} : { login }) }).reveal(),
  );
};

/** Sum over the cells of (seen - expected)² / expected. */
function chiSquare(seen: readonly number[], expected: readonly number[]): number {
  return seen.reduce((sum, n, i) => sum + (n - (expected[i] ?? 0)) ** 2 / (expected[i] ?? 1), 0);
}

const count = (text: string, set: RegExp) => [...text].filter((char) => set.test(char)).length;

const small = fc.option(fc.integer({ min: 0, max: 6 }), { nil: undefined });
const anyComplexity = fc
  .record({
    length: fc.option(fc.integer({ min: 4, max: 40 }), { nil: undefined }),
    upper: small,
    lower: small,
    digits: small,
    special: small,
    specialSet: fc.option(fc.constantFrom('', '_', '-_.', '!#$%&*'), { nil: undefined }),
    exclude: fc.option(fc.constantFrom('', 'abc', '0123456789', 'ABCDEFGHIJKLMNOPQRSTUVWXYZ'), { nil: undefined }),
    noAmbiguous: fc.option(fc.boolean(), { nil: undefined }),
    firstChar: fc.option(fc.constantFrom('letter', 'alnum', 'any'), { nil: undefined }),
    lastChar: fc.option(fc.constantFrom('letter', 'alnum', 'any'), { nil: undefined }),
    maxRepeat: fc.option(fc.integer({ min: 1, max: 4 }), { nil: undefined }),
  })
  .map((c) => Object.fromEntries(Object.entries(c).filter(([, v]) => v !== undefined)) as Complexity);

describe('generatePassword', () => {
  test('satisfies every complexity that the check accepts', () => {
    fc.assert(
      fc.property(anyComplexity, fc.integer(), (complexity, seed) => {
        if (checkComplexity(complexity).some((p) => p.severity === 'error')) return;
        const password = generate(complexity, seed);
        expect(password).toHaveLength(complexity.length ?? 32);
        expect(satisfies(complexity, Secret.fromText(password))).toBe(true);
      }),
      { numRuns: 1000, seed: 11 },
    );
  });

  test('by default gives 32 characters of every class, a letter first, nothing that needs quoting', () => {
    for (const password of many({}, 500)) {
      expect(password).toMatch(/^[A-Za-z][A-Za-z0-9\-_.~+]{31}$/);
      for (const set of [/[A-Z]/, /[a-z]/, /[0-9]/, /[-_.~+]/]) expect(count(password, set)).toBeGreaterThan(0);
    }
  });

  test('draws none of a class whose minimum is an explicit 0', () => {
    expect(many({ special: 0, length: 64 }, 200).join('')).toMatch(/^[A-Za-z0-9]+$/);
    expect(many({ upper: 0, lower: 0, special: 0, length: 40 }, 20).join('')).toMatch(/^[0-9]+$/);
  });

  test('keeps to the special set and to exclusions', () => {
    const text = many({ specialSet: '#!', special: 3, exclude: 'xyz', noAmbiguous: true }, 300).join('');
    expect(text).toMatch(/^[A-Za-z0-9#!]+$/);
    expect(text).not.toMatch(/[xyz0O1lI|]/);
  });

  test('meets minimums that a blind draw would hardly ever meet', () => {
    for (const password of many({ length: 20, special: 12, digits: 6 }, 50)) {
      expect(count(password, /[-_.~+]/)).toBeGreaterThanOrEqual(12);
      expect(count(password, /[0-9]/)).toBeGreaterThanOrEqual(6);
    }
  });

  test('never contains the login or a word of it, whatever the case', () => {
    const complexity: Complexity = { length: 6, upper: 0, lower: 0, special: 0 };
    for (const password of many(complexity, 2000, 'svc_123')) expect(password).not.toContain('123');
    expect(many({ exclude: 'defghijklmnopqrstuvwxyzDEFGHIJKLMNOPQRSTUVWXYZ', length: 8 }, 500, 'ABC').join('\n')).not.toMatch(/abc/i);
  });

  test('has no longer run of one character than allowed', () => {
    const complexity: Complexity = { length: 24, upper: 0, lower: 0, special: 0 };
    expect(many(complexity, 300).join('\n')).not.toMatch(/(.)\1\1/);
    expect(many({ ...complexity, maxRepeat: 1 }, 300).join('\n')).not.toMatch(/(.)\1/);
  });

  test('gives up with PAM1070 where no password can be, instead of looking for ever', () => {
    expect(() => generate({ length: 6, special: 6 }, 1)).toThrow(expect.objectContaining({ code: 'PAM1070' }));
    expect(() => generate({ upper: 0, lower: 0, special: 0, exclude: '023456789', length: 8 }, 1)).toThrow(
      expect.objectContaining({ code: 'PAM1070' }),
    );
  });

  test('draws every character with the same chance at every place', () => {
    const letters = [...'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'];
    const passwords = many({ digits: 0, special: 0, maxRepeat: 32 }, 4000);
    for (const place of [0, 1, 15, 31]) {
      const seen = letters.map((char) => passwords.filter((password) => password[place] === char).length);
      const expected = letters.map(() => 4000 / letters.length);
      // 51 degrees of freedom: above 87 once in a thousand.
      expect(chiSquare(seen, expected)).toBeLessThan(87);
    }
  });

  test('draws every allowed password with the same chance, minimums and ends counted', () => {
    // Four of the characters 2 3 _ . with at least one digit, two specials and a digit last: few enough to count.
    const complexity: Complexity = {
      length: 4,
      upper: 0,
      lower: 0,
      digits: 1,
      special: 2,
      specialSet: '_.',
      exclude: '01456789',
      maxRepeat: 4,
      firstChar: 'any',
      lastChar: 'alnum',
    };
    const passwords = many(complexity, 24_000);
    const all: string[] = [];
    for (let i = 0; i < 4 ** 4; i++) {
      const text = [0, 1, 2, 3].map((place) => '23_.'[Math.floor(i / 4 ** place) % 4]).join('');
      if (count(text, /[23]/) >= 1 && count(text, /[_.]/) >= 2 && /[23]$/.test(text)) all.push(text);
    }
    expect(new Set(passwords)).toEqual(new Set(all));
    const seen = all.map((text) => passwords.filter((password) => password === text).length);
    // 63 degrees of freedom: above 104 once in a thousand.
    expect(all).toHaveLength(64);
    expect(
      chiSquare(
        seen,
        all.map(() => passwords.length / all.length),
      ),
    ).toBeLessThan(104);
    expect(entropyBits(complexity)).toBeCloseTo(6, 1);
  });
});

describe('checkComplexity', () => {
  test.each<Complexity>([
    {},
    { length: 32, upper: 2, lower: 2, digits: 2, special: 2, specialSet: '-_.~+' },
    { length: 128, maxRepeat: 1, noAmbiguous: true },
  ])('accepts %j', (complexity) => {
    expect(checkComplexity(complexity)).toEqual([]);
  });

  test.each<[unknown, string]>([
    [null, ''],
    [[], ''],
    [{ length: 3 }, 'length'],
    [{ length: 129 }, 'length'],
    [{ length: '32' }, 'length'],
    [{ digits: -1 }, 'digits'],
    [{ digits: 1.5 }, 'digits'],
    [{ symbols: 2 }, 'symbols'],
    [{ specialSet: 'aé' }, 'specialSet'],
    [{ specialSet: '-\n' }, 'specialSet'],
    [{ specialSet: '- ' }, 'specialSet'],
    [{ exclude: 'é' }, 'exclude'],
    [{ noAmbiguous: 'yes' }, 'noAmbiguous'],
    [{ firstChar: 'digit' }, 'firstChar'],
    [{ maxRepeat: 0 }, 'maxRepeat'],
    [{ length: 8, upper: 3, lower: 3, digits: 3 }, 'length'],
    [{ special: 1, specialSet: '' }, 'special'],
    [{ digits: 1, exclude: '0123456789' }, 'digits'],
    [{ upper: 0, lower: 0, digits: 0, special: 0 }, ''],
    [{ upper: 0, lower: 0, firstChar: 'letter' }, 'firstChar'],
    [{ length: 8, special: 8 }, ''],
    [{ length: 128, upper: 0, lower: 0, special: 0, maxRepeat: 1 }, 'maxRepeat'],
  ])('refuses %j at %j', (value, path) => {
    const errors = checkComplexity(value).filter((p) => p.severity === 'error');
    expect(errors.map((p) => p.path)).toContain(path);
  });

  test('warns below 128 bits and says which length would do', () => {
    const [found] = checkComplexity({ length: 20 });
    expect(found).toMatchObject({ path: 'length', severity: 'warning', hint: 'length: 22 would be enough' });
    expect(checkComplexity({ length: 22 })).toEqual([]);
  });

  test('takes any JSON without throwing', () => {
    const key = fc.constantFrom('length', 'upper', 'lower', 'special', 'specialSet', 'exclude', 'firstChar', 'maxRepeat', '__proto__');
    fc.assert(fc.property(fc.oneof(fc.jsonValue(), fc.dictionary(key, fc.jsonValue())), (json) => Array.isArray(checkComplexity(json))));
  });
});

describe('satisfies', () => {
  const ok = (complexity: Complexity, password: string) => satisfies(complexity, Secret.fromText(password));

  test('takes longer passwords, not shorter ones', () => {
    expect(ok({ length: 8 }, 'abcdefghij')).toBe(true);
    expect(ok({ length: 8 }, 'abcdefg')).toBe(false);
  });

  test('demands the minimums that are given, not those left out', () => {
    expect(ok({ length: 8, digits: 2 }, 'abcdef12')).toBe(true);
    expect(ok({ length: 8, digits: 2 }, 'abcdefg1')).toBe(false);
  });

  test.each(['abcdefgé', 'abcdefg\n', 'abcdef#g', '-abcdefg', 'aaabcdef', ''])('refuses %j', (password) => {
    expect(ok({ length: 8 }, password)).toBe(false);
  });
});

describe('entropyBits', () => {
  test('of the default is that of 32 characters less what the rules cost', () => {
    expect(entropyBits({})).toBeGreaterThan(193);
    expect(entropyBits({})).toBeLessThan(32 * Math.log2(67));
  });

  test('of free digits is exact but for the runs', () => {
    expect(entropyBits({ length: 20, upper: 0, lower: 0, special: 0, maxRepeat: 20 })).toBeCloseTo(20 * Math.log2(10), 6);
  });
});

describe('compareComplexity', () => {
  test.each<[Complexity, Complexity, string]>([
    [{}, {}, 'same'],
    [{}, { length: 32 }, 'same'],
    [{ length: 32 }, { length: 40 }, 'stricter'],
    [{ length: 32 }, { length: 20 }, 'weaker'],
    [{ digits: 4 }, { digits: 2 }, 'weaker'],
    [{ digits: 2 }, { digits: 4 }, 'stricter'],
    [{ digits: 2 }, { digits: 4, length: 20 }, 'mixed'],
    [{}, { special: 0 }, 'weaker'],
    [{}, { specialSet: '-_.~+!' }, 'stricter'],
    [{ specialSet: '-_' }, { specialSet: '_-' }, 'same'],
    [{ specialSet: '-_' }, { specialSet: '-.' }, 'mixed'],
    [{}, { maxRepeat: 1 }, 'stricter'],
  ])('%j to %j is %s', (before, after, expected) => {
    expect(compareComplexity(before, after)).toBe(expected);
  });
});
