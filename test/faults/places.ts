import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Secret, type SecretField } from '../../src/model/index.ts';
import { ldapModule } from '../../src/providers/ldap/index.ts';
import type { Account, ProviderModule, Target } from '../../src/providers/provider.ts';
import { makeProject, type TestProject } from '../cli/project.ts';
import { freshSecret } from '../contract/provider-fixture.ts';
import * as ldap from '../providers/ldap/openldap.ts';
import { makeFleet, slapdDirectory } from '../providers/ldap/scene.ts';
import * as mysql from '../providers/mysql/fixture.ts';
import * as ssh from '../providers/ssh/scene.ts';
import type { Moment } from '../servers/fault-proxy.ts';
import type { SlapdOptions } from '../servers/slapd.ts';
import { startSshd } from '../servers/sshd.ts';

interface Endpoint {
  readonly host: string;
  readonly port: number;
}

/** A project with one account on a real server, which pam reaches at an endpoint of the test's. */
export interface PlacedScene extends AsyncDisposable {
  readonly project: TestProject;
  readonly address: `PamUser/${string}`;
  readonly field: SecretField;
  /** What opens the account at first. */
  readonly first: string;
  /** The request that brings the new secret. */
  isRequest(moment: Moment): boolean;
  /** What the server sends after it has changed the account. */
  isAnswer(moment: Moment): boolean;
  /** A login from outside, past the endpoint. */
  opens(secret: string): Promise<boolean>;
  /** Failed logins of the account that the server saw. */
  failedLogins(): Promise<number>;
}

export interface Place {
  readonly server: Endpoint;
  makeScene(endpoint: Endpoint): Promise<PlacedScene>;
  restart?(): Promise<void>;
  stop(): Promise<void>;
}

/**
 * From this note on a request may be on its way (`src/rotate/README.md`): it tells when, whatever the wire shows. The note is on the
 * disk before the first byte is sent.
 */
function isArmed({ journalFolder }: TestProject): boolean {
  return journalText(journalFolder).includes('"phase":"armed"');
}

function journalText(folder: string): string {
  try {
    return readdirSync(folder)
      .map((name) => readFileSync(join(folder, name), 'latin1'))
      .join('\n');
  } catch {
    // No folder yet, or the entry was closed meanwhile.
    return '';
  }
}

/** Packets with commands that only look are shorter than that with the change (bytes); `passwd` of an account itself takes few words. */
const changeBytesOf = (self: boolean) => (self ? 228 : 400);

export async function sshPlace(options: ssh.SceneOptions): Promise<Place> {
  const server = await startSshd();
  return {
    server,
    stop: () => server.stop(),
    async makeScene(endpoint) {
      const scene = await ssh.makeScene(server, { ...options, endpoint });
      const [account] = scene.accounts;
      if (account === undefined) throw new Error('the scene has no account');
      const { project, accounts: _, ...rest } = scene;
      const { field, login, home } = account;
      const onFile = () => (field === 'password' ? shadowLine(login) : readFileSync(join(home, '.ssh', 'authorized_keys'), 'latin1'));
      const before = onFile();
      let isCommanded = false;
      return {
        ...rest,
        project,
        address: account.address as PlacedScene['address'],
        field,
        first: account.secret,
        // First the command, and when the host has begun it, what it reads.
        isRequest({ from, chunk }) {
          if (from !== 'client' || !isArmed(project)) return false;
          if (isCommanded) return true;
          isCommanded = chunk.length > changeBytesOf(options.self === true);
          return false;
        },
        isAnswer: ({ from }) => from === 'server' && isArmed(project) && onFile() !== before,
        opens: (secret) => ssh.opens(server, login, field, secret),
        failedLogins: async () => (await server.log()).split(new RegExp(`Failed (?:password|publickey) for ${login} from`)).length - 1,
      };
    },
  };
}

function shadowLine(login: string): string | undefined {
  return readFileSync('/etc/shadow', 'latin1')
    .split('\n')
    .find((line) => line.startsWith(`${login}:`));
}

export interface DirectoryOptions {
  readonly startTls?: boolean;
  readonly self?: boolean;
  readonly rotator?: NonNullable<SlapdOptions['rotator']>;
}

