// Made by scripts/generate.mjs from schemas/*.json. Do not edit.

/**
 * The environment; `type` says which fields there are.
 */
export type PamConfigurationSpec =
  NetworkConfiguration | AwsConfiguration | AzureConfiguration | DomainConfiguration | GcpConfiguration | OciConfiguration;
/**
 * Where records and secrets rest.
 */
export type VaultSettings = LocalVault | PostgresVault | KeeperVault;
/**
 * Where the notes about rotations in flight are kept: never on a runner's own disk alone.
 */
export type JournalSettings = LocalJournal | PostgresJournal;
/**
 * The severity of a rule that takes no parameters.
 */
export type OwnRule =
  | ('off' | 'warning' | 'error')
  | {
      /**
       * `error` stops an apply, `warning` is shown, `off` leaves the rule out.
       */
      severity?: 'off' | 'warning' | 'error';
    };
/**
 * An account is rotated at least this often.
 */
export type LongestPeriod =
  | ('off' | 'warning' | 'error')
  | {
      /**
       * `error` stops an apply, `warning` is shown, `off` leaves the rule out.
       */
      severity?: 'off' | 'warning' | 'error';
      /**
       * The longest time between two rotations; 90d where it is left out.
       */
      max?: string;
    };
/**
 * Generated passwords have at least this entropy.
 */
export type PasswordStrength =
  | ('off' | 'warning' | 'error')
  | {
      /**
       * `error` stops an apply, `warning` is shown, `off` leaves the rule out.
       */
      severity?: 'off' | 'warning' | 'error';
      /**
       * Bits of entropy of a generated password; 80 where it is left out.
       */
      min?: number;
    };
/**
 * A credential administers few resources.
 */
export type SharedAdmin =
  | ('off' | 'warning' | 'error')
  | {
      /**
       * `error` stops an apply, `warning` is shown, `off` leaves the rule out.
       */
      severity?: 'off' | 'warning' | 'error';
      /**
       * Resources that one credential may administer; 1 where it is left out.
       */
      max?: number;
    };
/**
 * Rotations are spread over time.
 */
export type RotationsPerHour =
  | ('off' | 'warning' | 'error')
  | {
      /**
       * `error` stops an apply, `warning` is shown, `off` leaves the rule out.
       */
      severity?: 'off' | 'warning' | 'error';
      /**
       * Rotations that may fall into one hour; 50 where it is left out.
       */
      max?: number;
    };
/**
 * A file of rules in CEL that manifests and plans must keep; `policies.files` of pam.yaml names it.
 *
 * @minItems 1
 * @maxItems 1000
 */
export type RuleFile = Rule[];

/**
 * The type of each kind of manifest, of pam.yaml and of the files that it names.
 */
export interface Schemas {
  PamConfiguration: PamConfigurationManifest;
  PamMachine: PamMachineManifest;
  PamDatabase: PamDatabaseManifest;
  PamDirectory: PamDirectoryManifest;
  PamRemoteBrowser: PamRemoteBrowserManifest;
  PamUser: PamUserManifest;
  RotationPolicy: RotationPolicyManifest;
  ProjectFile: ProjectFile;
  RuleFile: RuleFile;
  PolicyTestFile: PolicyTestFile;
}
/**
 * An environment that resources live in.
 */
export interface PamConfigurationManifest {
  /**
   * The version of the manifest format.
   */
  apiVersion: 'pam/v1';
  /**
   * What the manifest declares.
   */
  kind: 'PamConfiguration';
  metadata: Metadata;
  spec: PamConfigurationSpec;
}
/**
 * The name of the resource and where it is filed.
 */
export interface Metadata {
  /**
   * Unique among the resources of its kind in a project.
   */
  name: string;
  /**
   * The folder of the vault, parts separated by `/`.
   */
  folder?: string;
  /**
   * What people read instead of the name.
   */
  title?: string;
  /**
   * Keys and values to group and select resources by.
   */
  labels?: {
    /**
     * The value of the label.
     */
    [k: string]: string;
  };
  moved?: Moved;
  lifecycle?: Lifecycle;
}
/**
 * A rename: the record of the old name is kept.
 */
export interface Moved {
  /**
   * The name that the resource had before.
   */
  from: string;
}
/**
 * What may happen to the record.
 */
export interface Lifecycle {
  /**
   * Refuse every change that would release, retire or delete the record.
   */
  protect?: boolean;
  /**
   * Not rotated any more; once this is applied, removing the manifest deletes the record and its secrets. The account on the target stays.
   */
  retire?: boolean;
}
/**
 * Machines of one's own.
 */
