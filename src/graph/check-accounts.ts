import { type Address, type DesiredResource, type JsonObject, kindOf, linkOf } from '../model/index.ts';
import { effectivePolicy } from './effective-policy.ts';
import { accountIdentity } from './identity.ts';
import { type Check, placeOf } from './problems.ts';
import { targetType } from './target.ts';

/** Configurations whose cloud can change the credentials of a user. */
const CLOUDS: readonly unknown[] = ['aws', 'azure', 'gcp', 'oci'];

/** What an account must have to live where it lives and to be rotated as it says, and that it is declared once only. */
export function checkAccounts(check: Check): void {
  const seen = new Map<string, DesiredResource>();
  const domains = domainNames(check);
  for (const user of check.resources.values()) {
    if (kindOf(user.address) !== 'PamUser') continue;
    const resource = lookup(check, linkOf(user, 'belongs-to'));
    if (resource !== undefined) checkLogin(check, user, resource, domains);
    checkRotation(check, user, resource);
    const identity = accountIdentity(user, (address) => check.resources.get(address));
    if (identity === null) continue;
    const first = seen.get(identity);
    if (first === undefined) seen.set(identity, user);
    else {
      const message = `${user.address} is the same account as ${placeOf(first)}`;
      check.report('PAM1048', user, 'spec.login', message, 'keep one of the two; name other users of the account in its consumers');
    }
  }
}

function lookup(check: Check, address: Address | undefined): DesiredResource | undefined {
  return address === undefined ? undefined : check.resources.get(address);
}

function checkLogin(check: Check, user: DesiredResource, resource: DesiredResource, domains: ReadonlyMap<string, string>): void {
  const login = String(user.fields['login'] ?? '');
  const type = targetType(resource.address, resource.fields);
  if (kindOf(resource.address) === 'PamDirectory' && user.fields['distinguishedName'] === undefined) {
    const message = `${user.address} belongs to ${resource.address}, where accounts are found by distinguished name`;
    check.report('PAM1046', user, 'spec.resource', message, `add distinguishedName, such as cn=${login},ou=people,dc=example,dc=org`);
  }
  // Other databases have logins with an @ in them, such as Kerberos principals: only what looks like a host pattern is meant.
  const host = /^(.+)@(?:localhost|\d{1,3}(?:\.(?:\d{1,3}|%))+|[^@]*%[^@]*)$/i.exec(login);
  if (kindOf(resource.address) === 'PamDatabase' && type !== 'mysql' && type !== 'mariadb' && host !== null) {
    check.report(
      'PAM1047',
      user,
      'spec.login',
      `${user.address}: the login carries a host, which ${type} does not know`,
      `write login: ${host[1]}`,
    );
  }
  const [, domain, name] = /^([^\\@.][^\\@]*)\\([^\\@]+)$/.exec(login) ?? [];
  const isJoined = type === 'active_directory' || (type === 'windows' && resource.fields['domainJoined'] === true);
  if (domain !== undefined && isJoined) {
    const dnsName = resource.fields['domainName'] ?? domains.get(domain.toLowerCase()) ?? `${domain.toLowerCase()}.example.com`;
    check.warn(
      'PAM1060',
      user,
      'spec.login',
      `${user.address}: the login is in the form DOMAIN\\user`,
      `write login: ${name}@${String(dnsName)}`,
    );
  }
}

/** DNS names of the domains that directories serve, by their first label in lower case: the short name, as a rule. */
function domainNames(check: Check): ReadonlyMap<string, string> {
  const names = new Map<string, string>();
  for (const { address, fields } of check.resources.values()) {
    const name = kindOf(address) === 'PamDirectory' ? fields['domainName'] : undefined;
    if (typeof name === 'string') names.set(name.toLowerCase().split('.')[0] ?? '', name);
  }
  return names;
}

