// Prints docs/venue-codes.md from the tables that the adapters decide by:
// tools/make-docs writes the page and checks it.
#include <iostream>

#include "libs/venue/binance/outcomes.h"
#include "libs/venue/bybit/outcomes.h"
#include "libs/venue/outcome_table.h"

namespace {

using namespace gannet::venue;

void PrintTable(const char* title, const char* source, std::span<const OutcomeRow> rows) {
  std::cout << "\n## " << title << "\n\n" << source << "\n\n";
  std::cout
      << "| code | name | meaning | placing | cancel, amend | query |\n|---|---|---|---|---|---|\n";
  for (const OutcomeRow& row : rows) {
    const MeaningRow& meaning = RowOf(row.meaning);
    std::cout << "| " << row.code << " | " << row.name << " | " << meaning.name << " | "
              << Name(meaning.place) << " | " << Name(meaning.change) << " | "
              << Name(meaning.query) << (meaning.not_found ? ", not found" : "") << " |\n";
  }
}

}  // namespace

int main() {
  std::cout
      << "# What answers prove, code by code\n\nMade by `make docs` from the tables in "
         "`libs/venue`. A code without a row is unknown. Success: Binance's answers confirm; "
         "Bybit's to placing,\namending and cancelling acknowledge, those to queries "
         "confirm.\n\n## Meanings\n\nIn our words, what the documentation says of the codes "
         "of that meaning. A refused query was not answered. A placement is refused for what lies "
         "in "
         "its bytes,\nand turned away for what lay in the moment: another copy of it may have been "
         "taken (docs/orders.md). An amendment is turned away by what turns a placement away or "
         "refuses a change,\nand unknown where a change is: what became of it, the order itself "
         "shows.\n\n| meaning | placing | cancel, "
         "amend | query | says |\n|---|---|---|---|---|\n";
  for (const MeaningRow& row : Meanings()) {
    std::cout << "| " << row.name << " | " << Name(row.place) << " | " << Name(row.change) << " | "
              << Name(row.query) << " | " << row.says << " |\n";
  }
  std::cout << "\n## Without an understood answer\n\n| event | outcome | why |\n|---|---|---|\n";
  for (const TransportRow& row : TransportEvents())
    std::cout << "| " << row.event << " | " << Name(row.outcome) << " | " << row.says << " |\n";
  std::cout << "\n## Proof of absence\n\nAll three, or the order stays UNKNOWN.\n\n"
               "| venue | (a) | (b) | (c) |\n|---|---|---|---|\n";
  for (const AbsenceWords& row : AbsenceOfVenues()) {
    std::cout << "| " << row.venue << " | " << row.a << " | " << row.b << " | " << row.c << " |\n";
  }
  PrintTable("Binance spot",
             "errors.md of the spot API docs: 10xx general and network, 11xx request, 20xx "
             "processing. Only an answer with status 400 or 401 carries proof.\n\"Duplicate order "
             "sent\" under -2010 is unknown; \"Unknown order sent\" under -2011 is refused, not "
             "found.",
             binance::SpotOutcomes());
  PrintTable("Binance USD-M",
             "\"Error Codes\" of the futures documentation: 10xx general and network, 11xx "
             "request, 20xx processing, 40xx filters and others, 50xx execution.\nStatuses and "
             "texts as on spot.",
             binance::UsdmOutcomes());
  PrintTable("Bybit v5",
             "\"Error Code\" of the v5 docs, the retCode of an answer with status 200. A code with "
             "several messages has the meaning that proves least.",
             bybit::Outcomes());
  return 0;
}
