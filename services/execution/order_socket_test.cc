// Whether bytes left, as the order socket tells it, at a venue that answers or does not.
#include "services/execution/order_socket.h"

#include <catch2/catch_test_macros.hpp>

#include "libs/venue/binance/socket_answers.h"
#include "services/execution/service_host_for_test.h"

namespace gannet::execution {
namespace {

using namespace std::chrono_literals;

// Takes frames and answers none.
class Mute : public net::ServerHandler {
 public:
  void OnRequest(net::HttpRequest, std::string_view, Respond) override {}
  net::WebSocket::Handler OnWebSocket(const net::HttpRequest&, std::string_view,
                                      std::shared_ptr<net::WebSocket> socket) override {
    socket_ = std::move(socket);
    net::WebSocket::Handler handler;
    handler.on_message = [this](std::string_view) { ++frames; };
    handler.on_close = [this](absl::Status) { socket_.reset(); };
    return handler;
  }
  void Drop() { socket_->Close(); }
  int frames = 0;

 private:
  std::shared_ptr<net::WebSocket> socket_;
};

OutgoingRequest Frame(uint64_t id) {
  OutgoingRequest request;
  request.id = id;
  request.wire.body =
      "{\"id\":\"o" + std::to_string(id) + "\",\"method\":\"order.place\",\"params\":{}}";
  return request;
}

TEST_CASE("What had not left may go another way; what had left is never said to have stayed") {
  Outside outside;
  Mute venue;
  const auto listener = *outside.network.Listen({}, venue);
  telemetry::Log log("test", telemetry::Level::kError, outside.executor, [](std::string_view) {});
  // In the order in which it is told.
  std::vector<std::string> told;
  OrderSocket socket(
      {.url = *net::Url::Parse("ws://127.0.0.1:" + std::to_string(listener->port())),
       .protocol = venue::binance::SocketProtocolOf()},
      outside.network, outside.executor, outside.executor, base::Rng(1), log,
      {.on_answer =
           [&](const wire::HttpExchange& answer) {
             told.push_back(std::to_string(answer.request_id) + " " + answer.transport_error);
           },
       .on_event =
           [&](const wire::StreamEvent& event) {
             told.push_back(event.kind == wire::StreamEvent::Kind::kOpened ? "opened" : "closed");
           }});
  const auto takes = [&] { return std::exchange(told, {}); };
  const std::string anew(kAnewPrefix);
  socket.Start();
  socket.Send(Frame(1));
  CHECK(takes() == std::vector<std::string>{"1 " + anew + "the order socket is not open"});
  outside.executor.RunFor(1s);
  CHECK(takes() == std::vector<std::string>{"opened"});
  // It left: whatever ends its connection, its fate is open.
  socket.Send(Frame(2));
  outside.executor.RunFor(1s);
  REQUIRE(venue.frames == 1);
  CHECK(takes().empty());
  venue.Drop();
  outside.executor.RunFor(100ms);
  const std::vector<std::string> cut = takes();
  REQUIRE(cut.size() == 2);
  CHECK(cut[0] == "closed");  // so that what is made from now on is meant for REST
  CHECK(cut[1].starts_with("2 UNAVAILABLE: the order socket closed before the answer"));
  socket.Send(Frame(3));
  CHECK(takes() == std::vector<std::string>{"3 " + anew + "the order socket is not open"});
  outside.executor.RunFor(5s);
  CHECK(takes() == std::vector<std::string>{"opened"});
  // A name that is under way already is no connection's fault.
  socket.Send(Frame(4));
  socket.Send(Frame(4));
  const std::vector<std::string> twice = takes();
  REQUIRE(twice.size() == 1);
  CHECK(twice[0].starts_with("4 " + std::string(kNotSentPrefix)));
  outside.executor.RunFor(11s);
  CHECK(takes() == std::vector<std::string>{"4 DEADLINE_EXCEEDED: no answer on the order socket",
                                            "closed", "opened"});
  // Once stopped there is no other way.
  socket.Stop();
  socket.Send(Frame(5));
  CHECK(takes() == std::vector<std::string>{"5 " + NotSentError({market::RejectReason::kGateClosed,
                                                                 "the order socket is not open"})});
  CHECK(venue.frames == 2);
}

}  // namespace
}  // namespace gannet::execution