export interface NetworkConfiguration {
  /**
   * The kind of environment.
   */
  type: 'network';
  /**
   * The RotationPolicy of every user that names none.
   */
  defaultPolicy?: string;
  /**
   * Ports that speak another protocol than usual, as `port=protocol`.
   *
   * @maxItems 256
   *
   * Items: A port and its protocol.
   */
  portMapping?: string[];
  /**
   * The runner that reaches the targets.
   */
  runner?: string;
  /**
   * Scripts that run after a rotation was committed, in this order.
   *
   * @maxItems 64
   */
  hooks?: Hook[];
  /**
   * A name of the network.
   */
  networkId?: string;
  /**
   * The addresses of the network.
   */
  networkCIDR?: string;
}
/**
 * One script. It gets one line of base64 JSON on its standard input.
 */
export interface Hook {
  /**
   * The script, relative to the manifest.
   */
  file: string;
  /**
   * The SHA-256 that the script must have, in hex.
   */
  sha256?: string;
  /**
   * The program that runs the script, where the script is not executable itself, with its arguments.
   *
   * @minItems 1
   * @maxItems 256
   */
  command?: string[];
  /**
   * How long the script may run.
   */
  timeout?: string;
  /**
   * Other users whose credentials the script is given.
   *
   * @maxItems 64
   *
   * Items: Another resource: its bare name where only one kind fits, else `Kind/name`.
   */
  records?: string[];
}
/**
 * An AWS account.
 */
export interface AwsConfiguration {
  /**
   * The kind of environment.
   */
  type: 'aws';
  /**
   * The RotationPolicy of every user that names none.
   */
  defaultPolicy?: string;
  /**
   * Ports that speak another protocol than usual, as `port=protocol`.
   *
   * @maxItems 256
   *
   * Items: A port and its protocol.
   */
  portMapping?: string[];
  /**
   * The runner that reaches the targets.
   */
  runner?: string;
  /**
   * Scripts that run after a rotation was committed, in this order.
   *
   * @maxItems 64
   */
  hooks?: Hook[];
  /**
   * A name of the account.
   */
  awsId?: string;
  accessKeyId?: SecretSource;
  accessSecretKey?: SecretSource;
  /**
   * The regions in use.
   *
   * @maxItems 256
   *
   * Items: One line of text, not empty.
   */
  regionNames?: string[];
  /**
   * Another endpoint of the service, for tests and private clouds.
   */
  endpoint?: string;
}
/**
 * Where a write-only secret is read from, by `apply` only. Never the secret itself.
 */
export interface SecretSource {
  /**
   * The environment variable of `apply` that holds the secret.
   */
  fromEnv?: string;
  /**
   * The file that holds the secret, relative to the manifest. One line break at its end is dropped.
   */
  fromFile?: string;
  /**
   * A command that prints the secret; `allowCommands` of pam.yaml must list it.
   *
   * @minItems 1
   * @maxItems 256
   */
  fromCommand?: string[];
  /**
   * Raise it to have the secret read again.
   */
  version?: number;
}
/**
 * An Azure tenant.
 */
export interface AzureConfiguration {
  /**
   * The kind of environment.
   */
  type: 'azure';
  /**
   * The RotationPolicy of every user that names none.
   */
  defaultPolicy?: string;
  /**
   * Ports that speak another protocol than usual, as `port=protocol`.
   *
   * @maxItems 256
   *
   * Items: A port and its protocol.
   */
  portMapping?: string[];
  /**
   * The runner that reaches the targets.
   */
  runner?: string;
  /**
   * Scripts that run after a rotation was committed, in this order.
   *
   * @maxItems 64
   */
  hooks?: Hook[];
  /**
   * A name of the tenant.
   */
  azureId?: string;
  /**
   * The id of the application that pam logs in as.
   */
  clientId?: string;
  clientSecret?: SecretSource;
  /**
   * The subscription.
   */
  subscriptionId?: string;
  /**
   * The tenant.
   */
  tenantId?: string;
  /**
   * The resource groups in use.
   *
   * @maxItems 256
   *
   * Items: One line of text, not empty.
   */
  resourceGroups?: string[];
}
/**
 * A Windows domain.
 */
export interface DomainConfiguration {
  /**
   * The kind of environment.
   */
  type: 'domain';
  /**
   * The RotationPolicy of every user that names none.
   */
  defaultPolicy?: string;
  /**
   * Ports that speak another protocol than usual, as `port=protocol`.
   *
   * @maxItems 256
   *
   * Items: A port and its protocol.
   */
  portMapping?: string[];
  /**
   * The runner that reaches the targets.
   */
  runner?: string;
  /**
   * Scripts that run after a rotation was committed, in this order.
   *
   * @maxItems 64
   */
  hooks?: Hook[];
  /**
   * The name of the domain.
   */
  pamDomainId?: string;
  /**
   * A domain controller.
   */
  host?: string;
  /**
   * Where it listens, if not on the usual port.
   */
  port?: number;
  tls?: Tls;
  /**
   * The user that administers the domain.
   */
  adminCredential?: string;
}
/**
 * How the connection to the target is protected.
 */
