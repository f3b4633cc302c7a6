import { checkRecipients } from './age.ts';
import type { NewRecipient, Recipient } from './vault.ts';
import { VaultError } from './vault-error.ts';

const ROLES = ['runner', 'recovery'] as const;
const MAX_LABEL = 100;

/** The recipients that a new vault is made for. VaultError PAM5013: not one of each role, one twice, no age recipient. */
export async function checkFirstRecipients(recipients: readonly NewRecipient[]): Promise<void> {
  const isComplete = ROLES.every((role) => recipients.some((one) => one.role === role));
  if (!isComplete || new Set(recipients.map((one) => one.recipient)).size !== recipients.length) {
    throw new VaultError('PAM5013', 'a vault needs a runner and a recovery recipient, two different ones');
  }
  for (const { label } of recipients) checkLabel(label);
  await checkRecipients(recipients.map((one) => one.recipient));
}

/** VaultError PAM5013, which does not repeat what was given: it may be an identity. */
export async function checkAdded(recipients: readonly Recipient[], { recipient, label }: NewRecipient): Promise<void> {
  checkLabel(label);
  if (recipients.some((one) => one.recipient === recipient)) throw new VaultError('PAM5013', `${recipient} is a recipient already`);
  await checkRecipients([recipient]);
  await checkRecipients([...recipients.map((one) => one.recipient), recipient]);
}

/** Those who stay; VaultError PAM5013 when `gone` is none of them, PAM5019 when it is the last of its role. */
export function withoutRecipient(recipients: readonly Recipient[], gone: string): readonly Recipient[] {
  const stay = recipients.filter((one) => one.recipient !== gone);
  const removed = recipients.find((one) => one.recipient === gone);
  if (removed === undefined) {
    throw new VaultError('PAM5013', 'the vault has no such recipient', { hint: 'run: pam vault recipients list' });
  }
  if (!stay.some((one) => one.role === removed.role)) {
    const flag = removed.role === 'recovery' ? ' --recovery' : '';
    throw new VaultError('PAM5019', `${gone} is the last ${removed.role} recipient`, {
      hint: `add another one first: pam vault recipients add RECIPIENT${flag}`,
    });
  }
  return stay;
}

function checkLabel(label: string | undefined): void {
  if (label === undefined || (label.length <= MAX_LABEL && label.trim() !== '' && !/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u.test(label))) return;
  throw new VaultError('PAM5013', `a label is one line of at most ${MAX_LABEL} characters`);
}
