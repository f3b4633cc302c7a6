export type { CodeInfo, ExitCode } from './code-info.ts';
export { CODES, type Code, codeInfo, exitOf, isCode } from './codes.ts';
export { combineErrors, type Frame, isPamError, PamError, type PamErrorOptions } from './pam-error.ts';
