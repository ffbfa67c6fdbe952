// A table whose rows stay in place while their cells change: only what changed is
// touched, and only what can be seen is kept up, so that fifty rows at ten updates a
// second stay cheap. Rows come as they are scrolled to; a table out of sight waits.
import { h, setText } from "./dom";

export interface Cell {
  text: string;
  cls?: string;
  tip?: string;
}
export interface Column<T> {
  title: string;
  tip?: string;
  num?: boolean; // right-aligned, tabular figures
  cls?: string; // of head and cells: "wide" is left out where the table is narrow, "wider" sooner
  cell?: (row: T) => string | Cell;
  make?: (row: T) => Node; // own elements; made anew only when `mark` changes
  mark?: (row: T) => string;
}
interface Kept {
  element: HTMLTableRowElement;
  cls: string;
  cells: HTMLTableCellElement[];
  marks: string[]; // text of each cell, or the mark of what was made
  classes: string[];
  tips: string[];
}

const STEP = 40; // rows that come at once

export class Table<T> {
  readonly element: HTMLElement;
  private readonly body: HTMLTableSectionElement;
  private readonly more: HTMLElement;
  private readonly vacant: HTMLElement;
  private readonly scroller: HTMLElement;
  private readonly rows = new Map<string, Kept>();
  private readonly current = new Map<string, T>();
  private readonly end = h("div", { class: "end", "aria-hidden": "true" });
  private readonly base: string[]; // classes of each column
  // A little before they come into sight.
  private readonly sight = new IntersectionObserver(
    (changes) => {
      for (const change of changes) this.look(change.target, change.isIntersecting);
    },
    { rootMargin: "100%" },
  );
  private all: T[] = [];
  private room = STEP;
  private seen = true;

  constructor(
    label: string,
    private readonly columns: Column<T>[],
    private readonly key: (row: T) => string,
    vacant: HTMLElement,
    private readonly options: {
      open?: (row: T) => void;
      rowClass?: (row: T) => string;
      limit?: number;
      openLabel?: (row: T) => string;
    } = {},
  ) {
    this.body = h("tbody");
    this.base = columns.map((c) => [c.num ? "num" : "", c.cls ?? ""].join(" ").trim());
    const head = h(
      "tr",
      null,
      columns.map((c, i) => h("th", { scope: "col", class: this.base[i], title: c.tip }, c.title)),
    );
    this.more = h("p", { class: "more", hidden: true });
    this.vacant = vacant;
    this.scroller = h(
      "div",
      { class: "table-wrap", tabindex: "0", role: "region", "aria-label": label },
      h("table", null, h("caption", { class: "hidden" }, label), h("thead", null, head), this.body),
      this.end,
    );
    this.element = h("div", { class: "table" }, this.scroller, vacant, this.more);
    this.sight.observe(this.element);
    this.sight.observe(this.end);
  }

  private look(target: Element, there: boolean): void {
    if (target === this.element) {
      const came = there && !this.seen;
      this.seen = there;
      if (came) this.draw();
    } else if (there && this.room < this.all.length) {
      this.room += STEP;
      this.draw();
      this.sight.unobserve(this.end); // still in sight: asks again
      this.sight.observe(this.end);
    }
  }

  update(all: T[]): void {
    this.all = all;
    if (this.seen || all.length === 0) this.draw();
  }

  private draw(): void {
    const all = this.all;
    const limit = this.options.limit ?? 200;
    const shown = all.slice(0, Math.min(limit, this.room));
    this.scroller.hidden = all.length === 0;
    this.vacant.hidden = all.length !== 0;
    this.more.hidden = all.length <= limit;
    if (!this.more.hidden) setText(this.more, `${all.length - limit} more rows; narrow the search to see them`);
    const wanted = new Map<string, T>();
    for (const row of shown) wanted.set(this.key(row), row);
    this.drop(wanted);
    let place: Element | null = this.body.firstElementChild;
    for (const [key, row] of wanted) {
      this.current.set(key, row);
      let kept = this.rows.get(key);
      if (!kept) {
        kept = this.make(key, row);
        this.rows.set(key, kept);
      }
      this.fill(kept, row);
      const next: Element | null = place?.nextElementSibling ?? null;
      if (kept.element === place) place = next;
      else if (place && kept.element === next) {
        const moved = place; // further down: it comes to its new place in its turn
        place = next.nextElementSibling;
        moved.remove();
      } else this.body.insertBefore(kept.element, place);
    }
  }
  private drop(wanted: Map<string, T>): void {
    for (const [key, kept] of this.rows) {
      if (wanted.has(key)) continue;
      kept.element.remove();
      this.rows.delete(key);
      this.current.delete(key);
    }
  }

  private make(key: string, row: T): Kept {
    const cells = this.columns.map((_, i) => h("td", { class: this.base[i] }));
    const element = h("tr", null, cells);
    const open = this.options.open;
    if (open) {
      element.tabIndex = 0;
      element.dataset["open"] = "";
      if (this.options.openLabel) element.setAttribute("aria-label", this.options.openLabel(row));
      const go = (): void => {
        const now = this.current.get(key);
        if (now) open(now);
      };
      element.addEventListener("click", (event) => {
        if (!(event.target as Element).closest("button, a, input")) go();
      });
      element.addEventListener("keydown", (event) => {
        if (event.key === "Enter" && event.target === element) go();
      });
    }
    return { element, cls: "", cells, marks: [], classes: [], tips: [] };
  }

  // What a cell shows is remembered here: reading it back from the document is dear.
  private fill(kept: Kept, row: T): void {
    if (this.options.rowClass) {
      const cls = this.options.rowClass(row);
      if (kept.cls !== cls) kept.element.className = kept.cls = cls;
    }
    for (let i = 0; i < this.columns.length; i += 1) {
      const column = this.columns[i]!;
      const cell = kept.cells[i]!;
      if (column.make) {
        const mark = column.mark ? column.mark(row) : "";
        if (kept.marks[i] === mark && cell.firstChild) continue;
        kept.marks[i] = mark;
        cell.replaceChildren(column.make(row));
        continue;
      }
      const value = column.cell ? column.cell(row) : "";
      const { text, cls, tip }: Cell = typeof value === "string" ? { text: value } : value;
      if (kept.marks[i] !== text) {
        kept.marks[i] = text;
        if (cell.firstChild) cell.firstChild.nodeValue = text;
        else cell.textContent = text;
      }
      const name = (cls ? this.base[i]! + " " + cls : this.base[i]!).trim();
      if (kept.classes[i] !== name) cell.className = kept.classes[i] = name;
      if ((kept.tips[i] ?? "") !== (tip ?? "")) cell.title = kept.tips[i] = tip ?? "";
    }
  }
}
