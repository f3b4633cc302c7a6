import { PamError } from '../errors/index.ts';

/** Every error of a vault (PAM5xxx). */
export class VaultError extends PamError {
  override readonly name = 'VaultError';
}
