// Requests to our own origin. What changes something carries the session's token.
export interface Session {
  user: string;
  role: "viewer" | "trader" | "risk" | "admin";
  csrf: string;
  consent_version: number;
  consent_time: string | null;
  consent_needed: boolean;
}
export class ApiError extends Error {
  constructor(
    readonly status: number,
    message: string,
  ) {
    super(message);
  }
}
let session: Session | null = null;
let onSignedOut: () => void = () => undefined;
export const current = (): Session | null => session;
export const keep = (value: Session | null): void => {
  session = value;
};
export const whenSignedOut = (call: () => void): void => {
  onSignedOut = call;
};

const PATIENCE = 15_000; // ms; the gateway answers acts within 8 s, reports are made while we wait
const UNKNOWN_FATE =
  "no answer within 15 s: not known whether it arrived. Press again, it is done once; or use the command line";

// The answer as it came; only a gateway that cannot be reached or says nothing throws.
export async function request(method: string, path: string, body?: unknown, limit = PATIENCE): Promise<Response> {
  const headers: Record<string, string> = {};
  if (body !== undefined) headers["Content-Type"] = "application/json";
  if (session && method !== "GET") headers["X-CSRF-Token"] = session.csrf;
  try {
    return await fetch(path, {
      method,
      headers,
      credentials: "same-origin",
      ...(path.startsWith("/api/v1/report") ? {} : { signal: AbortSignal.timeout(limit) }),
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
  } catch (problem) {
    if (problem instanceof DOMException && problem.name === "TimeoutError")
      throw new ApiError(0, method === "GET" ? `no answer within ${limit / 1000} s` : UNKNOWN_FATE);
    throw new ApiError(0, "the gateway cannot be reached; check that gannet runs");
  }
}
// What the gateway said of a refusal, as an error to throw.
export async function messageOf(response: Response): Promise<ApiError> {
  if (response.status === 401 && session) signedOut();
  const text = await response.text();
  try {
    const json = JSON.parse(text) as { error?: unknown } | null;
    if (json && typeof json === "object" && json.error !== undefined)
      return new ApiError(response.status, String(json.error));
  } catch {
    /* not ours: the text or the status says it */
  }
  return new ApiError(response.status, text.trim() || `HTTP ${response.status}`);
}
function signedOut(): void {
  session = null;
  onSignedOut();
}
// Another tab of this browser may have signed in since: asks who we are now. True: the same
// person with another token. Somebody else's session is not gone on with.
export async function renewed(): Promise<boolean> {
  const before = session;
  if (!before) return false;
  const response = await request("GET", "/api/v1/session", undefined, 3_000);
  if (!response.ok) throw await messageOf(response);
  const now = (await response.json()) as Session;
  if (now.user !== before.user || now.role !== before.role) {
    signedOut();
    return false;
  }
  session = now;
  return now.csrf !== before.csrf;
}
export async function call<T>(method: string, path: string, body?: unknown): Promise<T> {
  let response = await request(method, path, body);
  if (response.status === 403 && method !== "GET" && (await renewed())) response = await request(method, path, body);
  if (!response.ok) throw await messageOf(response);
  const text = await response.text();
  return (text ? JSON.parse(text) : null) as T;
}
export const get = <T>(path: string): Promise<T> => call<T>("GET", path);
export const post = <T>(path: string, body: unknown): Promise<T> => call<T>("POST", path, body);
export const may = (...roles: Session["role"][]): boolean =>
  session !== null && (session.role === "admin" || roles.includes(session.role));
export const requestId = (): string => {
  const b = new Uint8Array(16);
  crypto.getRandomValues(b);
  return [...b].map((x) => x.toString(16).padStart(2, "0")).join("");
};
