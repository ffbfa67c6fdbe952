#include "services/ingest/feed_url.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <iterator>
#include <optional>
#include <vector>

#include "services/ingest/feed_text.h"

namespace gannet::ingest {
namespace {

// RFC 3986 appendix B; `has_*` tells an empty part from an absent one.
struct Parts {
  std::string_view scheme, authority, path, query, fragment;
  bool has_authority = false, has_query = false;
};

bool IsSchemeChar(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '+' ||
         c == '-' || c == '.';
}

Parts Split(std::string_view url) {
  Parts parts;
  if (const size_t hash = url.find('#'); hash != std::string_view::npos) {
    parts.fragment = url.substr(hash);
    url = url.substr(0, hash);
  }
  const size_t colon = url.find_first_of(":/?");
  if (colon != std::string_view::npos && colon > 0 && url[colon] == ':' &&
      std::all_of(url.begin(), url.begin() + static_cast<ptrdiff_t>(colon), IsSchemeChar)) {
    parts.scheme = url.substr(0, colon);
    url.remove_prefix(colon + 1);
  }
  if (url.substr(0, 2) == "//") {
    url.remove_prefix(2);
    const size_t end = std::min(url.find_first_of("/?"), url.size());
    parts.authority = url.substr(0, end);
    parts.has_authority = true;
    url.remove_prefix(end);
  }
  if (const size_t mark = url.find('?'); mark != std::string_view::npos) {
    parts.query = url.substr(mark + 1);
    parts.has_query = true;
    url = url.substr(0, mark);
  }
  parts.path = url;
  return parts;
}

// RFC 3986 section 5.2.4.
std::string RemoveDotSegments(std::string_view path) {
  std::vector<std::string_view> kept;
  const bool absolute = path.substr(0, 1) == "/";
  bool directory = false;
  for (size_t at = absolute ? 1 : 0; at <= path.size();) {
    const size_t end = std::min(path.find('/', at), path.size());
    const std::string_view segment = path.substr(at, end - at);
    directory = segment == "." || segment == "..";
    if (segment == "..") {
      if (!kept.empty()) kept.pop_back();
    } else if (segment != ".") {
      kept.push_back(segment);
    }
    at = end + 1;
  }
  std::string out = absolute ? "/" : "";
  for (size_t i = 0; i < kept.size(); ++i) {
    if (i > 0) out.push_back('/');
    out.append(kept[i]);
  }
  if (directory && !out.empty() && out.back() != '/') out.push_back('/');
  return out;
}

std::string Merge(const Parts& base, std::string_view path) {
  if (base.has_authority && base.path.empty()) return "/" + std::string(path);
  const size_t slash = base.path.rfind('/');
  return std::string(slash == std::string_view::npos ? std::string_view()
                                                     : base.path.substr(0, slash + 1)) +
         std::string(path);
}

// Put there by newsletters, advertisers and share buttons; they never choose
// what is shown.
constexpr std::array<std::string_view, 24> kTracking = {
    "fbclid",   "gclid",      "dclid",   "gbraid",  "wbraid",  "msclkid",
    "yclid",    "igshid",     "mc_cid",  "mc_eid",  "mkt_tok", "_hsenc",
    "_hsmi",    "cmpid",      "ocid",    "ncid",    "s_cid",   "spm",
    "sr_share", "guccounter", "ref_src", "ref_url", "twclid",  "__twitter_impression"};

bool IsTracking(std::string_view parameter) {
  const std::string name = LowerAscii(parameter.substr(0, parameter.find('=')));
  return name.substr(0, 4) == "utm_" || name.substr(0, 3) == "at_" ||
         std::find(kTracking.begin(), kTracking.end(), name) != kTracking.end();
}

std::string WithoutTracking(std::string_view query) {
  std::string out;
  for (size_t at = 0; at <= query.size();) {
    const size_t end = std::min(query.find('&', at), query.size());
    const std::string_view parameter = query.substr(at, end - at);
    if (!parameter.empty() && !IsTracking(parameter)) {
      if (!out.empty()) out.push_back('&');
      out.append(parameter);
    }
    at = end + 1;
  }
  return out;
}

std::string Encoded(std::string_view text) {
  constexpr std::string_view kHex = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<uint8_t>(c);
    const bool plain = byte > 0x20 && byte < 0x7F &&
                       std::string_view("\"<>\\^`{|}").find(c) == std::string_view::npos;
    if (plain) {
      out.push_back(c);
    } else {
      out.push_back('%');
      out.push_back(kHex[byte >> 4]);
      out.push_back(kHex[byte & 15]);
    }
  }
  return out;
}

// Lower-case "host" or "host:port"; nothing when it is not one.
std::optional<std::string> CanonicalHost(std::string_view authority, bool tls) {
  if (const size_t at = authority.rfind('@'); at != std::string_view::npos)
    authority.remove_prefix(at + 1);
  std::string host = LowerAscii(authority);
  const size_t colon = host.rfind(':');
  if (colon != std::string::npos && host.find(']', colon) == std::string::npos) {
    const std::string port = host.substr(colon + 1);
    if (port.size() > 5 || port.find_first_not_of("0123456789") != std::string::npos)
      return std::nullopt;
    if (port.empty() || port == (tls ? "443" : "80")) host.resize(colon);
  }
  if (!host.empty() && host.back() == '.') host.pop_back();
  const bool bad = host.find_first_of(" \t\r\n\"<>\\^`{|}/%") != std::string::npos;
  // Names in other scripts are written in ASCII where they are resolved (RFC 5891).
  const bool ascii =
      std::all_of(host.begin(), host.end(), [](char c) { return c > 0x20 && c < 0x7F; });
  if (host.empty() || bad || !ascii || host.front() == ':') return std::nullopt;
  return host;
}

}  // namespace

std::string ResolveUrl(std::string_view reference, std::string_view base) {
  reference = StripAscii(reference);
  const Parts r = Split(reference);
  if (!r.scheme.empty()) return std::string(reference);
  const Parts b = Split(StripAscii(base));
  if (b.scheme.empty() || !b.has_authority) return std::string(reference);
  std::string path, query;
  std::string_view authority = b.authority;
  if (r.has_authority) {
    authority = r.authority;
    path = RemoveDotSegments(r.path);
    query = r.has_query ? "?" + std::string(r.query) : "";
  } else if (r.path.empty()) {
    path = std::string(b.path);
    query = r.has_query   ? "?" + std::string(r.query)
            : b.has_query ? "?" + std::string(b.query)
                          : "";
  } else {
    path = RemoveDotSegments(r.path.front() == '/' ? std::string(r.path) : Merge(b, r.path));
    query = r.has_query ? "?" + std::string(r.query) : "";
  }
  return std::string(b.scheme) + "://" + std::string(authority) + path + query +
         std::string(r.fragment);
}

std::string CanonicalUrl(std::string_view absolute) {
  absolute = StripAscii(absolute);
  if (absolute.size() > kMaxUrlLength) return {};
  const Parts parts = Split(absolute);
  const std::string scheme = LowerAscii(parts.scheme);
  if ((scheme != "http" && scheme != "https") || !parts.has_authority) return {};
  const std::optional<std::string> host = CanonicalHost(parts.authority, scheme == "https");
  if (!host) return {};
  std::string url = scheme + "://" + *host;
  const std::string path = RemoveDotSegments(parts.path);
  url += path.empty() ? "/" : Encoded(path);
  const std::string query = WithoutTracking(parts.query);
  if (!query.empty()) url += "?" + Encoded(query);
  return url.size() <= kMaxUrlLength ? url : std::string();
}

}  // namespace gannet::ingest
