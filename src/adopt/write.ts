import { Document, isMap, isScalar, Scalar, visit, type YAMLMap } from 'yaml';
import type { Address, JsonObject } from '../model/index.ts';

/** A manifest that is not written yet. */
export interface Draft {
  readonly address: Address;
  /** For whoever reviews it; empty for none. */
  readonly comment: string;
  readonly metadata: JsonObject;
  readonly spec: JsonObject;
}

/** What a manifest may hold as an escape only (`manifest/source.ts` refuses it as it is), or what could not be seen in one. */
const HIDDEN = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u;
/** Maps that are longer as JSON do not stand in one line. */
const MAX_FLOW = 100;

/** The manifests as the text of one file, laid out as `pam fmt` does it. */
export function writeManifests(drafts: readonly Draft[]): string {
  return drafts.map(writeManifest).join('---\n');
}

function writeManifest({ address, comment, metadata, spec }: Draft): string {
  const kind = address.slice(0, address.indexOf('/'));
  const document = new Document({ apiVersion: 'pam/v1', kind, metadata, spec });
  visit(document, {
    Map(_, node, path) {
      // The path of what lies within metadata or spec holds the document, the manifest, and a pair and a map of these.
      if (isShort(node) && (path.length > 3 || node.items.length === 1)) node.flow = true;
    },
    Scalar(_, node) {
      if (typeof node.value === 'string' && HIDDEN.test(node.value)) node.type = Scalar.QUOTE_DOUBLE;
    },
  });
  if (isMap(document.contents) && comment !== '') {
    const first = document.contents.items[0]?.key;
    if (isScalar(first)) first.commentBefore = escapeHidden(comment.replace(/^/gm, ' '));
  }
  return escapeHidden(document.toString({ indent: 2, lineWidth: 0, flowCollectionPadding: true }));
}

function isShort(node: YAMLMap): boolean {
  return node.items.every(({ value }) => isScalar(value)) && JSON.stringify(node.toJSON()).length <= MAX_FLOW;
}

/** As double quotes have them (YAML 1.2 §5.7); line feeds are those of the layout. */
function escapeHidden(text: string): string {
  return text.replace(new RegExp(HIDDEN, 'gu'), (c) => {
    if (c === '\n') return c;
    const code = c.codePointAt(0) ?? 0;
    return code > 0xffff ? `\\U${code.toString(16).padStart(8, '0')}` : `\\u${code.toString(16).padStart(4, '0')}`;
  });
}