export interface Tls {
  /**
   * `verify-full` checks chain and name (default), `verify-ca` the chain only, `disable` nothing: a risk in every plan.
   */
  mode?: 'verify-full' | 'verify-ca' | 'disable';
  /**
   * A PEM file with the trusted certificates, relative to the manifest, or the PEM text itself. The record keeps the content.
   */
  ca?: string;
  /**
   * The name that the certificate must carry, where it is not `host`.
   */
  serverName?: string;
  /**
   * SHA-256 of the server certificate in hex, with or without colons.
   */
  pin?: string;
  /**
   * Directories: upgrade a plain connection. Default on any port but 636 and 3269.
   */
  startTls?: boolean;
}
/**
 * A Google Cloud project.
 */
export interface GcpConfiguration {
  /**
   * The kind of environment.
   */
  type: 'gcp';
  /**
   * The RotationPolicy of every user that names none.
   */
  defaultPolicy?: string;
  /**
   * Ports that speak another protocol than usual, as `port=protocol`.
   *
   * @maxItems 256
   *
   * Items: A port and its protocol.
   */
  portMapping?: string[];
  /**
   * The runner that reaches the targets.
   */
  runner?: string;
  /**
   * Scripts that run after a rotation was committed, in this order.
   *
   * @maxItems 64
   */
  hooks?: Hook[];
  /**
   * A name of the project.
   */
  pamGcpId?: string;
  serviceAccountKey?: SecretSource;
  /**
   * The regions in use.
   *
   * @maxItems 256
   *
   * Items: One line of text, not empty.
   */
  regionNames?: string[];
}
/**
 * An Oracle Cloud tenancy.
 */
export interface OciConfiguration {
  /**
   * The kind of environment.
   */
  type: 'oci';
  /**
   * The RotationPolicy of every user that names none.
   */
  defaultPolicy?: string;
  /**
   * Ports that speak another protocol than usual, as `port=protocol`.
   *
   * @maxItems 256
   *
   * Items: A port and its protocol.
   */
  portMapping?: string[];
  /**
   * The runner that reaches the targets.
   */
  runner?: string;
  /**
   * Scripts that run after a rotation was committed, in this order.
   *
   * @maxItems 64
   */
  hooks?: Hook[];
  /**
   * A name of the tenancy.
   */
  pamOciId?: string;
  /**
   * The user that pam logs in as.
   */
  adminOcid?: string;
  adminPrivateKey?: SecretSource;
  /**
   * The tenancy.
   */
  tenancyOci?: string;
  /**
   * The region.
   */
  regionOci?: string;
}
/**
 * A machine with accounts on it.
 */
export interface PamMachineManifest {
  /**
   * The version of the manifest format.
   */
  apiVersion: 'pam/v1';
  /**
   * What the manifest declares.
   */
  kind: 'PamMachine';
  metadata: Metadata;
  spec: PamMachineSpec;
}
/**
 * The machine and how it is reached.
 */
export interface PamMachineSpec {
  /**
   * The PamConfiguration that the resource belongs to.
   */
  configuration: string;
  /**
   * Where the machine is reached.
   */
  host: string;
  /**
   * Where it listens, if not on the usual port.
   */
  port?: number;
  /**
   * What runs on it; `linux` where it is left out.
   */
  operatingSystem?: 'linux' | 'macos' | 'windows' | 'cisco_ios_xe';
  /**
   * The name of the instance in its cloud.
   */
  instanceName?: string;
  /**
   * The id of the instance in its cloud.
   */
  instanceId?: string;
  /**
   * The resource group or other unit of the cloud that hosts it.
   */
  providerGroup?: string;
  /**
   * The region of the cloud that hosts it.
   */
  providerRegion?: string;
  /**
   * The fingerprint of the SSH host key, as `ssh-keygen -l` prints it.
   */
  hostKey?: string;
  /**
   * A known_hosts file, relative to the manifest, or its lines. The record keeps the content.
   */
  knownHosts?: string;
  tls?: Tls;
  /**
   * The machine that connections go through, by SSH.
   */
  via?: string;
  /**
   * The machine is a member of a Windows domain.
   */
  domainJoined?: boolean;
  /**
   * The user that administers the resource and rotates the accounts on it.
   */
  adminCredential?: string;
  /**
   * The user that sessions are opened with.
   */
  launchCredential?: string;
  pamSettings?: PamSettings;
  /**
   * Scripts that run after a rotation was committed, in this order.
   *
   * @maxItems 64
   */
  hooks?: Hook[];
}
/**
 * Session settings, carried as data for vaults that use them. No secrets here.
 */
export interface PamSettings {
  [k: string]: unknown;
}
/**
 * A database server with accounts on it.
 */
export interface PamDatabaseManifest {
  /**
   * The version of the manifest format.
   */
  apiVersion: 'pam/v1';
  /**
   * What the manifest declares.
   */
  kind: 'PamDatabase';
  metadata: Metadata;
  spec: PamDatabaseSpec;
}
/**
 * The database server and how it is reached.
 */
