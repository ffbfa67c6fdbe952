#include "libs/base/weak_secret.h"

#include <algorithm>
#include <array>
#include <string>
#include <vector>

namespace gannet::base {
namespace {

constexpr size_t kMinDifferent = 5;

// Words of manuals, examples and default installations, without their digits and signs.
constexpr std::string_view kWellKnown[] = {
    "admin",      "administrator", "apikey",     "apisecret", "changeit",   "changeme",
    "default",    "demo",          "example",    "gannet",    "guest",      "kafka",
    "letmein",    "mysecret",      "none",       "pass",      "passphrase", "password",
    "passwd",     "postgres",      "postgresql", "qwerty",    "qwertyuiop", "redis",
    "replaceme",  "root",          "sample",     "secret",    "secretkey",  "supersecret",
    "test",       "testtest",      "todo",       "topsecret", "user",       "welcome",
    "yourapikey", "yourpassword",  "yoursecret"};

// Lower-case letters alone; what stands for a letter (0, 1, 3, 5, $, @) is taken for it.
std::string Letters(std::string_view secret) {
  std::string out;
  for (const char c : secret) {
    if (c >= 'a' && c <= 'z') out += c;
    if (c >= 'A' && c <= 'Z') out += static_cast<char>(c - 'A' + 'a');
    constexpr std::string_view kSigns = "0135$@", kMeant = "oiessa";
    const size_t at = kSigns.find(c);
    if (at != std::string_view::npos) out += kMeant[at];
  }
  return out;
}

// Whether it is made of such words and nothing else.
bool AreWords(std::string_view letters) {
  std::vector<bool> reached(letters.size() + 1);
  reached[0] = true;
  for (size_t at = 0; at < letters.size(); ++at) {
    for (const std::string_view word : kWellKnown) {
      if (reached[at] && letters.substr(at).starts_with(word)) reached[at + word.size()] = true;
    }
  }
  return !letters.empty() && reached[letters.size()];
}

// Also where digits and signs stand behind the words.
bool IsWellKnown(std::string_view secret) {
  const size_t end = secret.find_last_not_of("0123456789!.-_#");
  for (const std::string_view text :
       {secret, secret.substr(0, end == std::string_view::npos ? 0 : end + 1)}) {
    if (AreWords(Letters(text))) return true;
  }
  return false;
}

}  // namespace

std::string_view WhyWeak(std::string_view secret) {
  if (secret.size() < kMinSecretBytes)
    return "is shorter than 12 characters; make a long random one (openssl rand -hex 24)";
  std::array<bool, 256> seen{};
  for (const char c : secret) seen[static_cast<unsigned char>(c)] = true;
  if (static_cast<size_t>(std::count(seen.begin(), seen.end(), true)) < kMinDifferent)
    return "repeats few characters; make a long random one (openssl rand -hex 24)";
  if (IsWellKnown(secret))
    return "is one that everybody tries first; make a long random one (openssl rand -hex 24)";
  return "";
}

}  // namespace gannet::base
