// From the bytes of a tick to the bytes of a signed order, through everything
// between: parse, book, features, strategy, risk, execution, journal, signature, in
// one shard, against venue-sim on a network in memory.
//
// Included: the journal's encoding, hash chain and write(2), to tmpfs where there is
// one, so that fsync costs nothing. Not included: the venue, sockets, the kernel's
// network.
//
// Times run from the intended moment: the market's own timetable, in virtual time,
// says when a tick is there. The platform is one thread: whatever it does (ticks,
// timers, answers, commits) is measured and keeps it busy for so long, and a tick
// that finds it busy waits; the wait counts. The floor of the same run is parsing the
// same messages with simdjson and one HMAC-SHA256 signature each, which nothing can
// do without.
//
//   tick_to_order_bench [SECONDS OF MARKET [cpu|profile|observed]]   (default 60; flags are
//   ignored)
//
// cpu: processor time in place of the wall's, for a machine that others use too.
// observed: two platforms on the same market, one with traces to a collector and metrics, half a
// second of market each in turn; processor time of each, and the ratio (goal: at most 1.05).
// profile: all in one thread and each task as if done at once, for a profiler that counts: the
// market, the orders and their number are the same however slow it is. Times mean nothing then.
#include <sched.h>
#include <simdjson.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "apps/gannet/pipeline.h"
#include "apps/gannet/run_config.h"
#include "apps/gannet/simulated_venue.h"
#include "libs/base/check.h"
#include "libs/base/hmac_key.h"
#include "libs/base/posix_files.h"
#include "libs/base/status.h"
#include "libs/base/temp_dir_for_test.h"
#include "libs/base/virtual_executor.h"
#include "libs/bus/memory_bus.h"
#include "libs/journal/journal.h"
#include "libs/net/sim_network.h"
#include "libs/otlp/collector_for_test.h"
#include "libs/otlp/exporter.h"
#include "libs/runtime/fact_metrics.h"
#include "libs/runtime/fact_spans.h"
#include "libs/runtime/lease.h"
#include "libs/runtime/shard.h"
#include "libs/store/memory_store.h"
#include "services/ingest/app.h"

namespace gannet {
namespace {

using Ns = std::chrono::nanoseconds;

// The clock of what is measured: the wall's, or the processor time of this thread,
// which leaves out the work of others on a machine that is shared.
struct Wall {
  static Ns Now() {
    timespec time{};
    clock_gettime(clock, &time);
    return std::chrono::seconds(time.tv_sec) + Ns(time.tv_nsec);
  }
  static inline clockid_t clock = CLOCK_MONOTONIC;
};

constexpr size_t kFloorMessages = 20'000;
// An order so shortly after another finds code and state in the caches still; most come
// tens of milliseconds apart, after ticks that decided nothing.
constexpr base::Duration kWarm = std::chrono::microseconds(300);
constexpr base::Duration kWarmUp = std::chrono::seconds(45);  // strategies measure volatility first
const venue_sim::ApiKey kKey{"tick-to-order-key", "tick-to-order-secret", 0};
const base::Time kStart = base::FromUnixMillis(1'750'000'000'000);

struct Spread {
  std::vector<int64_t> ns;
  int64_t At(double quantile) {
    if (ns.empty()) return 0;
    const auto nth =
        ns.begin() + static_cast<ptrdiff_t>(quantile * static_cast<double>(ns.size() - 1));
    std::nth_element(ns.begin(), nth, ns.end());
    return *nth;
  }
};

// The platform's thread. A task is due at a moment of virtual time; it begins when the
// ones before it are done, and takes as long as it really took.
//
// It is a thread of its own so that the platform has a core and its caches to itself,
// as it has in production: the exchange, which would be elsewhere, does not run in
// them. The two never run at the same time.
class Thread {
 public:
  explicit Thread(const base::VirtualExecutor& executor) : executor_(executor) {
    if (!one) worker_ = std::thread([this] { Work(); });
  }
  ~Thread() {
    if (!worker_.joinable()) return;
    task_.store(&kEnd, std::memory_order_release);
    worker_.join();
  }
  static inline bool one = false;      // no thread of its own
  static inline bool at_once = false;  // whatever it does takes no time of the market

