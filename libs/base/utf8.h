// UTF-8 as RFC 3629 defines it: no overlong forms, no surrogates, nothing above
// U+10FFFF.
#pragma once

#include <string>
#include <string_view>

namespace gannet::base {

bool IsUtf8(std::string_view bytes);
// Every byte that is not part of a well-formed sequence becomes U+FFFD.
std::string ReplaceBadUtf8(std::string_view bytes);

}  // namespace gannet::base
