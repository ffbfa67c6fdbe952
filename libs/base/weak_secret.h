// What may not guard anything: a secret that is short, or one that everybody tries first.
#pragma once

#include <cstddef>
#include <string_view>

namespace gannet::base {

// Below it a secret is guessed. Keys of the venues have 18 and more, passwords of mail for
// programs 16.
inline constexpr size_t kMinSecretBytes = 12;

// Why `secret` guards nothing ("is shorter than 12 characters; make a long random one"); empty
// when nothing is known against it. Never repeats the secret.
std::string_view WhyWeak(std::string_view secret);

}  // namespace gannet::base