  // Returns when `task` has run.
  void Run(const std::function<void()>& task) {
    if (running_) return task();  // part of a task that is measured
    running_ = true;
    start_ = std::max(executor_.Now(), free_);
    if (one) {
      Do(task);
    } else {
      task_.store(&task, std::memory_order_release);
      while (task_.load(std::memory_order_acquire) != nullptr) Pause();
    }
    free_ = start_ + last_;
    busy_ += last_;
    running_ = false;
  }
  // Where the thread is, in a task.
  base::Time Now() const { return at_once ? start_ : start_ + (Wall::Now() - begun_); }
  // Of the last task.
  base::Time start() const { return start_; }
  Ns last() const { return last_; }
  Ns busy() const { return busy_; }
  void Forget() { busy_ = Ns(0); }

 private:
  static constexpr int kSpins = 2'000;  // then others may have the core
  static inline const std::function<void()> kEnd;

  static void Pause() {
    thread_local int spins = 0;
    if (++spins % kSpins == 0) {
      sched_yield();
    } else {
      __builtin_ia32_pause();
    }
  }

  [[gnu::noinline]] void Do(const std::function<void()>& task) {
    begun_ = Wall::Now();
    task();
    last_ = at_once ? Ns(0) : Wall::Now() - begun_;
  }

  void Work() {
    for (;;) {
      const std::function<void()>* task = task_.load(std::memory_order_acquire);
      if (task == &kEnd) return;
      if (task == nullptr) {
        Pause();
        continue;
      }
      Do(*task);
      task_.store(nullptr, std::memory_order_release);
    }
  }

  const base::VirtualExecutor& executor_;
  base::Time start_{}, free_{};
  Ns begun_{0}, last_{0}, busy_{0};
  bool running_ = false;
  std::atomic<const std::function<void()>*> task_{nullptr};
  std::thread worker_;
};

// Puts what the platform posts on its thread.
class ThreadExecutor : public base::Executor {
 public:
  ThreadExecutor(base::VirtualExecutor& executor, Thread& thread)
      : executor_(executor), thread_(thread) {}
  void Post(std::function<void()> task) override { executor_.Post(OnThread(std::move(task))); }
  base::TimerId After(base::Duration delay, std::function<void()> task) override {
    return executor_.After(delay, OnThread(std::move(task)));
  }
  void Cancel(base::TimerId id) override { executor_.Cancel(id); }

 private:
  std::function<void()> OnThread(std::function<void()> task) {
    return [this, task = std::move(task)] { thread_.Run(task); };
  }

  base::VirtualExecutor& executor_;
  Thread& thread_;
};

// Of ticks that led to an order: until its turn begins, the turn, then the commit up
// to the signed bytes.
struct Stages {
  Spread whole, wait, turn, commit;
  Spread alone;  // of `whole`: the turn decided one order, and nothing made it wait
  Spread warm;   // of `turn`: the path of an order was in the caches, see kWarm
};

// The platform's network: calls it back on its thread, and notes when market data
// came in and when an order went out.
class StampingNetwork : public net::Network {
 public:
  StampingNetwork(net::SimNetwork& network, base::VirtualExecutor& executor, Thread& thread)
      : network_(network), executor_(executor), thread_(thread) {}

  void Http(const net::Url& base, net::HttpRequest request, net::HttpLimits limits,
            std::function<void(net::HttpResult)> done) override {
    if (request.method == "POST" && request.target.starts_with("/api/v3/order")) OnOrder();
    network_.Http(base, std::move(request), limits,
                  [this, done = std::move(done)](net::HttpResult result) {
                    thread_.Run([&] { done(std::move(result)); });
                  });
  }

