#include "libs/otlp/exporter.h"

#include <grpcpp/grpcpp.h>

#include <catch2/catch_test_macros.hpp>
#include <chrono>
#include <functional>
#include <thread>

#include "libs/otlp/collector_for_test.h"

namespace gannet::otlp {
namespace {

using namespace std::chrono_literals;

telemetry::Span SomeSpan() {
  telemetry::Span span;
  span.trace.fill(1);
  span.id.fill(2);
  span.service = "risk";
  span.name = "verdict";
  return span;
}

telemetry::TraceOptions OptionsFor(const std::string& endpoint) {
  telemetry::TraceOptions options;
  options.endpoint = endpoint;
  options.schedule_delay_ms = 10;
  return options;
}

std::unique_ptr<Exporter> Started(telemetry::TraceOptions options,
                                  telemetry::Metrics* metrics = nullptr) {
  auto exporter = Exporter::Start(std::move(options), {}, metrics);
  REQUIRE(exporter.ok());
  return *std::move(exporter);
}

constexpr base::Duration kPatience = 60s;  // it ends what hangs, not what is slow

// The collector is on threads of its own.
bool Eventually(const std::function<bool()>& done) {
  for (base::Duration waited{0}; waited < kPatience; waited += 5ms) {
    if (done()) return true;
    std::this_thread::sleep_for(5ms);
  }
  return false;
}

TEST_CASE("Exporter brings spans to the collector and says how many") {
  CollectorForTest collector;
  telemetry::Metrics metrics;
  auto exporter = Started(OptionsFor(collector.endpoint()), &metrics);
  for (int i = 0; i < 5; ++i) exporter->Take(SomeSpan());
  REQUIRE(Eventually([&] { return collector.spans().size() == 5; }));
  REQUIRE(Eventually([&] { return exporter->stats().exported == 5; }));
  CHECK(metrics.Exposition().find("gannet_trace_spans_total{outcome=\"exported\"} 5\n") !=
        std::string::npos);
}

TEST_CASE("Exporter sends what waits before it ends") {
  CollectorForTest collector;
  telemetry::TraceOptions options = OptionsFor(collector.endpoint());
  options.schedule_delay_ms = 60'000;
  auto exporter = Started(options);
  for (int i = 0; i < 1'500; ++i) exporter->Take(SomeSpan());
  exporter->Shutdown(kPatience);
  CHECK(collector.spans().size() == 1'500);
  CHECK(collector.calls() == 3);
  exporter->Take(SomeSpan());
  CHECK(exporter->stats().dropped_full == 1);
}

TEST_CASE("Exporter tries a busy collector again and leaves one that refuses") {
  CollectorForTest collector;
  auto exporter = Started(OptionsFor(collector.endpoint()));
  collector.FailNext(grpc::StatusCode::UNAVAILABLE, 2);
  exporter->Take(SomeSpan());
  REQUIRE(Eventually([&] { return collector.spans().size() == 1; }));
  REQUIRE(Eventually([&] { return exporter->stats().exported == 1; }));
  CHECK(exporter->stats().retries == 2);
  collector.FailNext(grpc::StatusCode::INVALID_ARGUMENT, 1);
  exporter->Take(SomeSpan());
  REQUIRE(Eventually([&] { return exporter->stats().dropped_refused == 1; }));
  CHECK(exporter->stats().failed_batches == 1);
  CHECK(collector.calls() == 4);
}

TEST_CASE("Exporter drops what its queue cannot hold and never waits") {
  telemetry::TraceOptions options = OptionsFor("http://127.0.0.1:9");  // nobody listens
  options.max_queue = 10;
  options.max_batch = 10;
  auto exporter = Started(options);
  for (int i = 0; i < 100'000; ++i) exporter->Take(SomeSpan());
  CHECK(exporter->stats().dropped_full >= 99'000);
  CHECK(exporter->stats().waiting <= 10);
}

// Shorter than any drain: a dead collector must not keep a process alive. Without its limit
// the end takes as long as the call, or as all attempts: longer than a busy machine is late.
TEST_CASE("Exporter ends within its limit, whatever the collector does") {
  const auto shutdown_takes = [](Exporter& exporter) {
    const auto began = std::chrono::steady_clock::now();
    exporter.Shutdown(kShutdownLimit);
    return std::chrono::steady_clock::now() - began;
  };
  constexpr base::Duration kLate = 10s;
  SECTION("dead") {
    auto exporter = Started(OptionsFor("http://127.0.0.1:9"));
    exporter->Take(SomeSpan());
    CHECK(shutdown_takes(*exporter) < kShutdownLimit + kLate);
    CHECK(exporter->stats().dropped_refused == 1);
  }
  SECTION("it takes calls and never answers") {
    CollectorForTest collector;
    collector.Hang();
    telemetry::TraceOptions options = OptionsFor(collector.endpoint());
    options.export_timeout_ms = 60'000;
    auto exporter = Started(options);
    exporter->Take(SomeSpan());
    REQUIRE(Eventually([&] { return collector.calls() == 1; }));
    CHECK(shutdown_takes(*exporter) < kShutdownLimit + kLate);
  }
  SECTION("an address that swallows everything") {
    auto exporter = Started(OptionsFor("https://192.0.2.1:4317"));
    exporter->Take(SomeSpan());
    CHECK(shutdown_takes(*exporter) < kShutdownLimit + kLate);
  }
}

TEST_CASE("Exporter refuses settings that cannot be, by the name of their variable") {
  const auto refused = [](const std::function<void(telemetry::TraceOptions&)>& change) {
    telemetry::TraceOptions options = OptionsFor("http://127.0.0.1:4317");
    change(options);
    return std::string(Check(options).message());
  };
  CHECK(refused([](auto&) {}).empty());
  for (const char* endpoint : {"127.0.0.1:4317", "ftp://x:1", "http://", "http://x", "http://:1",
                               "http://x:1/v1/traces", "http://collector.example:4317"}) {
    INFO(endpoint);
    CHECK(refused([&](auto& o) { o.endpoint = endpoint; }).starts_with("OTEL_EXPORTER_OTLP_END"));
  }
  CHECK(refused([](auto& o) { o.resource_attributes = "a=b,c"; }).starts_with("OTEL_RESOURCE"));
  CHECK(refused([](auto& o) { o.sampler = "most"; }).starts_with("OTEL_TRACES_SAMPLER:"));
  CHECK(refused([](auto& o) {
          o.sampler = "traceidratio";
          o.sampler_ratio = "1.5";
        }).starts_with("OTEL_TRACES_SAMPLER_ARG"));
  CHECK(refused([](auto& o) { o.max_queue = 0; }).starts_with("OTEL_BSP_MAX_QUEUE_SIZE"));
  CHECK(refused([](auto& o) { o.export_timeout_ms = 0; }).starts_with("OTEL_BSP_EXPORT_TIMEOUT"));
}

TEST_CASE("the sampler's names are OpenTelemetry's") {
  const auto ratio = [](const char* sampler, const char* argument) {
    telemetry::TraceOptions options;
    options.sampler = sampler;
    options.sampler_ratio = argument;
    return SamplingRatio(options).value_or(-1);
  };
  CHECK(ratio("", "") == 1);
  CHECK(ratio("always_off", "") == 0);
  CHECK(ratio("parentbased_always_on", "") == 1);
  CHECK(ratio("parentbased_traceidratio", "0.25") == 0.25);
  CHECK(ratio("traceidratio", "") == -1);
}

}  // namespace
}  // namespace gannet::otlp
