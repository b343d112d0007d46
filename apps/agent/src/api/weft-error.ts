export type WeftErrorCode = 'NOT_FOUND' | 'INVALID' | 'CONFLICT' | 'READ_ONLY' | 'UNAVAILABLE';

/** An operation that cannot be done. The text says what was expected, what was found and where. */
export class WeftError extends Error {
  readonly code: WeftErrorCode;

  constructor(code: WeftErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}
