// UTF-8 as RFC 3629 defines it: no overlong forms, no surrogates, nothing above
// U+10FFFF.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace gannet::base {

bool IsUtf8(std::string_view bytes);
// Every byte that is not part of a well-formed sequence becomes U+FFFD.
std::string ReplaceBadUtf8(std::string_view bytes);
// Without the U+FEFF that some programs write before a text.
std::string_view WithoutByteOrderMark(std::string_view text);

// The 66 code points that Unicode assigns to nobody: U+FDD0 to U+FDEF and the last two
// of every plane. Well-formed, yet XML and Cairo refuse some or all of them.
bool IsNoncharacter(uint32_t code_point);
// As ReplaceBadUtf8; noncharacters become U+FFFD too.
std::string ReplaceNoncharacters(std::string_view bytes);

}  // namespace gannet::base