export async function directoryPlace({ startTls = false, self = false, rotator = 'write' }: DirectoryOptions): Promise<Place> {
  const server = await ldap.makeSlapd({ rotator });
  const target = startTls ? ldap.targetOf(server.port, { mode: 'verify-full', ca: server.ca.pem, startTls }) : ldap.plainTarget(server);
  const log = () => readFileSync(server.logFile, 'utf8');
  return {
    server,
    restart: () => server.restart(),
    stop: () => server.stop(),
    async makeScene({ host, port }) {
      const user = await server.addUser();
      const directory = { ...slapdDirectory(server), target: { ...target, host, port }, addUser: async () => user };
      const fleet = await makeFleet(directory, 1, self ? { selfRotate: true } : {});
      const { project } = fleet;
      return {
        project,
        address: 'PamUser/app-1',
        field: 'password',
        first: user.password,
        isRequest: ({ from }) => from === 'client' && isArmed(project) && changesOf(log(), user.dn, self) === 0,
        isAnswer: ({ from }) => from === 'server' && isArmed(project) && changesOf(log(), user.dn, self) > 0,
        opens: (secret) => opens(ldapModule, ldap.ldapsTarget(server), ldap.accountOf(user.dn), secret),
        failedLogins: async () => failedBinds(log(), user.dn),
        [Symbol.asyncDispose]: () => fleet[Symbol.asyncDispose](),
      };
    },
  };
}

/** Modify Password operations that slapd was asked for; an account that changes itself need not name itself. */
export function changesOf(log: string, dn: string, self: boolean): number {
  const named = log.split(`PASSMOD id="${dn}"`).length - 1;
  if (!self || named > 0) return named;
  const own = [...log.matchAll(/(conn=\d+) op=\d+ BIND dn="([^"]*)" method=128/g)]
    .filter(([, , who]) => who === dn)
    .map(([, conn]) => conn);
  return own.filter((conn) => new RegExp(`${conn} op=\\d+ PASSMOD`).test(log)).length;
}

function failedBinds(log: string, dn: string): number {
  const binds = [...log.matchAll(/(conn=\d+ op=\d+) BIND dn="([^"]*)" method=128/g)].filter(([, , who]) => who === dn);
  return binds.filter(([, operation]) => log.includes(`${operation} RESULT tag=97 err=49`)).length;
}

export async function mariadbPlace({ self = false } = {}): Promise<Place> {
  const place = await mysql.startPlace('mariadb');
  const { server, admin } = place;
  return {
    server,
    stop: () => server.stop(),
    async makeScene(endpoint) {
      const { account, secret } = await mysql.makeAccount(server, { secret: freshSecret() });
      const project = await makeProject({ ADMIN: admin.secret.reveal(), APP: secret.reveal() });
      const resource = (kind: string, name: string, spec: object) => ({ apiVersion: 'pam/v1', kind, metadata: { name }, spec });
      const user = (name: string, login: string, fromEnv: string, spec: object) =>
        resource('PamUser', name, { login, resource: 'PamDatabase/db', password: { fromEnv }, ...spec });
      const rotation = { type: 'general', schedule: { onDemand: true }, initial: 'now', ...(self ? { selfRotate: true } : {}) };
      await project.declare([
        resource('PamConfiguration', 'net', { type: 'network' }),
        resource('PamDatabase', 'db', {
          configuration: 'net',
          databaseType: 'mariadb',
          ...{ host: endpoint.host, port: endpoint.port },
          tls: { mode: 'disable' },
          ...(self ? {} : { adminCredential: 'admin' }),
        }),
        ...(self ? [] : [user('admin', admin.login, 'ADMIN', {})]),
        user('app-1', account.login, 'APP', { rotation }),
      ]);
      const isChange = ({ clientBytes }: Moment) => /ALTER USER|SET PASSWORD/.test(clientBytes.toString('latin1'));
      return {
        project,
        address: 'PamUser/app-1',
        field: 'password',
        first: secret.reveal(),
        isRequest: (moment) => moment.from === 'client' && isChange(moment),
        isAnswer: (moment) => moment.from === 'server' && isChange(moment),
        opens: (text) => opens(place.module, mysql.targetOf(server, place.tls), mysql.accountOf(account.login), text),
        failedLogins: async () => (await server.logText()).split(`Access denied for user '${account.login}'@`).length - 1,
        [Symbol.asyncDispose]: () => project[Symbol.asyncDispose](),
      };
    },
  };
}

async function opens(module: ProviderModule, target: Target, account: Account, secret: string): Promise<boolean> {
  await using provider = await module.open(target, null, { connectTimeoutMs: 10_000, sessionName: 'pam-test' });
  const proof = await provider.prove(account, Secret.fromText(secret));
  if (proof.answer === 'cannot-tell') throw new Error(proof.reason);
  return proof.answer === 'accepted';
}
