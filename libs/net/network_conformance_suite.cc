#include "libs/net/network_conformance_suite.h"

#include <catch2/catch_test_macros.hpp>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace gannet::net {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

// A server that echoes, and does as the path says otherwise.
class TestServer : public ServerHandler {
 public:
  void OnRequest(HttpRequest request, std::string_view peer, Respond respond) override {
    requests.push_back(request);
    peers.emplace_back(peer);
    if (request.target == "/late") {
      held.push_back(std::move(respond));
      return;
    }
    if (request.target == "/forget") return;
    if (request.target == "/hang-up") return respond({0, {}, ""});
    if (request.target == "/impossible") return respond({7, {}, ""});
    if (request.target == "/split") return respond({200, {{"X", "a\r\nSet-Cookie: b"}}, ""});
    if (request.target == "/large") return respond({200, {}, std::string(5000, 'x')});
    if (request.target == "/empty") return respond({204, {}, ""});
    if (on_request) on_request();
    respond({201,
             {{"X-Method", request.method},
              {"X-Seen", std::string(FindHeader(request.headers, "x-sent"))}},
             request.body});
  }

  WebSocket::Handler OnWebSocket(const HttpRequest& request, std::string_view,
                                 std::shared_ptr<WebSocket> socket) override {
    upgrades.push_back(request);
    if (request.target == "/refused") return {};
    sent_before_open = socket->Send("too early");
    const size_t index = sockets.size();
    sockets.push_back(socket);
    opened.push_back(false);
    closed.emplace_back();
    return {[this, index] {
              opened[index] = true;
              if (greet) sockets[index]->Send("hello");
            },
            [this, index](std::string_view text) {
              received.emplace_back(text);
              if (text == "close") {
                sockets[index]->Close();
              } else if (text == "drop") {
                sockets[index].reset();
              } else if (echo) {
                sockets[index]->Send(std::string(text));
              }
            },
            [this, index](absl::Status status) {
              closed[index] = std::move(status);
              sockets[index].reset();
            }};
  }

  std::vector<HttpRequest> requests, upgrades;
  std::vector<std::string> peers, received;
  std::vector<Respond> held;
  std::vector<std::shared_ptr<WebSocket>> sockets;
  std::vector<bool> opened;
  std::vector<std::optional<absl::Status>> closed;
  bool sent_before_open = false, greet = false, echo = true;
  std::function<void()> on_request;
};

struct Client {
  WebSocket::Handler Handler() {
    return {[this] { ++opens; },
            [this](std::string_view text) {
              messages.emplace_back(text);
              if (on_message) on_message();
            },
            [this](absl::Status status) {
              ++closes;
              closed = std::move(status);
              if (on_close) on_close();
            }};
  }
  int opens = 0, closes = 0;
  std::vector<std::string> messages;
  std::optional<absl::Status> closed;
  std::function<void()> on_message, on_close;
};

struct Fixture {
  explicit Fixture(const std::function<std::unique_ptr<NetworkHarness>()>& make)
      : harness(make()) {}

  void Listen(ListenOptions options = {}) {
    tls = !options.certificate_file.empty();
    auto made = harness->network().Listen(options, server);
    REQUIRE(made.ok());
    listener = *std::move(made);
    REQUIRE(listener->port() != 0);
  }
  Url At(const std::string& scheme, const std::string& path = "/") const {
    const std::string secure = tls ? "s" : "";
    return *Url::Parse(scheme + secure + "://" + (tls ? "localhost" : "127.0.0.1") + ":" +
                       std::to_string(listener->port()) + path);
  }
  HttpResult Call(const Url& url, HttpRequest request, HttpLimits limits = {}) {
    std::optional<HttpResult> result;
    harness->network().Http(url, std::move(request), limits,
                            [&result](HttpResult r) { result = std::move(r); });
    CHECK(!result.has_value());  // never inside the call
    REQUIRE(harness->RunUntil([&result] { return result.has_value(); }));
    return *std::move(result);
  }
  bool Wait(const std::function<bool()>& done) { return harness->RunUntil(done); }
  Network& network() { return harness->network(); }

  std::unique_ptr<NetworkHarness> harness;
  TestServer server;
  Client client;
  std::unique_ptr<Listener> listener;
  std::unique_ptr<WebSocket> socket;
  bool tls = false;
};

