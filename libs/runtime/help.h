// How --help reads, the same in every program: eighty columns, wrapped at words.
#pragma once

#include <memory>

namespace CLI {
class FormatterBase;
}

namespace gannet::runtime {

// For CLI::App::formatter, before subcommands are added: they inherit it. Of
// footers, lines that begin with a space stay as they are.
std::shared_ptr<CLI::FormatterBase> HelpFormatter();

}  // namespace gannet::runtime