export interface PamDatabaseSpec {
  /**
   * The PamConfiguration that the resource belongs to.
   */
  configuration: string;
  /**
   * The product; the `-flexible` forms are the managed servers of Azure.
   */
  databaseType:
    'postgresql' | 'postgresql-flexible' | 'mysql' | 'mysql-flexible' | 'mariadb' | 'mariadb-flexible' | 'mssql' | 'oracle' | 'mongodb';
  /**
   * Where the server is reached.
   */
  host: string;
  /**
   * Where it listens, if not on the usual port.
   */
  port?: number;
  /**
   * The id of the server in its cloud, or the service name of an Oracle database.
   */
  databaseId?: string;
  /**
   * The database to log in to, where it is not the default one.
   */
  connectDatabase?: string;
  tls?: Tls;
  /**
   * The machine that connections go through, by SSH.
   */
  via?: string;
  /**
   * The user that administers the resource and rotates the accounts on it.
   */
  adminCredential?: string;
  /**
   * The user that sessions are opened with.
   */
  launchCredential?: string;
  /**
   * The resource group or other unit of the cloud that hosts it.
   */
  providerGroup?: string;
  /**
   * The region of the cloud that hosts it.
   */
  providerRegion?: string;
  pamSettings?: PamSettings;
  /**
   * Scripts that run after a rotation was committed, in this order.
   *
   * @maxItems 64
   */
  hooks?: Hook[];
}
/**
 * A directory service with accounts in it.
 */
export interface PamDirectoryManifest {
  /**
   * The version of the manifest format.
   */
  apiVersion: 'pam/v1';
  /**
   * What the manifest declares.
   */
  kind: 'PamDirectory';
  metadata: Metadata;
  spec: PamDirectorySpec;
}
/**
 * The directory and how it is reached.
 */
export interface PamDirectorySpec {
  /**
   * The PamConfiguration that the resource belongs to.
   */
  configuration: string;
  /**
   * The product.
   */
  directoryType: 'active_directory' | 'openldap';
  /**
   * Where the directory is reached.
   */
  host: string;
  /**
   * Where it listens, if not on the usual port.
   */
  port?: number;
  /**
   * The DNS name of the domain.
   */
  domainName?: string;
  /**
   * Other servers of the same directory.
   *
   * @maxItems 64
   *
   * Items: A DNS name or an IP address, without port or scheme.
   */
  alternativeIPs?: string[];
  /**
   * The id of the directory in its cloud.
   */
  directoryId?: string;
  /**
   * A filter that the accounts of interest match.
   */
  userMatch?: string;
  tls?: Tls;
  /**
   * The machine that connections go through, by SSH.
   */
  via?: string;
  /**
   * The user that administers the resource and rotates the accounts on it.
   */
  adminCredential?: string;
  /**
   * The user that sessions are opened with.
   */
  launchCredential?: string;
  /**
   * The resource group or other unit of the cloud that hosts it.
   */
  providerGroup?: string;
  /**
   * The region of the cloud that hosts it.
   */
  providerRegion?: string;
  pamSettings?: PamSettings;
  /**
   * Scripts that run after a rotation was committed, in this order.
   *
   * @maxItems 64
   */
  hooks?: Hook[];
}
/**
 * A web page that is opened in an isolated browser.
 */
export interface PamRemoteBrowserManifest {
  /**
   * The version of the manifest format.
   */
  apiVersion: 'pam/v1';
  /**
   * What the manifest declares.
   */
  kind: 'PamRemoteBrowser';
  metadata: Metadata;
  spec: PamRemoteBrowserSpec;
}
/**
 * The page and who logs in to it.
 */
export interface PamRemoteBrowserSpec {
  /**
   * The PamConfiguration that the resource belongs to.
   */
  configuration: string;
  /**
   * The page, http or https, without a user or password.
   */
  url: string;
  /**
   * The user whose credential is filled in.
   */
  autofill?: string;
  pamSettings?: PamSettings;
}
/**
 * An account and its credential.
 */
export interface PamUserManifest {
  /**
   * The version of the manifest format.
   */
  apiVersion: 'pam/v1';
  /**
   * What the manifest declares.
   */
  kind: 'PamUser';
  metadata: Metadata;
  spec: PamUserSpec;
}
/**
 * The account: who it is, where it lives, how it is rotated.
 */
