import type { Subject } from './variables.ts';

export type Severity = 'off' | 'warning' | 'error';

/** A rule that comes with pam, in the form that files of rules have. */
export interface BuiltInRule {
  readonly id: string;
  readonly description: string;
  readonly on: Subject;
  /** None is an `error`: what stops an apply is for each project to say. `off`: the plan or the manifest warns anyway, or only the project knows the number. */
  readonly severity: 'off' | 'warning';
  /** Parameters and their defaults; of a duration the seconds. */
  readonly params?: Readonly<Record<string, number>>;
  readonly when?: string;
  /** Absent where CEL cannot say it: `rotations-per-hour.ts`. */
  readonly require?: string;
  readonly message: string;
  readonly messageExpression?: string;
  readonly hint: string;
}

const DAY_SECONDS = 86_400;

export const BUILT_IN_RULES: readonly BuiltInRule[] = [
  {
    id: 'every-user-rotates',
    description: 'Every account that lives on a resource, and is not to be retired, has a rotation that is not paused.',
    on: 'resource',
    severity: 'warning',
    when: "resource.kind == 'PamUser' && ('belongs-to' in resource.links || 'iam-of' in resource.links) && !resource.retire && !resource.spec.?managed.orValue(false)",
    require: 'resource.rotation.enabled',
    message: 'is not rotated',
    messageExpression: "resource.rotation.declared ? 'has a rotation that is paused' : 'is not rotated'",
    hint: 'set spec.rotation',
  },
  {
    id: 'longest-period',
    description: 'What is rotated by a schedule is rotated at least this often. An account without times is found too.',
    on: 'resource',
    severity: 'warning',
    params: { max: 90 * DAY_SECONDS },
    when: 'resource.rotation.enabled && !resource.retire',
    require: 'resource.rotation.periodSeconds > 0 && resource.rotation.periodSeconds <= params.max',
    message: 'is rotated too rarely',
    messageExpression:
      "resource.rotation.periodSeconds == 0 ? 'is rotated on demand only' : 'may keep a secret for ' + string(resource.rotation.periodSeconds / 86400) + ' days, longer than ' + string(params.max / 86400)",
    hint: 'shorten the schedule of its policy',
  },
  {
    id: 'password-strength',
    description: 'Passwords are generated with at least this many bits of entropy, every rule of their complexity counted.',
    on: 'resource',
    severity: 'warning',
    params: { min: 80 },
    when: "resource.rotation.declared && resource.rotation.field == 'password'",
    require: 'resource.rotation.passwordBits >= params.min',
    message: 'gets passwords that are too weak',
    messageExpression: "'gets passwords of ' + string(resource.rotation.passwordBits) + ' bits, fewer than ' + string(params.min)",
    hint: 'raise complexity.length, or allow more characters',
  },
  {
    id: 'shared-admin-credential',
    description: 'One credential administers few resources: whoever takes it has all of them.',
    on: 'resource',
    severity: 'warning',
    params: { max: 1 },
    when: "resource.kind == 'PamUser'",
    require: 'resource.administers.size() <= params.max',
    message: 'administers too many resources',
    messageExpression: "'administers ' + string(resource.administers.size()) + ' resources, more than ' + string(params.max)",
    hint: 'declare an administrator for each of them',
  },
  {
    id: 'admin-without-reconcile',
    description:
      'An administrator that is rotated has somebody who can reset it: without one, a rotation that goes wrong locks everybody out.',
    on: 'resource',
    severity: 'warning',
    when: "resource.rotation.enabled && resource.links[?'belongs-to'].orValue([]).exists(on, on in resource.administers)",
    require: 'has(resource.spec.reconcileCredential)',
    message: 'is rotated, and nothing could reset it if that went wrong',
    hint: 'set spec.reconcileCredential',
  },
  {
    id: 'admin-beyond-folder',
    description: "A credential administers resources of its own folder and what is below it. A credential in no folder is everybody's.",
    on: 'link',
    severity: 'warning',
    when: "link.type == 'admin-of' && link.to.folder != ''",
    require: "link.from.folder == link.to.folder || link.from.folder.startsWith(link.to.folder + '/')",
    message: 'is administered from another folder',
    messageExpression:
      "'lies in ' + (link.from.folder == '' ? 'no folder' : link.from.folder) + ', and is administered by ' + link.to.address + ' of ' + link.to.folder",
    hint: 'use an administrator of the same folder',
  },
  {
    id: 'plaintext-transport',
    description:
      'Credentials travel encrypted. Off by default, since every plan states it as a risk; turned up, it takes the place of the risk.',
    on: 'resource',
    severity: 'off',
    require: "resource.spec.?tls.?mode.orValue('verify-full') != 'disable'",
    message: 'tls.mode: disable sends credentials in the clear',
    hint: 'leave tls out: the default verifies certificate and name',
  },
  {
    id: 'upn-on-domain',
    description:
      'Accounts of domain-joined Windows machines log in as user@domain. Off by default, since the manifest gets a warning for DOMAIN\\user.',
    on: 'link',
    severity: 'off',
    when: "link.type == 'belongs-to' && link.to.kind == 'PamMachine' && link.to.spec.?domainJoined.orValue(false)",
    require: "link.from.spec.?login.orValue('').matches(r'^[^@\\\\\\s]+@[^@\\\\\\s]+$')",
    message: 'does not log in as user@domain, although its machine is in a domain',
    hint: 'write the login as user@domain.example',
  },
  {
    id: 'rotations-per-hour',
    description:
      'Rotations are spread: no hour of the next days holds more than these, what is due now included. Off by default, since only you know your targets.',
    on: 'plan',
    severity: 'off',
    params: { max: 50 },
    message: 'too many rotations fall into one hour',
    hint: 'set jitter or window on the schedule, or give accounts other policies',
  },
];