void HttpSections(Fixture& f) {
  SECTION("HTTP carries method, target, headers and body both ways") {
    f.Listen();
    std::string body(3000, '\0');
    for (size_t i = 0; i < body.size(); ++i) body[i] = static_cast<char>(i * 7);
    const HttpResult result =
        f.Call(f.At("http"), {"POST", "/echo?a=1&b=%20", {{"X-Sent", "gr\xC3\xBC\xC3\x9F"}}, body});
    REQUIRE(result.status.ok());
    CHECK(result.response.status == 201);
    CHECK(result.response.body == body);
    CHECK(FindHeader(result.response.headers, "x-METHOD") == "POST");
    CHECK(FindHeader(result.response.headers, "x-seen") == "gr\xC3\xBC\xC3\x9F");
    REQUIRE(f.server.requests.size() == 1);
    CHECK(f.server.requests[0].target == "/echo?a=1&b=%20");
    CHECK(FindHeader(f.server.requests[0].headers, "host") ==
          "127.0.0.1:" + std::to_string(f.listener->port()));
    CHECK(FindHeader(f.server.requests[0].headers, "content-length") == "3000");
    CHECK(f.server.peers[0].starts_with("127.0.0.1:"));
  }
  SECTION("HTTP answers without a body: 204, and HEAD with the length of what GET would give") {
    f.Listen();
    HttpResult result = f.Call(f.At("http"), {"GET", "/empty", {}, ""});
    REQUIRE(result.status.ok());
    CHECK(result.response.status == 204);
    CHECK(result.response.body.empty());
    result = f.Call(f.At("http"), {"HEAD", "/large", {}, ""});
    REQUIRE(result.status.ok());
    CHECK(result.response.body.empty());
    CHECK(FindHeader(result.response.headers, "content-length") == "5000");
    CHECK(f.Call(f.At("http"), {"GET", "/large", {}, ""}).response.body.size() == 5000);
  }
  SECTION("many HTTP requests at once are each answered once") {
    f.Listen();
    std::map<int, int> answers;
    for (int i = 0; i < 100; ++i) {
      f.network().Http(f.At("http"), {"POST", "/", {}, std::to_string(i)}, {},
                       [&answers, i](HttpResult r) {
                         if (r.status.ok() && r.response.body == std::to_string(i)) ++answers[i];
                       });
    }
    REQUIRE(f.Wait([&] { return answers.size() == 100; }));
    for (const auto& [i, count] : answers) CHECK(count == 1);
  }
  SECTION("a handler may answer later, and a callback may ask again") {
    f.Listen();
    std::vector<int> statuses;
    f.network().Http(f.At("http"), {"GET", "/late", {}, ""}, {}, [&](HttpResult first) {
      statuses.push_back(first.response.status);
      f.network().Http(f.At("http"), {"GET", "/empty", {}, ""}, {},
                       [&](HttpResult second) { statuses.push_back(second.response.status); });
    });
    REQUIRE(f.Wait([&] { return f.server.held.size() == 1; }));
    CHECK(statuses.empty());
    f.server.held[0]({202, {}, "done"});
    f.server.held[0]({500, {}, "a second answer is ignored"});
    REQUIRE(f.Wait([&] { return statuses.size() == 2; }));
    CHECK(statuses == std::vector<int>{202, 204});
  }
  SECTION("a dropped answer is a 500, an impossible one too, and none is smuggled in") {
    f.Listen();
    for (const char* target : {"/forget", "/impossible", "/split"}) {
      const HttpResult result = f.Call(f.At("http"), {"GET", target, {}, ""});
      REQUIRE(result.status.ok());
      CHECK(result.response.status == 500);
      CHECK(FindHeader(result.response.headers, "set-cookie").empty());
    }
  }
  SECTION("a server that hangs up leaves the fate open") {
    f.Listen();
    const HttpResult result = f.Call(f.At("http"), {"POST", "/hang-up", {}, "order"});
    CHECK(absl::IsUnavailable(result.status));
    CHECK(result.fate == SendFate::kMaybeSent);
    CHECK(f.server.requests.size() == 1);
  }
  SECTION("an answer that does not come in time leaves the fate open") {
    f.Listen();
    const HttpResult result =
        f.Call(f.At("http"), {"POST", "/late", {}, "order"}, {milliseconds(500), 1000});
    CHECK(absl::IsDeadlineExceeded(result.status));
    CHECK(result.fate == SendFate::kMaybeSent);
    f.server.held[0]({200, {}, "nobody listens any more"});
    f.harness->RunFor(milliseconds(20));
    CHECK(f.server.requests.size() == 1);  // never sent again
  }
  SECTION("nothing is sent where nobody listens") {
    f.Listen();
    const Url url = f.At("http");
    f.listener.reset();
    const HttpResult result = f.Call(url, {"POST", "/", {}, "order"});
    CHECK(absl::IsUnavailable(result.status));
    CHECK(result.fate == SendFate::kNotSent);
    CHECK(f.server.requests.empty());
  }
  SECTION("a connection kept alive that has died is found out before anything is sent") {
    f.Listen();
    const Url url = f.At("http");
    REQUIRE(f.Call(url, {}).status.ok());
    f.listener.reset();
    f.harness->RunFor(milliseconds(20));
    const HttpResult result = f.Call(url, {"POST", "/", {}, "order"});
    CHECK(!result.status.ok());
    CHECK(result.fate == SendFate::kNotSent);
  }
  SECTION("a body above the server's limit is a 413, above the client's an error") {
    ListenOptions options;
    options.max_body_bytes = 1000;
    f.Listen(options);
    CHECK(f.Call(f.At("http"), {"POST", "/", {}, std::string(1000, 'x')}).response.status == 201);
    CHECK(f.Call(f.At("http"), {"POST", "/", {}, std::string(1001, 'x')}).response.status == 413);
    const HttpResult result = f.Call(f.At("http"), {"GET", "/large", {}, ""}, {seconds(5), 4999});
    CHECK(absl::IsResourceExhausted(result.status));
    CHECK(result.fate == SendFate::kMaybeSent);
    CHECK(f.Call(f.At("http"), {"GET", "/large", {}, ""}, {seconds(5), 5000}).status.ok());
  }
  SECTION("a header above the limit is a 431") {
    f.Listen();
    CHECK(f.Call(f.At("http"), {"GET", "/", {{"X-Long", std::string(20000, 'x')}}, ""})
              .response.status == 431);
    CHECK(f.server.requests.empty());
    CHECK(f.Call(f.At("http"), {}).response.status == 201);
  }
  SECTION("a request that would break its frame is refused and not sent") {
    f.Listen();
    const std::vector<HttpRequest> bad{{"GET ", "/", {}, ""},
                                       {"", "/", {}, ""},
                                       {"GET", "no-slash", {}, ""},
                                       {"GET", "/a b", {}, ""},
                                       {"GET", "/a\r\nX: y", {}, ""},
                                       {"GET", "/", {{"X", "a\r\nY: b"}}, ""},
                                       {"GET", "/", {{"X Y", "a"}}, ""},
                                       {"GET", "/", {{"Content-Length", "3"}}, "abc"},
                                       {"GET", "/", {{"host", "elsewhere"}}, ""}};
    for (const HttpRequest& request : bad) {
      const HttpResult result = f.Call(f.At("http"), request);
      CHECK(absl::IsInvalidArgument(result.status));
      CHECK(result.fate == SendFate::kNotSent);
    }
    CHECK(f.server.requests.empty());
    CHECK(absl::IsInvalidArgument(f.Call(f.At("ws"), {}).status));
  }
}