export interface PamUserSpec {
  /**
   * The name that the account logs in with. MySQL and MariaDB: the host may follow an `@` (`app@10.%`).
   */
  login: string;
  password?: SecretSource;
  privateKey?: SecretSource;
  privateKeyPassphrase?: SecretSource;
  oneTimeCode?: SecretSource;
  /**
   * The public key that belongs to the private key, in OpenSSH form.
   */
  publicKey?: string;
  /**
   * The entry of the account; required where the resource is a directory.
   */
  distinguishedName?: string;
  /**
   * The database to log in to, where it is not the default one.
   */
  connectDatabase?: string;
  /**
   * The identity service of the cloud owns the secret, so that pam does not rotate it.
   */
  managed?: boolean;
  /**
   * Where the account lives: a machine, database or directory.
   */
  resource?: string;
  /**
   * The cloud whose identity service the account belongs to, instead of a resource.
   */
  configuration?: string;
  /**
   * The user that may reset this account when no stored secret opens it any more.
   */
  reconcileCredential?: string;
  rotation?: RotationSpec;
  /**
   * Scripts that run after a rotation was committed, in this order.
   *
   * @maxItems 64
   */
  hooks?: Hook[];
  /**
   * Machines whose Windows services and scheduled tasks run as this account.
   *
   * @maxItems 1024
   *
   * Items: Another resource: its bare name where only one kind fits, else `Kind/name`.
   */
  services?: string[];
  /**
   * What else uses the credential, in words. Plans show it before a rotation.
   *
   * @maxItems 256
   *
   * Items: One line of text, not empty.
   */
  consumers?: string[];
  /**
   * Text for people. No secrets here.
   */
  notes?: string;
}
/**
 * How and when the credential is changed. Left out: never.
 */
export interface RotationSpec {
  /**
   * `general`: on the linked resource, with its admin credential or by the account itself. `iamUser`: by the cloud of the linked configuration. `scriptsOnly`: the hooks make the change.
   */
  type: 'general' | 'iamUser' | 'scriptsOnly';
  /**
   * The RotationPolicy; without one and without an inline schedule, the `defaultPolicy` of the configuration.
   */
  policy?: string;
  schedule?: ScheduleSpec;
  complexity?: ComplexitySpec;
  /**
   * How many previous versions the record keeps.
   */
  retain?: number;
  /**
   * The first rotation: at once (`now`), at the next scheduled time (`due`, the default), or only when a trigger or a person asks (`never`).
   */
  initial?: 'now' | 'due' | 'never';
  /**
   * A value that was never seen before rotates once.
   */
  trigger?: string;
  /**
   * `false` pauses the rotation of this account and nothing else.
   */
  enabled?: boolean;
  /**
   * The account changes its own secret, without an administrator.
   */
  selfRotate?: boolean;
  /**
   * Accept a target that offers no proof of the new secret.
   */
  allowUnproved?: boolean;
  /**
   * Which secret is rotated; `password` where it is left out.
   */
  field?: 'password' | 'privateKey';
  /**
   * The kind of key that is made; `ed25519` where it is left out.
   */
  keyType?: 'ed25519' | 'rsa';
}
/**
 * When a credential is rotated: exactly one form, with `timezone`, `window`, `jitter`, `catchUp` beside it.
 */
export interface ScheduleSpec {
  /**
   * Only when somebody asks for it.
   */
  onDemand?: true;
  /**
   * This long after the last proved rotation.
   */
  every?: string;
  /**
   * A Quartz expression of 6 or 7 fields: second, minute, hour, day of month, month, day of week (1 = Sunday), year. One of the two days is `?`.
   */
  cron?: string;
  daily?: Daily;
  weekly?: Weekly;
  monthlyByDay?: MonthlyByDay;
  monthlyByWeekday?: MonthlyByWeekday;
  yearly?: Yearly;
  runOnce?: RunOnce;
  /**
   * The IANA time zone that local times are meant in; UTC where it is left out.
   */
  timezone?: string;
  /**
   * How long after the scheduled time it may start. Without a window what is due stays due until it is done.
   */
  window?: string;
  /**
   * Spreads accounts over this time, the same way at each run.
   */
  jitter?: string;
  /**
   * What happens to a missed window: wait for the next (default), or run as soon as possible.
   */
  catchUp?: 'next-window' | 'asap';
}
/**
 * Every day, or every `interval` days.
 */
export interface Daily {
  /**
   * A local time, `HH:MM` or `HH:MM:SS`.
   */
  time: string;
  /**
   * Every how many periods, counted from 1970-01-01; 1 where it is left out.
   */
  interval?: number;
}
/**
 * One day of the week.
 */
export interface Weekly {
  /**
   * A day of the week.
   */
  weekday: 'SUNDAY' | 'MONDAY' | 'TUESDAY' | 'WEDNESDAY' | 'THURSDAY' | 'FRIDAY' | 'SATURDAY';
  /**
   * A local time, `HH:MM` or `HH:MM:SS`.
   */
  time: string;
  /**
   * Every how many periods, counted from 1970-01-01; 1 where it is left out.
   */
  interval?: number;
}
/**
 * One day of the month.
 */
export interface MonthlyByDay {
  /**
   * A day that every month has.
   */
  monthDay: number;
  /**
   * A local time, `HH:MM` or `HH:MM:SS`.
   */
  time: string;
  /**
   * Every how many periods, counted from 1970-01-01; 1 where it is left out.
   */
  interval?: number;
}
/**
 * Such as the first Sunday of the month.
 */
