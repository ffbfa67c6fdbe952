// The files of migrations/ as the build puts them into the program.
#pragma once

#include <string_view>
#include <vector>

namespace gannet::store {

struct MigrationText {
  std::string_view file;  // "0001_reporting"
  std::string_view sql;
};

std::vector<MigrationText> MigrationTexts();

}  // namespace gannet::store
