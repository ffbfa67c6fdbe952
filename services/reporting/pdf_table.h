// A table of a report on a PdfCanvas: head on every page, totals below, numbers
// right-aligned and never cut; text gives way when the page is narrow.
#pragma once

#include <set>
#include <string>

#include "services/reporting/pdf_canvas.h"
#include "services/reporting/report_model.h"

namespace gannet::reporting {

struct PdfTableOptions {
  std::set<std::string> without;  // keys of columns that are left out
  std::string note;               // added to the table's own
  size_t max_rows = 0;            // 0: all
  std::string used_bars;          // key of a percentage that is drawn as a bar too
};

// Title, note and rows from the cursor on; the cursor ends below.
void DrawTable(PdfCanvas& canvas, const Table& table, const PdfTableOptions& options = {});

// Whether the table needs a page on its side to show all of its columns.
bool IsWide(PdfCanvas& canvas, const Table& table, const PdfTableOptions& options);
// About what it takes on a page of the present shape, if it were on one.
double TableHeight(PdfCanvas& canvas, const Table& table, const PdfTableOptions& options);

}  // namespace gannet::reporting
