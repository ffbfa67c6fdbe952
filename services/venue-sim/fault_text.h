// Changes to a venue's JSON as it passes: by its text, since what is changed is always
// what venue-sim has written. Text that has another form is left as it is.
#pragma once

#include <cstddef>
#include <initializer_list>
#include <string>
#include <string_view>

namespace gannet::venue_sim {

// The text of `"name":value`, without quotes; the first one, empty when there is none.
std::string_view FieldOf(std::string_view json, std::string_view name);
// A list of which only the first entries are left: the outermost array, or the one that
// is called "list".
std::string KeepFirst(std::string_view json, size_t count);
// Every string of these names becomes "0".
std::string ZeroFields(std::string json, std::initializer_list<std::string_view> names);

}  // namespace gannet::venue_sim
