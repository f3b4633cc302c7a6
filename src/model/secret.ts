import { createHash, timingSafeEqual } from 'node:crypto';
import { inspect } from 'node:util';

/**
 * A secret that has no printable form: `String()`, template literals, JSON, `console.log` and error formatting give `***`.
 * The only ways to the value are `reveal()` and `bytes()`, so that every use of a secret can be found by searching for them.
 */
export class Secret {
  readonly #bytes: Buffer;

  private constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  static fromText(text: string): Secret {
    return new Secret(Buffer.from(text, 'utf8'));
  }

  /** Takes a copy, so that the caller may overwrite its own buffer. */
  static fromBytes(bytes: Uint8Array): Secret {
    return new Secret(Buffer.from(bytes));
  }

  reveal(): string {
    return this.#bytes.toString('utf8');
  }

  bytes(): Buffer {
    return Buffer.from(this.#bytes);
  }

  /** Constant-time; compares digests so that lengths do not leak either. */
  equals(other: Secret): boolean {
    const digest = (b: Buffer) => createHash('sha256').update(b).digest();
    return timingSafeEqual(digest(this.#bytes), digest(other.#bytes));
  }

  toString(): string {
    return '***';
  }

  toJSON(): string {
    return '***';
  }

  [inspect.custom](): string {
    return '***';
  }
}
