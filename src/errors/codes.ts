import { APPLY_CODES } from './apply-codes.ts';
import type { CodeInfo, ExitCode } from './code-info.ts';
import { MANIFEST_CODES } from './manifest-codes.ts';
import { PLAN_CODES } from './plan-codes.ts';
import { PROVIDER_CODES } from './provider-codes.ts';
import { ROTATION_CODES } from './rotation-codes.ts';
import { RULE_CODES } from './rule-codes.ts';
import { USAGE_CODES } from './usage-codes.ts';
import { VAULT_CODES } from './vault-codes.ts';

/** Every stable error code. A code is never used again for something else, and never renamed. */
export const CODES = {
  ...MANIFEST_CODES,
  ...PLAN_CODES,
  ...RULE_CODES,
  ...APPLY_CODES,
  ...ROTATION_CODES,
  ...VAULT_CODES,
  ...PROVIDER_CODES,
  ...USAGE_CODES,
} as const;

export type Code = keyof typeof CODES;

export function isCode(text: string): text is Code {
  return Object.hasOwn(CODES, text);
}

export function codeInfo(code: Code): CodeInfo {
  return CODES[code];
}

export function exitOf(code: Code): ExitCode {
  return CODES[code].exit;
}
