// How --help reads, the same in every program: eighty columns, wrapped at words.
#pragma once

#include <memory>

namespace CLI {
class App;
class FormatterBase;
}  // namespace CLI

namespace gannet::runtime {

// For CLI::App::formatter, before subcommands are added: they inherit it. Of
// footers, lines that begin with a space stay as they are.
std::shared_ptr<CLI::FormatterBase> HelpFormatter();

// Once all options are added: counts and numbers take no minus, which would otherwise be read as
// a huge number.
void RefuseNegativeCounts(CLI::App& app);

}  // namespace gannet::runtime
