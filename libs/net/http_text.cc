#include "libs/net/http_text.h"

#include <algorithm>
#include <array>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "libs/base/status.h"

namespace gannet::net {
namespace {

bool IsTokenCharacter(char c) {  // RFC 9110 section 5.6.2
  return absl::ascii_isalnum(static_cast<unsigned char>(c)) ||
         std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
}
bool IsToken(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), IsTokenCharacter);
}

bool IsFieldValue(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte == '\t' || (byte >= 0x20 && byte != 0x7f);
  });
}

bool IsTarget(std::string_view text) {
  return text.starts_with('/') &&
         std::all_of(text.begin(), text.end(), [](char c) { return c > 0x20 && c < 0x7f; });
}

bool Frames(std::string_view name) {
  static constexpr std::array<std::string_view, 6> kNames{
      "host", "content-length", "transfer-encoding", "connection", "upgrade", "keep-alive"};
  return std::any_of(kNames.begin(), kNames.end(),
                     [name](std::string_view other) { return EqualsIgnoreCase(name, other); });
}

bool HasNoBody(int status) { return status == 204 || status == 304; }

void AppendHeaders(std::string& out, const Headers& headers) {
  for (const auto& [name, value] : headers) absl::StrAppend(&out, name, ": ", value, "\r\n");
}

}  // namespace

bool EqualsIgnoreCase(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) {
    return absl::ascii_tolower(static_cast<unsigned char>(x)) ==
           absl::ascii_tolower(static_cast<unsigned char>(y));
  });
}

std::string_view FindHeader(const Headers& headers, std::string_view name) {
  const auto found = std::find_if(headers.begin(), headers.end(), [name](const auto& header) {
    return EqualsIgnoreCase(header.first, name);
  });
  return found == headers.end() ? std::string_view() : std::string_view(found->second);
}

std::string HostHeader(const Url& url) {
  std::string host = url.host.find(':') == std::string::npos ? url.host : "[" + url.host + "]";
  if (url.port != (url.tls() ? 443 : 80)) absl::StrAppend(&host, ":", url.port);
  return host;
}

std::string Place(const Url& url) {
  const bool v6 = url.host.find(':') != std::string::npos;
  return absl::StrCat(url.scheme, "://", v6 ? "[" : "", url.host, v6 ? "]:" : ":", url.port);
}

absl::Status CheckHeaders(const Headers& headers) {
  for (const auto& [name, value] : headers) {
    if (!IsToken(name))
      return absl::InvalidArgumentError(
          "a header name holds a character that HTTP does not allow; see RFC 9110 section 5.6.2");
    if (!IsFieldValue(value))
      return absl::InvalidArgumentError(
          absl::StrCat("header ", name, " holds a line break or control character; remove it"));
    if (Frames(name))
      return absl::InvalidArgumentError(
          absl::StrCat("header ", name, " is set by the transport; leave it out"));
  }
  return absl::OkStatus();
}

absl::Status CheckRequest(const HttpRequest& request) {
  if (!IsToken(request.method))
    return absl::InvalidArgumentError(
        "the method is not an HTTP token; use GET, POST, PUT, DELETE");
  if (!IsTarget(request.target)) {
    return absl::InvalidArgumentError(
        "the target must start with / and hold visible ASCII only; percent-encode the rest");
  }
  return CheckHeaders(request.headers);
}

absl::StatusOr<std::string> SerializeRequest(const Url& base, const HttpRequest& request) {
  GANNET_RETURN_IF_ERROR(CheckRequest(request));
  std::string out = absl::StrCat(request.method, " ", request.target,
                                 " HTTP/1.1\r\nHost: ", HostHeader(base), "\r\n");
  if (FindHeader(request.headers, "user-agent").empty()) out += "User-Agent: gannet\r\n";
  if (FindHeader(request.headers, "accept").empty()) out += "Accept: */*\r\n";
  AppendHeaders(out, request.headers);
  // RFC 9110 section 8.6: a method that expects content says its length even when it is 0.
  const bool expects_body =
      request.method != "GET" && request.method != "HEAD" && request.method != "DELETE";
  if (expects_body || !request.body.empty())
    absl::StrAppend(&out, "Content-Length: ", request.body.size(), "\r\n");
  out += "\r\n";
  out += request.body;
  return out;
}

bool CanSend(const HttpResponse& response) {
  return response.status >= 200 && response.status <= 599 && CheckHeaders(response.headers).ok();
}

HttpResponse UnsendableResponse() {
  return {
      500, {{"Content-Type", "text/plain"}}, "the server made an answer that HTTP cannot carry\n"};
}

std::string SerializeResponse(const HttpResponse& response, bool head, bool keep_alive) {
  if (!CanSend(response)) return SerializeResponse(UnsendableResponse(), head, keep_alive);
  std::string out = absl::StrCat("HTTP/1.1 ", response.status, " ",
                                 std::string(ReasonPhrase(response.status)), "\r\n");
  AppendHeaders(out, response.headers);
  if (!HasNoBody(response.status))
    absl::StrAppend(&out, "Content-Length: ", response.body.size(), "\r\n");
  absl::StrAppend(&out, "Connection: ", keep_alive ? "keep-alive" : "close", "\r\n\r\n");
  if (!head && !HasNoBody(response.status)) out += response.body;
  return out;
}

std::string_view ReasonPhrase(int status) {
  switch (status) {
    case 200:
      return "OK";
    case 201:
      return "Created";
    case 202:
      return "Accepted";
    case 204:
      return "No Content";
    case 301:
      return "Moved Permanently";
    case 302:
      return "Found";
    case 304:
      return "Not Modified";
    case 400:
      return "Bad Request";
    case 401:
      return "Unauthorized";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 408:
      return "Request Timeout";
    case 409:
      return "Conflict";
    case 413:
      return "Content Too Large";
    case 414:
      return "URI Too Long";
    case 415:
      return "Unsupported Media Type";
    case 418:
      return "I'm a teapot";
    case 421:
      return "Misdirected Request";
    case 426:
      return "Upgrade Required";
    case 429:
      return "Too Many Requests";
    case 431:
      return "Request Header Fields Too Large";
    case 500:
      return "Internal Server Error";
    case 501:
      return "Not Implemented";
    case 502:
      return "Bad Gateway";
    case 503:
      return "Service Unavailable";
    case 504:
      return "Gateway Timeout";
    default:
      return "";
  }
}

}  // namespace gannet::net
