// From the bytes of a tick to the bytes of a signed order, through everything
// between: parse, book, features, strategy, risk, execution, journal, signature, in
// one shard, against venue-sim on a network in memory.
//
// Included: the journal's encoding, hash chain and write(2), to tmpfs where there is
// one, so that fsync costs nothing. Not included: the venue, sockets, the kernel.
//
// Times run from the intended moment: the market's own timetable, in virtual time,
// says when a tick is there; one that finds the thread busy with earlier ones waits,
// and the wait counts. The floor of the same run is parsing the same messages with
// simdjson and one HMAC-SHA256 signature each, which nothing can do without.
//
//   tick_to_order_bench [SECONDS OF MARKET]   (default 60; other arguments are ignored)
#include <simdjson.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "apps/gannet/pipeline.h"
#include "apps/gannet/run_config.h"
#include "libs/base/check.h"
#include "libs/base/hmac_key.h"
#include "libs/base/posix_files.h"
#include "libs/base/status.h"
#include "libs/base/temp_dir_for_test.h"
#include "libs/base/virtual_executor.h"
#include "libs/bus/memory_bus.h"
#include "libs/journal/journal.h"
#include "libs/net/sim_network.h"
#include "libs/runtime/lease.h"
#include "libs/runtime/shard.h"
#include "libs/store/memory_store.h"
#include "services/ingest/app.h"
#include "tests/simulation/venue_node.h"

namespace gannet {
namespace {

using Wall = std::chrono::steady_clock;
using Ns = std::chrono::nanoseconds;

constexpr size_t kFloorMessages = 20'000;
const base::Time kStart = base::FromUnixMillis(1'750'000'000'000);

struct Spread {
  std::vector<int64_t> ns;
  int64_t At(double quantile) {
    if (ns.empty()) return 0;
    const auto nth = ns.begin() + static_cast<ptrdiff_t>(quantile * static_cast<double>(ns.size() - 1));
    std::nth_element(ns.begin(), nth, ns.end());
    return *nth;
  }
};

// A network that notes when market data came in and when a new order went out.
class StampingNetwork : public net::SimNetwork {
 public:
  StampingNetwork(base::VirtualExecutor& executor, base::Rng rng) : SimNetwork(executor, executor, rng), executor_(executor) {}

  void Http(const net::Url& base, net::HttpRequest request, net::HttpLimits limits, std::function<void(net::HttpResult)> done) override {
    if (request.method == "POST" && request.target.starts_with("/api/v3/order")) OnOrder();
    SimNetwork::Http(base, std::move(request), limits, std::move(done));
  }

  std::unique_ptr<net::WebSocket> Connect(const net::Url& url, net::WebSocketOptions options, net::WebSocket::Handler handler) override {
    if (url.path.find("stream") != std::string::npos) {
      handler.on_message = [this, inner = std::move(handler.on_message)](std::string_view text) { OnTick(text, inner); };
    }
    return SimNetwork::Connect(url, std::move(options), std::move(handler));
  }

  void Forget() {
    tick_to_order_ = turns_ = {};
    ticks_ = 0;
  }
  Spread& tick_to_order() { return tick_to_order_; }
  Spread& turns() { return turns_; }
  uint64_t ticks() const { return ticks_; }
  const std::vector<std::string>& messages() const { return messages_; }

 private:
  void OnTick(std::string_view text, const std::function<void(std::string_view)>& inner) {
    const base::Time arrival = executor_.Now();
    const auto begun = Wall::now();
    if (arrival != tick_arrival_) {  // of ticks that are there together the first one counts
      tick_arrival_ = arrival;
      tick_begun_ = begun;
      tick_start_ = std::max(arrival, thread_free_);
    }
    inner(text);
    const auto took = Wall::now() - begun;
    thread_free_ = std::max(arrival, thread_free_) + std::chrono::duration_cast<base::Duration>(took);
    turns_.ns.push_back(std::chrono::duration_cast<Ns>(took).count());
    ++ticks_;
    if (messages_.size() < kFloorMessages) messages_.emplace_back(text);
  }

  void OnOrder() {
    if (executor_.Now() != tick_arrival_) return;  // the work of a timer
    const auto took = Wall::now() - tick_begun_;
    const auto waited = tick_start_ - tick_arrival_;
    thread_free_ = std::max(thread_free_, tick_start_ + std::chrono::duration_cast<base::Duration>(took));
    tick_to_order_.ns.push_back(std::chrono::duration_cast<Ns>(waited + took).count());
  }

  base::VirtualExecutor& executor_;
  base::Time tick_arrival_{}, tick_start_{}, thread_free_{};
  Wall::time_point tick_begun_{};
  Spread tick_to_order_, turns_;
  uint64_t ticks_ = 0;
  std::vector<std::string> messages_;
};

class OnlyLease : public runtime::Lease {
 public:
  bool MayStillSend() const override { return true; }
  uint64_t epoch() const override { return 1; }
};

std::string Scratch() {
  const char* tmpfs = "/dev/shm";
  if (access(tmpfs, W_OK) == 0) setenv("TMPDIR", tmpfs, 1);
  return std::filesystem::temp_directory_path().string();
}

// The platform with its journal on real files.
struct Bench {
  explicit Bench(const std::string& data) : data_dir(data) {}

