#include <catch2/catch_test_macros.hpp>

#include "libs/net/http_text.h"
#include "libs/net/network.h"
#include "libs/net/reconnect.h"

namespace gannet::net {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

TEST_CASE("Url parses what it should and writes it back") {
  struct Case {
    const char *text, *scheme, *host;
    uint16_t port;
    const char *path, *back;
  };
  for (const Case& c : {Case{"https://api.binance.com", "https", "api.binance.com", 443, "/",
                             "https://api.binance.com/"},
                        Case{"HTTP://LocalHost:8080/a/B?x=1#frag", "http", "localhost", 8080,
                             "/a/B?x=1", "http://localhost:8080/a/B?x=1"},
                        Case{"ws://127.0.0.1:80", "ws", "127.0.0.1", 80, "/", "ws://127.0.0.1/"},
                        Case{"wss://host?x=y", "wss", "host", 443, "/?x=y", "wss://host/?x=y"},
                        Case{"http://[::1]:99/", "http", "::1", 99, "/", "http://[::1]:99/"}}) {
    const auto url = Url::Parse(c.text);
    REQUIRE(url.ok());
    CHECK(url->scheme == c.scheme);
    CHECK(url->host == c.host);
    CHECK(url->port == c.port);
    CHECK(url->path == c.path);
    CHECK(url->ToString() == c.back);
  }
}

TEST_CASE("Url gives the path of what lies below it") {
  for (const auto& [text, path] : {std::pair("http://host", "/api/v1"),
                                   {"http://host/", "/api/v1"},
                                   {"http://host/base", "/base/api/v1"},
                                   {"http://host/base//", "/base/api/v1"}}) {
    CHECK(Url::Parse(text)->Below("/api/v1") == path);
  }
  CHECK(Url::Parse("wss://host/private/")->Below("") == "/private");
}

TEST_CASE("Url refuses what it cannot mean") {
  for (const char* text :
       {"", "host", "ftp://host/", "http://", "http:///path", "http://host:0/",
        "http://host:65536/", "http://host:/", "http://host:1x/", "http://ho st/",
        "http://host/a b", "http://host/\r\nX: y", "http://h\xC3\xB6st/", "http://[::1/",
        "http://[zz]/", "http://[::1]x/", "http://ho[st/"}) {
    INFO(text);
    CHECK(absl::IsInvalidArgument(Url::Parse(text).status()));
  }
  CHECK(!Url::Parse("http://host/" + std::string(9000, 'a')).ok());
  const auto secret = Url::Parse("http://user:hunter2@host/");
  CHECK(!secret.ok());
  CHECK(secret.status().message().find("hunter2") == absl::string_view::npos);
}

TEST_CASE("HTTP messages are written as RFC 9112 says") {
  const Url url = *Url::Parse("http://127.0.0.1:8080/ignored");
  CHECK(*SerializeRequest(url, {"GET", "/x", {{"Accept", "a/b"}, {"User-Agent", "u"}}, ""}) ==
        "GET /x HTTP/1.1\r\nHost: 127.0.0.1:8080\r\nAccept: a/b\r\nUser-Agent: u\r\n\r\n");
  CHECK(SerializeRequest(*Url::Parse("https://h"), {"POST", "/", {}, ""})
            ->find("Host: h\r\nUser-Agent: gannet\r\nAccept: */*\r\nContent-Length: 0\r\n\r\n") !=
        std::string::npos);
  CHECK(SerializeResponse({404, {{"A", "b"}}, "no"}, false, true) ==
        "HTTP/1.1 404 Not Found\r\nA: b\r\nContent-Length: 2\r\nConnection: keep-alive\r\n\r\nno");
  CHECK(SerializeResponse({200, {}, "body"}, true, false) ==
        "HTTP/1.1 200 OK\r\nContent-Length: 4\r\nConnection: close\r\n\r\n");
}

TEST_CASE(
    "ReconnectPolicy doubles its ceiling, jitters below it, and starts over after a stable "
    "connection") {
  ReconnectPolicy policy({milliseconds(250), seconds(30), seconds(30)}, base::Rng(3));
  base::Duration ceiling = milliseconds(250);
  for (int i = 0; i < 20; ++i) {
    const base::Duration delay = policy.NextDelay();
    CHECK(delay >= ceiling / 2);
    CHECK(delay <= ceiling);
    ceiling = std::min<base::Duration>(ceiling * 2, seconds(30));
  }
  policy.OnClosed(seconds(29));
  CHECK(policy.NextDelay() >= seconds(15));
  policy.OnClosed(seconds(30));
  CHECK(policy.NextDelay() <= milliseconds(250));
}

}  // namespace
}  // namespace gannet::net