export interface MonthlyByWeekday {
  /**
   * A day of the week.
   */
  weekday: 'SUNDAY' | 'MONDAY' | 'TUESDAY' | 'WEDNESDAY' | 'THURSDAY' | 'FRIDAY' | 'SATURDAY';
  /**
   * Which of the weekdays of the month.
   */
  occurrence: 'FIRST' | 'SECOND' | 'THIRD' | 'FOURTH' | 'LAST';
  /**
   * A local time, `HH:MM` or `HH:MM:SS`.
   */
  time: string;
  /**
   * Every how many periods, counted from 1970-01-01; 1 where it is left out.
   */
  interval?: number;
}
/**
 * One day of the year.
 */
export interface Yearly {
  /**
   * A month.
   */
  month:
    'JANUARY' | 'FEBRUARY' | 'MARCH' | 'APRIL' | 'MAY' | 'JUNE' | 'JULY' | 'AUGUST' | 'SEPTEMBER' | 'OCTOBER' | 'NOVEMBER' | 'DECEMBER';
  /**
   * A day that the month has in every year.
   */
  monthDay: number;
  /**
   * A local time, `HH:MM` or `HH:MM:SS`.
   */
  time: string;
  /**
   * Every how many periods, counted from 1970-01-01; 1 where it is left out.
   */
  interval?: number;
}
/**
 * Once, at an instant.
 */
export interface RunOnce {
  /**
   * An RFC 3339 instant with its offset.
   */
  time: string;
}
/**
 * What a generated password looks like. Every minimum may be left out.
 */
export interface ComplexitySpec {
  /**
   * Number of characters; 32 where it is left out.
   */
  length?: number;
  /**
   * At least so many upper-case letters; 0: none at all.
   */
  upper?: number;
  /**
   * At least so many lower-case letters; 0: none at all.
   */
  lower?: number;
  /**
   * At least so many digits; 0: none at all.
   */
  digits?: number;
  /**
   * At least so many special characters; 0: none at all.
   */
  special?: number;
  /**
   * The special characters that may be used, printable ASCII.
   */
  specialSet?: string;
  /**
   * Characters that must not be used.
   */
  exclude?: string;
  /**
   * Leave out characters that people mistake for others.
   */
  noAmbiguous?: boolean;
  /**
   * What the first character may be.
   */
  firstChar?: 'letter' | 'alnum' | 'any';
  /**
   * What the last character may be.
   */
  lastChar?: 'letter' | 'alnum' | 'any';
  /**
   * How often one character may stand in a row.
   */
  maxRepeat?: number;
}
/**
 * When credentials are rotated and what their passwords look like.
 */
export interface RotationPolicyManifest {
  /**
   * The version of the manifest format.
   */
  apiVersion: 'pam/v1';
  /**
   * What the manifest declares.
   */
  kind: 'RotationPolicy';
  metadata: Metadata;
  spec: RotationPolicySpec;
}
/**
 * A schedule, a complexity, or both.
 */
export interface RotationPolicySpec {
  schedule?: ScheduleSpec;
  complexity?: ComplexitySpec;
  /**
   * How many previous versions the record keeps.
   */
  retain?: number;
}
/**
 * pam.yaml: what belongs to a project and where its records are kept.
 */
export interface ProjectFile {
  /**
   * The version of the manifest format.
   */
  apiVersion?: 'pam/v1';
  /**
   * The owner written on every record, together with the environment.
   */
  project: string;
  vault: VaultSettings;
  journal?: JournalSettings;
  /**
   * Globs of the manifests, relative to pam.yaml. A leading `!` leaves files out.
   *
   * @minItems 1
   * @maxItems 256
   *
   * Items: A glob.
   */
  manifests?: string[];
  limits?: Limits;
  /**
   * Times in which nothing but recovery runs.
   *
   * @maxItems 256
   */
  freeze?: FreezePeriod[];
  /**
   * Commands that `fromCommand` may name, each an argv list. `*` as the last item stands for any further arguments.
   *
   * @maxItems 256
   */
  allowCommands?: string[][];
  drift?: DriftSettings;
  discover?: DiscoverSettings;
  policies?: PolicySettings;
  /**
   * What differs in an environment that `--env` chooses; without it the environment is `default`.
   */
  environments?: {
    [k: string]: EnvironmentOverrides;
  };
}
/**
 * One encrypted file.
 */
export interface LocalVault {
  /**
   * Where it is kept.
   */
  type: 'local';
  /**
   * The file, relative to pam.yaml; `.pam/vault.db` where it is left out.
   */
  path?: string;
  /**
   * The vault that `pam init` made for the project; another one is refused.
   */
  lineage?: string;
  /**
   * The file outlives the runner. In CI, commands that write refuse a local vault without it.
   */
  durable?: boolean;
}
/**
 * A PostgreSQL database, for many runners.
 */
export interface PostgresVault {
  /**
   * Where it is kept.
   */
  type: 'postgres';
  /**
   * Where the URL of the database is read from, or the URL itself where it holds no password.
   */
  url: string | SecretSource;
  /**
   * The vault that `pam init` made for the project; another one is refused.
   */
  lineage?: string;
  tls?: Tls;
}
/**
 * Keeper Secrets Manager.
 */
