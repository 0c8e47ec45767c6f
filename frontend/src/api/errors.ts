/** The one shape in which the server refuses: a stable code, a sentence, and faults by field. */
interface ErrorBody {
  code: string;
  detail: string;
  fields?: Record<string, string[]>;
}

/** The server answered and said no. */
export class ApiError extends Error {
  readonly status: number;
  readonly code: string;
  readonly fields: Readonly<Record<string, readonly string[]>>;
  /** The whole body, for the few refusals that carry more. */
  readonly body: unknown;

  constructor(status: number, error: ErrorBody, body: unknown) {
    super(error.detail);
    this.name = "ApiError";
    this.status = status;
    this.code = error.code;
    this.fields = error.fields ?? {};
    this.body = body;
  }
}

/** The server could not be reached: offline, restarting, or cut off in the middle. */
export class UnreachableError extends Error {
  constructor(cause: unknown) {
    super("The server could not be reached.", { cause });
    this.name = "UnreachableError";
  }
}

export const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null;

function fieldFaults(value: unknown): Record<string, string[]> | undefined {
  if (!isRecord(value)) return undefined;
  return Object.fromEntries(
    Object.entries(value).map(([field, faults]) => [
      field,
      Array.isArray(faults) ? faults.map(String) : [String(faults)],
    ]),
  );
}

/** Reads an error body; a proxy's HTML page or an empty body becomes an `unknown_error`. */
export function readApiError(status: number, body: unknown): ApiError {
  if (isRecord(body) && typeof body.code === "string" && typeof body.detail === "string") {
    const { code, detail } = body;
    return new ApiError(status, { code, detail, fields: fieldFaults(body.fields) }, body);
  }
  const unknown = { code: "unknown_error", detail: `The server answered ${status}.` };
  return new ApiError(status, unknown, body);
}

const OUTDATED = "outdated_page";

/** What was refused because the page is older than the server. */
export const outdatedPage = ({ status, message, body }: ApiError): ApiError =>
  new ApiError(status, { code: OUTDATED, detail: message }, body);

export const isOutdatedPage = (error: unknown): boolean => hasCode(error, OUTDATED);

export const hasCode = (error: unknown, code: string): error is ApiError =>
  error instanceof ApiError && error.code === code;

export const isSignedOut = (error: unknown): boolean =>
  error instanceof ApiError && (error.status === 401 || error.code === "not_authenticated");
