/** What the rest of the session host sees of a PTY. The one that runs commands is pty.ts. */

export interface PtySpec {
  /** An absolute path of an executable file. */
  readonly file: string;
  readonly args: readonly string[];
  readonly cwd: string;
  /** The whole environment. */
  readonly env: Readonly<Record<string, string>>;
  readonly rows: number;
  readonly cols: number;
}

/** How a process ended; one of the two is there. */
export interface PtyExit {
  readonly code?: number;
  readonly signal?: number;
  /** Programs that outlived the command went on writing; not all of that was read. */
  readonly cut?: true;
}

export interface PtyHandlers {
  /** Bytes as the program wrote them. The array is the receiver's. */
  readonly onData: (bytes: Uint8Array) => void;
  /** The command ended, and every byte it wrote has been delivered. Called once, last. */
  readonly onExit: (exit: PtyExit) => void;
}
