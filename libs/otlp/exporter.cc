#include "libs/otlp/exporter.h"

#include <grpcpp/grpcpp.h>
#include <grpcpp/impl/codegen/client_unary_call.h>
#include <grpcpp/impl/codegen/proto_utils.h>

#include <algorithm>
#include <charconv>
#include <condition_variable>
#include <deque>
#include <fstream>
#include <iterator>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include "libs/base/concat.h"
#include "libs/base/loopback.h"
#include "libs/base/status.h"
#include "libs/otlp/request.h"
#include "opentelemetry/otlp_trace.pb.h"

namespace gannet::otlp {
namespace {

namespace pb = ::opentelemetry::proto::collector::trace::v1;
using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

struct Endpoint {
  std::string target;
  bool tls = false;
};

absl::StatusOr<Endpoint> ParseEndpoint(std::string_view text) {
  Endpoint endpoint;
  for (const auto& [scheme, tls] : {std::pair("http://", false), std::pair("https://", true)}) {
    if (!text.starts_with(scheme)) continue;
    endpoint.tls = tls;
    endpoint.target = text.substr(std::string_view(scheme).size());
  }
  while (endpoint.target.ends_with('/')) endpoint.target.pop_back();
  const size_t colon = endpoint.target.rfind(':');
  if (endpoint.target.empty() || colon == std::string::npos || colon == 0 ||
      endpoint.target.find('/') != std::string::npos) {
    return absl::InvalidArgumentError(
        base::Concat({"OTEL_EXPORTER_OTLP_ENDPOINT: '", text,
                      "' is none; write http://127.0.0.1:4317 (gRPC), or https://HOST:4317"}));
  }
  if (!endpoint.tls && !base::IsLoopbackHost(std::string_view(endpoint.target).substr(0, colon))) {
    return absl::InvalidArgumentError(
        base::Concat({"OTEL_EXPORTER_OTLP_ENDPOINT: '", text,
                      "' is beyond this machine and spans name orders; write https://HOST:4317, or "
                      "send them to a collector on 127.0.0.1"}));
  }
  return endpoint;
}

absl::StatusOr<std::map<std::string, std::string>> ParseResource(std::string_view text) {
  std::map<std::string, std::string> out;
  while (!text.empty()) {
    const std::string_view pair = text.substr(0, text.find(','));
    text.remove_prefix(std::min(text.size(), pair.size() + 1));
    const size_t equals = pair.find('=');
    if (equals == std::string_view::npos || equals == 0) {
      return absl::InvalidArgumentError(base::Concat(
          {"OTEL_RESOURCE_ATTRIBUTES: '", pair, "' is no key=value; separate pairs by commas"}));
    }
    out.emplace(pair.substr(0, equals), pair.substr(equals + 1));
  }
  return out;
}

bool WorthRetrying(grpc::StatusCode code) {
  switch (code) {
    case grpc::StatusCode::UNAVAILABLE:
    case grpc::StatusCode::DEADLINE_EXCEEDED:
    case grpc::StatusCode::RESOURCE_EXHAUSTED:
    case grpc::StatusCode::ABORTED:
    case grpc::StatusCode::CANCELLED:
      return true;
    default:
      return false;
  }
}

absl::Status InRange(const char* name, int64_t value, int64_t low, int64_t high) {
  if (value >= low && value <= high) return absl::OkStatus();
  return absl::InvalidArgumentError(
      base::Concat({name, ": ", std::to_string(value), " is not within ", std::to_string(low),
                    " and ", std::to_string(high)}));
}

}  // namespace

absl::StatusOr<double> SamplingRatio(const telemetry::TraceOptions& options) {
  std::string_view sampler = options.sampler;
  constexpr std::string_view kParent = "parentbased_";
  if (sampler.starts_with(kParent)) sampler.remove_prefix(kParent.size());
  if (sampler.empty() || sampler == "always_on") return 1.0;
  if (sampler == "always_off") return 0.0;
  if (sampler != "traceidratio") {
    return absl::InvalidArgumentError(base::Concat(
        {"OTEL_TRACES_SAMPLER: '", options.sampler,
         "' is none; write always_on, always_off or traceidratio, parentbased_ before it or not"}));
  }
  double ratio = 1;
  const std::string& text = options.sampler_ratio;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), ratio);
  if (error == std::errc() && end == text.data() + text.size() && ratio >= 0 && ratio <= 1)
    return ratio;
  return absl::InvalidArgumentError(
      base::Concat({"OTEL_TRACES_SAMPLER_ARG: '", text, "' is no number between 0 and 1"}));
}

