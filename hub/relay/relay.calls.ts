/** What the hub may ask of the relay worker. Imported type-only by both sides. */

/** `workerData` of the worker. */
export interface RelayWorkerData {
  /** The folder of the built web app. */
  readonly web_root: string;
}

export interface RelayCalls {
  /**
   * Listens on the first port that is free. `hosts` are alternatives, for machines that lack the first kind of address.
   * Errors: relay.port_taken (all are), relay.listen_failed.
   */
  listen(a: { readonly hosts: readonly string[]; readonly ports: readonly number[] }): {
    readonly port: number;
  };
  /** Tells clients that the server restarts, and closes. */
  close(): void;
}
