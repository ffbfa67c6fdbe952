#include "apps/gannet/flags.h"

#include <CLI/CLI.hpp>

namespace gannet::app {
namespace {

std::string NoDuration(const std::string& text) {
  return "'" + text + "' is no duration; write 90s, 250ms, 10m or 2h";
}

}  // namespace

CLI::Option* AddDuration(CLI::App* command, const std::string& name, base::Duration& into,
                         const std::string& help) {
  return command
      ->add_option_function<std::string>(
          name,
          [&into, name](const std::string& text) {
            const bool negative = text.starts_with('-');
            const auto value = base::ParseDuration(negative ? text.substr(1) : text);
            if (!value) RefuseArgument(name, NoDuration(text));
            into = negative ? -*value : *value;
          },
          help)
      ->type_name("DURATION");
}

std::string IsDuration(const std::string& text) {
  const auto value = base::ParseDuration(text);
  return value && value->count() > 0 ? "" : NoDuration(text);
}

std::string IsAge(const std::string& text) {
  return base::ParseDuration(text) ? "" : NoDuration(text);
}

void AddTime(CLI::App* command, const std::string& name, std::optional<base::Time>& into,
             const std::string& help) {
  command
      ->add_option_function<std::string>(
          name,
          [&into, name](const std::string& text) {
            into = base::ParseRfc3339(text);
            if (!into)
              RefuseArgument(name, "'" + text + "' is no time; write 2026-11-01T09:30:00Z");
          },
          help)
      ->type_name("TIME");
}

void RefuseArgument(const std::string& name, const std::string& why) {
  throw CLI::ValidationError(name, why);
}
void RequireArgument(const std::string& name) { throw CLI::RequiredError(name); }

}  // namespace gannet::app