absl::Status Check(const telemetry::TraceOptions& options) {
  if (options.disabled || options.endpoint.empty()) return absl::OkStatus();
  GANNET_RETURN_IF_ERROR(ParseEndpoint(options.endpoint).status());
  GANNET_RETURN_IF_ERROR(ParseResource(options.resource_attributes).status());
  GANNET_RETURN_IF_ERROR(SamplingRatio(options).status());
  GANNET_RETURN_IF_ERROR(
      InRange("OTEL_BSP_MAX_QUEUE_SIZE", static_cast<int64_t>(options.max_queue), 1, 1'000'000));
  GANNET_RETURN_IF_ERROR(
      InRange("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", static_cast<int64_t>(options.max_batch), 1, 8'192));
  GANNET_RETURN_IF_ERROR(InRange("OTEL_BSP_SCHEDULE_DELAY", options.schedule_delay_ms, 1, 60'000));
  return InRange("OTEL_BSP_EXPORT_TIMEOUT", options.export_timeout_ms, 1, 60'000);
}

struct Exporter::Core {
  Core(telemetry::TraceOptions o, std::map<std::string, std::string> r,
       std::shared_ptr<grpc::Channel> c)
      : options(std::move(o)), resource(std::move(r)), channel(std::move(c)) {}

  // The worker's thread.
  void Run();
  bool Send(const std::vector<telemetry::Span>& batch);
  grpc::Status Call(const pb::ExportTraceServiceRequest& request,
                    pb::ExportTraceServiceResponse& response);
  // Waits, but not for one that ends; false: it ends and the time is over.
  bool Pause(base::Duration time);

  const telemetry::TraceOptions options;
  const std::map<std::string, std::string> resource;
  const std::shared_ptr<grpc::Channel> channel;

  mutable std::mutex mutex;
  std::condition_variable wake;
  std::deque<telemetry::Span> queue;
  std::optional<Clock::time_point> end;  // set: it ends, and has until then
  bool done = false;
  grpc::ClientContext* running = nullptr;  // the call under way
  Stats stats;
  std::thread worker;
};

bool Exporter::Core::Pause(base::Duration time) {
  std::unique_lock lock(mutex);
  const Clock::time_point until = Clock::now() + time;
  while (Clock::now() < (end ? std::min(until, *end) : until))
    wake.wait_until(lock, end ? std::min(until, *end) : until);
  return !end || Clock::now() < *end;
}

grpc::Status Exporter::Core::Call(const pb::ExportTraceServiceRequest& request,
                                  pb::ExportTraceServiceResponse& response) {
  grpc::ClientContext context;
  {
    const std::lock_guard lock(mutex);
    base::Duration limit = milliseconds(options.export_timeout_ms);
    if (end) limit = std::min<base::Duration>(limit, *end - Clock::now());
    if (limit <= base::Duration(0)) return {grpc::StatusCode::DEADLINE_EXCEEDED, "it ends"};
    context.set_deadline(std::chrono::system_clock::now() + limit);
    running = &context;
  }
  const grpc::internal::RpcMethod method(kExportMethod, grpc::internal::RpcMethod::NORMAL_RPC,
                                         channel);
  grpc::Status status =
      grpc::internal::BlockingUnaryCall<pb::ExportTraceServiceRequest,
                                        pb::ExportTraceServiceResponse, grpc::protobuf::MessageLite,
                                        grpc::protobuf::MessageLite>(channel.get(), method,
                                                                     &context, request, &response);
  const std::lock_guard lock(mutex);
  running = nullptr;
  return status;
}

bool Exporter::Core::Send(const std::vector<telemetry::Span>& batch) {
  pb::ExportTraceServiceRequest request;
  FillRequest(batch, resource, request);
  base::Duration pause = kFirstPause;
  for (int attempt = 1;; ++attempt) {
    pb::ExportTraceServiceResponse response;
    const grpc::Status status = Call(request, response);
    if (status.ok()) {
      const auto refused = static_cast<uint64_t>(std::clamp<int64_t>(
          response.partial_success().rejected_spans(), 0, static_cast<int64_t>(batch.size())));
      const std::lock_guard lock(mutex);
      ++stats.batches;
      stats.exported += batch.size() - refused;
      stats.dropped_refused += refused;
      return true;
    }
    if (!WorthRetrying(status.error_code()) || attempt == kMaxAttempts || !Pause(pause)) break;
    pause *= 2;
    const std::lock_guard lock(mutex);
    ++stats.retries;
  }
  const std::lock_guard lock(mutex);
  ++stats.failed_batches;
  stats.dropped_refused += batch.size();
  return false;
}

void Exporter::Core::Run() {
  std::vector<telemetry::Span> batch;
  for (;;) {
    batch.clear();
    {
      std::unique_lock lock(mutex);
      wake.wait_for(lock, milliseconds(options.schedule_delay_ms),
                    [this] { return end || queue.size() >= options.max_batch; });
      if (end && (queue.empty() || Clock::now() >= *end)) {
        done = true;
        wake.notify_all();
        return;
      }
      while (!queue.empty() && batch.size() < options.max_batch) {
        batch.push_back(std::move(queue.front()));
        queue.pop_front();
      }
    }
    if (!batch.empty()) Send(batch);
  }
}

absl::StatusOr<std::unique_ptr<Exporter>> Exporter::Start(
    telemetry::TraceOptions options, std::map<std::string, std::string> resource,
    telemetry::Metrics* metrics) {
  GANNET_RETURN_IF_ERROR(Check(options));
  GANNET_ASSIGN_OR_RETURN(const Endpoint endpoint, ParseEndpoint(options.endpoint));
  GANNET_ASSIGN_OR_RETURN(auto stated, ParseResource(options.resource_attributes));
  resource.merge(stated);
  grpc::SslCredentialsOptions tls;
  if (endpoint.tls && !options.certificate_file.empty()) {
    std::ifstream file(options.certificate_file);
    tls.pem_root_certs.assign(std::istreambuf_iterator<char>(file), {});
    if (tls.pem_root_certs.empty()) {
      return absl::NotFoundError(base::Concat(
          {"OTEL_EXPORTER_OTLP_CERTIFICATE: ", options.certificate_file, " cannot be read"}));
    }
  }
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 5'000);
  auto channel = grpc::CreateCustomChannel(
      endpoint.target,
      endpoint.tls ? grpc::SslCredentials(tls) : grpc::InsecureChannelCredentials(), arguments);
  std::unique_ptr<Exporter> exporter(new Exporter(
      std::make_unique<Core>(std::move(options), std::move(resource), std::move(channel))));
  if (metrics != nullptr) {
    exporter->collector_ = metrics->Collect([raw = exporter.get()](telemetry::Metrics& into) {
      namespace metric = telemetry::metric;
      const Stats stats = raw->stats();
      into.CounterOf(metric::kSpans, {"exported"}).SetTotal(stats.exported);
      into.CounterOf(metric::kSpans, {"dropped_full"}).SetTotal(stats.dropped_full);
      into.CounterOf(metric::kSpans, {"dropped_refused"}).SetTotal(stats.dropped_refused);
      into.CounterOf(metric::kExports, {"ok"}).SetTotal(stats.batches);
      into.CounterOf(metric::kExports, {"failed"}).SetTotal(stats.failed_batches);
      into.CounterOf(metric::kExports, {"retried"}).SetTotal(stats.retries);
      into.GaugeOf(metric::kQueueDepth, {"spans"}).Set(static_cast<double>(stats.waiting));
      into.GaugeOf(metric::kQueueLimit, {"spans"})
          .Set(static_cast<double>(raw->core_->options.max_queue));
    });
  }
  return exporter;
}

Exporter::Exporter(std::unique_ptr<Core> core) : core_(std::move(core)) {
  core_->worker = std::thread([core = core_.get()] { core->Run(); });
}

Exporter::~Exporter() { Shutdown(kShutdownLimit); }

void Exporter::Take(telemetry::Span span) {
  bool full_batch = false;
  {
    const std::lock_guard lock(core_->mutex);
    if (core_->end || core_->queue.size() >= core_->options.max_queue) {
      ++core_->stats.dropped_full;
      return;
    }
    core_->queue.push_back(std::move(span));
    full_batch = core_->queue.size() == core_->options.max_batch;
  }
  if (full_batch) core_->wake.notify_one();
}

void Exporter::Shutdown(base::Duration limit) {
  if (!core_->worker.joinable()) return;
  {
    std::unique_lock lock(core_->mutex);
    core_->end = Clock::now() + limit;
    core_->wake.notify_all();
    // A call that was begun with a longer limit is waited for no longer than this.
    core_->wake.wait_until(lock, *core_->end, [this] { return core_->done; });
    if (core_->running != nullptr) core_->running->TryCancel();
  }
  core_->worker.join();
  const std::lock_guard lock(core_->mutex);
  core_->stats.dropped_refused += core_->queue.size();
  core_->queue.clear();
}

Exporter::Stats Exporter::stats() const {
  const std::lock_guard lock(core_->mutex);
  Stats stats = core_->stats;
  stats.waiting = core_->queue.size();
  return stats;
}

}  // namespace gannet::otlp
