// Elements without a framework: text is always text, never markup.
export type Child = Node | string | number | null | undefined | false | Child[];
type Props = Record<string, unknown>;

export function h<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  props?: Props | null,
  ...children: Child[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(props ?? {})) {
    if (value === null || value === undefined || value === false) continue;
    if (name === "class") element.className = String(value);
    else if (name.startsWith("on") && typeof value === "function")
      element.addEventListener(name.slice(2), value as EventListener);
    else if (name in element && typeof value !== "string" && name !== "list")
      (element as unknown as Props)[name] = value;
    else element.setAttribute(name, String(value === true ? "" : value));
  }
  append(element, children);
  return element;
}

export function append(parent: Node, children: Child[]): void {
  for (const child of children) {
    if (Array.isArray(child)) append(parent, child);
    else if (child !== null && child !== undefined && child !== false)
      parent.appendChild(child instanceof Node ? child : document.createTextNode(String(child)));
  }
}

export function replace(parent: Element, ...children: Child[]): void {
  parent.textContent = "";
  append(parent, children);
}

// Touches the document only when something changed.
export function setText(element: Element, text: string): void {
  if (element.textContent !== text) element.textContent = text;
}
export function setClass(element: Element, name: string): void {
  if (element.className !== name) element.className = name;
}

export function panel(title: string, ...children: Child[]): HTMLElement {
  return h(
    "section",
    { class: "panel", "aria-label": title },
    h("header", { class: "panel-head" }, h("h2", null, title)),
    ...children,
  );
}

// What would be here, and what makes it appear.
export function empty(what: string, how: string, command?: string): HTMLElement {
  return h("div", { class: "empty" }, h("p", null, what), h("p", null, how, command ? h("code", null, command) : null));
}
