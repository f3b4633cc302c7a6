/**
 * Malformed manifests. `‸` stands where the problem is to be reported and is taken out of the text before it is read.
 * `hunter2` is a secret wherever it stands.
 */
export interface Malformed {
  readonly name: string;
  readonly code: string;
  readonly text: string;
}

const user = (spec: string, metadata = '{ name: app }') => `apiVersion: pam/v1\nkind: PamUser\nmetadata: ${metadata}\nspec:\n${spec}\n`;
const database = (spec: string) =>
  `apiVersion: pam/v1\nkind: PamDatabase\nmetadata: { name: db }\nspec:\n  configuration: onprem\n  databaseType: mysql\n  host: db1\n${spec}\n`;
const configuration = (spec: string) => `apiVersion: pam/v1\nkind: PamConfiguration\nmetadata: { name: onprem }\nspec: ${spec}\n`;
const policy = (spec: string) => `apiVersion: pam/v1\nkind: RotationPolicy\nmetadata: { name: monthly }\nspec: ${spec}\n`;

export const MALFORMED: readonly Malformed[] = [
  // The text is no YAML.
  { name: 'a tab that indents', code: 'PAM1001', text: user('‸\tlogin: app') },
  { name: 'a double quote that is not closed', code: 'PAM1001', text: user('  login: ‸"app') },
  { name: 'a single quote that is not closed', code: 'PAM1001', text: user("  login: ‸'app") },
  { name: 'a secret in a quote that is not closed', code: 'PAM1001', text: user('  login: app\n  password: ‸"hunter2') },
  { name: 'a bracket that is not closed', code: 'PAM1001', text: user('  login: app\n  consumers: ‸[a, b') },
  { name: 'a brace that is not closed', code: 'PAM1001', text: user('  login: app\n  rotation: ‸{ type: general') },
  { name: 'an unknown escape', code: 'PAM1001', text: user('  login: "a‸\\qb"') },
  { name: 'a second colon', code: 'PAM1001', text: user('  login: ‸app: b') },
  { name: 'a secret with a second colon', code: 'PAM1001', text: user('  login: app\n  password: ‸hunter2: x') },
  { name: 'a line that is no key', code: 'PAM1001', text: user('  login: app\n  ‸just words') },
  { name: 'a secret in the line after its key', code: 'PAM1001', text: user('  login: app\n  password:\n  ‸hunter2') },
  { name: 'indentation that does not fit', code: 'PAM1001', text: user('    login: app\n‸  notes: x') },
  { name: 'text that begins with an at sign', code: 'PAM1001', text: user('  login: ‸@app') },
  { name: 'text that begins with a backtick', code: 'PAM1001', text: user('  login: ‸`app`') },
  { name: 'an anchor without a name', code: 'PAM1001', text: user('  login: ‸& app') },
  { name: 'two anchors', code: 'PAM1001', text: user('  login: &a ‸&b app') },
  { name: 'a bracket too many', code: 'PAM1001', text: user('  login: app\n  consumers: [a]‸]') },
  { name: 'YAML 1.1', code: 'PAM1001', text: `‸%YAML 1.1\n---\n${user('  login: app')}` },
  { name: 'a list in the place of a key', code: 'PAM1001', text: user('  login: app\n‸  - x') },

  // Text and values that manifests have no use for.
  { name: 'a control character', code: 'PAM1002', text: user('  login: a‸\u0007b') },
  { name: 'a zero character', code: 'PAM1002', text: user('  login: ab\n  notes: "‸\u0000"') },
  { name: 'a character that reverses the reading direction', code: 'PAM1002', text: user('  login: "a‸\u202eb"') },
  { name: 'brackets nested too deep', code: 'PAM1003', text: user(`  login: ${'['.repeat(64)}‸[${']'.repeat(65)}`) },
  { name: 'lists nested too deep in a line', code: 'PAM1003', text: user(`  login:\n    ${'- '.repeat(63)}‸- - x`) },
  {
    name: 'aliases that expand without bound',
    code: 'PAM1003',
    text: database(
      `  pamSettings: { a: &a [1,2,3,4,5,6,7,8,9,0], b: &b [${'*a,'.repeat(10)}], c: &c [${'*b,'.repeat(10)}], d: [${'*c,'.repeat(7)}‸*c,*c] }`,
    ),
  },
  { name: 'a key that stands twice', code: 'PAM1004', text: user('  login: a\n  ‸login: b') },
  { name: 'a secret field that stands twice', code: 'PAM1004', text: user('  login: a\n  password: { fromEnv: A }\n  ‸password: hunter2') },
  { name: 'a merge key', code: 'PAM1005', text: user('  ‸<<: { login: a }\n  login: b') },
  { name: 'an unknown tag', code: 'PAM1006', text: user('  login: ‸!env APP') },
  { name: 'a secret that looks like a tag', code: 'PAM1006', text: user('  login: app\n  password: ‸!hunter2 x') },
  { name: 'a binary value', code: 'PAM1006', text: user('  login: !!binary ‸aGVsbG8=') },
  { name: 'a number without end', code: 'PAM1006', text: database('  port: ‸.inf') },
  { name: 'no number', code: 'PAM1006', text: database('  port: ‸.nan') },
  { name: 'a number that cannot be kept', code: 'PAM1006', text: database('  databaseId: ‸12345678901234567890') },
  { name: 'a number as a key', code: 'PAM1006', text: user('  login: a\n  ‸5: b') },
  { name: 'a list as a key', code: 'PAM1006', text: user('  login: a\n  ? ‸[a]\n  : b') },
  { name: 'true as a key', code: 'PAM1006', text: user('  login: a', '{ name: app, labels: { ‸true: x } }') },
  { name: '__proto__ as a key', code: 'PAM1006', text: user('  login: a\n  ‸__proto__: { managed: true }') },
  { name: 'an alias without an anchor', code: 'PAM1007', text: user('  login: ‸*app') },
  { name: 'a secret that looks like an alias', code: 'PAM1007', text: user('  login: app\n  password: ‸*hunter2') },
  { name: 'an alias inside its own anchor', code: 'PAM1007', text: user('  login: app\n  consumers: &a [‸*a]') },

  // The envelope.
  { name: 'a text', code: 'PAM1010', text: '‸hunter2\n' },
  { name: 'a list', code: 'PAM1010', text: '‸- apiVersion: pam/v1\n' },
  { name: 'null', code: 'PAM1010', text: '--- ‸null\n' },
  { name: 'no kind', code: 'PAM1010', text: '‸apiVersion: pam/v1\nmetadata: { name: a }\nspec: {}\n' },
  { name: 'another apiVersion', code: 'PAM1011', text: user('  login: a').replace('pam/v1', '‸pam/v2') },
  { name: 'a misspelt kind', code: 'PAM1012', text: user('  login: a').replace('PamUser', '‸PamUsr') },
  { name: 'a kind of something else', code: 'PAM1012', text: 'apiVersion: apps/v1\nkind: ‸Deployment\nmetadata: { name: a }\nspec: {}\n' },
  { name: 'a kind that is a list', code: 'PAM1012', text: 'apiVersion: pam/v1\nkind: ‸[PamUser]\nmetadata: { name: a }\nspec: {}\n' },
  { name: 'no apiVersion', code: 'PAM1014', text: '‸kind: PamUser\nmetadata: { name: a }\nspec: { login: a }\n' },
  { name: 'no metadata', code: 'PAM1014', text: '‸apiVersion: pam/v1\nkind: PamUser\nspec: { login: a }\n' },
  { name: 'no spec', code: 'PAM1014', text: '‸apiVersion: pam/v1\nkind: PamUser\nmetadata: { name: a }\n' },
  { name: 'no name', code: 'PAM1014', text: user('  login: a', '{ folder: prod }').replace('metadata', '‸metadata') },
  { name: 'an unknown field beside spec', code: 'PAM1013', text: `${user('  login: a')}‸status: ok\n` },

  // Fields.
  { name: 'an unknown field', code: 'PAM1013', text: user('  login: a\n  ‸distinguishdName: cn=a') },
  { name: 'an unknown field in metadata', code: 'PAM1013', text: user('  login: a', '{ name: app, ‸lables: {} }') },
  { name: 'a misspelt required field', code: 'PAM1013', text: user('  ‸logn: a') },
  { name: 'an unknown field of a source', code: 'PAM1013', text: user('  login: a\n  password: { ‸fromEnvv: APP }') },
  { name: 'a field of another kind of configuration', code: 'PAM1013', text: configuration('{ type: aws, ‸networkId: a }') },
  { name: 'a login that is missing', code: 'PAM1014', text: user('  notes: a').replace('spec', '‸spec') },
  { name: 'a rotation without a type', code: 'PAM1014', text: user('  login: a\n  ‸rotation: { initial: now }') },
  { name: 'a configuration without a type', code: 'PAM1014', text: configuration('{ networkId: a }').replace('spec', '‸spec') },
  { name: 'a day without its time', code: 'PAM1014', text: policy('{ schedule: { ‸daily: {} } }') },
  { name: 'a number for a text', code: 'PAM1015', text: user('  login: ‸5') },
  { name: 'a text for a number', code: 'PAM1015', text: database('  port: ‸"5432"') },
  { name: 'a text for a truth value', code: 'PAM1015', text: user('  login: a\n  managed: ‸yes') },
  { name: 'an empty value', code: 'PAM1015', text: user('  login: a\n  ‸notes:') },
  { name: 'an empty source', code: 'PAM1015', text: user('  login: a\n  ‸password:') },
  { name: 'a text for a list', code: 'PAM1015', text: user('  login: a\n  consumers: ‸one') },
  { name: 'a list for a mapping', code: 'PAM1015', text: user('  login: a\n  rotation: ‸[general]') },
  { name: 'a label that is a number', code: 'PAM1015', text: user('  login: a', '{ name: app, labels: { year: ‸2027 } }') },
  { name: 'an unknown product', code: 'PAM1016', text: database('').replace('mysql', '‸postgres') },
  { name: 'an unknown type of configuration', code: 'PAM1016', text: configuration('{ type: ‸awss }') },
  { name: 'an unknown rotation type', code: 'PAM1016', text: user('  login: a\n  rotation: { type: ‸iam_user }') },
  { name: 'a weekday in lower case', code: 'PAM1016', text: policy('{ schedule: { weekly: { weekday: ‸sunday, time: "03:00" } } }') },
  { name: 'onDemand: false', code: 'PAM1016', text: policy('{ schedule: { onDemand: ‸false } }') },
  { name: 'a name in capitals', code: 'PAM1017', text: user('  login: a', '{ name: ‸App }') },
  { name: 'a host with its port', code: 'PAM1017', text: database('').replace('db1', '‸db1:3306') },
  { name: 'a port out of range', code: 'PAM1017', text: database('  port: ‸70000') },
  { name: 'an empty login', code: 'PAM1017', text: user('  login: ‸""') },
  { name: 'a login with a line break', code: 'PAM1017', text: user('  login: ‸"a\\nb"') },
  { name: 'a version of zero', code: 'PAM1017', text: user('  login: a\n  password: { fromEnv: A, version: ‸0 }') },
  { name: 'an environment variable that can be none', code: 'PAM1017', text: user('  login: a\n  password: { fromEnv: ‸"hunter2!" }') },
  { name: 'an empty command', code: 'PAM1017', text: user('  login: a\n  password: { fromCommand: ‸[] }') },
  { name: 'a duration without a unit', code: 'PAM1017', text: policy('{ schedule: { every: ‸"30" } }') },
  { name: 'a time that there is not', code: 'PAM1017', text: policy('{ schedule: { daily: { time: ‸"24:00" } } }') },
  {
    name: 'a fingerprint of another form',
    code: 'PAM1017',
    text: 'apiVersion: pam/v1\nkind: PamMachine\nmetadata: { name: m }\nspec: { configuration: a, host: b, hostKey: ‸"MD5:00" }\n',
  },
  { name: 'a label key with spaces', code: 'PAM1017', text: user('  login: a', '{ name: app, labels: { ‸"a b": x } }') },
  { name: 'the same service twice', code: 'PAM1017', text: user('  login: a\n  services: ‸[a, a]') },
  {
    name: 'an address that is no page',
    code: 'PAM1017',
    text: 'apiVersion: pam/v1\nkind: PamRemoteBrowser\nmetadata: { name: b }\nspec: { configuration: a, url: ‸"javascript:1" }\n',
  },
  { name: 'two sources', code: 'PAM1018', text: user('  login: a\n  password: ‸{ fromEnv: A, fromFile: b }') },
  { name: 'a source without a place', code: 'PAM1018', text: user('  login: a\n  password: ‸{ version: 2 }') },
  { name: 'two forms of schedule', code: 'PAM1018', text: policy('{ schedule: ‸{ every: 30d, onDemand: true } }') },
  { name: 'no form of schedule', code: 'PAM1018', text: policy('{ schedule: ‸{ timezone: UTC } }') },
  { name: 'resource beside configuration', code: 'PAM1018', text: user('  login: a\n  ‸resource: PamMachine/m\n  configuration: c') },
  {
    name: 'a schedule beside a policy',
    code: 'PAM1018',
    text: user('  login: a\n  rotation: { type: general, policy: p, ‸schedule: { every: 30d } }'),
  },
  { name: 'a reference to an unknown kind', code: 'PAM1022', text: user('  login: a\n  resource: ‸Pamdatabase/db') },
  { name: 'a reference with a space', code: 'PAM1022', text: user('  login: a\n  resource: ‸the database') },
  { name: 'a rename that is no name', code: 'PAM1022', text: user('  login: a', '{ name: app, moved: { from: ‸Old } }') },
  { name: 'a rename of another kind', code: 'PAM1029', text: user('  login: a', '{ name: app, moved: { from: ‸PamMachine/app } }') },
  { name: 'a rename to itself', code: 'PAM1029', text: user('  login: a', '{ name: app, moved: { from: ‸app } }') },

  // Secrets.
  { name: 'a password', code: 'PAM1020', text: user('  login: a\n  password: ‸hunter2') },
  { name: 'a password that is a number', code: 'PAM1020', text: user('  login: a\n  password: ‸31337') },
  { name: 'a password in a list', code: 'PAM1020', text: user('  login: a\n  password: ‸[hunter2]') },
  { name: 'a password with a key of its own', code: 'PAM1020', text: user('  login: a\n  password: ‸{ value: hunter2 }') },
  { name: 'a password beside its source', code: 'PAM1020', text: user('  login: a\n  password: ‸{ fromEnv: A, default: hunter2 }') },
  { name: 'a password as a key', code: 'PAM1020', text: user('  login: a\n  password: ‸{ hunter2 }') },
  {
    name: 'a private key',
    code: 'PAM1020',
    text: user('  login: a\n  privateKey: ‸|\n    -----BEGIN OPENSSH PRIVATE KEY-----\n    hunter2'),
  },
  { name: 'a second factor', code: 'PAM1020', text: user('  login: a\n  oneTimeCode: ‸otpauth://totp/a?secret=hunter2') },
  { name: 'a cloud secret', code: 'PAM1020', text: configuration('{ type: azure, clientSecret: ‸hunter2 }') },
  { name: 'a password where there is none', code: 'PAM1020', text: database('  password: ‸hunter2') },
  { name: 'a password under another name', code: 'PAM1020', text: user('  login: a\n  adminPassword: ‸hunter2') },
  { name: 'a password in session settings', code: 'PAM1020', text: database('  pamSettings: { connection: { httpPassword: ‸hunter2 } }') },
  {
    name: 'a password in a URL',
    code: 'PAM1020',
    text: configuration('{ type: aws, endpoint: "‸https://app:hunter2@example.internal" }').replace('"‸', '‸"'),
  },

  {
    name: 'a password in the place of a field',
    code: 'PAM1013',
    text: user('  login: a\n  ‸hunter2: x').replace('login: a', 'login: a\n  # password:'),
  },

  // What only pam knows.
  { name: 'a crontab line', code: 'PAM1027', text: policy('{ schedule: { cron: ‸"0 3 * * 0" } }') },
  { name: 'a time zone that there is not', code: 'PAM1027', text: policy('{ schedule: { every: 30d, timezone: ‸Europe/Berln } }') },
  { name: 'an instant that there is not', code: 'PAM1027', text: policy('{ schedule: { runOnce: { time: ‸"2027-02-30T00:00:00Z" } } }') },
  { name: 'a complexity that nothing meets', code: 'PAM1028', text: policy('{ complexity: { length: ‸8, upper: 9 } }') },
  { name: 'a CA file that is not there', code: 'PAM1023', text: database('  tls: { ca: ‸./none.pem }') },
  { name: 'a CA file with a private key', code: 'PAM1024', text: database('  tls: { ca: ‸./key.pem }') },
  { name: 'a CA file that is no PEM', code: 'PAM1024', text: database('  tls: { ca: ‸./hook.sh }') },
  { name: 'a hook that is not there', code: 'PAM1023', text: user('  login: a\n  hooks: [{ file: ‸./none.sh }]') },
  { name: 'a hook that was changed', code: 'PAM1025', text: user(`  login: a\n  hooks: [{ file: hook.sh, sha256: ‸${'a'.repeat(64)} }]`) },
  { name: 'a command that is not allowed', code: 'PAM1026', text: user('  login: a\n  password: { fromCommand: ‸[cat, hunter2] }') },
  { name: 'a bare resource that there is not', code: 'PAM1042', text: user('  login: a\n  resource: ‸orders-db') },
  { name: 'a name that stands twice', code: 'PAM1019', text: `${user('  login: a')}---\n${user('  login: b', '{ name: ‸app }')}` },
];
