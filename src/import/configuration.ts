import type { Address, JsonObject, SecretField } from '../model/index.ts';
import type { Cursor } from './cursor.ts';
import { defined, type Fields } from './fields.ts';
import type { SecretSink } from './secrets.ts';

/** Settings of a configuration that manifests have no place for, whatever its environment. */
const LEFT = [
  'connections',
  'tunneling',
  'ai_threat_detection',
  'ai_terminate_session_on_detection',
  'remote_browser_isolation',
  'graphical_session_recording',
  'text_session_recording',
  'identity_provider_uid',
  'uid',
  'attachments',
  'scripts',
];

interface Environment {
  readonly type: string;
  /** Field of the manifest by key of the file. */
  readonly texts?: Readonly<Record<string, string>>;
  readonly lists?: Readonly<Record<string, string>>;
  readonly secrets?: Readonly<Record<string, SecretField>>;
  readonly left?: readonly string[];
}

/** By `environment`. */
const ENVIRONMENTS: Readonly<Record<string, Environment>> = {
  local: { type: 'network', texts: { network_id: 'networkId', network_cidr: 'networkCIDR' } },
  aws: {
    type: 'aws',
    texts: { aws_id: 'awsId' },
    lists: { aws_region_names: 'regionNames' },
    secrets: { aws_access_key_id: 'accessKeyId', aws_secret_access_key: 'accessSecretKey' },
  },
  azure: {
    type: 'azure',
    texts: {
      az_entra_id: 'azureId',
      az_client_id: 'clientId',
      az_subscription_id: 'subscriptionId',
      az_tenant_id: 'tenantId',
    },
    lists: { az_resource_groups: 'resourceGroups' },
    secrets: { az_client_secret: 'clientSecret' },
  },
  domain: {
    type: 'domain',
    texts: { dom_domain_id: 'pamDomainId', dom_hostname: 'host' },
    left: ['dom_scan_dc_cidr', 'dom_network_cidr', 'dom_user_match'],
  },
  gcp: {
    type: 'gcp',
    texts: { gcp_id: 'pamGcpId' },
    lists: { gcp_region_names: 'regionNames' },
    secrets: { gcp_service_account_key: 'serviceAccountKey' },
    left: ['gcp_google_admin_email'],
  },
  oci: {
    type: 'oci',
    texts: { oci_id: 'pamOciId', oci_admin_id: 'adminOcid', oci_tenancy: 'tenancyOci', oci_region: 'regionOci' },
    secrets: { oci_admin_private_key: 'adminPrivateKey' },
    left: ['oci_admin_public_key'],
  },
};

/** In place of the two keys of AWS: the role of the machine, which manifests mean by leaving them out. */
const INSTANCE_ROLE = 'USE_INSTANCE_ROLE';

/** The spec of the one configuration of a project, but for what links it to others. */
export function convertConfiguration(cursor: Cursor, address: Address, sink: SecretSink): JsonObject {
  const name = cursor.text('environment') ?? 'local';
  const environment = Object.hasOwn(ENVIRONMENTS, name) ? ENVIRONMENTS[name] : undefined;
  if (environment === undefined) {
    cursor.problem('environment', 'is not known', `one of ${Object.keys(ENVIRONMENTS).join(', ')}`);
    return {};
  }
  const fields: Fields = { type: environment.type, runner: cursor.text('gateway_name') };
  for (const [key, field] of Object.entries(environment.texts ?? {})) fields[field] = cursor.text(key);
  for (const [key, field] of Object.entries(environment.lists ?? {})) fields[field] = cursor.texts(key);
  for (const [key, field] of Object.entries(environment.secrets ?? {})) {
    if (cursor.text(key) !== INSTANCE_ROLE) Object.assign(fields, sink.take(cursor, key, address, field));
  }
  if (name === 'domain') {
    fields['port'] = cursor.port('dom_port');
    Object.assign(fields, convertTls(cursor, 'dom_use_ssl'));
  }
  fields['portMapping'] = cursor.texts('port_mapping');
  cursor.leave(...LEFT, ...(environment.left ?? []));
  return defined(fields);
}

/** TLS is on and checked in a manifest that does not say otherwise; what a file turns off stays off, and is told. */
export function convertTls(cursor: Cursor, key: string): { readonly tls?: JsonObject } {
  if (cursor.flag(key) !== false) return {};
  cursor.warn(key, 'turns TLS off: secrets travel readably (tls.mode: disable), which every plan tells as a risk');
  return { tls: { mode: 'disable' } };
}
