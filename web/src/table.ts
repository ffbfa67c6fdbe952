// A table whose rows stay in place while their cells change: only what changed is
// touched, so that fifty rows at ten updates a second stay cheap.
import { h, setClass, setText } from "./dom";

export interface Cell {
  text: string;
  cls?: string;
  tip?: string;
}
export interface Column<T> {
  title: string;
  tip?: string;
  num?: boolean; // right-aligned, tabular figures
  cls?: string; // of head and cells: "wide" is left out on phones
  cell?: (row: T) => string | Cell;
  make?: (row: T) => Node; // own elements; made anew only when `mark` changes
  mark?: (row: T) => string;
}
interface Kept {
  element: HTMLTableRowElement;
  cells: HTMLTableCellElement[];
  marks: string[];
}

export class Table<T> {
  readonly element: HTMLElement;
  private readonly body: HTMLTableSectionElement;
  private readonly more: HTMLElement;
  private readonly vacant: HTMLElement;
  private readonly scroller: HTMLElement;
  private readonly rows = new Map<string, Kept>();
  private readonly current = new Map<string, T>();

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
    const head = h(
      "tr",
      null,
      columns.map((c) =>
        h("th", { scope: "col", class: [c.num ? "num" : "", c.cls ?? ""].join(" ").trim(), title: c.tip }, c.title),
      ),
    );
    this.more = h("p", { class: "more", hidden: true });
    this.vacant = vacant;
    this.scroller = h(
      "div",
      { class: "table-wrap", tabindex: "0", role: "region", "aria-label": label },
      h("table", null, h("caption", { class: "hidden" }, label), h("thead", null, head), this.body),
    );
    this.element = h("div", { class: "table" }, this.scroller, vacant, this.more);
  }

  update(all: T[]): void {
    const limit = this.options.limit ?? 200;
    const shown = all.slice(0, limit);
    this.scroller.hidden = all.length === 0;
    this.vacant.hidden = all.length !== 0;
    this.more.hidden = all.length <= limit;
    if (!this.more.hidden) setText(this.more, `${all.length - limit} more rows; narrow the search to see them`);
    const seen = new Set<string>();
    let place: Element | null = this.body.firstElementChild;
    for (const row of shown) {
      const key = this.key(row);
      if (seen.has(key)) continue;
      seen.add(key);
      this.current.set(key, row);
      let kept = this.rows.get(key);
      if (!kept) {
        kept = this.make(key, row);
        this.rows.set(key, kept);
      }
      this.fill(kept, row);
      if (kept.element === place) place = place.nextElementSibling;
      else this.body.insertBefore(kept.element, place);
    }
    for (const [key, kept] of this.rows) {
      if (seen.has(key)) continue;
      kept.element.remove();
      this.rows.delete(key);
      this.current.delete(key);
    }
  }

  private make(key: string, row: T): Kept {
    const cells = this.columns.map((c) => h("td", { class: [c.num ? "num" : "", c.cls ?? ""].join(" ").trim() }));
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
    return { element, cells, marks: [] };
  }

  private fill(kept: Kept, row: T): void {
    if (this.options.rowClass) setClass(kept.element, this.options.rowClass(row));
    this.columns.forEach((column, i) => {
      const cell = kept.cells[i]!;
      if (column.make) {
        const mark = column.mark ? column.mark(row) : "";
        if (kept.marks[i] === mark && cell.firstChild) return;
        kept.marks[i] = mark;
        cell.replaceChildren(column.make(row));
        return;
      }
      const value = column.cell ? column.cell(row) : "";
      const { text, cls, tip }: Cell = typeof value === "string" ? { text: value } : value;
      setText(cell, text);
      setClass(cell, [column.num ? "num" : "", column.cls ?? "", cls ?? ""].filter(Boolean).join(" "));
      if (tip !== undefined && cell.title !== tip) cell.title = tip;
    });
  }
}
