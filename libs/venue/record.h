// Types of the fields of decoded venue messages. Absent and empty are different things.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace gannet::venue {

using Text = std::optional<std::string>;  // also decimals, exactly as written
using Integer = std::optional<int64_t>;
using Flag = std::optional<bool>;

// Fields that are not interpreted, name and JSON text, kept only on request.
using OtherFields = std::vector<std::pair<std::string, std::string>>;

}  // namespace gannet::venue
