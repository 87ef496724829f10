/**
 * Expected failure as a value: a code that programs branch on, a message that people read.
 *
 * Codes are `owner.reason` (`fs.not_found`). Inside TypeScript a HubError may be returned or thrown; Lua sees it
 * as `nil, err`. A caller's mistake is an ArgumentError and raises; anything else that is thrown is our bug.
 */

export class HubError<C extends string = string> extends Error {
  override readonly name: string = 'HubError';
  readonly code: C;
  /** Facts a program may want beside the message: paths, limits, ids. Plain data. */
  readonly details: Readonly<Record<string, unknown>> | undefined;

  constructor(
    code: C,
    message: string,
    options: { details?: Record<string, unknown>; cause?: unknown } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.details = options.details;
  }
}

/** `instanceof HubError` with a type that checks: the class is generic in its code. */
export function isHubError(thrown: unknown): thrown is HubError {
  return thrown instanceof HubError;
}

/** Makes an expected failure to return (or throw). */
export function fail<C extends string>(
  code: C,
  message: string,
  details?: Record<string, unknown>,
): HubError<C> {
  return new HubError(code, message, details === undefined ? {} : { details });
}

/** The caller passed something a function does not take. `expected` and `got` are phrases: "number", "nil". */
export class ArgumentError extends Error {
  override readonly name = 'ArgumentError';
}

/** The text of anything that was thrown. */
export function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}