function checkRotation(check: Check, user: DesiredResource, resource: DesiredResource | undefined): void {
  const rotation = user.fields['rotation'] as JsonObject | undefined;
  if (rotation === undefined) return;
  const { address } = user;
  if (user.fields['managed'] === true) {
    check.report(
      'PAM1045',
      user,
      'spec.rotation',
      `${address} is managed by the IAM of its cloud and cannot be rotated`,
      'remove rotation, or managed: true',
    );
    return;
  }
  const lacks = (message: string, hint: string) => check.report('PAM1044', user, 'spec.rotation.type', `${address}: ${message}`, hint);
  switch (rotation['type']) {
    case 'iamUser':
      checkIamUser(check, user, lacks);
      break;
    case 'scriptsOnly':
      if (!hasHooks(check, user, resource))
        lacks('rotation by scripts only needs hooks', 'add hooks to the user, its resource or its configuration');
      break;
    default:
      checkGeneral(user, resource, rotation, lacks);
  }
  const { initial = 'due', enabled = true, trigger } = rotation;
  const waitsForSchedule = initial === 'due' && enabled === true && trigger === undefined;
  const isKnown = !user.links.some(({ to }) => check.incomplete.has(to)) && !check.incomplete.has(rotation['policy'] as Address);
  const { schedule } = effectivePolicy(user, (a) => check.resources.get(a));
  if (waitsForSchedule && isKnown && schedule === undefined) {
    const hint = 'add policy or schedule, set defaultPolicy of the configuration, or write schedule: { onDemand: true }';
    check.warn('PAM1061', user, 'spec.rotation', `${address} waits for a schedule, and neither it nor a policy has one`, hint);
  }
}

type Lacks = (message: string, hint: string) => void;

function checkGeneral(user: DesiredResource, resource: DesiredResource | undefined, rotation: JsonObject, lacks: Lacks): void {
  if (linkOf(user, 'belongs-to') === undefined) {
    const isIam = linkOf(user, 'iam-of') !== undefined;
    lacks(
      'general rotation needs a resource to rotate on',
      isIam ? 'for a user of a cloud write type: iamUser' : 'add resource: with what the account lives on',
    );
    return;
  }
  if (resource === undefined) return;
  if (rotation['selfRotate'] !== true && linkOf(resource, 'admin-of') === undefined) {
    const hint = `set adminCredential of ${placeOf(resource)}, or selfRotate: true if the account may change its own secret`;
    lacks(`general rotation needs an administrator, and ${resource.address} has no adminCredential`, hint);
  }
  if (rotation['field'] === 'privateKey' && kindOf(resource.address) !== 'PamMachine') {
    lacks(`${resource.address} has no private keys to rotate`, 'write field: password, or link the account to a PamMachine');
  }
}

function checkIamUser(check: Check, user: DesiredResource, lacks: Lacks): void {
  const address = linkOf(user, 'iam-of');
  if (address === undefined) {
    lacks(
      'rotation of an IAM user needs a configuration of its cloud',
      'add configuration: with the PamConfiguration of the cloud, in place of resource',
    );
    return;
  }
  const configuration = check.resources.get(address);
  const type = configuration?.fields['type'];
  if (configuration !== undefined && !CLOUDS.includes(type)) {
    lacks(`${address} is of type ${String(type)}, and only a cloud has IAM users`, `link a configuration of type ${CLOUDS.join(', ')}`);
  }
}

function hasHooks(check: Check, user: DesiredResource, resource: DesiredResource | undefined): boolean {
  const links = [...user.links, ...(resource?.links ?? [])];
  const places = links.filter(({ type }) => type === 'belongs-to' || type === 'iam-of' || type === 'configured-by').map(({ to }) => to);
  // What an unfinished manifest holds is not known: it may well be the hooks.
  if (places.some((address) => check.incomplete.has(address))) return true;
  return [user, ...places.map((address) => check.resources.get(address))].some(
    (place) => ((place?.fields['hooks'] ?? []) as readonly unknown[]).length > 0,
  );
}
