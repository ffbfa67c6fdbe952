// A length of time on the command line: 90s, 250ms, 10m or 2h; -2h where it may be negative.
#pragma once

#include <CLI/CLI.hpp>
#include <string>

#include "libs/base/time.h"

namespace gannet::app {

// `target` outlives the app.
inline CLI::Option* AddDuration(CLI::App* app, const std::string& flag, base::Duration& target,
                                const std::string& help) {
  return app
      ->add_option_function<std::string>(
          flag,
          [&target, flag](const std::string& text) {
            const bool negative = text.starts_with('-');
            const auto value = base::ParseDuration(negative ? text.substr(1) : text);
            if (!value)
              throw CLI::ValidationError(
                  flag, "'" + text + "' is no duration; write 90s, 250ms, 10m or 2h");
            target = negative ? -*value : *value;
          },
          help)
      ->type_name("DURATION");
}

}  // namespace gannet::app
