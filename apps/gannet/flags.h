// What every command of the program gets, and kinds of options that several of them have.
#pragma once

#include <functional>
#include <iosfwd>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "libs/base/clock.h"
#include "libs/base/files.h"
#include "libs/base/time.h"

namespace CLI {
class App;
class Option;
}  // namespace CLI

namespace gannet::app {

// Made by main; lives as long as the parse.
struct CommandDeps {
  base::Files& files;
  const base::Clock& clock;
  std::ostream& out;
  std::ostream& err;
  std::string data_dir;  // of `gannet run`, unless it is told another
  std::string build;
  std::function<void(const absl::Status&)> done;  // says what is wrong; sets the exit code
};

// "10s", "250ms", and with a minus before it.
CLI::Option* AddDuration(CLI::App* command, const std::string& name, base::Duration& into,
                         const std::string& help);
// For CLI::Option::check: what is wrong with it; nothing: it is a duration above zero.
std::string IsDuration(const std::string& text);
// The same for an age: zero or more.
std::string IsAge(const std::string& text);
// A time that may be left out.
void AddTime(CLI::App* command, const std::string& name, std::optional<base::Time>& into,
             const std::string& help);
// For a callback: the arguments make no sense, exit code 2.
[[noreturn]] void RefuseArgument(const std::string& name, const std::string& why);
[[noreturn]] void RequireArgument(const std::string& name);

}  // namespace gannet::app
