#include "apps/gannet/venue_command.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <nlohmann/json.hpp>
#include <ostream>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "apps/gannet/run_config.h"
#include "libs/base/status.h"
#include "libs/config/secret.h"
#include "libs/net/beast_network.h"
#include "libs/runtime/asio_executor.h"
#include "libs/runtime/system_clock.h"

namespace gannet::app {
namespace {

void ReadKeys(const execution::LiveConfig& config, base::Files& files, VenueToCheck& venue) {
  auto key = config::ReadSecret(files, config.key_file, "execution.binance.key_file");
  auto secret = config::ReadSigningKey(files, config.secret_file, "execution.binance.secret_file");
  for (const absl::Status& status : {key.status(), secret.status()}) {
    if (!status.ok()) venue.key_problem = std::string(status.message());
  }
  if (key.ok()) venue.key = *std::move(key);
  if (secret.ok()) venue.secret = *std::move(secret);
}

void PrintTable(const std::vector<CheckRow>& rows, std::ostream& out) {
  size_t width = 0;
  for (const CheckRow& row : rows) width = std::max(width, row.name.size());
  for (const CheckRow& row : rows) {
    std::string name = row.name, verdict = Name(row.verdict);
    name.resize(width, ' ');
    verdict.resize(8, ' ');
    out << verdict << " " << name << "  " << row.detail << "\n";
    if (!row.remedy.empty()) out << std::string(width + 11, ' ') << "→ " << row.remedy << "\n";
  }
}

void PrintJson(const VenueToCheck& venue, const std::vector<CheckRow>& rows, int code,
               std::ostream& out) {
  nlohmann::ordered_json checks = nlohmann::ordered_json::array();
  for (const CheckRow& row : rows) {
    checks.push_back({{"check", row.name},
                      {"verdict", Name(row.verdict)},
                      {"detail", row.detail},
                      {"remedy", row.remedy}});
  }
  const nlohmann::ordered_json document{{"venue", venue.name},
                                        {"rest_url", venue.rest_url},
                                        {"ready", code == kVenueReady},
                                        {"checks", checks}};
  out << document.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace) << "\n";
}

}  // namespace

absl::StatusOr<VenueToCheck> VenueOf(const VenueOptions& options, base::Files& files) {
  GANNET_ASSIGN_OR_RETURN(const RunConfig config, LoadRunConfig(options.config_file, files));
  VenueToCheck venue{.name = options.name};
  std::set<std::string> names;
  bool found = false;
  for (const ingest::VenueConfig& watched : config.ingest.venues) {
    names.insert(watched.name);
    if (watched.name != options.name) continue;
    const auto* product = std::get_if<venue::binance::Product>(&watched.kind);
    if (product == nullptr) {
      return absl::InvalidArgumentError(
          absl::StrCat(config.file, ": ", options.name,
                       " is a venue of Bybit; gannet venue check speaks Binance's protocol only"));
    }
    found = true;
    venue.product = *product;
    venue.rest_url = watched.rest_url;
    venue.symbols = watched.instruments;
  }
  const execution::ExecutionConfig& execution = config.pipeline.execution;
  if (execution.venue == execution::VenueKind::kBinanceSpot) {
    names.insert(execution.live.venue);
    if (execution.live.venue == options.name) {
      found = venue.trades = true;
      venue.rest_url = execution.live.rest_url;
      if (execution.live.orders_by_socket) venue.order_url = execution.live.order_url;
      venue.rate = execution.rate;
      venue.self_trade_prevention = execution.live.self_trade_prevention;
      ReadKeys(execution.live, files, venue);
    }
  }
  if (found) return venue;
  if (config.uses_venue_sim) {
    return absl::InvalidArgumentError(absl::StrCat(
        config.file,
        ": its market is the simulator that `gannet run` starts; name a configuration with "
        "market: configured (--config)"));
  }
  return absl::InvalidArgumentError(
      absl::StrCat(config.file, ": names no venue '", options.name, "'; there are ",
                   names.empty() ? "none" : absl::StrJoin(names, ", ")));
}

int RunVenueCheck(const VenueOptions& options, base::Files& files, std::ostream& out,
                  std::ostream& err) {
  const auto venue = VenueOf(options, files);
  auto url = venue.ok() ? net::Url::Parse(venue->rest_url) : venue.status();
  if (!url.ok()) {
    err << "gannet: " << url.status().message() << "\n";
    return kVenueBadUsage;
  }
  const runtime::SystemClock clock;
  runtime::AsioExecutor executor(clock);
  auto network = net::BeastNetwork::Create(executor.io(), {});
  if (!network.ok()) {
    err << "gannet: " << network.status().message() << "\n";
    return kVenueNotReady;
  }
  const Fetch fetch = [&](net::HttpRequest request) {
    net::HttpResult answer;
    (*network)->Http(*url, std::move(request), {.timeout = options.timeout},
                     [&](net::HttpResult result) {
                       answer = std::move(result);
                       executor.Stop();
                     });
    executor.Run();
    return answer;
  };
  const Knock knock = [&](const std::string& address) {
    const absl::StatusOr<net::Url> at = net::Url::Parse(address);
    if (!at.ok()) return at.status();
    absl::Status opened = absl::UnavailableError("the venue closed it at once");
    net::WebSocket::Handler handler;
    handler.on_open = [&] {
      opened = absl::OkStatus();
      executor.Stop();
    };
    handler.on_close = [&](absl::Status why) {
      if (!why.ok()) opened = std::move(why);
      executor.Stop();
    };
    const auto socket =
        (*network)->Connect(*at, {.connect_timeout = options.timeout}, std::move(handler));
    executor.Run();
    return opened;
  };
  const std::vector<CheckRow> rows = CheckVenue(*venue, fetch, knock, clock);
  const bool failed = std::any_of(rows.begin(), rows.end(), [](const CheckRow& row) {
    return row.verdict == Verdict::kFailed;
  });
  const int code = rows.front().verdict == Verdict::kFailed ? kVenueUnreachable
                   : failed                                 ? kVenueNotReady
                                                            : kVenueReady;
  if (options.json) {
    PrintJson(*venue, rows, code, out);
  } else {
    PrintTable(rows, out);
  }
  return code;
}

void AddVenue(CLI::App& app, VenueOptions& options, base::Files& files, std::ostream& out,
              std::ostream& err, std::function<void(int)> ended) {
  CLI::App* group = app.add_subcommand("venue", "The venues that are configured");
  group->require_subcommand(1);
  CLI::App* check = group->add_subcommand(
      "check", "Whether a venue can be traded on as configured; sends no order");
  check->add_option("NAME", options.name, "As in the configuration: binance-spot")->required();
  check
      ->add_option("--config", options.config_file,
                   "Configuration as for gannet run; else the shipped one")
      ->type_name("FILE");
  check->add_flag("--json", options.json, "Print the checks as JSON");
  check->footer(
      "Checks: reached, clock, rate limits, instruments, trading modes, order socket, key, key "
      "rights (no\nwithdrawals), ip restriction. Each that failed says what helps.\n\n"
      "Exit codes: 0 nothing failed, 1 a check failed, 2 wrong command line or configuration, "
      "4 the venue does not answer.");
  check->callback(
      [&, ended = std::move(ended)] { ended(RunVenueCheck(options, files, out, err)); });
}

}  // namespace gannet::app
