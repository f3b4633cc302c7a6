/** The few BER encodings (X.690, as RFC 4511 §5.1 narrows it) that `ldapts` has no words for. */

/** RFC 3062. */
export const PASSWORD_MODIFY_OID = '1.3.6.1.4.1.4203.1.11.1';
/** RFC 4511 §4.14. */
const START_TLS_OID = '1.3.6.1.4.1.1466.20037';

/** An answer to StartTLS holds a code, an OID and perhaps some words. */
const MAX_ANSWER_BYTES = 4_096;

const SEQUENCE = 0x30;
const INTEGER = 0x02;
const ENUMERATED = 0x0a;
const EXTENDED_REQUEST = 0x77;
const EXTENDED_RESPONSE = 0x78;
/** [n] of a SEQUENCE or CHOICE with IMPLICIT TAGS: primitive, and constructed. */
const context = (n: number) => 0x80 | n;
const constructed = (n: number) => 0xa0 | n;

/** `PasswdModifyRequestValue` of RFC 3062 §2. Without an old password the server asks whether the session may set it. */
export function passwordModifyValue(dn: string, fresh: Uint8Array, old?: Uint8Array): Buffer {
  return element(SEQUENCE, [
    element(context(0), [Buffer.from(dn)]),
    ...(old === undefined ? [] : [element(context(1), [old])]),
    element(context(2), [fresh]),
  ]);
}

/** A whole LDAP message (number 1) that asks for StartTLS: sent before any client has the connection. */
export function startTlsRequest(): Buffer {
  const request = element(EXTENDED_REQUEST, [element(context(0), [Buffer.from(START_TLS_OID)])]);
  return element(SEQUENCE, [element(INTEGER, [Buffer.from([1])]), request]);
}

/**
 * The result code of the answer to `startTlsRequest`; null while it is not all there.
 *
 * @throws Error when it is anything else than exactly that answer: more would be text that somebody slipped in before the encryption
 */
export function startTlsAnswer(bytes: Buffer): number | null {
  if (bytes.length > MAX_ANSWER_BYTES || (bytes.length > 0 && bytes[0] !== SEQUENCE)) throw new Error('not an LDAP message');
  const message = readElement(bytes);
  if (message === null) return null;
  const [id, response] = message.rest.length === 0 ? readAll(message.content) : [];
  const [code] = response?.tag === EXTENDED_RESPONSE ? readAll(response.content) : [];
  if (id?.tag !== INTEGER || numberIn(id.content) !== 1 || code?.tag !== ENUMERATED) {
    throw new Error('not an answer to StartTLS');
  }
  return numberIn(code.content);
}

/** What the control of password policies says (draft-behera-ldap-password-policy-11 §6.2). */
export interface PolicyAnswer {
  /** 0 passwordExpired, 1 accountLocked, 2 changeAfterReset, 3 modNotAllowed, 4 mustSupplyOld, 5 quality, 6 tooShort, 7 tooYoung, 8 inHistory. */
  readonly error?: number;
  readonly secondsBeforeExpiration?: number;
  readonly graceLoginsLeft?: number;
}

/** `PasswordPolicyResponseValue`; what cannot be read says nothing, since the result code stands on its own. */
export function policyAnswer(bytes: Buffer): PolicyAnswer {
  const value = readElement(bytes);
  if (value?.tag !== SEQUENCE) return {};
  const parts = readAll(value.content);
  const [warning] = readAll(parts.find((p) => p.tag === constructed(0))?.content ?? Buffer.alloc(0));
  const error = parts.find((p) => p.tag === context(1));
  return {
    ...(error === undefined ? {} : { error: numberIn(error.content) }),
    ...(warning?.tag === context(0) ? { secondsBeforeExpiration: numberIn(warning.content) } : {}),
    ...(warning?.tag === context(1) ? { graceLoginsLeft: numberIn(warning.content) } : {}),
  };
}

interface Element {
  readonly tag: number;
  readonly content: Buffer;
  readonly rest: Buffer;
}

function element(tag: number, content: readonly Uint8Array[]): Buffer {
  const body = Buffer.concat(content);
  const length = body.length < 0x80 ? [body.length] : [0x82, body.length >> 8, body.length & 0xff];
  if (body.length > 0xffff) throw new Error('too long for one request');
  return Buffer.concat([Buffer.from([tag, ...length]), body]);
}

/** The first element, with single-byte tags; null while it is not all there. */
function readElement(bytes: Buffer): Element | null {
  const [tag, first] = bytes;
  if (tag === undefined || first === undefined) return null;
  const extra = first < 0x80 ? 0 : first & 0x7f;
  if (first === 0x80 || extra > 4) throw new Error('not BER as LDAP has it');
  if (bytes.length < 2 + extra) return null;
  const start = 2 + extra;
  const end = start + (extra === 0 ? first : bytes.readUIntBE(2, extra));
  return bytes.length < end ? null : { tag, content: bytes.subarray(start, end), rest: bytes.subarray(end) };
}

function readAll(bytes: Buffer): readonly Element[] {
  const elements: Element[] = [];
  for (let rest = bytes; rest.length > 0; ) {
    const next = readElement(rest);
    if (next === null) break;
    elements.push(next);
    rest = next.rest;
  }
  return elements;
}

/** An INTEGER or ENUMERATED of at most 6 bytes. */
function numberIn(content: Buffer): number {
  return content.length === 0 || content.length > 6 ? -1 : content.readIntBE(0, content.length);
}
