import createClient, { type Middleware } from "openapi-fetch";

import { outdatedPage, readApiError, UnreachableError } from "./errors";
import { isOutdated } from "./outdated";
import type { paths } from "./schema";

/** Django's own names for the cookie and the header that prove a request came from this site. */
const CSRF_COOKIE = "csrftoken";
const CSRF_HEADER = "X-CSRFToken";
const SAFE_METHODS = new Set(["GET", "HEAD", "OPTIONS"]);

function csrfToken(): string | null {
  const pair = document.cookie
    .split("; ")
    .find((candidate) => candidate.startsWith(`${CSRF_COOKIE}=`));
  return pair === undefined ? null : decodeURIComponent(pair.slice(CSRF_COOKIE.length + 1));
}

const proveOrigin: Middleware = {
  onRequest({ request }) {
    const token = csrfToken();
    if (!SAFE_METHODS.has(request.method) && token !== null) {
      request.headers.set(CSRF_HEADER, token);
    }
    return request;
  },
};

export const client = createClient<paths>({
  baseUrl: window.location.origin,
  credentials: "same-origin",
  // Asked for at each call, so that a test can put another in its place.
  fetch: (request) => globalThis.fetch(request),
});
client.use(proveOrigin);

/** How the server refuses a request that an older one would have taken. */
const NOT_UNDERSTOOD = new Set(["invalid", "method_not_allowed"]);

interface Answer<T> {
  data?: T;
  error?: unknown;
  response: Response;
}

/** The body of a successful answer. Throws ApiError when refused, UnreachableError when unanswered. */
export async function unwrap<T>(request: Promise<Answer<T>>): Promise<T> {
  let answer: Answer<T>;
  try {
    answer = await request;
  } catch (cause) {
    throw new UnreachableError(cause);
  }
  if (!answer.response.ok) {
    const refusal = readApiError(answer.response.status, answer.error);
    throw NOT_UNDERSTOOD.has(refusal.code) && (await isOutdated())
      ? outdatedPage(refusal)
      : refusal;
  }
  // The generated types say what a successful answer holds; an empty one holds nothing.
  return answer.data as T;
}
