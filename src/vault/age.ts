import type { Sealer } from './vault.ts';
import { VaultError } from './vault-error.ts';

/**
 * age (https://age-encryption.org/v1) through the library of its author. Importing that costs 0.2 s, so it is done at the first use.
 * Its errors are never passed on, neither as text nor as `cause`: those of its bech32 decoder repeat the identity.
 */
export function loadAge(): Promise<typeof import('age-encryption')> {
  return import('age-encryption');
}

/** Seals to all recipients and opens with the first identity that fits. Everything is checked at the first use. */
export function createSealer(recipients: readonly string[], identities: readonly string[]): Sealer {
  const encrypter = lazily(() => encrypterFor(recipients));
  const decrypter = lazily(() => decrypterFor(identities));
  return {
    async seal(bytes) {
      return (await encrypter()).encrypt(bytes);
    },
    async open(sealed) {
      const { unreadable, decrypt } = await decrypter();
      try {
        return await decrypt(sealed);
      } catch (error) {
        // The library tells the two cases apart by text only.
        const nobody = error instanceof Error && error.message.startsWith('no identity matched');
        throw nobody ? noIdentityFits(identities.length, unreadable) : new VaultError('PAM5011', 'a sealed file is damaged');
      }
    },
  };
}

/**
 * Throws VaultError PAM5013, which does not repeat the text: somebody may have given an identity by mistake. Seals once, since some
 * kinds of recipients exclude each other (post-quantum ones any other), which is found only then.
 */
export async function checkRecipients(recipients: readonly string[]): Promise<void> {
  const encrypter = await encrypterFor(recipients);
  try {
    await encrypter.encrypt(new Uint8Array());
  } catch {
    throw new VaultError('PAM5013', 'nothing can be sealed to these recipients together');
  }
}

async function encrypterFor(recipients: readonly string[]) {
  const { Encrypter } = await loadAge();
  const encrypter = new Encrypter();
  for (const [index, recipient] of recipients.entries()) {
    try {
      // Bech32 may be written in capitals as well: one recipient would have two names.
      if (!/^age1[0-9a-z]+$/.test(recipient)) throw new Error();
      encrypter.addRecipient(recipient);
    } catch {
      throw new VaultError('PAM5013', `recipient ${index + 1} is no age recipient`, { hint: 'a recipient starts with `age1`' });
    }
  }
  return encrypter;
}

async function decrypterFor(identities: readonly string[]) {
  const { Decrypter } = await loadAge();
  const decrypter = new Decrypter();
  let unreadable = 0;
  for (const identity of identities) {
    try {
      decrypter.addIdentity(identity);
    } catch {
      unreadable += 1;
    }
  }
  return { unreadable, decrypt: (sealed: Uint8Array) => decrypter.decrypt(sealed) };
}

function noIdentityFits(given: number, unreadable: number): VaultError {
  const found = given === 0 ? 'no identity was given' : `none of the identities given (${given}) is a recipient`;
  return new VaultError('PAM5005', unreadable === 0 ? found : `${found}; ${unreadable} of them cannot be read as age identities`);
}

function lazily<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined;
  return () => {
    made ??= make();
    return made;
  };
}
