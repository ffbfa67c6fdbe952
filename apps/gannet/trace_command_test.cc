#include "apps/gannet/trace_command.h"

#include <catch2/catch_test_macros.hpp>
#include <memory>
#include <sstream>
#include <string>

#include "libs/base/sim_files.h"
#include "libs/base/virtual_executor.h"
#include "libs/bus/topics.h"
#include "libs/journal/journal.h"
#include "libs/runtime/shard.h"

namespace gannet::app {
namespace {

using namespace std::chrono_literals;

// Two headlines, of which one leads to an order.
struct Recorded {
  base::SimFiles files;
  base::VirtualExecutor executor{base::FromUnixMillis(1'700'000'000'000)};

  Recorded() {
    journal::WriterOptions options;
    options.own_thread = false;
    options.reserve_bytes = 0;
    auto writer =
        journal::Writer::Open(files, executor, "/data/journal", {7, "build", "", 3, {}}, options);
    REQUIRE(writer.ok());
    runtime::Shard shard({.name = "test"}, executor, executor, writer->get(), nullptr);
    runtime::FactStream<market::NewsItem> items(shard, bus::kNewsRaw, nullptr);
    runtime::FactStream<market::OrderIntent> intents(shard, bus::kOrderIntents, nullptr);
    runtime::FactStream<market::ExecReport> reports(shard, bus::kExecReports, nullptr);
    shard.Consume<market::NewsItem>(bus::kNewsRaw, nullptr, [&](const auto& event) {
      if (event.value.title != "hacked") return;
      market::OrderIntent intent;
      intent.client_order_id = market::ClientOrderId("g1-1");
      intent.reason = "HACK playbook";
      intents.Emit(std::move(intent), event.header);
    });
    market::EventId chain;
    shard.Consume<market::OrderIntent>(
        bus::kOrderIntents, [&](const auto& event) { chain = event.header.correlation; });
    const auto headline = [&](const char* title) {
      const auto port = shard.AddInput(title, [&, title](std::string_view, const auto& cause) {
        items.Emit({.source = "rss:x", .title = title}, cause);
      });
      shard.Deliver(port, "", executor.Now());
      executor.RunFor(5ms);
    };
    headline("quiet");
    headline("hacked");
    const auto venue = shard.AddInput("venue", [&](std::string_view, const market::Header& cause) {
      market::Header header = cause;
      header.correlation = chain;
      header.trace = market::TraceOf(chain, chain);
      market::ExecReport report;
      report.kind = market::ExecKind::kFill;
      report.client_order_id = market::ClientOrderId("g1-1");
      report.evidence = "stream:executionReport:9";
      reports.Emit(std::move(report), header);
    });
    shard.Deliver(venue, "", executor.Now());
    REQUIRE((*writer)->Close().ok());
  }
};

TEST_CASE("gannet trace tells an order from its headline to its fill") {
  Recorded recorded;
  std::ostringstream out;
  REQUIRE(TraceOrder(recorded.files, {.order = "g1-1", .dirs = {"/data"}}, out).ok());
  const std::string text = out.str();
  INFO(text);
  CHECK(text.starts_with("trace "));
  const size_t headline = text.find("headline"), intent = text.find("intent"),
               fill = text.find("FILL");
  CHECK(headline < intent);
  CHECK(intent < fill);
  CHECK(fill != std::string::npos);
  CHECK(text.find("rss:x: hacked") != std::string::npos);
  CHECK(text.find("stream:executionReport:9") != std::string::npos);
  CHECK(text.find("+5.000 ms") != std::string::npos);
  CHECK(text.find("quiet") == std::string::npos);
}

TEST_CASE("gannet trace says where it looked in vain") {
  Recorded recorded;
  std::ostringstream out;
  CHECK(absl::IsNotFound(
      TraceOrder(recorded.files, {.order = "g1-2", .dirs = {"/data/journal"}}, out)));
  CHECK_FALSE(TraceOrder(recorded.files, {.order = "g1-1", .dirs = {"/absent"}}, out).ok());
  CHECK(absl::IsInvalidArgument(
      TraceOrder(recorded.files, {.order = "", .dirs = {"/data/journal"}}, out)));
  CHECK(out.str().empty());
}

}  // namespace
}  // namespace gannet::app
