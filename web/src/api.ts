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

// The answer as it came; only an unreachable gateway throws.
export async function request(method: string, path: string, body?: unknown): Promise<Response> {
  const headers: Record<string, string> = {};
  if (body !== undefined) headers["Content-Type"] = "application/json";
  if (session && method !== "GET") headers["X-CSRF-Token"] = session.csrf;
  try {
    return await fetch(path, {
      method,
      headers,
      credentials: "same-origin",
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
  } catch {
    throw new ApiError(0, "the gateway cannot be reached; check that gannet runs");
  }
}
// What the gateway said of a refusal, as an error to throw.
export async function messageOf(response: Response): Promise<ApiError> {
  if (response.status === 401 && session) {
    session = null;
    onSignedOut();
  }
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
export async function call<T>(method: string, path: string, body?: unknown): Promise<T> {
  const response = await request(method, path, body);
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
