import type { Address, Secret } from '../../src/model/index.ts';

export const TARGET_NAMES = ['postgres', 'sshd', 'slapd', 'samba', 'mariadb'] as const;
export type TargetName = (typeof TARGET_NAMES)[number];

/** An account on a real server, seen from outside of pam. */
export interface RoundAccount {
  readonly address: Address;
  /** The manifest of its user, but for its rotation. */
  readonly spec: object;
  /** What opens it at first, and the environment variable that pam reads it from. */
  readonly password: string;
  readonly variable: string;
  /** It changes its own password, and has nobody who could look or reset. */
  readonly self: boolean;
  /** Is this what the server compares logins with? Looked up in its own files or tables, so that no login is spent. */
  isLive(secret: Secret): Promise<boolean>;
  /** A real login. */
  opens(secret: Secret): Promise<boolean>;
  /** Logins that the server refused, by its own log. */
  failedLogins(): Promise<number>;
}

/** Accounts of one project on one server, and who administers them. */
export interface RoundTarget {
  /** Manifests of the server and of its administrator. */
  readonly documents: readonly object[];
  /** Passwords of those documents, by environment variable. */
  readonly env: Readonly<Record<string, string>>;
  /** What the documents name, by path in the project. */
  readonly files?: Readonly<Record<string, string>>;
  readonly accounts: readonly RoundAccount[];
  /** Of the administrator. */
  failedAdminLogins(): Promise<number>;
}

export interface RoundServerOptions {
  /** Logs all that it can be brought to log. */
  readonly talkative?: boolean;
}

/** A real server that any number of projects keep accounts on. */
export interface RoundServer {
  readonly name: TargetName;
  /** New accounts for one project: one that an administrator changes and one that changes itself. */
  makeTarget(): Promise<RoundTarget>;
  /** All that the server has written down; one part for each program that writes. */
  written(): Promise<Readonly<Record<string, string>>>;
  stop(): Promise<void>;
}

/** Manifests of the two accounts are the same on every server. */
export function manifest(kind: string, name: string, spec: object): object {
  return { apiVersion: 'pam/v1', kind, metadata: { name }, spec };
}
