// HTTP/1.1 messages as bytes to send (RFC 9110, RFC 9112). Pure. Nothing that a
// caller passes can break out of its place in the message: a line break, a space
// in a target, or a header that frames the message is refused.
#pragma once

#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "libs/net/network.h"

namespace gannet::net {

inline constexpr size_t kMaxRequestHeaderBytes = 16u << 10;   // that a server takes
inline constexpr size_t kMaxResponseHeaderBytes = 64u << 10;  // that a client takes

bool EqualsIgnoreCase(std::string_view a, std::string_view b);  // ASCII

// "host", or "host:port" where the port is not the scheme's own.
std::string HostHeader(const Url& url);

// "https://host:443" for messages to people: paths and queries may hold secrets.
std::string Place(const Url& url);

// INVALID_ARGUMENT names the part at fault.
absl::Status CheckHeaders(const Headers& headers);
absl::Status CheckRequest(const HttpRequest& request);
absl::StatusOr<std::string> SerializeRequest(const Url& base, const HttpRequest& request);

// A status in 200 to 599 and headers that CheckHeaders takes.
bool CanSend(const HttpResponse& response);
// Replaces a response that cannot be sent.
HttpResponse UnsendableResponse();
// `head`: the answer to a HEAD request, without its body. A response that cannot
// be sent becomes a 500.
std::string SerializeResponse(const HttpResponse& response, bool head, bool keep_alive);

// "Not Found" of 404; empty for codes without a phrase of their own.
std::string_view ReasonPhrase(int status);

}  // namespace gannet::net
