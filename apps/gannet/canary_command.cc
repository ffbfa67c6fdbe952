#include "apps/gannet/canary_command.h"

#include <CLI/CLI.hpp>
#include <ostream>
#include <utility>

#include "apps/gannet/flags.h"
#include "apps/gannet/remote.h"
#include "libs/base/percent.h"
#include "libs/net/beast_network.h"
#include "libs/runtime/asio_executor.h"
#include "libs/runtime/system_clock.h"

namespace gannet::app {
namespace {

constexpr base::Duration kAnswerLimit = std::chrono::seconds(10);
constexpr size_t kMaxAnswerBytes = 1 << 20;

absl::StatusOr<Burn> BurnIn(const net::HttpResult& result) {
  if (!result.status.ok()) return result.status;
  if (result.response.status != 200)
    return absl::UnavailableError("Prometheus answers " + std::to_string(result.response.status));
  return BurnOf(result.response.body);
}

const char* Word(CanaryState state) {
  switch (state) {
    case CanaryState::kWatching:
      return "watching";
    case CanaryState::kHealthy:
      return "healthy";
    case CanaryState::kBurning:
      return "burning";
    case CanaryState::kBlind:
      return "blind";
  }
  return "";
}

// Asks again and again; one thread, which does nothing else.
class Watch {
 public:
  Watch(const CanaryOptions& options, net::Url url, CanaryRules rules, Console console,
        runtime::AsioExecutor& executor, const base::Clock& clock, net::Network& network)
      : options_(options),
        url_(std::move(url)),
        judge_(std::move(rules), clock.Now()),
        console_(console),
        executor_(executor),
        clock_(clock),
        network_(network) {}

  CanaryState Run() {
    Ask();
    executor_.Run();
    return state_;
  }

 private:
  void Ask() {
    net::HttpRequest request;
    request.method = "GET";
    request.target = url_.Below("/api/v1/query?query=") + base::PercentEncoded(kBurnQuery);
    network_.Http(url_, std::move(request), {kAnswerLimit, kMaxAnswerBytes},
                  [this](const net::HttpResult& result) { Take(BurnIn(result)); });
  }
  void Take(const absl::StatusOr<Burn>& burn) {
    const base::Time now = clock_.Now();
    state_ = judge_.Look(now, burn);
    console_.out << base::FormatTime(now) << " " << Word(state_) << ": " << judge_.why()
                 << std::endl;
    if (state_ != CanaryState::kWatching) return executor_.Stop();
    executor_.After(options_.every, [this] { Ask(); });
  }

  const CanaryOptions& options_;
  const net::Url url_;
  CanaryJudge judge_;
  Console console_;
  runtime::AsioExecutor& executor_;
  const base::Clock& clock_;
  net::Network& network_;
  CanaryState state_ = CanaryState::kWatching;
};

}  // namespace

int WatchCanary(const CanaryOptions& options, Console console) {
  const auto refuse = [&console](std::string_view text) {
    console.err << "gannet: " << text << "\n";
    return kCanaryUsage;
  };
  const auto url = net::Url::Parse(options.prometheus);
  if (!url.ok()) return refuse("--prometheus is an address such as http://prometheus:9090");
  CanaryRules rules = options.rules;
  if (const absl::Status read = ReadObjectives(options.objectives, rules); !read.ok())
    return refuse("--slo: " + std::string(read.message()));
  if (const auto scope = ParseScope(options.halt); !options.halt.empty() && !scope.ok())
    return refuse("--halt: " + std::string(scope.status().message()));
  if (rules.settle >= rules.watch) return refuse("--settle has to be shorter than --for");
  const runtime::SystemClock clock;
  runtime::AsioExecutor executor(clock);
  auto network = net::BeastNetwork::Create(executor.io(), {.extra_ca_file = options.ca_file});
  if (!network.ok())
    return refuse(
        std::string_view(network.status().message().data(), network.status().message().size()));
  Watch watch(options, *url, std::move(rules), console, executor, clock, **network);
  switch (watch.Run()) {
    case CanaryState::kHealthy:
      return kCanaryHealthy;
    case CanaryState::kBlind:
      return kCanaryBlind;
    default:
      break;
  }
  // What burns is stopped before anybody has looked; the roll-back is Helm's.
  if (!options.halt.empty()) Halt(options.control, options.halt, "halted", console);
  return kCanaryBurning;
}

void AddCanary(CLI::App& app, CanaryOptions& o, base::Files& files, std::ostream& out,
               std::ostream& err, std::function<void(int)> ended) {
  CLI::App* canary = app.add_subcommand(
      "canary", "Watch the error budgets of what was just rolled out; may it stay?");
  o.control.reason = "an error budget burns after a roll-out";
  canary->add_option("--prometheus", o.prometheus, "Address of the Prometheus that has our rules")
      ->type_name("URL")
      ->required();
  canary
      ->add_option("--prometheus-ca", o.ca_file,
                   "Authority of its certificate, beside the system's")
      ->type_name("FILE");
  const auto duration = [canary](const char* name, base::Duration& into, const char* help) {
    AddDuration(canary, name, into, help)->check(IsDuration);
  };
  duration("--for", o.rules.watch, "It may stay after so long without a fault (default 10m)");
  duration("--settle", o.rules.settle, "Nothing is judged at first: starts disturb (default 1m)");
  duration("--every", o.every, "Between looks (default 15s)");
  duration("--patience", o.rules.patience,
           "Without an answer, or without a process of ours, for so long it may not stay (default "
           "2m)");
  canary
      ->add_option("--max-burn", o.rules.max_burn,
                   "So many times too fast in two looks in a row is too fast")
      ->capture_default_str()
      ->check(CLI::PositiveNumber);
  canary
      ->add_option("--slo", o.objectives,
                   "Only these objectives, NAME or NAME=BURN, separated by commas")
      ->delimiter(',');
  CLI::Option* halt =
      canary->add_option("--halt", o.halt, "When it burns, halt this scope: firm, strategy:NAME …");
  canary->add_option("--data", o.control.data_dir, "With --halt: data folder of the platform")
      ->type_name("DIR")
      ->capture_default_str();
  canary->add_option("--address", o.control.address, "With --halt: gRPC of gateway or risk")
      ->needs(halt);
  canary->add_option("--ca", o.control.ca_file, "With --address: authority of its certificate")
      ->type_name("FILE");
  canary->add_option("--token-file", o.control.token_file, "With --address: the secret to show")
      ->type_name("FILE");
  canary->footer(
      "Objectives are those of docs/observability.md. Exit codes: 0 it may stay, 1 a budget burns, "
      "2 wrong command\nline, 4 nothing is known. The chart's Job runs it after an upgrade, and "
      "Helm takes back what it refuses\n(docs/releases.md).\n\n"
      "  gannet canary --prometheus http://127.0.0.1:9090 --for 15m\n"
      "  gannet canary --prometheus http://127.0.0.1:9090 --slo order-path,gateway=6 --halt "
      "strategy:maker");
  canary->callback([&o, &files, &out, &err, ended = std::move(ended)] {
    ended(WatchCanary(o, Console{files, out, err}));
  });
}

}  // namespace gannet::app
