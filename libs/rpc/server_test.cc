// The server against a real client, over a unix socket and loopback: who may call
// what, how failures look, what is bounded.
#include "libs/rpc/server.h"

#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/grpcpp.h>
#include <sys/stat.h>

#include <atomic>
#include <catch2/catch_test_macros.hpp>
#include <fstream>
#include <functional>
#include <future>
#include <set>
#include <sstream>
#include <string>
#include <thread>

#include "gannet/news/v1/signal_service.pb.h"
#include "gannet/ops/v1/admin_service.pb.h"
#include "gannet/order/v1/order_service.pb.h"
#include "gannet/report/v1/report_service.pb.h"
#include "google/protobuf/descriptor.pb.h"
#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"
#include "grpc/reflection/v1alpha/reflection.pb.h"
#include "libs/base/digest.h"
#include "libs/base/temp_dir_for_test.h"
#include "libs/net/test_certificate.h"
#include "libs/rpc/channel.h"
#include "libs/rpc/error.h"
#include "libs/rpc/reflection.h"
#include "libs/runtime/asio_executor.h"
#include "libs/runtime/system_clock.h"

namespace gannet::rpc {
namespace {

using namespace std::chrono_literals;

constexpr base::Duration kPatience = 60s;  // of a call: it ends what hangs, not what is slow

constexpr char kGet[] = "gannet.order.v1.OrderService/GetOrder";
constexpr char kSubmit[] = "gannet.order.v1.OrderService/SubmitOrder";
constexpr char kStream[] = "gannet.news.v1.SignalService/StreamSignals";
constexpr char kLevel[] = "gannet.ops.v1.AdminService/SetLogLevel";

ServerOptions Options(const std::string& folder) {
  ServerOptions options;
  options.unix_socket = folder + "/rpc.sock";
  options.address = "127.0.0.1:0";
  const auto token = [](const char* text) { return base::Hex(base::Sha256(text)); };
  options.tokens[token("reader")] = {"rita", static_cast<Rights>(Right::kRead)};
  options.tokens[token("trader")] = {
      "tom", static_cast<Rights>(Right::kRead) | static_cast<Rights>(Right::kTrade)};
  return options;
}

// A server whose executor runs here while `client` runs on a thread of its own.
struct Rig {
  explicit Rig(const std::function<void(ServerOptions&)>& change = nullptr) {
    ServerOptions options = Options(folder.path());
    if (change) change(options);
    server.emplace(executor, log, options);
    server->Handle<order::v1::GetOrderRequest>(
        kGet, [this](const CallPtr& call, const order::v1::GetOrderRequest& request) {
          callers.push_back(call->caller().person);
          if (request.client_order_id() == "silent") {
            held.push_back(call);
            ++silent;
            return;
          }
          if (request.client_order_id().empty())
            return call->End(BadField("client_order_id", "name the order"));
          if (request.client_order_id() == "busy")
            return call->End(absl::UnavailableError("try later"));
          order::v1::GetOrderResponse response;
          response.mutable_order()->set_detail(request.client_order_id());
          call->Reply(response);
        });
    server->Handle<order::v1::SubmitOrderRequest>(
        kSubmit, [this](const CallPtr& call, const order::v1::SubmitOrderRequest& request) {
          ++submitted;
          if (request.instrument() == "later") return held.push_back(call);
          order::v1::SubmitOrderResponse response;
          response.mutable_order()->set_detail(std::to_string(submitted));
          call->Reply(response);
        });
    server->Handle<news::v1::StreamSignalsRequest>(
        kStream, [this](const CallPtr& call, const news::v1::StreamSignalsRequest&) {
          news::v1::StreamSignalsResponse message;
          message.mutable_signal()->set_title(std::string(1'000, 'x'));
          const bool endless = call->caller().person == "tom";
          // Before the first message: the reader may leave while the others are written.
          call->OnEnd([this] { ++streams_ended; });
          for (int i = 0; i < (endless ? 1'000'000 : 3); ++i) {
            message.mutable_position()->set_sequence(static_cast<uint64_t>(i + 1));
            if (!call->Write(message))
              return call->End(absl::ResourceExhaustedError("read faster"));
          }
          if (!endless && !keep_open) call->End(absl::OkStatus());
          if (keep_open) held.push_back(call);
        });
    started = server->Start();
  }
  Channel Open(const std::string& token = "", bool local = false) {
    auto channel = Channel::Open({.target = local ? "unix:" + folder.path() + "/rpc.sock"
                                                  : "127.0.0.1:" + std::to_string(server->port()),
                                  .token = token});
    REQUIRE(channel.ok());
    return *std::move(channel);
  }
  void Run(const std::function<void()>& client) {
    REQUIRE(started.ok());
    std::thread thread([&] {
      client();
      executor.Stop();
    });
    executor.Run();
    thread.join();
  }
  bool RunUntil(const std::function<bool()>& done) {
    for (int i = 0; i < 6'000 && !done(); ++i) executor.RunFor(10ms);
    return done();
  }
  absl::Status Get(Channel channel, const std::string& id, base::Duration deadline = kPatience) {
    order::v1::GetOrderRequest request;
    request.set_client_order_id(id);
    return channel.Call(kGet, request, answer, deadline);
  }
  absl::StatusOr<std::string> Submit(Channel channel, const std::string& id,
                                     const std::string& instrument = "") {
    order::v1::SubmitOrderRequest request;
    request.set_request_id(id);
    request.set_instrument(instrument);
    order::v1::SubmitOrderResponse response;
    const absl::Status status = channel.Call(kSubmit, request, response, kPatience);
    if (!status.ok()) return status;
    return response.order().detail();
  }

  base::TempDirForTest folder;
  runtime::SystemClock clock;
  runtime::AsioExecutor executor{clock};
  telemetry::Log log{"test", telemetry::Level::kError, clock, [](std::string_view) {}};
  std::vector<CallPtr> held;
  std::vector<std::string> callers;
  order::v1::GetOrderResponse answer;
  int submitted = 0, streams_ended = 0;
  std::atomic<int> silent = 0;  // calls that nobody answers
  bool keep_open = false;
  absl::Status started;
  std::optional<Server> server;
};

TEST_CASE("Calls reach their handler on the executor and come back") {
  Rig rig;
  rig.Run([&] {
    CHECK(rig.Get(rig.Open("", true), "g1").ok());
    CHECK(rig.answer.order().detail() == "g1");
    CHECK(rig.Get(rig.Open("reader"), "g2").ok());
  });
  CHECK(rig.callers == std::vector<std::string>{"local", "rita"});
  CHECK(rig.server->stats().calls == 2);
}

TEST_CASE("The local socket is for its owner alone") {
  Rig rig;
  REQUIRE(rig.started.ok());
  struct stat about {};
  REQUIRE(::stat((rig.folder.path() + "/rpc.sock").c_str(), &about) == 0);
  CHECK((about.st_mode & 0777) == 0600);
  CHECK(S_ISSOCK(about.st_mode));
}

TEST_CASE("Nobody calls over TCP without saying who, or beyond their rights") {
  Rig rig;
  rig.Run([&] {
    CHECK(rig.Get(rig.Open(), "g1").code() == absl::StatusCode::kUnauthenticated);
    CHECK(rig.Get(rig.Open("guess"), "g1").code() == absl::StatusCode::kUnauthenticated);
    CHECK(rig.Submit(rig.Open("reader"), "r").status().code() ==
          absl::StatusCode::kPermissionDenied);
    CHECK(rig.Submit(rig.Open("trader"), "r").ok());
    // Admitted by nobody over TCP: of the table, but not served.
    ops::v1::SetLogLevelResponse level;
    CHECK(rig.Open("trader").Call(kLevel, ops::v1::SetLogLevelRequest(), level, kPatience).code() ==
          absl::StatusCode::kPermissionDenied);
    CHECK(rig.Open("", true).Call(kLevel, ops::v1::SetLogLevelRequest(), level, kPatience).code() ==
          absl::StatusCode::kUnimplemented);
    CHECK(rig.Open("", true).Call("no.such.Service/Method", level, level, kPatience).code() ==
          absl::StatusCode::kUnimplemented);
  });
  CHECK(rig.submitted == 1);
}

TEST_CASE("Strangers who hold reflection open keep nobody from calling") {
  Rig rig;
  rig.Run([&] {
    const auto channel = grpc::CreateChannel("127.0.0.1:" + std::to_string(rig.server->port()),
                                             grpc::InsecureChannelCredentials());
    grpc::GenericStub stub(channel);
    grpc::CompletionQueue queue;
    struct Stream {
      grpc::ClientContext context;
      std::unique_ptr<grpc::GenericClientAsyncReaderWriter> call;
      grpc::Status status;
    };
    const auto next = [&queue]() -> Stream* {
      void* tag = nullptr;
      bool ok = false;
      REQUIRE(queue.Next(&tag, &ok));
      return static_cast<Stream*>(tag);
    };
    std::vector<std::unique_ptr<Stream>> streams;
    for (size_t i = 0; i < kMaxReflections + 3; ++i) {
      Stream& stream = *streams.emplace_back(std::make_unique<Stream>());
      stream.call = stub.PrepareCall(
          &stream.context, "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo",
          &queue);
      stream.call->StartCall(&stream);
    }
    for (size_t i = 0; i < streams.size(); ++i) next();
    for (const auto& stream : streams) stream->call->Finish(&stream->status, stream.get());
    // Which of them came too late is the threads' affair; those that did end first.
    int refused = 0;
    for (int i = 0; i < 3; ++i)
      refused += next()->status.error_code() == grpc::StatusCode::RESOURCE_EXHAUSTED ? 1 : 0;
    CHECK(refused == 3);
    CHECK(rig.Get(rig.Open("reader"), "g1").ok());
    CHECK(rig.Get(rig.Open("", true), "g2").ok());
    for (const auto& stream : streams) stream->context.TryCancel();
    for (size_t i = 0; i < kMaxReflections; ++i) next();
    queue.Shutdown();
  });
}

TEST_CASE("Failures carry their details") {
  const grpc::Status bad = ToGrpc(BadField("price", "must be above 0"));
  CHECK(bad.error_code() == grpc::StatusCode::INVALID_ARGUMENT);
  google::rpc::Status details;
  REQUIRE(details.ParseFromString(bad.error_details()));
  REQUIRE(details.details_size() == 2);
  google::rpc::ErrorInfo info;
  REQUIRE(details.details(0).UnpackTo(&info));
  CHECK(info.reason() == "INVALID_ARGUMENT");
  CHECK(info.domain() == "gannet");
  google::rpc::BadRequest request;
  REQUIRE(details.details(1).UnpackTo(&request));
  CHECK(request.field_violations(0).field() == "price");
  google::rpc::Status later;
  REQUIRE(later.ParseFromString(ToGrpc(absl::UnavailableError("x")).error_details()));
  google::rpc::RetryInfo retry;
  REQUIRE(later.details(1).UnpackTo(&retry));
  CHECK(retry.retry_delay().seconds() == 1);
  CHECK(ToGrpc(absl::OkStatus()).ok());
  for (int code = 1; code <= 16; ++code) {
    const absl::Status status(static_cast<absl::StatusCode>(code), "why");
    CHECK(FromGrpc(ToGrpc(status)) == status);
  }
  Rig rig;
  rig.Run([&] {
    CHECK(rig.Get(rig.Open("reader"), "").message() == "client_order_id: name the order");
    CHECK(rig.Get(rig.Open("reader"), "busy").code() == absl::StatusCode::kUnavailable);
  });
}

TEST_CASE("A call that changes something happens once a request id") {
  Rig rig;
  rig.Run([&] {
    const auto first = rig.Submit(rig.Open("trader"), "r1");
    REQUIRE(first.ok());
    CHECK(*rig.Submit(rig.Open("trader"), "r1") == *first);
    CHECK(rig.Submit(rig.Open("trader"), "r1", "other").status().code() ==
          absl::StatusCode::kAlreadyExists);
    CHECK(*rig.Submit(rig.Open("", true), "r1") != *first);  // of another person
    CHECK(rig.Submit(rig.Open("trader"), "").status().code() == absl::StatusCode::kInvalidArgument);
    CHECK(rig.Submit(rig.Open("trader"), std::string(65, 'x')).status().code() ==
          absl::StatusCode::kInvalidArgument);
    // Two at once: one is done, both are answered.
    auto other = std::async(std::launch::async,
                            [&] { return rig.Submit(rig.Open("trader"), "r2", "later"); });
    auto mine = std::async(std::launch::async,
                           [&] { return rig.Submit(rig.Open("trader"), "r2", "later"); });
    std::promise<void> answered;
    std::function<void()> answer = [&] {
      if (rig.held.empty()) return rig.executor.Post(answer);
      order::v1::SubmitOrderResponse response;
      response.mutable_order()->set_detail("late");
      rig.held.front()->Reply(response);
      answered.set_value();
    };
    rig.executor.Post(answer);
    answered.get_future().wait();
    CHECK(*other.get() == "late");
    CHECK(*mine.get() == "late");
  });
  CHECK(rig.submitted == 3);
}

TEST_CASE("A call that nobody answers ends at its deadline") {
  Rig rig;
  rig.Run([&] {
    // On a busy machine the first may be over before it has come.
    for (base::Duration deadline = 200ms; rig.silent == 0; deadline *= 2) {
      CHECK(rig.Get(rig.Open("reader"), "silent", deadline).code() ==
            absl::StatusCode::kDeadlineExceeded);
    }
  });
  REQUIRE_FALSE(rig.held.empty());
  CHECK(rig.RunUntil([&] { return rig.held[0]->ended(); }));
  CHECK_FALSE(rig.held[0]->Write(rig.answer));
}

TEST_CASE("Streams deliver in order and end; a slow reader is cut off") {
  Rig rig;
  rig.Run([&] {
    news::v1::StreamSignalsResponse message;
    std::vector<uint64_t> seen;
    CHECK(rig.Open("reader")
              .Stream(kStream, news::v1::StreamSignalsRequest(), message, kPatience,
                      [&] {
                        seen.push_back(message.position().sequence());
                        return true;
                      })
              .ok());
    CHECK(seen == std::vector<uint64_t>{1, 2, 3});
    CHECK(rig.Open("trader")
              .Stream(kStream, news::v1::StreamSignalsRequest(), message, kPatience,
                      [] { return true; })
              .code() == absl::StatusCode::kResourceExhausted);
  });
}

TEST_CASE("A stream whose reader leaves, and one open in a drain, end") {
  Rig rig;
  rig.keep_open = true;
  rig.Run([&] {
    news::v1::StreamSignalsResponse message;
    CHECK(rig.Open("reader")
              .Stream(kStream, news::v1::StreamSignalsRequest(), message, kPatience,
                      [] { return false; })
              .ok());
    int seen = 0;
    CHECK(rig.Open("reader")
              .Stream(kStream, news::v1::StreamSignalsRequest(), message, kPatience,
                      [&] {
                        if (++seen == 3) rig.executor.Post([&] { rig.server->Drain(); });
                        return true;
                      })
              .code() == absl::StatusCode::kUnavailable);
    CHECK(rig.Get(rig.Open("reader"), "g1").code() == absl::StatusCode::kUnavailable);
  });
  CHECK(rig.RunUntil([&] { return rig.streams_ended == 2; }));
}

TEST_CASE("Hostile bytes are refused, and the next call is served") {
  Rig rig;
  rig.Run([&] {
    // Its first field is bytes; of a GetOrderRequest it would be text, and is none.
    report::v1::DownloadReportResponse other;
    other.set_chunk("\xff\xfe");
    CHECK(rig.Open("reader").Call(kGet, other, rig.answer, kPatience).code() ==
          absl::StatusCode::kInvalidArgument);
    order::v1::GetOrderRequest huge;
    huge.set_client_order_id(std::string(5u << 20, 'x'));
    CHECK(rig.Open("reader").Call(kGet, huge, rig.answer, kPatience).code() ==
          absl::StatusCode::kResourceExhausted);
    CHECK(rig.Get(rig.Open("reader"), "g1").ok());
  });
}

TEST_CASE("Settings that let strangers in are refused") {
  ServerOptions options;
  options.address = "0.0.0.0:1";
  CHECK(Check(options).code() == absl::StatusCode::kInvalidArgument);
  options.tls = {.client_ca = "ca"};
  CHECK_FALSE(Check(options).ok());
  options.tls = {.certificate = "c", .key = "k"};
  CHECK(Check(options).ok());
  options.tls.key = "";
  CHECK_FALSE(Check(options).ok());
  CHECK_FALSE(Check({.address = "localhost"}).ok());
  CHECK(Check({.address = "[::1]:0"}).ok());
  CHECK_FALSE(Check({.unix_socket = std::string(108, 'x')}).ok());
  Rig rig([](ServerOptions& o) { o.tls = {"/none.pem", "/none.key", ""}; });
  CHECK(rig.started.code() == absl::StatusCode::kInvalidArgument);
}

TEST_CASE("Over TLS without client certificates the caller is who the token says") {
  base::TempDirForTest certificates;
  net::WriteTestCertificate(certificates.path());
  const std::string certificate = certificates.path() + "/certificate.pem";
  Rig rig([&](ServerOptions& options) {
    options.tls = {certificate, certificates.path() + "/key.pem", ""};
  });
  rig.Run([&] {
    const std::string target = "127.0.0.1:" + std::to_string(rig.server->port());
    const auto open = [&](const std::string& token) {
      auto channel = Channel::Open({.target = target,
                                    .token = token,
                                    .tls = {"", "", certificate},
                                    .server_name = "localhost"});
      REQUIRE(channel.ok());
      return *std::move(channel);
    };
    const absl::Status got = rig.Get(open("reader"), "g1");
    INFO(got.ToString());
    CHECK(got.ok());
    CHECK(rig.Get(open(""), "g1").code() == absl::StatusCode::kUnauthenticated);
    // In the clear nothing answers there.
    CHECK(rig.Get(rig.Open("reader"), "g1").code() == absl::StatusCode::kUnavailable);
  });
  CHECK(rig.callers == std::vector<std::string>{"rita"});
}

TEST_CASE("With mutual TLS the caller is who the certificate says") {
  base::TempDirForTest certificates;
  net::WriteTestCertificate(certificates.path());
  const TlsFiles files{certificates.path() + "/certificate.pem", certificates.path() + "/key.pem",
                       certificates.path() + "/certificate.pem"};
  Rig rig([&](ServerOptions& options) {
    options.tls = files;
    options.people["localhost"] = static_cast<Rights>(Right::kRead);
  });
  rig.Run([&] {
    const std::string target = "127.0.0.1:" + std::to_string(rig.server->port());
    auto channel = Channel::Open({.target = target, .tls = files, .server_name = "localhost"});
    REQUIRE(channel.ok());
    const absl::Status got = rig.Get(*channel, "g1");
    INFO(got.ToString());
    CHECK(got.ok());
    auto bare = Channel::Open(
        {.target = target, .tls = {"", "", files.client_ca}, .server_name = "localhost"});
    CHECK(rig.Get(*bare, "g1").code() == absl::StatusCode::kUnavailable);
    CHECK(rig.Get(rig.Open("reader"), "g1").code() == absl::StatusCode::kUnavailable);
  });
  CHECK(rig.callers == std::vector<std::string>{"localhost"});
}

TEST_CASE("The access table has every method of the contracts, once, and no other") {
  std::ifstream in(GANNET_DESCRIPTORS, std::ios::binary);
  google::protobuf::FileDescriptorSet set;
  REQUIRE(set.ParseFromIstream(&in));
  google::protobuf::DescriptorPool pool;
  std::set<std::string> methods;
  for (const auto& file : set.file()) {
    const auto* built = pool.BuildFile(file);
    REQUIRE(built != nullptr);
    for (int s = 0; s < built->service_count(); ++s) {
      for (int m = 0; m < built->service(s)->method_count(); ++m) {
        const auto* method = built->service(s)->method(m);
        const std::string name = built->service(s)->full_name() + "/" + method->name();
        CAPTURE(name);
        CHECK(methods.insert(name).second);
        const AccessRow* row = FindAccess(name);
        REQUIRE(row != nullptr);
        const bool has_id = method->input_type()->FindFieldByName("request_id") != nullptr;
        CHECK(row->once == has_id);
        if (name.starts_with("gannet.")) CHECK(row->needed != Right::kNone);
        if (row->once && name != "gannet.report.v1.ReportService/CreateReport")
          CHECK(row->needed != Right::kRead);
      }
    }
  }
  CHECK(methods.size() == AccessTable().size());
}

TEST_CASE("Reflection lists services and gives the files that describe them") {
  using grpc::reflection::v1alpha::ServerReflectionRequest;
  using grpc::reflection::v1alpha::ServerReflectionResponse;
  order::v1::SubmitOrderRequest::default_instance();
  const Reflection reflection({"gannet.order.v1.OrderService"});
  const auto ask = [&](const ServerReflectionRequest& request) {
    ServerReflectionResponse response;
    REQUIRE(response.ParseFromString(reflection.Answer(request.SerializeAsString())));
    return response;
  };
  ServerReflectionRequest request;
  request.set_list_services("");
  CHECK(ask(request).list_services_response().service(0).name() == "gannet.order.v1.OrderService");
  request.set_file_containing_symbol("gannet.order.v1.OrderService");
  google::protobuf::DescriptorPool pool;
  const ServerReflectionResponse files = ask(request);
  for (const std::string& bytes : files.file_descriptor_response().file_descriptor_proto()) {
    google::protobuf::FileDescriptorProto file;
    REQUIRE(file.ParseFromString(bytes));
    REQUIRE(pool.BuildFile(file) != nullptr);
  }
  CHECK(pool.FindServiceByName("gannet.order.v1.OrderService") != nullptr);
  request.set_file_containing_symbol("no.such.Symbol");
  CHECK(ask(request).error_response().error_code() == grpc::StatusCode::NOT_FOUND);
  ServerReflectionResponse broken;
  REQUIRE(broken.ParseFromString(reflection.Answer("\xff\xff")));
  CHECK(broken.has_error_response());
}

}  // namespace
}  // namespace gannet::rpc
