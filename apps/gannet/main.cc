// The program that people type: parses the command line, makes the real clock and
// files, and calls one command.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdlib>
#include <functional>
#include <iostream>
#include <string>

#include "absl/strings/str_cat.h"
#include "apps/gannet/canary_command.h"
#include "apps/gannet/certs_flags.h"
#include "apps/gannet/control_flags.h"
#include "apps/gannet/crashes_command.h"
#include "apps/gannet/flags.h"
#include "apps/gannet/journal_flags.h"
#include "apps/gannet/migrate_command.h"
#include "apps/gannet/news_flags.h"
#include "apps/gannet/replay_flags.h"
#include "apps/gannet/report_command.h"
#include "apps/gannet/risk_command.h"
#include "apps/gannet/run_command.h"
#include "apps/gannet/sim_flags.h"
#include "apps/gannet/topics_flags.h"
#include "apps/gannet/trace_command.h"
#include "apps/gannet/user_command.h"
#include "apps/gannet/venue_command.h"
#include "libs/base/posix_files.h"
#include "libs/runtime/common_flags.h"
#include "libs/runtime/flags.h"
#include "libs/runtime/help.h"
#include "libs/runtime/system_clock.h"
#include "libs/telemetry/metric_names.h"

namespace gannet::app {
namespace {

constexpr int kExitOk = 0, kExitFailed = 1, kExitUsage = 2;

int Report(const absl::Status& status) {
  if (status.ok()) return kExitOk;
  std::cerr << "gannet: " << status.message() << "\n";
  return kExitFailed;
}

std::string DefaultDataDir() {
  const char* data = std::getenv("XDG_DATA_HOME");
  if (data != nullptr && *data != '\0') return std::string(data) + "/gannet";
  const char* home = std::getenv("HOME");
  return std::string(home != nullptr ? home : ".") + "/.local/share/gannet";
}

// What each subcommand needs lives as long as the parse.
struct Commands {
  base::PosixFiles files;
  runtime::SystemClock clock;
  int exit_code = kExitOk;
  const CommandDeps deps{files,
                         clock,
                         std::cout,
                         std::cerr,
                         DefaultDataDir(),
                         runtime::BuildId(),
                         [this](const absl::Status& status) { exit_code = Report(status); }};