void WebSocketSections(Fixture& f) {
  const auto connect = [&f](const std::string& path = "/", WebSocketOptions options = {}) {
    f.socket = f.network().Connect(f.At("ws", path), options, f.client.Handler());
  };
  SECTION("WebSocket messages arrive whole, in order, both ways") {
    f.Listen();
    f.server.greet = true;
    WebSocketOptions options;
    options.headers = {{"X-Key", "abc"}};
    connect("/stream?streams=a/b", options);
    CHECK(!f.socket->Send("not open yet"));
    REQUIRE(f.Wait([&] { return f.client.messages.size() == 1; }));
    CHECK(f.client.opens == 1);
    CHECK(!f.server.sent_before_open);
    CHECK(f.server.upgrades[0].target == "/stream?streams=a/b");
    CHECK(FindHeader(f.server.upgrades[0].headers, "x-key") == "abc");
    CHECK(f.client.messages[0] == "hello");
    std::vector<std::string> sent{"hello"};
    for (int i = 0; i < 200; ++i)
      sent.push_back(std::to_string(i) + std::string(static_cast<size_t>(i) * 50, 'y'));
    sent.push_back("");
    for (size_t i = 1; i < sent.size(); ++i) CHECK(f.socket->Send(sent[i]));
    REQUIRE(f.Wait([&] { return f.client.messages.size() == sent.size(); }));
    CHECK(f.client.messages == sent);
  }
  SECTION("our own close ends normally on both sides, after what was sent before") {
    f.Listen();
    connect();
    REQUIRE(f.Wait([&] { return f.client.opens == 1; }));
    for (int i = 0; i < 50; ++i) CHECK(f.socket->Send("message"));
    f.socket->Close();
    CHECK(!f.socket->Send("after close"));
    REQUIRE(f.Wait([&] { return f.client.closed && f.server.closed[0]; }));
    CHECK(f.client.closed->ok());
    CHECK(f.server.closed[0]->ok());
    CHECK(f.server.received.size() == 50);
    CHECK(f.client.closes == 1);
    CHECK(!f.socket->Send("closed"));
  }
  SECTION("a normal close of the peer is OK, its disappearance is not") {
    f.Listen();
    connect();
    REQUIRE(f.Wait([&] { return f.client.opens == 1; }));
    SECTION("close") {
      f.socket->Send("close");
      REQUIRE(f.Wait([&] { return f.client.closed && f.server.closed[0]; }));
      CHECK(f.client.closed->ok());
      CHECK(f.server.closed[0]->ok());
    }
    SECTION("gone") {
      f.socket->Send("drop");
      REQUIRE(f.Wait([&] { return f.client.closed.has_value(); }));
      CHECK(absl::IsUnavailable(*f.client.closed));
      CHECK(!f.server.closed[0].has_value());
    }
    SECTION("the listener is gone") {
      f.listener.reset();
      REQUIRE(f.Wait([&] { return f.client.closed.has_value(); }));
      CHECK(absl::IsUnavailable(*f.client.closed));
      CHECK(!f.server.closed[0].has_value());
    }
  }
  SECTION("an upgrade that is refused says so") {
    f.Listen();
    connect("/refused");
    REQUIRE(f.Wait([&] { return f.client.closed.has_value(); }));
    CHECK(absl::IsNotFound(*f.client.closed));
    CHECK(f.client.opens == 0);
  }
  SECTION("a socket to where nobody listens closes with an error") {
    f.Listen();
    const Url url = f.At("ws");
    f.listener.reset();
    f.socket = f.network().Connect(url, {}, f.client.Handler());
    CHECK(f.client.closes == 0);
    REQUIRE(f.Wait([&] { return f.client.closed.has_value(); }));
    CHECK(absl::IsUnavailable(*f.client.closed));
  }
  SECTION("bad options close with an error, not inside the call") {
    f.Listen();
    WebSocketOptions options;
    options.headers = {{"X", "a\r\nb"}};
    connect("/", options);
    CHECK(f.client.closes == 0);
    REQUIRE(f.Wait([&] { return f.client.closed.has_value(); }));
    CHECK(absl::IsInvalidArgument(*f.client.closed));
  }
  SECTION("a message above the limit closes the socket of who reads it") {
    SECTION("client") {
      f.Listen();
      WebSocketOptions options;
      options.max_message_bytes = 1000;
      connect("/", options);
      REQUIRE(f.Wait([&] { return f.client.opens == 1; }));
      f.socket->Send(std::string(1000, 'x'));
      REQUIRE(f.Wait([&] { return f.client.messages.size() == 1; }));
      f.socket->Send(std::string(1001, 'x'));
      REQUIRE(f.Wait([&] { return f.client.closed.has_value(); }));
      CHECK(absl::IsResourceExhausted(*f.client.closed));
      CHECK(f.client.messages.size() == 1);
    }
    SECTION("server") {
      ListenOptions options;
      options.max_body_bytes = 1000;
      f.Listen(options);
      connect();
      REQUIRE(f.Wait([&] { return f.client.opens == 1; }));
      f.socket->Send(std::string(1001, 'x'));
      REQUIRE(
          f.Wait([&] { return f.server.closed[0].has_value() && f.client.closed.has_value(); }));
      CHECK(absl::IsResourceExhausted(*f.server.closed[0]));
      CHECK(absl::IsUnavailable(*f.client.closed));
      CHECK(f.server.received.empty());
    }
  }
  SECTION("a full send buffer refuses and takes again when it has drained") {
    f.Listen();
    f.server.echo = false;
    WebSocketOptions options;
    options.max_send_buffer_bytes = 10'000;
    connect("/", options);
    REQUIRE(f.Wait([&] { return f.client.opens == 1; }));
    size_t taken = 0;
    while (f.socket->Send(std::string(1000, 'x'))) ++taken;
    CHECK(taken == 10);
    CHECK(!f.socket->Send(std::string(10'001, 'x')));
    REQUIRE(f.Wait([&] { return f.server.received.size() == 10; }));
    // The reader may be ahead of what the sender knows.
    REQUIRE(f.Wait([&] { return f.socket->Send(std::string(10'000, 'x')); }));
    REQUIRE(f.Wait([&] { return f.server.received.size() == 11; }));
  }
  SECTION("a socket may be dropped in its own callbacks") {
    f.Listen();
    f.server.greet = true;
    SECTION("message") {
      f.client.on_message = [&] { f.socket.reset(); };
    }
    SECTION("close") {
      f.client.on_message = [&] { f.socket->Close(); };
      f.client.on_close = [&] { f.socket.reset(); };
    }
    connect();
    REQUIRE(f.Wait([&] {
      return f.socket == nullptr && f.server.closed.size() == 1 && f.server.closed[0].has_value();
    }));
    f.harness->RunFor(milliseconds(5));
    CHECK(f.client.closes <= 1);
    CHECK(f.client.messages.size() == 1);
  }
  SECTION("a socket dropped while it connects says nothing more") {
    f.Listen();
    connect();
    f.socket.reset();
    f.harness->RunFor(milliseconds(50));
    CHECK(f.client.opens == 0);
    CHECK(f.client.closes == 0);
  }
}

void ListenSections(Fixture& f) {
  SECTION("an address beyond loopback needs TLS, a taken port is refused") {
    ListenOptions options;
    options.address = "0.0.0.0";
    CHECK(absl::IsPermissionDenied(f.network().Listen(options, f.server).status()));
    f.Listen();
    options.address = "127.0.0.1";
    options.port = f.listener->port();
    CHECK(absl::IsAlreadyExists(f.network().Listen(options, f.server).status()));
    f.listener.reset();
    CHECK(f.network().Listen(options, f.server).ok());
  }
  SECTION("connections above the limit are closed, and room is made again") {
    ListenOptions options;
    options.max_connections = 2;
    f.Listen(options);
    const auto connect = [&](Client& client) {
      return f.network().Connect(f.At("ws"), {}, client.Handler());
    };
    Client a, b, c, d;
    auto first = connect(a), second = connect(b);
    REQUIRE(f.Wait([&] { return a.opens == 1 && b.opens == 1; }));
    auto third = connect(c);
    REQUIRE(f.Wait([&] { return c.closed.has_value(); }));
    CHECK(absl::IsUnavailable(*c.closed));
    first.reset();
    REQUIRE(f.Wait([&] { return f.server.closed[0].has_value(); }));
    auto fourth = connect(d);
    CHECK(f.Wait([&] { return d.opens == 1; }));
  }
  SECTION("TLS carries HTTP and WebSocket; a plain server has no TLS to offer") {
    f.Listen(f.harness->TlsListen());
    const HttpResult result = f.Call(f.At("http"), {"POST", "/", {}, "secret"});
    CHECK(result.status.ToString() == "OK");
    CHECK(result.response.body == "secret");
    REQUIRE(f.Call(f.At("http"), {"GET", "/large", {}, ""}).response.body.size() == 5000);
    f.socket = f.network().Connect(f.At("ws"), {}, f.client.Handler());
    REQUIRE(f.Wait([&] { return f.client.opens == 1; }));
    f.socket->Send("over TLS");
    REQUIRE(f.Wait([&] { return f.client.messages.size() == 1; }));
    f.socket->Close();
    REQUIRE(f.Wait([&] { return f.client.closed && f.server.closed[0]; }));
    CHECK(f.client.closed->ok());
    CHECK(f.server.closed[0]->ok());
    const Url plain_to_tls = *Url::Parse("http://localhost:" + std::to_string(f.listener->port()));
    CHECK(!f.Call(plain_to_tls, {}).status.ok());

    f.listener.reset();
    f.Listen();
    f.tls = true;
    const size_t before = f.server.requests.size();
    const HttpResult refused = f.Call(f.At("http"), {"POST", "/", {}, "secret"});
    CHECK(!refused.status.ok());
    CHECK(refused.fate == SendFate::kNotSent);
    CHECK(f.server.requests.size() == before);
  }
}

}  // namespace

void RunNetworkConformance(const std::function<std::unique_ptr<NetworkHarness>()>& make) {
  Fixture fixture(make);
  HttpSections(fixture);
  WebSocketSections(fixture);
  ListenSections(fixture);
}

}  // namespace gannet::net
