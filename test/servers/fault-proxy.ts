import { connect, createServer, type Server, type Socket } from 'node:net';

/** One chunk on its way, with all that came before it (and itself) in both directions. */
export interface Moment {
  readonly from: 'client' | 'server';
  /** 1 for the first connection that the proxy took, and so on. */
  readonly connection: number;
  readonly chunk: Buffer;
  readonly clientBytes: Buffer;
  readonly serverBytes: Buffer;
}

/**
 * What happens to a chunk. `cut`: both sides lose the connection, and the chunk is not passed on; `cutAfter`: as many bytes of it
 * are, first. `swallow`: this and all that follows in that direction is lost, while the connection stays up; `freeze`: in both
 * directions (half-open, RFC 9293 §3.5.1). `hold`: as `swallow`, but `release()` delivers it late, even where the other side has
 * long gone; `hold-one`: and nothing of what follows. `twice`: it is delivered two times.
 */
export type Verdict = 'pass' | 'cut' | 'swallow' | 'freeze' | 'hold' | 'hold-one' | 'twice' | { readonly cutAfter: number };
export type Rule = (moment: Moment) => Verdict;

export interface FaultProxy {
  readonly host: string;
  readonly port: number;
  /** For chunks from now on; a new proxy passes everything. */
  setRule(rule: Rule): void;
  /** Delivers what was held, in order. */
  release(): void;
  /** Resolves once each server that was given what was held has said something to it, or has ended the connection. */
  answered(): Promise<void>;
  /** Ends all connections. */
  cutAll(): void;
  /** Connections accepted so far. */
  accepted(): number;
  stop(): Promise<void>;
}

/** A TCP proxy on 127.0.0.1 that fails as networks do. Bytes are looked at as they are: use it with TLS off, or count bytes. */
export async function startFaultProxy(target: { readonly host: string; readonly port: number }): Promise<FaultProxy> {
  let rule: Rule = () => 'pass';
  let accepted = 0;
  const held: (() => void)[] = [];
  const late = new Set<Socket>();
  const sockets = new Set<Socket>();

  const server = createServer({ allowHalfOpen: true }, (client) => {
    accepted += 1;
    const connection = accepted;
    const upstream = connect(target.port, target.host);
    const seen = { client: Buffer.alloc(0), server: Buffer.alloc(0) };
    /** `kept`: as `swallow`, but the way stays open for what is held. */
    const stuck: { [from in Moment['from']]?: 'swallow' | 'hold' | 'kept' } = {};
    const cut = () => {
      client.destroy();
      upstream.destroy();
    };
    const pass = (from: 'client' | 'server', source: Socket, drain: Socket) => {
      sockets.add(source);
      source.on('error', () => undefined);
      source.on('close', () => {
        sockets.delete(source);
        // What is held keeps its way open: it may yet be delivered when the sender is gone.
        if (stuck[from] !== 'hold' && stuck[from] !== 'kept') drain.destroy();
      });
      source.on('data', (chunk: Buffer) => {
        seen[from] = Buffer.concat([seen[from], chunk]);
        const verdict = stuck[from] ?? rule({ from, connection, chunk, clientBytes: seen.client, serverBytes: seen.server });
        if (typeof verdict === 'object') {
          drain.write(chunk.subarray(0, verdict.cutAfter), cut);
        } else if (verdict === 'cut') {
          cut();
        } else if (verdict === 'pass') {
          drain.write(chunk);
        } else if (verdict === 'twice') {
          drain.write(Buffer.concat([chunk, chunk]));
        } else if (verdict === 'freeze') {
          stuck.client = stuck.server = 'swallow';
        } else {
          stuck[from] = verdict === 'hold-one' ? 'kept' : verdict;
          if (verdict === 'swallow' || verdict === 'kept') return;
          late.add(drain);
          held.push(() => drain.write(chunk));
        }
      });
    };
    pass('client', client, upstream);
    pass('server', upstream, client);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));

  const cutAll = () => {
    for (const socket of sockets) socket.destroy();
  };
  return {
    host: '127.0.0.1',
    port: portOf(server),
    setRule: (next) => {
      rule = next;
    },
    release: () => {
      for (const deliver of held.splice(0)) deliver();
    },
    answered: async () => {
      const heard = (socket: Socket) =>
        socket.destroyed ? undefined : new Promise((resolve) => socket.once('data', resolve).once('close', resolve));
      await Promise.all([...late].map(heard));
    },
    cutAll,
    accepted: () => accepted,
    stop: async () => {
      const closed = new Promise((resolve) => server.close(resolve));
      cutAll();
      await closed;
    },
  };
}

/** A server that takes connections and never says a word. */
export async function startSilentServer(): Promise<{ readonly host: string; readonly port: number; stop(): Promise<void> }> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => sockets.add(socket.on('error', () => undefined)));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    host: '127.0.0.1',
    port: portOf(server),
    stop: async () => {
      const closed = new Promise((resolve) => server.close(resolve));
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}

/** A port on which nothing listens. */
export async function closedPort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const port = portOf(server);
  await new Promise((resolve) => server.close(resolve));
  return port;
}

function portOf(server: Server): number {
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the server has no port');
  return address.port;
}