export interface KeeperVault {
  /**
   * Where it is kept.
   */
  type: 'keeper';
  config: SecretSource;
  /**
   * The vault that `pam init` made for the project; another one is refused.
   */
  lineage?: string;
}
/**
 * A folder; beside the vault where nothing is said, better on another disk.
 */
export interface LocalJournal {
  /**
   * Where it is kept.
   */
  type: 'local';
  /**
   * The folder, relative to pam.yaml.
   */
  path: string;
}
/**
 * A PostgreSQL database, better another server than the vault's.
 */
export interface PostgresJournal {
  /**
   * Where it is kept.
   */
  type: 'postgres';
  /**
   * Where the URL of the database is read from, or the URL itself where it holds no password.
   */
  url: string | SecretSource;
  tls?: Tls;
}
/**
 * How much one run may change; more is refused, with the grant that would let it through.
 */
export interface Limits {
  create?: Limit;
  update?: Limit;
  link?: Limit;
  unlink?: Limit;
  relink?: Limit;
  rotate?: Limit;
  verify?: Limit;
  ingest?: Limit;
  move?: Limit;
  adopt?: Limit;
  release?: Limit;
  retire?: Limit;
  delete?: Limit;
  soleAdmin?: Limit;
}
/**
 * How many at most, for all kinds together and for single ones.
 */
export interface Limit {
  /**
   * The greatest number in one run.
   */
  max?: number;
  /**
   * The greatest share of the records in one run.
   */
  percent?: number;
  kinds?: LimitByKind;
}
/**
 * Limits of single kinds.
 */
export interface LimitByKind {
  PamConfiguration?: Bound;
  PamMachine?: Bound;
  PamDatabase?: Bound;
  PamDirectory?: Bound;
  PamRemoteBrowser?: Bound;
  PamUser?: Bound;
  RotationPolicy?: Bound;
}
/**
 * How many at most.
 */
export interface Bound {
  /**
   * The greatest number in one run.
   */
  max?: number;
  /**
   * The greatest share of the records in one run.
   */
  percent?: number;
}
/**
 * A time in which nothing but recovery runs.
 */
export interface FreezePeriod {
  /**
   * Its beginning; a day means its first moment, UTC.
   */
  from: string;
  /**
   * Its end; a day means its last moment, UTC.
   */
  to: string;
  /**
   * Shown to whoever is kept waiting.
   */
  reason: string;
}
/**
 * What `pam drift` does not report.
 */
export interface DriftSettings {
  /**
   * Findings that are known, each until its day.
   *
   * @maxItems 10000
   */
  accept?: AcceptedDrift[];
}
/**
 * What is known of one record: every finding, or only those of one class or kind.
 */
export interface AcceptedDrift {
  /**
   * The record.
   */
  address: string;
  /**
   * Only findings of this class; without it all of the record.
   */
  class?: 'drift' | 'pending' | 'overdue' | 'unmanaged' | 'unproved';
  /**
   * Only this, of what `pam drift --live` sees on the target.
   */
  what?:
    | 'absent'
    | 'replaced'
    | 'locked'
    | 'unlocked'
    | 'disabled'
    | 'enabled'
    | 'expired'
    | 'must-change'
    | 'secret-changed'
    | 'secret-refused'
    | 'key-added'
    | 'key-missing'
    | 'unusable'
    | 'undeclared'
    | 'undeclared-admin';
  /**
   * Only this account, of those on the resource that nobody declares.
   */
  login?: string;
  /**
   * Why it is accepted.
   */
  reason: string;
  /**
   * From then on it is reported again.
   */
  until: string;
}
/**
 * Which accounts of a target `pam discover` and `pam adopt` make manifests of.
 */
export interface DiscoverSettings {
  /**
   * In order: the first that fits an account decides. Where none does, accounts that came with the system and those that cannot log in are left out, and all others are added.
   *
   * @maxItems 1024
   */
  rules: DiscoverRule[];
}
/**
 * What becomes of the accounts that fit.
 */
export interface DiscoverRule {
  /**
   * `add` makes a manifest of the account, `ignore` leaves it out.
   */
  action: 'add' | 'ignore';
  match?: DiscoverMatch;
  /**
   * The folder of what is added, parts separated by `/`.
   */
  folder?: string;
  /**
   * Labels of what is added.
   */
  labels?: {
    /**
     * The value of the label.
     */
    [k: string]: string;
  };
  /**
   * The RotationPolicy of what is added. Its first rotation is at the next scheduled time.
   */
  policy?: string;
}
/**
 * What an account must be: all of these. Left out: every account fits. In patterns, `*` stands for any text and `?` for one character.
 */
