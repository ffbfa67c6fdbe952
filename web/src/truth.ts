// The truth column: what the venue said, what we hold to be so, whether they agree,
// and how old the venue's word is.
import type { Cell, Column } from "./table";
import { age, parse, words } from "./format";
import { live, type Order } from "./live";

export function orderTruth(o: Order): { venue: string; local: string; verdict: string; cls: string; at: number } {
  const local = words(o.state);
  if (o.state === "UNKNOWN")
    return {
      venue: o.venue_state ? words(o.venue_state) : "no word yet",
      local,
      verdict: "? fate not known",
      cls: "bad",
      at: parse(o.venue_time ?? o.updated),
    };
  if (!o.venue_state)
    return {
      venue: "no word yet",
      local,
      verdict: o.final ? "✓ never sent" : "… unconfirmed",
      cls: o.final ? "" : "warn",
      at: parse(o.updated),
    };
  const venue = words(o.venue_state);
  if (venue === local) return { venue, local, verdict: "✓ agree", cls: "", at: parse(o.venue_time) };
  return {
    venue,
    local,
    verdict: o.state.startsWith("PENDING") ? "… asked, not answered" : "≠ differ",
    cls: o.state.startsWith("PENDING") ? "warn" : "bad",
    at: parse(o.venue_time),
  };
}
export function truthColumns(): Column<Order>[] {
  return [
    {
      title: "Venue says",
      cls: "truth wide",
      cell: (o): Cell => {
        const t = orderTruth(o);
        return { text: t.venue, tip: o.venue_evidence || "no evidence yet" };
      },
    },
    {
      title: "We hold",
      cls: "truth wide",
      cell: (o): Cell => ({ text: orderTruth(o).local, cls: "state-" + o.state.toLowerCase() }),
    },
    {
      title: "Truth",
      cls: "truth",
      cell: (o): Cell => {
        const t = orderTruth(o);
        return {
          text: t.verdict,
          cls: t.cls,
          tip:
            o.state === "UNKNOWN"
              ? "the venue has not said what became of it; its exposure stays reserved"
              : o.evidence,
        };
      },
    },
    {
      title: "As of",
      num: true,
      cls: "truth wide",
      tip: "age of the venue's last word",
      cell: (o): Cell => ({ text: age(live.now() - orderTruth(o).at), cls: "muted" }),
    },
  ];
}
