#include "libs/net/beast_network.h"

#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <boost/asio/io_context.hpp>
#include <catch2/catch_test_macros.hpp>
#include <cerrno>
#include <optional>
#include <string>
#include <vector>

#include "libs/base/rng.h"
#include "libs/base/temp_dir_for_test.h"
#include "libs/net/network_conformance_suite.h"
#include "libs/net/test_certificate.h"

namespace gannet::net {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

class RealHarness : public NetworkHarness {
 public:
  explicit RealHarness(BeastOptions options = {}, bool trust = true) {
    WriteTestCertificate(folder_.path());
    if (trust) options.extra_ca_file = folder_.path() + "/certificate.pem";
    auto made = BeastNetwork::Create(io_, options);
    REQUIRE(made.ok());
    network_ = *std::move(made);
  }
  BeastNetwork& network() override { return *network_; }
  bool RunUntil(const std::function<bool()>& done) override {
    for (int i = 0; i < 12'000; ++i) {  // a minute of nothing at most
      if (done()) return true;
      io_.restart();
      if (io_.run_one_for(milliseconds(5)) > 0) i = std::max(i - 1, 0);
    }
    return false;
  }
  void RunFor(base::Duration span) override {
    io_.restart();
    io_.run_for(span);
  }
  ListenOptions TlsListen() override {
    ListenOptions options;
    options.certificate_file = folder_.path() + "/certificate.pem";
    options.key_file = folder_.path() + "/key.pem";
    return options;
  }