export interface DiscoverMatch {
  /**
   * The address of what it lives on.
   */
  resource?: string | string[];
  /**
   * Its login, case and all.
   */
  login?: string | string[];
  /**
   * Its entry in a directory, in any case.
   */
  distinguishedName?: string | string[];
  /**
   * May it do what ordinary accounts may not, as far as the target tells?
   */
  administrator?: boolean;
  /**
   * Did it come with the system?
   */
  system?: boolean;
  /**
   * Is it neither disabled nor expired?
   */
  enabled?: boolean;
  /**
   * Does it log in with a secret of its own?
   */
  canLogIn?: boolean;
}
/**
 * Rules that manifests and plans must keep. Where the field stands, the built-in rules are in force as well, each at its default severity.
 */
export interface PolicySettings {
  /**
   * Globs of the files with rules in CEL, relative to pam.yaml.
   *
   * @maxItems 256
   *
   * Items: A glob.
   */
  files?: string[];
  /**
   * Globs of the tests that `pam test` runs, relative to pam.yaml; `policies/tests/** /*.yaml` where it is left out.
   *
   * @maxItems 256
   *
   * Items: A glob.
   */
  tests?: string[];
  rules?: RuleSettings;
}
/**
 * Severity and parameters of single rules, built in or from files, by their id.
 */
export interface RuleSettings {
  'every-user-rotates'?: OwnRule;
  'longest-period'?: LongestPeriod;
  'password-strength'?: PasswordStrength;
  'shared-admin-credential'?: SharedAdmin;
  'rotations-per-hour'?: RotationsPerHour;
  [k: string]: OwnRule | LongestPeriod | PasswordStrength | SharedAdmin | RotationsPerHour | undefined;
}
/**
 * What differs from the rest of the file. Each field given replaces the whole of the same one above.
 */
export interface EnvironmentOverrides {
  vault?: VaultSettings;
  journal?: JournalSettings;
  /**
   * Globs of the manifests, relative to pam.yaml. A leading `!` leaves files out.
   *
   * @minItems 1
   * @maxItems 256
   *
   * Items: A glob.
   */
  manifests?: string[];
  limits?: Limits;
  /**
   * Times in which nothing but recovery runs.
   *
   * @maxItems 256
   */
  freeze?: FreezePeriod[];
  /**
   * Commands that `fromCommand` may name, each an argv list. `*` as the last item stands for any further arguments.
   *
   * @maxItems 256
   */
  allowCommands?: string[][];
  drift?: DriftSettings;
  discover?: DiscoverSettings;
  policies?: PolicySettings;
}
/**
 * One rule.
 */
export interface Rule {
  /**
   * Unique in the project: what pam.yaml turns off or up.
   */
  id: string;
  /**
   * Why the rule exists, for `pam test --list`.
   */
  description?: string;
  /**
   * What it is evaluated for: each resource as it will be, each change, each link, or the plan as a whole.
   */
  on: 'resource' | 'change' | 'link' | 'plan';
  /**
   * CEL: selects what the rule is about; everything where it is left out.
   */
  when?: string;
  /**
   * CEL: must hold.
   */
  require: string;
  /**
   * `error` stops an apply, `warning` is shown; `error` where it is left out.
   */
  severity?: 'error' | 'warning' | 'off';
  /**
   * What is wrong where it does not hold. It follows the address.
   */
  message: string;
  /**
   * CEL: a text that says it with its values, instead of `message`.
   */
  messageExpression?: string;
  /**
   * What to do about it.
   */
  hint?: string;
}
/**
 * Tests of rules, one a document, for `pam test`: given these manifests, exactly these findings.
 */
export interface PolicyTestFile {
  /**
   * What the test shows, as a sentence.
   */
  name: string;
  /**
   * What `environment` is for the rules; `default` where it is left out.
   */
  environment?: string;
  /**
   * The moment of the plan, an RFC 3339 instant; 2027-01-01T00:00:00Z where it is left out.
   */
  now?: string;
  /**
   * What was applied before, so that the plan also updates and releases; nothing where it is left out.
   *
   * @maxItems 1000
   *
   * Items: A manifest, or the path of a file with manifests, relative to this file.
   */
  applied?: (string | {})[];
  /**
   * What is declared.
   *
   * @maxItems 1000
   *
   * Items: A manifest, or the path of a file with manifests, relative to this file.
   */
  manifests: (string | {})[];
  /**
   * Only findings of these rules count; of all rules where it is left out.
   *
   * @minItems 1
   * @maxItems 1000
   *
   * Items: The id of a rule.
   */
  rules?: string[];
  /**
   * The findings, in any order: these and no others.
   *
   * @maxItems 10000
   */
  expect: ExpectedFinding[];
}
/**
 * A finding.
 */
export interface ExpectedFinding {
  /**
   * The id of the rule.
   */
  rule: string;
  /**
   * What it is about; left out for a finding about the whole plan.
   */
  address?: string;
  /**
   * Any where it is left out.
   */
  severity?: 'error' | 'warning';
  /**
   * A piece of its message; any where it is left out.
   */
  message?: string;
}
