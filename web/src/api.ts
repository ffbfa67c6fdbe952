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

export async function call<T>(method: string, path: string, body?: unknown): Promise<T> {
  const headers: Record<string, string> = {};
  if (body !== undefined) headers["Content-Type"] = "application/json";
  if (session && method !== "GET") headers["X-CSRF-Token"] = session.csrf;
  let response: Response;
  try {
    response = await fetch(path, {
      method,
      headers,
      credentials: "same-origin",
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
  } catch {
    throw new ApiError(0, "the gateway cannot be reached; check that gannet runs");
  }
  const text = await response.text();
  let json: unknown = null;
  try {
    json = JSON.parse(text);
  } catch {
    /* not ours: the status says it */
  }
  if (response.ok) return json as T;
  if (response.status === 401 && session) {
    session = null;
    onSignedOut();
  }
  const message =
    json && typeof json === "object" && "error" in json
      ? String((json as { error: unknown }).error)
      : text.trim() || `HTTP ${response.status}`;
  throw new ApiError(response.status, message);
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
