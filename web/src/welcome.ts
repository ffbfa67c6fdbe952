// First sign-in: the disclaimer, then a tour that can be skipped.
import { h } from "./dom";
import * as api from "./api";
import { dialog } from "./dialog";

interface About {
  disclaimer: string;
  consent_version: number;
}

export function disclaimer(then: () => void, closable = true): void {
  api
    .get<About>("/api/v1/about")
    .then((about) => {
      const error = h("p", { class: "error", role: "alert", hidden: true });
      const accept = h("button", { type: "button", class: "primary" }, "I have read this and accept it");
      const shown = dialog(
        "Risk disclaimer",
        [
          h("p", null, about.disclaimer),
          h(
            "p",
            { class: "muted" },
            `Version ${about.consent_version}. Kept with your name and the time. Without it the page shows everything, but takes no orders by hand.`,
          ),
          error,
          h(
            "div",
            { class: "actions" },
            closable
              ? h(
                  "button",
                  {
                    type: "button",
                    onclick: () => {
                      shown.close();
                      then();
                    },
                  },
                  "Not now: only look",
                )
              : null,
            accept,
          ),
        ],
        { stay: true },
      );
      accept.addEventListener("click", () => {
        api
          .post<api.Session>("/api/v1/consent", { version: about.consent_version })
          .then((session) => {
            api.keep(session);
            shown.close();
            then();
          })
          .catch((problem: unknown) => {
            error.hidden = false;
            error.textContent = problem instanceof Error ? problem.message : String(problem);
          });
      });
      accept.focus();
    })
    .catch(() => undefined);
}

const STEPS: [string, string][] = [
  [
    "What you see is what is recorded",
    "Every number comes from the journal of the platform and carries its age. Old ones turn grey, books that cannot be trusted turn hatched. If the connection is lost, a banner says so within two seconds.",
  ],
  [
    "The truth column",
    "Beside every order and position: what the venue said, what we hold, whether they agree. An order whose fate is not known is UNKNOWN, its exposure stays reserved, and nothing is sent again.",
  ],
  [
    "From headline to fill",
    "Under Signals each headline shows its type, sentiment, confidence and what followed: click it, or any order, to see prediction, verdict, order and fills in one line of time.",
  ],
  [
    "Stopping",
    "The kill switch is always at the top right. It says how many orders it will cancel, asks once, and then shows the state it has verified. Lifting it takes the role risk or admin.",
  ],
  [
    "Without a mouse",
    "g and a letter opens a view, / searches, Enter opens the row in focus, Esc closes. ? shows all keys. The clock switches between UTC and local time.",
  ],
];
export function tour(): void {
  if (localStorage.getItem("gannet.tour") === "seen") return;
  localStorage.setItem("gannet.tour", "seen");
  showTour();
}
export function showTour(): void {
  let at = 0;
  const title = h("h3"),
    text = h("p"),
    place = h("span", { class: "muted" });
  const next = h("button", { type: "button", class: "primary" });
  const shown = dialog("Welcome to Gannet", [
    title,
    text,
    h(
      "div",
      { class: "actions" },
      place,
      h("span", { class: "gap" }),
      h("button", { type: "button", onclick: () => shown.close() }, "Skip"),
      next,
    ),
  ]);
  const show = (): void => {
    title.textContent = STEPS[at]![0];
    text.textContent = STEPS[at]![1];
    place.textContent = `${at + 1} of ${STEPS.length}`;
    next.textContent = at + 1 < STEPS.length ? "Next" : "Begin";
  };
  next.addEventListener("click", () => {
    at += 1;
    if (at >= STEPS.length) shown.close();
    else show();
  });
  show();
  next.focus();
}
