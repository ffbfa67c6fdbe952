#include "libs/base/table_text.h"

#include <algorithm>

namespace gannet::base {

char SeparatorOf(std::string_view header) {
  char best = ',';
  for (const char mark : {';', '\t'}) {
    if (std::count(header.begin(), header.end(), mark) >
        std::count(header.begin(), header.end(), best))
      best = mark;
  }
  return best;
}

std::vector<std::string> TableRow(std::string_view text, char separator, size_t& at) {
  std::vector<std::string> cells(1);
  bool quoted = false;
  for (; at < text.size(); ++at) {
    const char c = text[at];
    if (quoted) {
      if (c != '"') {
        cells.back().push_back(c);
      } else if (at + 1 < text.size() && text[at + 1] == '"') {
        cells.back().push_back('"');
        ++at;
      } else {
        quoted = false;
      }
    } else if (c == '"' && cells.back().empty()) {
      quoted = true;
    } else if (c == separator) {
      cells.emplace_back();
    } else if (c == '\n') {
      ++at;
      break;
    } else if (c != '\r') {
      cells.back().push_back(c);
    }
  }
  return cells;
}

}  // namespace gannet::base