 private:
  base::TempDirForTest folder_;
  boost::asio::io_context io_;
  std::unique_ptr<BeastNetwork> network_;
};

TEST_CASE("BeastNetwork keeps the network's contract") {
  RunNetworkConformance([] { return std::make_unique<RealHarness>(); });
}

// --- raw peers ----------------------------------------------------------------

sockaddr_in Loopback(uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

// One end of a TCP connection under the test's own control.
class Raw {
 public:
  explicit Raw(int fd = -1) : fd_(fd) {}
  Raw(Raw&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Raw& operator=(Raw&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~Raw() { Close(); }
  static Raw To(uint16_t port) {
    Raw raw(::socket(AF_INET, SOCK_STREAM, 0));
    const sockaddr_in address = Loopback(port);
    REQUIRE(::connect(raw.fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
    return raw;
  }
  void Send(std::string_view bytes) {
    (void)!::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
  }
  // What has come so far; `ended()` after a close or reset.
  const std::string& Received() {
    char buffer[65536];
    while (true) {
      const ssize_t got = ::recv(fd_, buffer, sizeof buffer, MSG_DONTWAIT);
      if (got > 0) {
        received_.append(buffer, static_cast<size_t>(got));
        continue;
      }
      if (got == 0 || (errno != EAGAIN && errno != EWOULDBLOCK)) ended_ = true;
      return received_;
    }
  }
  bool ended() {
    Received();
    return ended_;
  }
  void Reset() {
    const linger hard{1, 0};
    ::setsockopt(fd_, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
    Close();
  }
  void Close() {
    if (fd_ >= 0) ::close(std::exchange(fd_, -1));
  }

 private:
  int fd_;
  std::string received_;
  bool ended_ = false;
};

class RawServer {
 public:
  RawServer() : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0)) {
    sockaddr_in address = Loopback(0);
    REQUIRE(::bind(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
    REQUIRE(::listen(fd_, 64) == 0);
    socklen_t size = sizeof address;
    ::getsockname(fd_, reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
  }
  ~RawServer() { ::close(fd_); }
  std::optional<Raw> Accept() {
    const int fd = ::accept(fd_, nullptr, nullptr);
    return fd < 0 ? std::nullopt : std::optional<Raw>(Raw(fd));
  }
  Url At(const std::string& scheme) const {
    return *Url::Parse(scheme + "://127.0.0.1:" + std::to_string(port_) + "/");
  }

 private:
  int fd_;
  uint16_t port_ = 0;
};

struct PlainServer : ServerHandler {
  void OnRequest(HttpRequest request, std::string_view, Respond respond) override {
    ++requests;
    respond({200, {}, request.target});
  }
  WebSocket::Handler OnWebSocket(const HttpRequest&, std::string_view,
                                 std::shared_ptr<WebSocket> s) override {
    socket = s;
    return {nullptr, [this](std::string_view text) { messages.emplace_back(text); },
            [this](absl::Status status) {
              closed = std::move(status);
              socket.reset();
            }};
  }
  int requests = 0;
  std::vector<std::string> messages;
  std::shared_ptr<WebSocket> socket;
  std::optional<absl::Status> closed;
};

struct Served {
  explicit Served(ListenOptions options = {}) {
    listener = *harness.network().Listen(options, server);
  }
  Url At(const std::string& scheme) const {
    return *Url::Parse(scheme + "://127.0.0.1:" + std::to_string(listener->port()) + "/");
  }
  // Sends the bytes and gives all that comes until the server closes.
  std::string Exchange(std::string_view bytes) {
    Raw raw = Raw::To(listener->port());
    raw.Send(bytes);
    REQUIRE(harness.RunUntil([&raw] { return raw.ended(); }));
    return raw.Received();
  }
  void CheckStillServes() {
    std::optional<HttpResult> result;
    harness.network().Http(At("http"), {"GET", "/alive", {}, ""}, {},
                           [&result](HttpResult r) { result = std::move(r); });
    REQUIRE(harness.RunUntil([&result] { return result.has_value(); }));
    CHECK(result->response.body == "/alive");
  }
  RealHarness harness;
  PlainServer server;
  std::unique_ptr<Listener> listener;
};

HttpResult Call(RealHarness& harness, const Url& url, HttpRequest request, HttpLimits limits,
                const std::function<void()>& meanwhile) {
  std::optional<HttpResult> result;
  harness.network().Http(url, std::move(request), limits,
                         [&result](HttpResult r) { result = std::move(r); });
  REQUIRE(harness.RunUntil([&] {
    meanwhile();
    return result.has_value();
  }));
  return *std::move(result);
}

// --- hostile clients -------------------------------------------------------------

TEST_CASE("the server answers bytes that are no request with 400 and serves on") {
  Served s;
  for (const char* bytes :
       {"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03 tls\r\n\r\n", "hello\r\n\r\n",
        "GET / HTTP/9.9\r\n\r\n", "GET / HTTP/1.1\r\nno colon here\r\n\r\n",
        "GET / HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
        "GET / HTTP/1.1\r\nContent-Length: 99999999999999999999\r\n\r\n",
        "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"}) {
    INFO(bytes);
    CHECK(s.Exchange(bytes).starts_with("HTTP/1.1 400 Bad Request\r\n"));
  }
  CHECK(s.harness.network().stats().bad_requests == 7);
  s.CheckStillServes();
}

TEST_CASE("the server survives mutated requests of any shape") {
  ListenOptions options;
  options.idle_timeout = milliseconds(250);
  Served s(options);
  base::Rng rng(11);
  const std::string good =
      "POST /x?y=z HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nExpect: 100-continue\r\nConnection: "
      "keep-alive\r\n\r\nhello"
      "GET /ws HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: "
      "upgrade\r\nSec-WebSocket-Version: 13\r\n"
      "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n\x81\x85\x01\x02\x03\x04hello";
  std::vector<Raw> open;
  for (int i = 0; i < 400; ++i) {
    std::string bytes = good.substr(0, 1 + rng.Below(good.size()));
    for (uint64_t flips = rng.Below(6); flips > 0; --flips)
      bytes[rng.Below(bytes.size())] = static_cast<char>(rng.Below(256));
    Raw raw = Raw::To(s.listener->port());
    raw.Send(bytes);
    if (rng.Chance(0.3)) {
      raw.Reset();
    } else if (rng.Chance(0.5)) {
      open.push_back(std::move(raw));
    }
    s.harness.RunFor(std::chrono::microseconds(100));
  }
  REQUIRE(s.harness.RunUntil([&open] {
    for (Raw& raw : open) {
      if (!raw.ended()) return false;
    }
    return true;
  }));
  s.CheckStillServes();
}

TEST_CASE("the server bounds headers and bodies before it reads them") {
  Served s;
  CHECK(s.Exchange("GET /" + std::string(100'000, 'a') + " HTTP/1.1\r\n\r\n")
            .starts_with("HTTP/1.1 431 "));
  CHECK(s.Exchange("GET / HTTP/1.1\r\nX: " + std::string(1'000'000, 'a'))
            .starts_with("HTTP/1.1 431 "));
  CHECK(s.Exchange("POST / HTTP/1.1\r\nContent-Length: 2000000\r\n\r\nabc")
            .starts_with("HTTP/1.1 413 "));
  std::string chunked = "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n";
  for (int i = 0; i < 20; ++i) chunked += "20000\r\n" + std::string(0x20000, 'x') + "\r\n";
  CHECK(s.Exchange(chunked).starts_with("HTTP/1.1 413 "));
  CHECK(s.server.requests == 0);
  CHECK(s.harness.network().stats().too_large == 4);
  s.CheckStillServes();
}

TEST_CASE("the server ends connections that are idle, half-open or dribble") {
  ListenOptions options;
  options.idle_timeout = milliseconds(60);
  Served s(options);
  Raw silent = Raw::To(s.listener->port());
  Raw half = Raw::To(s.listener->port());
  half.Send("POST / HTTP/1.1\r\nContent-Length: 10\r\n\r\nabc");
  Raw dribbling = Raw::To(s.listener->port());
  const std::string request = "GET / HTTP/1.1\r\nX: " + std::string(1000, 'y') + "\r\n\r\n";
  for (size_t at = 0; at < 200; ++at) {
    dribbling.Send(request.substr(at, 1));
    s.harness.RunFor(milliseconds(1));
  }
  REQUIRE(s.harness.RunUntil([&] { return silent.ended() && half.ended() && dribbling.ended(); }));
  CHECK(s.server.requests == 0);
  CHECK(s.harness.network().stats().timed_out == 3);
}

TEST_CASE(
    "the server takes pipelined requests one after the other and continues a body on request") {
  Served s;
  Raw raw = Raw::To(s.listener->port());
  raw.Send(
      "GET /1 HTTP/1.1\r\n\r\nGET /2 HTTP/1.1\r\n\r\nGET /3 HTTP/1.1\r\nConnection: close\r\n\r\n");
  REQUIRE(s.harness.RunUntil([&raw] { return raw.ended(); }));
  const std::string& all = raw.Received();
  CHECK(all.find("/1") < all.find("/2"));
  CHECK(all.find("/2") < all.find("/3"));
  CHECK(all.ends_with("/3"));
  Raw slow = Raw::To(s.listener->port());
  slow.Send(
      "POST /4 HTTP/1.1\r\nContent-Length: 3\r\nExpect: 100-continue\r\nConnection: close\r\n\r\n");
  REQUIRE(
      s.harness.RunUntil([&slow] { return slow.Received() == "HTTP/1.1 100 Continue\r\n\r\n"; }));
  slow.Send("abc");
  REQUIRE(s.harness.RunUntil([&slow] { return slow.ended(); }));
  CHECK(slow.Received().ends_with("/4"));
}

TEST_CASE("the server waits out a lack of file descriptors") {
  Served s;
  rlimit before{};
  REQUIRE(::getrlimit(RLIMIT_NOFILE, &before) == 0);
  std::vector<Raw> raws;
  for (int i = 0; i < 10; ++i)
    raws.push_back(Raw::To(s.listener->port()));  // in the backlog: nothing is accepted yet
  const int free_fd = ::dup(0);
  ::close(free_fd);
  const rlimit tight{static_cast<rlim_t>(free_fd) + 3, before.rlim_max};
  REQUIRE(::setrlimit(RLIMIT_NOFILE, &tight) == 0);
  const bool failed =
      s.harness.RunUntil([&s] { return s.harness.network().stats().accept_failed > 0; });
  REQUIRE(::setrlimit(RLIMIT_NOFILE, &before) == 0);
  CHECK(failed);
  CHECK(s.harness.network().stats().accepted < 10);
  REQUIRE(s.harness.RunUntil([&s] { return s.harness.network().stats().accepted == 10; }));
  s.CheckStillServes();
}

constexpr char kUpgrade[] =
    "GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: "
    "upgrade\r\nSec-WebSocket-Version: 13\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";

TEST_CASE("the server closes WebSockets whose frames break RFC 6455") {
  struct Case {
    const char* what;
    std::string_view bytes;
  };
  for (const Case& c :
       {Case{"unmasked", {"\x81\x02hi", 4}},
        Case{"reserved bit", {"\xC1\x82\x00\x00\x00\x00hi", 8}},
        Case{"unknown opcode", {"\x83\x82\x00\x00\x00\x00hi", 8}},
        Case{"not UTF-8", {"\x81\x82\x00\x00\x00\x00\xFF\xFE", 8}},
        Case{"oversized ping", {"\x89\xFE\x00\xFF\x00\x00\x00\x00", 8}},
        Case{"length of 2^63", {"\x82\xFF\x80\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00", 14}},
        Case{"continuation of nothing", {"\x80\x82\x00\x00\x00\x00hi", 8}}}) {
    INFO(c.what);
    Served s;
    Raw raw = Raw::To(s.listener->port());
    raw.Send(kUpgrade);
    REQUIRE(s.harness.RunUntil(
        [&raw] { return raw.Received().find("\r\n\r\n") != std::string::npos; }));
    CHECK(raw.Received().starts_with("HTTP/1.1 101 "));
    raw.Send(c.bytes);
    REQUIRE(s.harness.RunUntil([&s, &raw] { return s.server.closed.has_value() && raw.ended(); }));
    CHECK(!s.server.closed->ok());
    CHECK(s.server.messages.empty());
    s.CheckStillServes();
  }
}

TEST_CASE("the server finds half-open and reset WebSockets") {
  const auto open = [](Served& s) {
    Raw raw = Raw::To(s.listener->port());
    raw.Send(kUpgrade);
    REQUIRE(s.harness.RunUntil([&s] { return s.server.socket != nullptr; }));
    return raw;
  };
  SECTION("half-open: pings stay unanswered") {
    ListenOptions options;
    options.idle_timeout = milliseconds(250);
    Served s(options);
    const Raw raw = open(s);
    REQUIRE(s.harness.RunUntil([&s] { return s.server.closed.has_value(); }));
    CHECK(absl::IsDeadlineExceeded(*s.server.closed));
  }
  SECTION("reset") {
    Served s;
    Raw raw = open(s);
    s.harness.RunFor(milliseconds(5));
    raw.Reset();
    REQUIRE(s.harness.RunUntil([&s] { return s.server.closed.has_value(); }));
    CHECK(absl::IsUnavailable(*s.server.closed));
  }
}

TEST_CASE("frames sent before the upgrade was accepted are refused") {
  Served s;
  CHECK(s.Exchange(std::string(kUpgrade) + "\x81").starts_with("HTTP/1.1 400 "));
}

// --- hostile servers -------------------------------------------------------------

TEST_CASE("the client takes nothing from a server that does not speak HTTP") {
  struct Case {
    const char* answer;
    absl::StatusCode code;
    bool close;
  };
  const std::string long_header = "HTTP/1.1 200 OK\r\nX: " + std::string(100'000, 'a');
  std::string interim;
  for (int i = 0; i < 20; ++i) interim += "HTTP/1.1 103 Early Hints\r\n\r\n";
  for (const Case& c : {Case{"SSH-2.0-OpenSSH\r\n\r\n", absl::StatusCode::kDataLoss, false},
                        Case{"HTTP/1.1 2x0 OK\r\n\r\n", absl::StatusCode::kDataLoss, false},
                        Case{long_header.c_str(), absl::StatusCode::kResourceExhausted, false},
                        Case{interim.c_str(), absl::StatusCode::kDataLoss, false},
                        Case{"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc",
                             absl::StatusCode::kUnavailable, true},
                        Case{"HTTP/1.1 200 OK\r\nContent-Le", absl::StatusCode::kUnavailable, true},
                        Case{"HTTP/1.1 200 OK\r\nContent-Length: 99999999\r\n\r\nabc",
                             absl::StatusCode::kResourceExhausted, false},
                        Case{"", absl::StatusCode::kUnavailable, true}}) {
    INFO(std::string(c.answer).substr(0, 60));
    RealHarness harness;
    RawServer server;
    std::optional<Raw> peer;
    bool answered = false;
    const HttpResult result =
        Call(harness, server.At("http"), {"POST", "/", {}, "order"}, {seconds(5), 1000}, [&] {
          if (!peer) peer = server.Accept();
          if (peer && !answered && peer->Received().ends_with("order")) {
            answered = true;
            peer->Send(c.answer);
            if (c.close) peer->Close();
          }
        });
    CHECK(result.status.code() == c.code);
    CHECK(result.fate == SendFate::kMaybeSent);
    CHECK(!server.Accept().has_value());  // nothing was tried again
  }
}

TEST_CASE("the client reads a body that ends with the connection, and answers after interim ones") {
  RealHarness harness;
  RawServer server;
  std::optional<Raw> peer;
  const HttpResult result = Call(harness, server.At("http"), {}, {}, [&] {
    if (peer || !(peer = server.Accept())) return;
    peer->Send("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n\r\nuntil the end");
    peer->Close();
  });
  REQUIRE(result.status.ok());
  CHECK(result.response.body == "until the end");
}

TEST_CASE("an answer that nobody asked for never meets the next request") {
  RealHarness harness;
  RawServer server;
  std::vector<Raw> peers;
  size_t answered = 0;
  const auto serve = [&] {
    if (auto peer = server.Accept()) peers.push_back(*std::move(peer));
    if (peers.size() > answered && peers[answered].Received().ends_with("\r\n\r\n")) {
      peers[answered++].Send(
          "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\noneHTTP/1.1 200 OK\r\nContent-Length: "
          "3\r\n\r\ntwo");
    }
  };
  CHECK(Call(harness, server.At("http"), {}, {}, serve).response.body == "one");
  CHECK(Call(harness, server.At("http"), {}, {}, serve).response.body == "one");
  CHECK(peers.size() == 2);
}

TEST_CASE("the client says not-sent when no byte left, and only then") {
  SECTION("the TLS handshake does not end in time") {
    RealHarness harness;
    RawServer server;
    std::optional<Raw> peer;
    const HttpResult result = Call(harness, server.At("https"), {"POST", "/", {}, "order"},
                                   {milliseconds(100), 1000}, [&] {
                                     if (!peer) peer = server.Accept();
                                   });
    CHECK(absl::IsDeadlineExceeded(result.status));
    CHECK(result.fate == SendFate::kNotSent);
  }
  SECTION("it waits for a connection until its limit passes, or there is no room to wait") {
    BeastOptions options;
    options.max_connections_per_host = 1;
    options.max_waiting_per_host = 1;
    RealHarness harness(options);
    RawServer server;
    std::vector<HttpResult> results;
    std::optional<Raw> peer;
    for (const base::Duration timeout : {milliseconds(600), milliseconds(100), milliseconds(600)}) {
      harness.network().Http(server.At("http"), {"POST", "/", {}, "order"}, {timeout, 1000},
                             [&](HttpResult r) { results.push_back(std::move(r)); });
    }
    REQUIRE(harness.RunUntil([&] {
      if (!peer) peer = server.Accept();
      return results.size() == 3;
    }));
    CHECK(absl::IsResourceExhausted(results[0].status));
    CHECK(results[0].fate == SendFate::kNotSent);
    CHECK(absl::IsDeadlineExceeded(results[1].status));
    CHECK(results[1].fate == SendFate::kNotSent);
    CHECK(absl::IsDeadlineExceeded(results[2].status));
    CHECK(results[2].fate == SendFate::kMaybeSent);
    CHECK(harness.network().stats().requests_refused == 1);
  }
  SECTION("the peer stops reading in the middle of a large body") {
    RealHarness harness;
    RawServer server;
    std::optional<Raw> peer;
    const HttpResult result =
        Call(harness, server.At("http"), {"POST", "/", {}, std::string(32u << 20, 'x')},
             {milliseconds(500), 1000}, [&] {
               if (!peer) peer = server.Accept();
             });
    CHECK(absl::IsDeadlineExceeded(result.status));
    CHECK(result.fate == SendFate::kMaybeSent);
  }
  SECTION("a reset after the request") {
    RealHarness harness;
    RawServer server;
    std::optional<Raw> peer;
    const HttpResult result = Call(harness, server.At("http"), {"POST", "/", {}, "order"}, {}, [&] {
      if (!peer) peer = server.Accept();
      if (peer && peer->Received().ends_with("order")) peer->Reset();
    });
    CHECK(absl::IsUnavailable(result.status));
    CHECK(result.fate == SendFate::kMaybeSent);
  }
}

TEST_CASE("the client trusts only certificates it can check, for the name it asked for") {
  RealHarness trusting, wary({}, /*trust=*/false);
  PlainServer handler;
  RealHarness* client = &trusting;
  std::string host = "localhost";
  SECTION("unknown CA") { client = &wary; }
  SECTION("another name") { host = "127.0.0.1"; }
  const auto listener = client->network().Listen(client->TlsListen(), handler);
  REQUIRE(listener.ok());
  const std::string port = std::to_string((*listener)->port());
  const HttpResult result = Call(*client, *Url::Parse("https://" + host + ":" + port),
                                 {"POST", "/", {}, "secret"}, {}, [] {});
  INFO(result.status.ToString());
  CHECK(absl::IsUnauthenticated(result.status));
  CHECK(result.fate == SendFate::kNotSent);
  std::optional<absl::Status> closed;
  const auto socket =
      client->network().Connect(*Url::Parse("wss://" + host + ":" + port), {},
                                {nullptr, nullptr, [&](absl::Status s) { closed = std::move(s); }});
  REQUIRE(client->RunUntil([&] { return closed.has_value(); }));
  CHECK(absl::IsUnauthenticated(*closed));
  CHECK(handler.requests == 0);
}

TEST_CASE("the client's WebSocket finds a silent, a late and a babbling server") {
  RealHarness harness;
  RawServer server;
  std::optional<Raw> peer;
  std::optional<absl::Status> closed;
  std::unique_ptr<WebSocket> socket;
  const auto connect = [&](WebSocketOptions options = {}) {
    socket = harness.network().Connect(
        server.At("ws"), options,
        {nullptr, [](std::string_view) {}, [&](absl::Status s) { closed = std::move(s); }});
    REQUIRE(harness.RunUntil([&] { return (peer = server.Accept()).has_value(); }));
    REQUIRE(harness.RunUntil([&] { return peer->Received().ends_with("\r\n\r\n"); }));
  };
  SECTION("no answer to the upgrade") {
    WebSocketOptions options;
    options.connect_timeout = milliseconds(300);
    connect(options);
    REQUIRE(harness.RunUntil([&] { return closed.has_value(); }));
    CHECK(absl::IsDeadlineExceeded(*closed));
  }
  SECTION("not an HTTP answer") {
    connect();
    peer->Send("garbage\r\n\r\n");
    REQUIRE(harness.RunUntil([&] { return closed.has_value(); }));
    CHECK(absl::IsDataLoss(*closed));
  }
  SECTION("too many requests") {
    connect();
    peer->Send("HTTP/1.1 429 Too Many Requests\r\nContent-Length: 0\r\n\r\n");
    REQUIRE(harness.RunUntil([&] { return closed.has_value(); }));
    CHECK(absl::IsResourceExhausted(*closed));
  }
  SECTION("an accept key that does not fit") {
    connect();
    peer->Send(
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: "
        "upgrade\r\nSec-WebSocket-Accept: AAAA\r\n\r\n");
    REQUIRE(harness.RunUntil([&] { return closed.has_value(); }));
    CHECK(!closed->ok());
  }
}

TEST_CASE("TLS options that cannot work are refused with the file's name") {
  RealHarness harness;
  PlainServer handler;
  ListenOptions options;
  options.certificate_file = "/nonexistent/certificate.pem";
  CHECK(absl::IsInvalidArgument(harness.network().Listen(options, handler).status()));
  options.key_file = "/nonexistent/key.pem";
  const absl::Status status = harness.network().Listen(options, handler).status();
  CHECK(absl::IsInvalidArgument(status));
  CHECK(status.message().find("/nonexistent/certificate.pem") != absl::string_view::npos);
  options = {};
  options.address = "not-an-address";
  CHECK(absl::IsInvalidArgument(harness.network().Listen(options, handler).status()));
  boost::asio::io_context io;
  CHECK(absl::IsInvalidArgument(
      BeastNetwork::Create(io, {.extra_ca_file = "/nonexistent/ca.pem"}).status()));
}

TEST_CASE("a network may be destroyed with everything under way") {
  RawServer server;
  bool called = false;
  {
    RealHarness harness;
    std::unique_ptr<WebSocket> socket = harness.network().Connect(
        server.At("ws"), {},
        {nullptr, [](std::string_view) {}, [&](absl::Status) { called = true; }});
    for (int i = 0; i < 50; ++i)
      harness.network().Http(server.At("http"), {}, {}, [&](HttpResult) { called = true; });
    harness.RunFor(milliseconds(5));
    socket.reset();
  }
  CHECK(!called);
}

}  // namespace
}  // namespace gannet::net