  std::unique_ptr<net::WebSocket> Connect(const net::Url& url, net::WebSocketOptions options,
                                          net::WebSocket::Handler handler) override {
    const bool market = url.path.find("stream") != std::string::npos;
    auto socket = std::make_shared<Socket>();
    socket->on_message = std::move(handler.on_message);
    handler.on_message = [this, market, socket](std::string_view text) {
      socket->arrived.push_back({executor_.Now(), std::string(text)});
      if (socket->arrived.size() == 1) ReadNext(socket, market);
    };
    return std::make_unique<StampingSocket>(
        network_.Connect(url, std::move(options), std::move(handler)), *this);
  }

  absl::StatusOr<std::unique_ptr<net::Listener>> Listen(net::ListenOptions options,
                                                        net::ServerHandler& handler) override {
    return network_.Listen(std::move(options), handler);
  }

  void Forget() {
    stages_ = {};
    ticks_ = {};
    orders_ = 0;
  }
  Stages& stages() { return stages_; }
  Spread& ticks() { return ticks_; }
  uint64_t orders() const { return orders_; }
  const std::vector<std::string>& messages() const { return messages_; }

 private:
  struct Message {
    base::Time at;
    std::string text;
  };
  struct Socket {
    std::function<void(std::string_view)> on_message;
    std::deque<Message> arrived;  // not read yet
  };

  // Orders go over the order socket.
  class StampingSocket : public net::WebSocket {
   public:
    StampingSocket(std::unique_ptr<net::WebSocket> socket, StampingNetwork& network)
        : socket_(std::move(socket)), network_(network) {}
    bool Send(std::string text) override {
      if (text.find("\"order.place\"") != std::string::npos) network_.OnOrder();
      return socket_->Send(std::move(text));
    }
    void Close() override { socket_->Close(); }

   private:
    const std::unique_ptr<net::WebSocket> socket_;
    StampingNetwork& network_;
  };

  // As a loop of asynchronous reads does it: one message, then whatever else is due
  // (the commit that it asked for), then the next message.
  void ReadNext(const std::shared_ptr<Socket>& socket, bool market) {
    executor_.Post([this, socket, market] {
      const Message message = std::move(socket->arrived.front());
      if (market) {
        CloseTick();
        tick_arrival_ = message.at;
      }
      thread_.Run([&] { socket->on_message(message.text); });
      if (market) {
        tick_begun_ = thread_.start();
        tick_done_ = thread_.start() + thread_.last();
        ticks_.ns.push_back(thread_.last().count());
        if (messages_.size() < kFloorMessages) messages_.push_back(message.text);
      }
      socket->arrived.pop_front();
      if (!socket->arrived.empty()) ReadNext(socket, market);
    });
  }

  // In the turn that a tick began, or in the commit after it, which is due at the same
  // moment; otherwise the order is the work of a timer or a headline.
  void OnOrder() {
    ++orders_;
    if (executor_.Now() != tick_arrival_) return;
    if (++orders_of_tick_ > 1) alone_.reset();
    const base::Time now = thread_.Now();
    stages_.whole.ns.push_back((now - tick_arrival_).count());
    stages_.wait.ns.push_back((tick_begun_ - tick_arrival_).count());
    stages_.turn.ns.push_back((tick_done_ - tick_begun_).count());
    if (tick_begun_ > last_order_ && tick_begun_ - last_order_ < kWarm)
      stages_.warm.ns.push_back((tick_done_ - tick_begun_).count());
    last_order_ = now;
    stages_.commit.ns.push_back((now - tick_done_).count());
    if (orders_of_tick_ == 1 && tick_begun_ == tick_arrival_)
      alone_ = (now - tick_arrival_).count();
  }
  void CloseTick() {
    if (alone_) stages_.alone.ns.push_back(*alone_);
    alone_.reset();
    orders_of_tick_ = 0;
  }

