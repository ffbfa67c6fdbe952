// Dialogs: Esc closes, and so does leaving the view; focus returns to where it was.
import { h, type Child } from "./dom";
import { ApiError, requestId } from "./api";

export interface Dialog {
  element: HTMLDialogElement;
  body: HTMLElement;
  close: () => void;
}
export function dialog(
  title: string,
  children: Child[],
  options: { wide?: boolean; side?: boolean; stay?: boolean } = {},
): Dialog {
  const before = document.activeElement as HTMLElement | null;
  const body = h("div", { class: "dialog-body" }, ...children);
  const heading = h("h2", { id: `dialog-${Math.random().toString(36).slice(2)}` }, title);
  const element = h(
    "dialog",
    { class: options.side ? "side" : options.wide ? "wide" : "", "aria-labelledby": heading.id },
    h(
      "header",
      null,
      heading,
      options.stay
        ? null
        : h("button", { type: "button", class: "quiet", "aria-label": "Close", onclick: () => close() }, "✕"),
    ),
    body,
  );
  const close = (): void => {
    element.close();
  };
  if (!options.stay) window.addEventListener("hashchange", close);
  element.addEventListener("close", () => {
    window.removeEventListener("hashchange", close);
    element.remove();
    before?.focus?.();
  });
  if (options.stay) element.addEventListener("cancel", (event) => event.preventDefault());
  element.addEventListener("click", (event) => {
    if (event.target === element && !options.stay) close();
  });
  document.body.appendChild(element);
  element.showModal();
  return { element, body, close };
}

export interface Ask {
  title: string;
  what: Child[];
  act: string;
  danger?: boolean;
  reason?: string;
  // The same `request_id` while it may have been done already, so that it is done once.
  run: (reason: string, request_id: string) => Promise<Child[]>;
}
// Asks once, names what will happen, runs it, and shows the state seen afterwards.
export function ask(question: Ask): Dialog {
  const error = h("p", { class: "error", role: "alert", hidden: true });
  const reason = h("input", { type: "text", maxlength: "200", value: question.reason ?? "", required: true });
  const go = h("button", { type: "submit", class: question.danger ? "danger" : "primary" }, question.act);
  const form = h(
    "form",
    null,
    ...question.what,
    question.reason === undefined
      ? null
      : h("label", { class: "field" }, h("span", null, "Reason, for the record"), reason),
    error,
    h("div", { class: "actions" }, h("button", { type: "button", onclick: () => shown.close() }, "Cancel"), go),
  );
  let id = requestId();
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    go.disabled = true;
    go.textContent = "Working …";
    error.hidden = true;
    question
      .run(reason.value, id)
      .then((result) => {
        shown.body.replaceChildren();
        for (const child of result.flat(3)) if (child) shown.body.append(child as Node);
        const done = h("button", { type: "button", class: "primary", onclick: () => shown.close() }, "Close");
        shown.body.append(h("div", { class: "actions" }, done));
        done.focus();
      })
      .catch((problem: unknown) => {
        // Refused, or the id is another request's: it is used up. Any other failure leaves open what was done.
        if (problem instanceof ApiError && problem.status === 409) id = requestId();
        go.disabled = false;
        go.textContent = question.act;
        error.hidden = false;
        error.textContent = problem instanceof Error ? problem.message : String(problem);
      });
  });
  const shown = dialog(question.title, [form]);
  if (question.reason === undefined) go.focus();
  return shown;
}
export function facts(pairs: [string, Child, string?][]): HTMLElement {
  return h(
    "dl",
    { class: "facts" },
    pairs.map(([name, value, cls]) => [h("dt", null, name), h("dd", { class: cls ?? "" }, value)]),
  );
}
