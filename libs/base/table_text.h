// Tables as text: a line of column names, then rows, in quotes where RFC 4180 has them.
//
// Pure; any thread.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace gannet::base {

// What a header separates its columns with: the comma, semicolon or tab that it uses most.
char SeparatorOf(std::string_view header);

// The cells of the row at `at`, which moves past it. A quoted cell may hold separators, line ends
// and doubled quotes.
std::vector<std::string> TableRow(std::string_view text, char separator, size_t& at);

}  // namespace gannet::base
