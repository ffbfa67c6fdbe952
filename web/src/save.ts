// Files for people: what is at hand, or what the gateway makes.
import { h } from "./dom";
import { messageOf, request } from "./api";

export function save(content: Blob, name: string): void {
  const url = URL.createObjectURL(content);
  h("a", { href: url, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(url), 1_000);
}
export async function saveFrom(path: string, name: string): Promise<number> {
  const response = await request("GET", path);
  if (!response.ok) throw await messageOf(response);
  const content = await response.blob();
  save(content, name);
  return content.size;
}