  net::SimNetwork& network_;
  base::VirtualExecutor& executor_;
  Thread& thread_;
  base::Time tick_arrival_{}, tick_begun_{}, tick_done_{}, last_order_{};
  Stages stages_;
  Spread ticks_;
  uint64_t orders_ = 0;
  int orders_of_tick_ = 0;
  std::optional<int64_t> alone_;
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

// A market that moves every millisecond, so that ticks come one by one as they do
// from a venue of many machines; every 100 ms the changes of all books come in one clap.
venue_sim::VenueSimConfig Market() {
  venue_sim::VenueSimConfig config;
  config.seed = 7;
  config.tick_interval = std::chrono::milliseconds(1);
  config.limits.orders_per_10_seconds = 100'000;
  config.limits.orders_per_day = 10'000'000;
  config.limits.weight_per_minute = 1'000'000;
  config.limits.raw_requests_per_5_minutes = 10'000'000;
  return config;
}

// The shipped strategies, but for a maker that quotes every market at the touch and
// comes back at the first tick a moment after each fill: enough orders that follow
// from a tick to speak of the slowest in a thousand.
void QuoteOften(app::RunConfig& config) {
  strategy::StrategyConfig& strategies = config.pipeline.strategy;
  strategies.engine.message_count = 10'000;
  for (strategy::MakerSettings& maker : strategies.makers) {
    maker.instruments = {"binance-spot:*USDT"};
    maker.min_half_spread_ppm = 0;
    maker.volatility_ppm = 0;
    maker.min_life = std::chrono::milliseconds(200);
    maker.pause_after_fill = std::chrono::milliseconds(20);
  }
  execution::RateLimits& rate = config.pipeline.execution.rate;
  rate.orders_per_10s = 100'000;
  rate.orders_per_day = 10'000'000;
  rate.weight_per_minute = 1'000'000;
}

// What runtime::Process has beside the services when it is watched: spans to a collector, and
// metrics.
struct Watching {
  absl::Status Start() {
    telemetry::TraceOptions options;
    options.endpoint = collector.endpoint();
    GANNET_ASSIGN_OR_RETURN(exporter, otlp::Exporter::Start(options, {}, &metrics));
    return absl::OkStatus();
  }
  void Watch(runtime::Shard& shard, const base::Clock& clock) {
    facts.emplace(shard, metrics, clock);
    spans.emplace(shard, *exporter, 1.0);
  }

  otlp::CollectorForTest collector;
  telemetry::Metrics metrics;
  std::unique_ptr<otlp::Exporter> exporter;
  std::optional<runtime::FactMetrics> facts;
  std::optional<runtime::FactSpans> spans;
};

// The platform with its journal on real files.
struct Bench {
  explicit Bench(const std::string& data) : data_dir(data) {}