  ControlFlags control;
  RunOptions run;
  ReplayFlags replay;
  TrainOptions train;
  MigrateOptions migrate;
  NewsFlags news;
  ReportOptions report;
  JournalFlags journal;
  RiskOptions risk;
  TraceOptions trace;
  TopicsFlags topics;
  UserOptions user;
  CanaryOptions canary;
  CrashesOptions crashes;
  CertsOptions certs;
  VenueOptions venue;
  SimFlags sim;
};

void AddRun(CLI::App& app, Commands& c) {
  CLI::App* run = app.add_subcommand("run", "Start the platform on paper and show what happens");
  c.run.data_dir = DefaultDataDir();
  run->add_option("--data", c.run.data_dir,
                  "Folder of journal, store and simulator; the next start continues there")
      ->type_name("DIR")
      ->capture_default_str();
  run->add_flag("--fresh", c.run.fresh, "Put an existing data folder aside and start anew");
  run->add_option(
         "--config", c.run.config_file,
         "Configuration of the services; without it the built-in exchange simulator is the market")
      ->type_name("FILE");
  run->add_flag("--check-config", c.run.check_config,
                "Read the configuration, say what is wrong with it, and end");
  run->add_option("--services", c.run.services, "Host only these, separated by commas")
      ->delimiter(',');
  run->add_option("--lease", c.run.lease_file,
                  "YAML file of the lease in PostgreSQL that lets one process at a time trade "
                  "(docs/lease.md)")
      ->type_name("FILE");
  run->add_option("--bus", c.run.bus_file,
                  "YAML file that names the Kafka cluster which joins this process to the services "
                  "that run elsewhere (config/bus.yaml)")
      ->type_name("FILE");
  runtime::AddAdminFlag(*run, c.run.admin_address);
  runtime::AddTraceFlags(*run, c.run.traces);
  AddDuration(run, "--for", c.run.run_for, "End by itself after this time");
  run->add_option("--out", c.run.out_folder,
                  "Write orders, fills, positions and P&L as CSV and JSON here at the end")
      ->type_name("DIR");
  run->add_option("--seed", c.run.seed, "Seed of the exchange simulator's market and news")
      ->capture_default_str();
  run->add_option("--market-speed", c.run.market_speed,
                  "How much the exchange simulator's market does in a second; 1 is natural")
      ->check(CLI::Range(0.0, 50.0))
      ->capture_default_str();
  run->add_option("--faults", c.run.faults_file,
                  "What the exchange simulator does wrong: lost answers, late fills, bans … "
                  "(services/venue-sim/README.md, Faults)")
      ->type_name("FILE")
      ->check(CLI::ExistingFile);
  AddDuration(run, "--journal-keep", c.run.journal_keep,
              "Age up to which the journal is kept (default 168h)")
      ->check(IsAge);
  run->add_option("--journal-max-bytes", c.run.journal_max_bytes,
                  "Bytes of journal that stay, oldest go first; also as 500MB or 2GiB")
      ->transform(CLI::AsSizeValue(false))
      ->option_text("SIZE (default 4GiB)");
  run->add_flag("--plain", c.run.plain,
                "One line an event instead of a screen, also on a terminal");
  run->footer(
      "Needs no account, key, broker or feed: venue-sim, an exchange that speaks\n"
      "Binance's protocol, is started beside it on loopback with a seeded market and\n"
      "newspaper. Ctrl-C drains. Exit codes: 0 drained, 1 not started, 2 wrong command\n"
      "line or configuration, 3 ran but did not end cleanly (docs/failures.md).\n\n"
      "  gannet run --for 60s --out report    run a minute, then look at report/fills.csv\n"
      "  gannet run --fresh --seed 7          another market from the beginning\n"
      "  gannet run --faults config/faults.yaml\n"
      "                                       on an exchange that has a bad day\n"
      "  gannet run --services strategy,risk,execution --bus bus.yaml --config node.yaml\n"
      "                                       these three in one process, the others over Kafka");
  run->callback([&c] { c.exit_code = Run(c.run, std::cout, std::cerr); });
}

void AddRisk(CLI::App& app, Commands& c) {
  CLI::App* risk = app.add_subcommand(
      "risk", "The risk gate on cases from files; what a running portfolio could lose");
  risk->require_subcommand(1);
  CLI::App* check = risk->add_subcommand("check", "Print a verdict for each order of a file");
  check->add_option("--state", c.risk.state_file, "Limits and what went before (JSON)")
      ->required()
      ->type_name("FILE");
  check->add_option("--orders", c.risk.orders_file, "An order a line (JSON)")
      ->required()
      ->type_name("FILE");
  check->add_flag("--sequence", c.risk.sequence,
                  "Each order comes after those before it; otherwise each meets the same state");
  check->footer("Forms of the files: docs/risk-check.md. Bad input is named by line and field.");
  check->callback([&c] { c.exit_code = Report(CheckRisk(c.files, c.risk, std::cout)); });
  CLI::App* explain = risk->add_subcommand(
      "explain", "Print each control for one order: limit, where it came from, value, verdict");
  explain->add_option("--order", c.risk.orders_file, "The order (JSON)")
      ->required()
      ->type_name("FILE");
  auto* state =
      explain->add_option("--state", c.risk.state_file, "Limits and what went before (JSON)")
          ->type_name("FILE");
  explain
      ->add_option("--limits", c.risk.limits_file,
                   "Without a state: limits that hold (then no price and no balance is known)")
      ->type_name("FILE")
      ->capture_default_str()
      ->excludes(state);
  explain->add_flag("--json", c.risk.json, "As JSON");
  explain->callback([&c] { c.exit_code = Report(ExplainRisk(c.files, c.risk, std::cout)); });
  risk->add_subcommand("controls", "Print the table of reasons in their order of precedence")
      ->callback([] { PrintControls(std::cout); });
  AddPortfolioRisk(*risk, c.control, c.files, std::cout, std::cerr,
                   [&c](int code) { c.exit_code = code; });
}

void AddReport(CLI::App& app, Commands& c) {
  CLI::App* report = app.add_subcommand("report", "What an account has done, as files to hand out");
  c.report.data_dir = DefaultDataDir();
  c.report.build = "gannet " + runtime::BuildId();
  report->add_option("--from", c.report.from, "Begin, UTC: 2024-08-08 or 2024-08-08T23:54:13Z")
      ->default_str("30 days before the end");
  report->add_option("--to", c.report.to, "End, not included, UTC")->default_str("now");
  report->add_option("--account", c.report.account, "Account, as in the strategies' file")
      ->capture_default_str();
  report->add_option("--format", c.report.format, "pdf, xlsx, csv, json or all")
      ->check(CLI::IsMember({"pdf", "xlsx", "csv", "json", "all"}))
      ->capture_default_str();
  report->add_option("--data", c.report.data_dir, "Folder of a run, as for gannet run")
      ->type_name("DIR")
      ->capture_default_str();
  report->add_option("--out", c.report.out_folder, "Folder for the files")
      ->type_name("DIR")
      ->capture_default_str();
  report
      ->add_option("--store", c.report.store_file,
                   "Configuration of reporting or of gannet run, where it names a PostgreSQL")
      ->check(CLI::ExistingFile);
  report->add_option("--returns", c.report.returns, "Length of the periods whose returns are taken")
      ->check(CLI::IsMember({"day", "hour", "minute"}))
      ->capture_default_str();
  report->add_option("--asset", c.report.asset, "Only instruments quoted in this asset")
      ->default_str("that of most fills");
  report->add_option("--capital", c.report.capital, "What the account was given to trade with")
      ->default_str("its balance before the first fill");
  report->add_option("--risk-free", c.report.risk_free, "Risk-free rate of a year, for the ratios")
      ->capture_default_str();
  report
      ->add_option("--days-per-year", c.report.days_per_year,
                   "Days on which the market is open: 365, or 252 for exchanges with weekends")
      ->check(CLI::Range(1, 366))
      ->capture_default_str();
  report->footer(
      "Equity, drawdown, returns by month, ratios with their definitions, result by strategy, "
      "instrument, kind of news and\n"
      "model version, positions, fees, fills, use of limits, quality of signals and predictions, "
      "and "
      "how far the data can be\n"
      "trusted: prices of books that were INVALID, orders that are UNKNOWN. The same numbers in "
      "every format:\n\n"
      "  report.pdf    to hand out: charts and tables, page numbers, A4\n"
      "  report.xlsx   to go on calculating: totals and ratios are formulas\n"
      "  report.json   for programs: decimals as text with all their digits\n"
      "  csv/          a file a table, beside figures.csv and notes.csv\n\n"
      "Reads the store of the run (reports.db, or what --store names) and nothing else; may be "
      "asked for while gannet run "
      "goes on. Without\n"
      "--capital, equity begins with what the venue said the account held before the first fill; "
      "if "
      "that is not known,\n"
      "neither are returns and ratios, and the report says so. What was left out is in the notes, "
      "printed here too.\n"
      "Exit code 0: written; 1: an option makes no sense, or the store knows no such account. "
      "docs/reports.md defines\n"
      "every figure and shows how to have reports made on a schedule.\n\n"
      "  gannet report --from 2026-11-01 --to 2026-12-01 --out november\n"
      "  gannet report --format pdf --returns hour --capital 100000 --risk-free 4.25%\n"
      "  gannet report --format csv --account main/paper --days-per-year 252");
  report->callback(
      [&c] { c.exit_code = Report(WriteAccountReport(c.report, c.files, c.clock, std::cout)); });
}

void AddUsers(CLI::App& app, Commands& c) {
  c.user.data_dir = DefaultDataDir();
  CLI::App* user = app.add_subcommand("user", "Who may sign in to the page");
  user->require_subcommand(1);
  const auto add = [&](const char* name, const char* help, bool named,
                       std::function<absl::Status()> run) {
    CLI::App* command = user->add_subcommand(name, help);
    command->add_option("--data", c.user.data_dir, "Data folder of `gannet run`")
        ->type_name("DIR")
        ->capture_default_str();
    command
        ->add_option("--file", c.user.file,
                     "The file of people that several gateways share (users_file), in place of "
                     "the data folder's; add makes it where there is none")
        ->type_name("FILE");
    if (named) command->add_option("NAME", c.user.name, "Name to sign in with")->required();
    command->callback([&c, run = std::move(run)] { c.exit_code = Report(run()); });
    return command;
  };
  add("add", "Another person; prints the password, once", true,
      [&c] { return AddUser(c.user, c.files, c.clock, std::cout); })
      ->add_option("--role", c.user.role, "viewer, trader, risk or admin")
      ->check(CLI::IsMember({"viewer", "trader", "risk", "admin"}))
      ->capture_default_str();
  add("reset", "A new password where the old one is lost; prints it, once", true,
      [&c] { return ResetPassword(c.user, c.files, std::cout); });
  add("confirm",
      "Say that somebody whom an admin added on the page is a person of their own, who may "
      "be one of two that decide about limits",
      true, [&c] { return ConfirmUser(c.user, c.files, std::cout); });
  add("disable", "Shut a person out, within seconds", true,
      [&c] { return DisableUser(c.user, c.files, std::cout); });
  add("enable", "Let a person in again", true,
      [&c] { return EnableUser(c.user, c.files, std::cout); });
  add("list", "All of them, with role and state", false,
      [&c] { return ListUsers(c.user, c.files, std::cout); });
  user->footer(
      "The first user, admin, is made by the first start of `gannet run`, which shows the "
      "password\non a terminal, or writes it to first-password (0600) in the data folder.\n"
      "viewer looks; trader also sends and cancels orders and kills; risk kills, halts, resumes\n"
      "and decides about limits; admin does all of it and adds users.");
}

void AddMigrate(CLI::App& app, Commands& c) {
  CLI::App* migrate =
      app.add_subcommand("migrate", "Bring the schema of a PostgreSQL up to this build's");
  migrate
      ->add_option("--store", c.migrate.store,
                   "Configuration file of reporting or of gannet run, or "
                   "postgres://USER@HOST:PORT/DATABASE")
      ->required();
  CLI::Option* plan =
      migrate->add_flag("--plan", c.migrate.plan, "Say what would be done, and change nothing");
  migrate
      ->add_flag("--status", c.migrate.status,
                 "Say what was applied, when and by which build; exit code 1 if this build's "
                 "programs would not take it")
      ->excludes(plan);
  migrate->add_flag("--contract", c.migrate.contract,
                    "In place of what only adds: take away what older programs need, once none of "
                    "them runs");
  migrate->add_option("--password-file", c.migrate.password_file,
                      "With an address: a file that only its owner may read (mode 0600)");
  migrate->add_option("--root-certificate", c.migrate.root_certificate,
                      "With an address: the authority of the server (PEM); needed beyond this "
                      "machine");
  migrate->add_option("--client-certificate", c.migrate.client_certificate,
                      "With an address: this client's own certificate");
  migrate->add_option("--client-key", c.migrate.client_key, "and its key");
  AddDuration(migrate, "--patience", c.migrate.patience,
              "Wait so long for the server, and for another migrate (default 30s)");
  migrate->footer(
      "Each migration is one transaction and only adds: programs of an older build go on beside "
      "it. What takes\n"
      "something away is left out without --contract, and with it an older program says that it "
      "is too old and\n"
      "is not ready. What was applied stands in gannet.schema_versions. Safe to repeat, and to "
      "start many times\n"
      "at once: an advisory lock lets one at a time. The role must own the schema gannet, or be "
      "allowed to create it. "
      "Without\n"
      "PostgreSQL there is nothing to do: the encrypted file of the embedded shape brings itself "
      "up to date.\n\n"
      "  gannet migrate --store reporting.yaml --plan\n"
      "  gannet migrate --store reporting.yaml --status\n"
      "  gannet migrate --store reporting.yaml --contract --plan\n"
      "  gannet migrate --store postgres://gannet@127.0.0.1:5432/gannet --password-file pw");
  migrate->callback([&c] {
    c.exit_code = Report(MigrateStore(c.migrate, runtime::BuildId(), c.files, c.clock, std::cout));
  });
}

void AddTrace(CLI::App& app, Commands& c) {
  CLI::App* trace =
      app.add_subcommand("trace", "Tell the story of an order, from its cause to its fills");
  trace->add_option("ORDER", c.trace.order, "Its client order id")->required();
  c.trace.dirs = {DefaultDataDir()};
  trace
      ->add_option("--data", c.trace.dirs,
                   "Data folders, or journals, of all services that had a part in it")
      ->type_name("DIR")
      ->capture_default_str();
  trace->footer(
      "Reads the journal, also of a running process: whole where a collector of traces saw a "
      "part, or nothing.\n"
      "The trace id is that of the trace in Jaeger.\n\n"
      "  gannet trace g1AbC… --data strategy risk execution");
  trace->callback([&c] { c.exit_code = Report(TraceOrder(c.files, c.trace, std::cout)); });
}

// What is wrong with the first word that stands where a command must and names none; empty: no
// word does.
std::string UnknownCommand(const CLI::App& app, int argc, char** argv) {
  const CLI::App* at = &app;
  std::string path = app.get_name();
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    const auto commands = at->get_subcommands([](const CLI::App* each) {
      return !each->get_name().empty();  // a group of options has none
    });
    if (commands.empty() || word.starts_with('-')) break;
    const auto named = std::find_if(commands.begin(), commands.end(),
                                    [&](const CLI::App* each) { return each->get_name() == word; });
    if (named == commands.end())
      return absl::StrCat("'", word, "' is no command; see ", path, " --help");
    at = *named;
    path += " " + word;
  }
  return "";
}

int Main(int argc, char** argv) {
  CLI::App app("Gannet, a trading platform that can explain every order.", "gannet");
  runtime::SetConventions(app);
  app.require_subcommand(1);
  app.set_version_flag("--version", "gannet " + runtime::BuildId());
  app.footer(
      "Exit codes: 0 done, 1 failed, 2 wrong command line.");  // of a command without its own
  Commands commands;
  AddRun(app, commands);
  commands.control.control.data_dir = DefaultDataDir();
  AddControl(app, commands.control, commands.files, std::cout, std::cerr,
             [&commands](int code) { commands.exit_code = code; });
  AddVenue(app, commands.venue, commands.files, std::cout, std::cerr,
           [&commands](int code) { commands.exit_code = code; });
  commands.canary.control.data_dir = commands.deps.data_dir;
  AddCanary(app, commands.canary, commands.files, std::cout, std::cerr,
            [&commands](int code) { commands.exit_code = code; });
  commands.crashes.data_dir = commands.deps.data_dir;
  AddCrashes(app, commands.crashes, commands.files, std::cout, std::cerr,
             [&commands](int code) { commands.exit_code = code; });
  AddReplay(app, commands.replay, commands.deps);
  AddTrain(app, commands.train, commands.deps);
  AddNews(app, commands.news, commands.deps);
  AddJournal(app, commands.journal, commands.deps);
  AddRisk(app, commands);
  AddTrace(app, commands);
  AddTopics(app, commands.topics, commands.deps);
  AddReport(app, commands);
  AddUsers(app, commands);
  AddCerts(app, commands.certs, commands.files, commands.clock, std::cout,
           [&commands](const absl::Status& status) { commands.exit_code = Report(status); });
  AddMigrate(app, commands);
  AddSim(app, commands.sim, commands.files, commands.clock, std::cout,
         [&commands](const absl::Status& status) { commands.exit_code = Report(status); });
  app.add_subcommand("metrics", "Print the table of metrics (docs/metrics.md)")->callback([] {
    std::cout << telemetry::MetricsPage();
  });
  app.footer(
      "Each command has its own help: gannet COMMAND --help. Exit codes: 0 done,\n"
      "1 failed, 2 wrong command line, 3 ran but did not end cleanly.");
  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& success) {  // --help, --version
    return app.exit(success);
  } catch (const CLI::ParseError& error) {
    const std::string unknown = UnknownCommand(app, argc, argv);
    if (unknown.empty())
      app.exit(error);
    else
      std::cerr << "gannet: " << unknown << "\n";
    return kExitUsage;
  }
  // A full disk: what was to be told was not. What a run shows is on the page too.
  if (commands.exit_code == kExitOk && !std::cout.flush() && !app.got_subcommand("run")) {
    std::cerr << "gannet: standard output could not be written; free disk space, or send it "
                 "elsewhere\n";
    return kExitFailed;
  }
  return commands.exit_code;
}

}  // namespace
}  // namespace gannet::app

int main(int argc, char** argv) { return gannet::app::Main(argc, argv); }