  absl::Status Start() {
    GANNET_RETURN_IF_ERROR(venue.Start());
    GANNET_RETURN_IF_ERROR(files.WriteAtomically(data_dir + "/api-key", venue.key().key, 0600));
    GANNET_RETURN_IF_ERROR(files.WriteAtomically(data_dir + "/api-secret", venue.key().secret, 0600));
    GANNET_ASSIGN_OR_RETURN(app::RunConfig config, app::LoadRunConfig("config/gannet.yaml", files));
    const std::string ws = "ws://venue.sim:" + std::to_string(simulation::VenueNode::kPort);
    GANNET_RETURN_IF_ERROR(app::PointAtVenueSim(
        "ready http=" + venue.url() + " ws=" + ws + " ws-api=" + ws + "/ws-api/v3 news=" + venue.url() + "/news.rss", data_dir, config));
    journal::WriterOptions writing;
    writing.own_thread = false;
    GANNET_ASSIGN_OR_RETURN(journal, journal::Writer::Open(files, executor, data_dir + "/journal", {}, writing));
    bus = std::make_unique<bus::MemoryBus>(executor, bus::MemoryBusOptions{});
    shard = std::make_unique<runtime::Shard>(runtime::ShardOptions{.run = 1, .start_epoch = 1}, executor, executor, journal.get(), bus.get());
    deps.reset(new runtime::Deps{*shard, *bus, executor, executor, executor, files, network, log, base::Rng(1), data_dir, &lease});
    app::PipelineParts parts;
    parts.services.erase("gateway");
    parts.store = std::make_unique<store::MemoryStore>();
    GANNET_ASSIGN_OR_RETURN(pipeline, app::BuildPipeline(config.pipeline, *deps, std::move(parts)));
    ingest = ingest::BuildIngest(config.ingest, *deps);
    shard->Resume(executor.Now());
    for (const auto& service : pipeline.services) GANNET_RETURN_IF_ERROR(service->Start());
    return ingest->Start();
  }

  const std::string data_dir;
  base::PosixFiles files;
  base::VirtualExecutor executor{kStart};
  StampingNetwork network{executor, base::Rng(3)};
  simulation::VenueNode venue{7, executor, network};
  telemetry::Log log{"bench", telemetry::Level::kError, executor, [](std::string_view line) {
                       std::fprintf(stderr, "%.*s\n", static_cast<int>(line.size()), line.data());
                     }};
  OnlyLease lease;
  std::unique_ptr<journal::Writer> journal;
  std::unique_ptr<bus::MemoryBus> bus;
  std::unique_ptr<runtime::Shard> shard;
  std::unique_ptr<runtime::Deps> deps;
  app::Pipeline pipeline;
  std::unique_ptr<runtime::Service> ingest;
};

// Parsing the message and signing as much text as an order has.
Spread Floor(const std::vector<std::string>& messages) {
  const base::HmacSha256Key key("floor-secret");
  const std::string order(190, 'x');
  simdjson::ondemand::parser parser;
  Spread floor;
  uint64_t sink = 0;
  for (const std::string& message : messages) {
    const simdjson::padded_string padded(message);
    const auto begun = Wall::now();
    auto document = parser.iterate(padded);
    for (auto field : document.get_object()) {
      sink += field.unescaped_key().value().size();
      sink += std::string_view(simdjson::to_json_string(field.value()).value()).size();
    }
    sink += key.Sign(order)[0];
    floor.ns.push_back(std::chrono::duration_cast<Ns>(Wall::now() - begun).count());
  }
  if (sink == 0) std::puts("");
  return floor;
}

int Main(int argc, char** argv) {
  const int seconds = argc > 1 && std::atoi(argv[1]) > 0 ? std::atoi(argv[1]) : 60;
  const std::string scratch = Scratch();
  const base::TempDirForTest folder;
  Bench bench(folder.path());
  if (const absl::Status started = bench.Start(); !started.ok()) {
    std::fprintf(stderr, "tick_to_order_bench: %s\n", started.ToString().c_str());
    return 1;
  }
  // Arrivals spread as they do between machines, so that ticks do not come in one clap.
  net::SimFaults spread;
  spread.delay_max = std::chrono::milliseconds(20);
  bench.network.set_faults(spread);
  bench.executor.RunFor(std::chrono::seconds(10));
  bench.network.Forget();
  bench.executor.RunFor(std::chrono::seconds(seconds));

  Spread floor = Floor(bench.network.messages());
  Spread& whole = bench.network.tick_to_order();
  Spread& turns = bench.network.turns();
  const auto micros = [](int64_t ns) { return static_cast<double>(ns) / 1e3; };
  std::printf("journal in %s; %d s of market, %zu ticks, %zu orders sent from ticks\n", scratch.c_str(), seconds, turns.ns.size(), whole.ns.size());
  if (whole.ns.empty()) {
    std::fprintf(stderr, "tick_to_order_bench: no order was sent; nothing is measured\n");
    return 1;
  }
  std::printf("tick to signed order  p50 %8.2f us  p99 %8.2f us  from the intended time\n", micros(whole.At(0.5)), micros(whole.At(0.99)));
  std::printf("tick, all             p50 %8.2f us  p99 %8.2f us  of the turn alone\n", micros(turns.At(0.5)), micros(turns.At(0.99)));
  std::printf("floor: parse + sign   p50 %8.2f us  p99 %8.2f us\n", micros(floor.At(0.5)), micros(floor.At(0.99)));
  std::printf("ratio to the floor    p50 %8.1f     p99 %8.1f\n", static_cast<double>(whole.At(0.5)) / static_cast<double>(floor.At(0.5)),
              static_cast<double>(whole.At(0.99)) / static_cast<double>(floor.At(0.99)));
  return 0;
}

}  // namespace
}  // namespace gannet

int main(int argc, char** argv) { return gannet::Main(argc, argv); }
