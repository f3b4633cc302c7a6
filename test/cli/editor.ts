import { spawn } from 'node:child_process';
import { pathToFileURL } from 'node:url';

export interface Diagnostic {
  readonly message: string;
  /** Lines and characters from 0. */
  readonly range: { readonly start: { readonly line: number; readonly character: number } };
}

/** An editor with YAML files open: what it is told and offered by the yaml-language-server (https://github.com/redhat-developer/yaml-language-server). */
export interface Editor extends AsyncDisposable {
  /** Resolves with what the server found wrong with the file. */
  open(path: string, text: string): Promise<readonly Diagnostic[]>;
  /** Labels of what it offers at the place, lines and characters from 0. */
  complete(path: string, line: number, character: number): Promise<readonly string[]>;
}

interface Message {
  readonly id?: number;
  readonly method?: string;
  readonly params?: {
    readonly uri?: string;
    readonly diagnostics?: readonly Diagnostic[];
    readonly items?: readonly { section: string }[];
  };
  readonly result?: { readonly items?: readonly { readonly label: string }[] };
}

const SERVER = new URL('../../node_modules/yaml-language-server/bin/yaml-language-server', import.meta.url).pathname;

/** Starts the server with these settings of `yaml`. It is told to look for nothing on the network. */
export async function startEditor(settings: object = {}): Promise<Editor> {
  const yaml = { ...settings, schemaStore: { enable: false }, kubernetesCRDStore: { enable: false } };
  const child = spawn(process.execPath, [SERVER, '--stdio'], { stdio: ['pipe', 'pipe', 'inherit'] });
  const ended = new Promise((resolve) => child.on('close', resolve));
  const answers = new Map<number, (message: Message) => void>();
  const diagnoses = new Map<string, (diagnostics: readonly Diagnostic[]) => void>();
  let last = 0;

  const send = (message: object) => {
    const body = JSON.stringify({ jsonrpc: '2.0', ...message });
    child.stdin.write(`Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`);
  };
  const request = (method: string, params: object) =>
    new Promise<Message>((resolve) => {
      answers.set(++last, resolve);
      send({ id: last, method, params });
    });
  const hear = (message: Message) => {
    const { id, method, params } = message;
    if (method === undefined) answers.get(id ?? 0)?.(message);
    else if (method === 'workspace/configuration')
      send({ id, result: params?.items?.map(({ section }) => (section === 'yaml' ? yaml : {})) });
    else if (id !== undefined) send({ id, result: null });
    else if (method === 'textDocument/publishDiagnostics') diagnoses.get(params?.uri ?? '')?.(params?.diagnostics ?? []);
  };
  // https://microsoft.github.io/language-server-protocol/specifications/lsp/3.17/specification/#baseProtocol
  let rest = Buffer.alloc(0);
  child.stdout.on('data', (bytes: Buffer) => {
    rest = Buffer.concat([rest, bytes]);
    for (;;) {
      const end = rest.indexOf('\r\n\r\n');
      const length = Number(/Content-Length: (\d+)/i.exec(rest.toString('latin1', 0, Math.max(end, 0)))?.[1]);
      if (end < 0 || rest.length < end + 4 + length) return;
      hear(JSON.parse(rest.toString('utf8', end + 4, end + 4 + length)) as Message);
      rest = rest.subarray(end + 4 + length);
    }
  });

  await request('initialize', { processId: process.pid, rootUri: null, capabilities: { workspace: { configuration: true } } });
  send({ method: 'initialized', params: {} });
  send({ method: 'workspace/didChangeConfiguration', params: { settings: { yaml } } });
  return {
    open: (path, text) =>
      new Promise((resolve) => {
        const uri = pathToFileURL(path).href;
        diagnoses.set(uri, resolve);
        send({ method: 'textDocument/didOpen', params: { textDocument: { uri, languageId: 'yaml', version: 1, text } } });
      }),
    async complete(path, line, character) {
      const answer = await request('textDocument/completion', {
        textDocument: { uri: pathToFileURL(path).href },
        position: { line, character },
      });
      return (answer.result?.items ?? []).map((item) => item.label);
    },
    async [Symbol.asyncDispose]() {
      await request('shutdown', {});
      send({ method: 'exit' });
      child.stdin.end();
      await ended;
    },
  };
}
