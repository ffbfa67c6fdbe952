import { h, panel, replace } from "../dom";
import * as api from "../api";
import { ask, facts } from "../dialog";
import { age, isLocal, moment, parse, setLocal } from "../format";
import { live } from "../live";
import { disclaimer, showTour } from "../welcome";
import type { View } from "../view";

interface About {
  build: string;
  mode: string;
  started: string;
  viewers: number;
  stream: Record<string, number>;
  kept: Record<string, number>;
}
interface Person {
  name: string;
  role: string;
  disabled: boolean;
  created: string;
  consent_version: number;
  added_by: string | null; // the admin who added this person alone, until another confirms it
}

function choice(
  name: string,
  label: string,
  options: [string, string][],
  value: string,
  change: (v: string) => void,
): HTMLElement {
  return h(
    "fieldset",
    { class: "choice" },
    h("legend", null, label),
    options.map(([v, text]) => {
      const input = h("input", { type: "radio", name, value: v, checked: v === value });
      input.addEventListener("change", () => change(v));
      return h("label", { class: "check" }, input, " " + text);
    }),
  );
}

export function settings(): View {
  const session = api.current()!;
  const you = h("div", { class: "pad" }),
    system = h("div", { class: "pad" }),
    people = h("div", { class: "pad" });
  const describe = (): void => {
    const s = api.current();
    if (!s) return;
    replace(
      you,
      facts([
        ["User", s.user],
        ["Role", s.role],
        [
          "Risk disclaimer",
          s.consent_needed
            ? "not accepted: no orders by hand"
            : `version ${s.consent_version} accepted ${s.consent_time ? moment(parse(s.consent_time)) : ""}`,
        ],
      ]),
      h(
        "div",
        { class: "actions left" },
        s.consent_needed
          ? h(
              "button",
              { type: "button", class: "primary", onclick: () => disclaimer(describe) },
              "Read and accept the disclaimer",
            )
          : null,
        h("button", { type: "button", onclick: changePassword }, "Change password"),
        h("button", { type: "button", onclick: showTour }, "Show the tour"),
        h(
          "button",
          {
            type: "button",
            onclick: () => {
              void api.call("DELETE", "/api/v1/session").finally(() => {
                location.hash = "";
                location.reload();
              });
            },
          },
          "Sign out",
        ),
      ),
    );
  };
  function changePassword(): void {
    const old = h("input", { type: "password", autocomplete: "current-password", required: true, maxlength: "256" }),
      fresh = h("input", {
        type: "password",
        autocomplete: "new-password",
        required: true,
        minlength: "12",
        maxlength: "256",
      });
    ask({
      title: "Change password",
      act: "Change it",
      what: [
        h("label", { class: "field" }, h("span", null, "Password in use"), old),
        h("label", { class: "field" }, h("span", null, "New password, 12 characters or more"), fresh),
        h("p", { class: "muted" }, "All your sessions end; you sign in again."),
      ],
      run: async () => {
        await api.post("/api/v1/session/password", { password: old.value, new_password: fresh.value });
        setTimeout(() => location.reload(), 1_500);
        return [h("p", { class: "verified" }, "✓ Changed. Sign in again.")];
      },
    });
  }
  const loadPeople = (): void => {
    if (session.role !== "admin") {
      replace(people, h("p", { class: "muted" }, "Admins see here who may sign in."));
      return;
    }
    api
      .get<Person[]>("/api/v1/users")
      .then((list) => {
        replace(
          people,
          h(
            "div",
            { class: "table-wrap", tabindex: "0", role: "region", "aria-label": "Users" },
            h(
              "table",
              null,
              h("caption", { class: "hidden" }, "Users"),
              h(
                "thead",
                null,
                h(
                  "tr",
                  null,
                  ["Name", "Role", "State", "Made", ""].map((t) =>
                    h("th", { scope: "col", class: t === "Made" ? "num wide" : "" }, t),
                  ),
                ),
              ),
              h(
                "tbody",
                null,
                list.map((p) =>
                  h(
                    "tr",
                    null,
                    h("td", null, p.name),
                    h("td", null, p.role),
                    h("td", { class: p.disabled ? "bad" : "" }, p.disabled ? "✕ shut out" : stateOf(p)),
                    h("td", { class: "num wide" }, moment(parse(p.created))),
                    h(
                      "td",
                      null,
                      p.added_by !== null && ![p.name, p.added_by].includes(session.user) ? confirm(p) : null,
                      p.name === session.user
                        ? null
                        : h(
                            "button",
                            {
                              type: "button",
                              class: "small",
                              "aria-label": `${p.disabled ? "Let in" : "Shut out"} ${p.name}`,
                              onclick: () => {
                                void api
                                  .post("/api/v1/users/disable", { name: p.name, disabled: !p.disabled })
                                  .then(loadPeople);
                              },
                            },
                            p.disabled ? "Let in" : "Shut out",
                          ),
                    ),
                  ),
                ),
              ),
            ),
          ),
          h("div", { class: "actions left" }, h("button", { type: "button", onclick: addUser }, "Add a user")),
        );
      })
      .catch(() => undefined);
  };
  const stateOf = (p: Person): string =>
    p.added_by === null ? "✓ may sign in" : `✓ may sign in; added by ${p.added_by}, not confirmed`;
  const confirm = (p: Person): HTMLElement =>
    h(
      "button",
      {
        type: "button",
        class: "small",
        "aria-label": `Confirm ${p.name}`,
        onclick: () =>
          ask({
            title: `Confirm ${p.name}`,
            act: "Confirm",
            what: [
              h(
                "p",
                null,
                `That ${p.name} is a person of their own, who alone knows the password. From then on ${p.name} may be one of two who decide about limits.`,
              ),
            ],
            run: async () => {
              await api.post("/api/v1/users/confirm", { name: p.name });
              loadPeople();
              return [h("p", { class: "verified" }, `✓ ${p.name} is confirmed.`)];
            },
          }),
      },
      "Confirm",
    );
  function addUser(): void {
    const name = h("input", { required: true, maxlength: "64", pattern: "[a-z0-9._\\-]+", autocomplete: "off" }),
      role = h(
        "select",
        null,
        ["viewer", "trader", "risk", "admin"].map((r) => h("option", { value: r }, r)),
      );
    ask({
      title: "Add a user",
      act: "Add",
      what: [
        h("label", { class: "field" }, h("span", null, "Name: a-z, 0-9, . _ -"), name),
        h("label", { class: "field" }, h("span", null, "Role"), role),
      ],
      run: async () => {
        const made = await api.post<{ name: string; password: string }>("/api/v1/users", {
          name: name.value,
          role: role.value,
        });
        loadPeople();
        return [
          h("p", { class: "verified" }, `✓ ${made.name} may sign in.`),
          facts([["Password, shown this once", h("code", null, made.password)]]),
          ["risk", "admin"].includes(role.value)
            ? h("p", { class: "muted" }, `Decides about limits once ${made.name} has changed it and another admin has confirmed ${made.name}.`)
            : null,
        ];
      },
    });
  }
  const theme = localStorage.getItem("gannet.theme") ?? "system";
  const element = h(
    "div",
    { class: "view" },
    h(
      "div",
      { class: "grid" },
      panel("You", you),
      panel(
        "Appearance",
        h(
          "div",
          { class: "pad" },
          choice(
            "time",
            "Time",
            [
              ["utc", "UTC"],
              ["local", "local time"],
            ],
            isLocal() ? "local" : "utc",
            (v) => setLocal(v === "local"),
          ),
          choice(
            "theme",
            "Colours",
            [
              ["system", "as the system"],
              ["dark", "dark"],
              ["light", "light"],
            ],
            theme,
            (v) => {
              localStorage.setItem("gannet.theme", v);
              if (v === "system") delete document.documentElement.dataset["theme"];
              else document.documentElement.dataset["theme"] = v;
            },
          ),
        ),
      ),
      panel("People", people),
      panel("System", system),
    ),
    panel(
      "About",
      h(
        "div",
        { class: "pad muted" },
        h(
          "p",
          null,
          "Candles are drawn with Lightweight Charts™ by TradingView, Inc. (Apache License 2.0), ",
          h(
            "a",
            { href: "https://www.tradingview.com/", rel: "noreferrer noopener", target: "_blank" },
            "tradingview.com",
          ),
          "; other charts with uPlot by Leon Sorokin (MIT).",
        ),
        h("p", null, "For programs: ", h("a", { href: "/api/v1/openapi.json" }, "OpenAPI document"), "."),
      ),
    ),
  );
  element.dataset["view"] = "settings";
  describe();
  loadPeople();
  let next = 0;
  return {
    element,
    update() {
      if (Date.now() < next) return;
      next = Date.now() + 5_000;
      api
        .get<About>("/api/v1/about")
        .then((a) =>
          replace(
            system,
            facts([
              ["Build", a.build],
              ["Mode", a.mode],
              ["Running for", age(live.now() - parse(a.started))],
              [
                "Platform",
                live.platform.state + (live.platform.reasons.length ? ": " + live.platform.reasons.join("; ") : ""),
              ],
              ["Viewers", String(a.viewers)],
              ["This page", `frame ${live.sequence}, ${live.resumes} resumed, ${live.gaps} gaps`],
              [
                "Held by the gateway",
                Object.entries(a.kept)
                  .map(([k, v]) => `${v} ${k.replace("_", " ")}`)
                  .join(", "),
              ],
            ]),
          ),
        )
        .catch(() => undefined);
    },
  };
}
