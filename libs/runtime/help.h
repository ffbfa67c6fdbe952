// What command lines have in common, whatever the program.
#pragma once

namespace CLI {
class App;
}  // namespace CLI

namespace gannet::runtime {

// Of a program, before subcommands are added: they inherit how --help reads, eighty columns,
// wrapped at words. Of footers, lines that begin with a space stay as they are. Counts and
// numbers take no minus, which would otherwise be read as a huge number.
void SetConventions(CLI::App& app);

}  // namespace gannet::runtime
