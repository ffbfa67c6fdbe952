// Addresses of news items: resolved against their feed, and brought to one form,
// so that the same article from two feeds has one address.
//
// Pure; any thread.
#pragma once

#include <string>
#include <string_view>

namespace gannet::ingest {

inline constexpr size_t kMaxUrlLength = 2'048;

// `reference` resolved against `base` (RFC 3986 section 5.2, dot segments
// removed). An absolute reference is returned as it is, white space trimmed;
// without a usable base a relative one too.
std::string ResolveUrl(std::string_view reference, std::string_view base);

// The one form of an http or https address: lower-case scheme and host, no
// default port, user, fragment or tracking parameter, "/" for an empty path,
// bytes that a URL must not hold percent-encoded. Empty for anything else
// (javascript:, data:, no host, longer than kMaxUrlLength).
std::string CanonicalUrl(std::string_view absolute);

}  // namespace gannet::ingest