  absl::Status Start() {
    if (watching) GANNET_RETURN_IF_ERROR(watching->Start());
    GANNET_RETURN_IF_ERROR(venue.Start());
    GANNET_RETURN_IF_ERROR(files.WriteAtomically(data_dir + "/api-key", kKey.key, 0600));
    GANNET_RETURN_IF_ERROR(files.WriteAtomically(data_dir + "/api-secret", kKey.secret, 0600));
    GANNET_ASSIGN_OR_RETURN(app::RunConfig config, app::LoadRunConfig("config/gannet.yaml", files));
    const std::string http = venue.http_url(), ws = venue.ws_url();
    GANNET_RETURN_IF_ERROR(app::PointAtVenueSim("ready http=" + http + " ws=" + ws + " ws-api=" +
                                                    ws + "/ws-api/v3 news=" + http + "/news/rss",
                                                data_dir, config));
    QuoteOften(config);
    journal::WriterOptions writing;
    writing.own_thread = false;
    GANNET_ASSIGN_OR_RETURN(
        journal, journal::Writer::Open(files, on_thread, data_dir + "/journal", {}, writing));
    bus::MemoryBusOptions keeping;
    keeping.retention_events = 64;  // as runtime::Process has it
    bus = std::make_unique<bus::MemoryBus>(on_thread, std::move(keeping));
    shard = std::make_unique<runtime::Shard>(runtime::ShardOptions{.run = 1, .start_epoch = 1},
                                             on_thread, executor, journal.get(), bus.get());
    deps.reset(new runtime::Deps{*shard, *bus, on_thread, on_thread, executor, files, stamping, log,
                                 base::Rng(1), data_dir, &lease,
                                 watching ? &watching->metrics : nullptr,
                                 watching ? watching->exporter.get() : nullptr});
    if (watching) watching->Watch(*shard, executor);
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
  net::SimNetwork network{executor, executor, base::Rng(3)};
  Thread thread{executor};
  ThreadExecutor on_thread{executor, thread};
  StampingNetwork stamping{network, executor, thread};
  app::SimulatedVenue venue{Market(), {kKey}, executor, network};
  telemetry::Log log{"bench", telemetry::Level::kError, executor, [](std::string_view line) {
                       std::fprintf(stderr, "%.*s\n", static_cast<int>(line.size()), line.data());
                     }};
  OnlyLease lease;
  std::optional<Watching> watching;  // before Start
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
    const auto begun = Wall::Now();
    auto document = parser.iterate(padded);
    for (auto field : document.get_object()) {
      sink += field.unescaped_key().value().size();
      sink += std::string_view(simdjson::to_json_string(field.value()).value()).size();
    }
    sink += key.Sign(order)[0];
    floor.ns.push_back((Wall::Now() - begun).count());
  }
  if (sink == 0) std::puts("");
  return floor;
}

void Print(const char* what, Spread& spread, const char* note) {
  const auto micros = [&spread](double q) { return static_cast<double>(spread.At(q)) / 1e3; };
  std::printf("%-24s p5 %8.2f p50 %8.2f us  p99 %8.2f us  p99.9 %8.2f us  %s\n", what, micros(0.05),
              micros(0.5), micros(0.99), micros(0.999), note);
}

absl::Status WarmUp(Bench& bench) {
  GANNET_RETURN_IF_ERROR(bench.Start());
  bench.executor.RunFor(kWarmUp);
  bench.stamping.Forget();
  bench.thread.Forget();
  return absl::OkStatus();
}

// What watching costs: the same orders on both sides, decided in turn.
int CompareWatched(const std::string& folder, int seconds) {
  // In one thread: processor time needs no core of its own, and handing over costs most where
  // others work too.
  Wall::clock = CLOCK_THREAD_CPUTIME_ID;
  Thread::one = true;
  std::filesystem::create_directories(folder + "/plain");
  std::filesystem::create_directories(folder + "/watched");
  Bench plain(folder + "/plain"), watched(folder + "/watched");
  watched.watching.emplace();
  for (Bench* bench : {&plain, &watched}) {
    if (const absl::Status started = WarmUp(*bench); !started.ok()) {
      std::fprintf(stderr, "tick_to_order_bench: %s\n", started.ToString().c_str());
      return 1;
    }
  }
  constexpr base::Duration kSlice = std::chrono::milliseconds(500);
  for (int i = 0; i < 2 * seconds; ++i) {
    for (Bench* bench : i % 2 == 0 ? std::array{&plain, &watched} : std::array{&watched, &plain})
      bench->executor.RunFor(kSlice);
  }
  const uint64_t orders = plain.stamping.orders();
  watched.watching->exporter->Shutdown(std::chrono::seconds(2));
  const auto stats = watched.watching->exporter->stats();
  std::printf("%d s of market: %llu orders, watched %llu; %llu spans exported, %llu dropped\n",
              seconds, static_cast<unsigned long long>(orders),
              static_cast<unsigned long long>(watched.stamping.orders()),
              static_cast<unsigned long long>(stats.exported),
              static_cast<unsigned long long>(stats.dropped_full) + stats.dropped_refused);
  if (orders == 0) return 1;
  Stages &before = plain.stamping.stages(), &with = watched.stamping.stages();
  Print("tick to signed order", before.alone, "nobody watches; turns that decided one order");
  Print("  watched", with.alone, "spans and metrics");
  Print("a tick's turn, any tick", plain.stamping.ticks(), "nobody watches");
  Print("  watched", watched.stamping.ticks(), "ticks have no spans");
  const auto ratio = [](Spread& on, Spread& off, double q) {
    return static_cast<double>(on.At(q)) / static_cast<double>(std::max<int64_t>(1, off.At(q)));
  };
  const double order = ratio(with.alone, before.alone, 0.5);
  std::printf("%-24s p50 %8.3f     p99 %8.3f     goal 1.05: %s\n", "ratio, order path", order,
              ratio(with.alone, before.alone, 0.99), order <= 1.05 ? "met" : "missed");
  std::printf("%-24s p50 %8.3f     p99 %8.3f     all of the thread's work %.3f\n",
              "ratio, any tick", ratio(watched.stamping.ticks(), plain.stamping.ticks(), 0.5),
              ratio(watched.stamping.ticks(), plain.stamping.ticks(), 0.99),
              static_cast<double>(watched.thread.busy().count()) /
                  static_cast<double>(plain.thread.busy().count()));
  return 0;
}

int Main(int argc, char** argv) {
  const int seconds = argc > 1 && std::atoi(argv[1]) > 0 ? std::atoi(argv[1]) : 60;
  const std::string_view how = argc > 2 ? argv[2] : "";
  if (how == "cpu") Wall::clock = CLOCK_THREAD_CPUTIME_ID;
  Thread::one = Thread::at_once = how == "profile";
  const std::string scratch = Scratch();
  const base::TempDirForTest folder;
  if (how == "observed") return CompareWatched(folder.path(), seconds);
  Bench bench(folder.path());
  if (const absl::Status started = WarmUp(bench); !started.ok()) {
    std::fprintf(stderr, "tick_to_order_bench: %s\n", started.ToString().c_str());
    return 1;
  }
  bench.executor.RunFor(std::chrono::seconds(seconds));

  Spread floor = Floor(bench.stamping.messages());
  Stages& stages = bench.stamping.stages();
  Spread& whole = stages.whole;
  std::printf(
      "journal in %s; %d s of market: %zu ticks, %llu orders, of which %zu by ticks; "
      "thread busy %.2f %%\n",
      scratch.c_str(), seconds, bench.stamping.ticks().ns.size(),
      static_cast<unsigned long long>(bench.stamping.orders()), whole.ns.size(),
      static_cast<double>(bench.thread.busy().count()) / seconds / 1e7);
  if (whole.ns.empty()) {
    std::fprintf(stderr, "tick_to_order_bench: no order was sent; nothing is measured\n");
    return 1;
  }
  Print("tick to signed order", whole, "from the intended time; target p50 20");
  Print("  one order, no wait", stages.alone, "turns that decided one order only");
  Print("  of it: waiting", stages.wait, "for what the thread did when the tick came");
  Print("  of it: the turn", stages.turn, "parse, book, strategy, risk, execution");
  Print("  that turn, when warm", stages.warm, "less than 300 us after another order");
  Print("  of it: the commit", stages.commit, "and reading the request out");
  Print("a tick's turn, any tick", bench.stamping.ticks(), "");
  Print("floor: parse and sign", floor, "");
  const auto ratio = [&](double q) {
    return static_cast<double>(whole.At(q)) / static_cast<double>(floor.At(q));
  };
  std::printf("%-24s p50 %8.1f     p99 %8.1f     p99.9 %8.1f\n", "ratio to the floor", ratio(0.5),
              ratio(0.99), ratio(0.999));
  return 0;
}

}  // namespace
}  // namespace gannet

int main(int argc, char** argv) { return gannet::Main(argc, argv); }
