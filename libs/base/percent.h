// Percent-encoding of RFC 3986, section 2.1.
#pragma once

#include <string>
#include <string_view>

namespace gannet::base {

// Everything but the unreserved characters (letters, digits, - . _ ~) by its code.
void AppendPercentEncoded(std::string& out, std::string_view text);
std::string PercentEncoded(std::string_view text);

}  // namespace gannet::base
