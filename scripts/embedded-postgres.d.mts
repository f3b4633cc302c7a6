export interface PostgresOptions {
  /** Of the superuser `postgres`. */
  readonly password: string;
  /** Lines that stand before the default ones of pg_hba.conf, which ask everybody for SCRAM. */
  readonly hbaLines?: readonly string[];
  /** PEM texts; with them the server offers TLS. */
  readonly tls?: { readonly key: string; readonly cert: string };
  /** As in postgresql.conf; they win over the defaults, which trade durability for speed. */
  readonly settings?: Readonly<Record<string, string>>;
}

export interface RunningPostgres {
  readonly host: string;
  readonly port: number;
  readonly pid: number | undefined;
  readonly folder: string;
  readonly dataFolder: string;
  readonly logFile: string;
  /** On the same port; `standby` makes it a read-only replica of nobody, or a primary again. */
  restart(change?: { readonly standby: boolean }): Promise<void>;
  /** Stops it and removes its folder. */
  stop(): Promise<void>;
}

/** Folder with `bin/`, `lib/` and `share/` of the npm package. */
export function embeddedBinaries(): string;

/**
 * Makes a new cluster in a folder of its own and starts it on a free port of 127.0.0.1. It stops with this process at the latest.
 * @param home folder with `bin/initdb` and `bin/postgres`
 */
export function startPostgresFrom(home: string, options: PostgresOptions): Promise<RunningPostgres>;
