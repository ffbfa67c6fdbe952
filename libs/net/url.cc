#include <algorithm>
#include <charconv>

#include "absl/strings/str_cat.h"
#include "libs/base/concat.h"
#include "libs/net/network.h"

namespace gannet::net {
namespace {

constexpr size_t kMaxUrlBytes = 8192;

absl::Status Bad(std::string_view text, std::string_view why) {
  return absl::InvalidArgumentError(
      absl::StrCat("URL \"", std::string(text.substr(0, 200)), "\" ", std::string(why),
                   "; write scheme://host[:port][/path] with http, https, ws or wss"));
}

uint16_t DefaultPort(std::string_view scheme) {
  return scheme == "https" || scheme == "wss" ? 443 : 80;
}

bool IsHostCharacter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
         c == '-' || c == '_';
}
bool IsIpv6Character(char c) {
  return (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F') || (c >= '0' && c <= '9') || c == ':' ||
         c == '.';
}

}  // namespace

std::string Url::ToString() const {
  std::string out = scheme + "://";
  out += host.find(':') == std::string::npos ? host : "[" + host + "]";
  if (port != DefaultPort(scheme)) out += ":" + std::to_string(port);
  return out + path;
}

std::string Url::Below(std::string_view below) const {
  std::string_view root = path;
  while (root.ends_with('/')) root.remove_suffix(1);
  return base::Concat({root, below});
}

absl::StatusOr<Url> Url::Parse(std::string_view text) {
  if (text.size() > kMaxUrlBytes) return Bad(text, "longer than 8192 bytes");
  if (!std::all_of(text.begin(), text.end(), [](char c) { return c > 0x20 && c < 0x7f; })) {
    return Bad(text,
               "holds a space, a control character or a byte beyond ASCII; percent-encode it");
  }
  const size_t scheme_end = text.find("://");
  if (scheme_end == std::string_view::npos) return Bad(text, "has no scheme");
  Url url;
  for (const char c : text.substr(0, scheme_end)) {
    url.scheme += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  }
  if (url.scheme != "http" && url.scheme != "https" && url.scheme != "ws" && url.scheme != "wss") {
    return Bad(text, "has a scheme that is not known");
  }
  std::string_view rest = text.substr(scheme_end + 3);
  rest = rest.substr(0, rest.find('#'));  // a fragment never leaves the client
  const size_t authority_end = std::min(rest.find_first_of("/?"), rest.size());
  std::string_view authority = rest.substr(0, authority_end);
  url.path = rest.substr(authority_end);
  if (url.path.empty() || url.path.front() != '/') url.path.insert(0, "/");
  if (authority.find('@') != std::string_view::npos)
    return Bad("(withheld)", "carries a user name; pass credentials as a header");

  std::string_view port;
  bool has_port = false;
  if (!authority.empty() && authority.front() == '[') {
    const size_t close = authority.find(']');
    if (close == std::string_view::npos) return Bad(text, "has an unclosed [");
    url.host = authority.substr(1, close - 1);
    if (url.host.find(':') == std::string::npos ||
        !std::all_of(url.host.begin(), url.host.end(), IsIpv6Character)) {
      return Bad(text, "has no IPv6 address between [ and ]");
    }
    authority.remove_prefix(close + 1);
    if (!authority.empty() && authority.front() != ':') return Bad(text, "has text after ]");
    has_port = !authority.empty();
    port = has_port ? authority.substr(1) : authority;
  } else {
    const size_t colon = authority.find(':');
    url.host = authority.substr(0, colon);
    has_port = colon != std::string_view::npos;
    if (has_port) port = authority.substr(colon + 1);
    if (url.host.empty() || !std::all_of(url.host.begin(), url.host.end(), IsHostCharacter)) {
      return Bad(text, "has no valid host");
    }
    for (char& c : url.host) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  }
  url.port = DefaultPort(url.scheme);
  if (has_port) {
    const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), url.port);
    if (error != std::errc() || end != port.data() + port.size() || url.port == 0) {
      return Bad(text, "has a port outside 1 to 65535");
    }
  }
  return url;
}

}  // namespace gannet::net
