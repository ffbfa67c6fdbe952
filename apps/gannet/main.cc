// The program that people type: parses the command line, makes the real clock and
// files, and calls one command.
#include <poll.h>

#include <CLI/CLI.hpp>
#include <charconv>
#include <cstdlib>
#include <functional>
#include <iostream>
#include <map>
#include <string>

#include "apps/gannet/certs_flags.h"
#include "apps/gannet/control_flags.h"
#include "apps/gannet/duration_flag.h"
#include "apps/gannet/journal_command.h"
#include "apps/gannet/journal_fetch.h"
#include "apps/gannet/journal_replay_command.h"
#include "apps/gannet/migrate_command.h"
#include "apps/gannet/news_command.h"
#include "apps/gannet/replay.h"
#include "apps/gannet/report_command.h"
#include "apps/gannet/risk_command.h"
#include "apps/gannet/run_command.h"
#include "apps/gannet/sim_flags.h"
#include "apps/gannet/topics_command.h"
#include "apps/gannet/trace_command.h"
#include "apps/gannet/train_command.h"
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

  ControlFlags control;
  RunOptions run;
  ReplayOptions replay;
  std::string replay_speed = "max", replay_emit = "none";
  TrainOptions train;
  MigrateOptions migrate;
  NewsIngestOptions news_ingest;
  NewsEvalOptions news_eval;
  NewsTrainOptions news_train;
  ReportOptions report;
  std::string journal_dir;
  JournalDumpOptions journal_dump;
  JournalFetchOptions journal_fetch;
  base::Duration journal_keep = runtime::ProcessOptions{}.keep_journal;
  uint64_t journal_max_bytes = runtime::ProcessOptions{}.max_journal_bytes;
  RiskOptions risk;
  TraceOptions trace;
  TopicsOptions topics;
  ResolveOptions resolve;
  std::string topics_password_file;
  size_t letters_limit = 100;
  UserOptions user;
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
  AddDuration(run, "--journal-keep", c.run.journal_keep,
              "Age up to which the journal is kept (default 168h)");
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
      "  gannet run --services strategy,risk,execution --bus bus.yaml --config node.yaml\n"
      "                                       these three in one process, the others over Kafka");
  run->callback([&c] { c.exit_code = Run(c.run, std::cout, std::cerr); });
}

void AddTime(CLI::App* command, const std::string& name, std::optional<base::Time>& time,
             const std::string& help) {
  command
      ->add_option_function<std::string>(
          name,
          [&time, name](const std::string& text) {
            time = base::ParseRfc3339(text);
            if (!time)
              throw CLI::ValidationError(name,
                                         "'" + text + "' is no time; write 2026-11-01T09:30:00Z");
          },
          help)
      ->type_name("TIME");
}

void AddReplay(CLI::App& app, Commands& c) {
  CLI::App* replay =
      app.add_subcommand("replay", "Run recorded market data through the engines that trade");
  CLI::Option* captures = replay->add_option("FILE", c.replay.captures,
                                             "Captures, gzip or plain, of Binance spot or USD-M");
  captures->check(CLI::ExistingFile);
  CLI::Option* recorded =
      replay
          ->add_option("--recorded", c.replay.recorded,
                       "Instead of captures: market.* and news.raw from the recorder's folder")
          ->type_name("DIR")
          ->check(CLI::ExistingDirectory)
          ->excludes(captures);
  AddTime(replay, "--from", c.replay.from, "With --recorded: events from this time on");
  AddTime(replay, "--to", c.replay.to, "With --recorded: events before this time");
  replay->get_option("--from")->needs(recorded);
  replay->get_option("--to")->needs(recorded);
  replay
      ->add_option("--scratch", c.replay.scratch,
                   "With --recorded: folder for events that do not fit into memory")
      ->type_name("DIR")
      ->capture_default_str();
  replay->add_option("--speed", c.replay_speed, "max, or real: as fast as it happened")
      ->check(CLI::IsMember({"max", "real"}))
      ->capture_default_str();
  replay
      ->add_option("--emit", c.replay_emit,
                   "jsonl: print each normalised event on standard output (docs/events-jsonl.md)")
      ->check(CLI::IsMember({"jsonl", "none"}))
      ->capture_default_str();
  replay->add_option("--strategies", c.replay.strategies, "Only these, separated by commas")
      ->delimiter(',');
  replay->add_option("--strategies-file", c.replay.strategies_file, "Strategies and playbooks")
      ->type_name("FILE")
      ->capture_default_str();
  replay->add_option("--limits-file", c.replay.limits_file, "Limits of the risk gate")
      ->type_name("FILE")
      ->capture_default_str();
  replay->add_option("--models", c.replay.model_registry, "Folder of models; \"\" predicts nothing")
      ->type_name("DIR")
      ->capture_default_str();
  replay
      ->add_option("--instruments", c.replay.instruments,
                   "exchangeInfo answers (JSON): tick, lot and scales as the venue states them")
      ->check(CLI::ExistingFile);
  replay
      ->add_option("--news", c.replay.news_file,
                   "Headlines (JSON lines or RSS) to mix in by receive time")
      ->excludes(recorded)
      ->check(CLI::ExistingFile);
  AddDuration(replay, "--news-shift", c.replay.news_shift,
              "Move the headlines by this time; part of the hash");
  replay
      ->add_option("--out", c.replay.out_folder,
                   "Write orders, fills, positions and P&L as CSV and JSON here; below "
                   "DATA/backtests the page lists it")
      ->type_name("DIR");
  replay->add_flag("--accept-truncated", c.replay.accept_truncated,
                   "Use what can be read of a file that ends in the middle");
  replay->add_flag("--wire-mode", c.replay.wire_mode,
                   "Encode and decode every event between engines; decides the same");
  replay->footer(
      "Books are rebuilt by the venue's rule and compared with its own ticker; orders meet the "
      "paper front of the\n"
      "matching engine. Two runs over the same files print the same `decisions sha256=`.\n\n"
      "With --recorded, what the recorder copied from the bus is merged over all partitions in the "
      "order in which it was\n"
      "published, and comes in as the bus brought it; the books are compared with the recorded "
      "quotes (docs/journal.md).\n\n"
      "  gannet replay spot-btcusdt.gz spot-ethusdt.gz --out report\n"
      "  gannet replay --recorded DIR --from 2026-11-01T00:00:00Z --to 2026-11-02T00:00:00Z");
  replay->callback([&c] {
    if (c.replay.captures.empty() && c.replay.recorded.empty())
      throw CLI::RequiredError("FILE, or --recorded DIR,");
    c.replay.emit_jsonl = c.replay_emit == "jsonl";
    c.replay.made = c.clock.Now();
    c.replay.build = "gannet " + runtime::BuildId();
    if (c.replay_speed == "real") {
      c.replay.pace = [&c, first = std::optional<base::Time>(),
                       start = base::Duration(0)](base::Time time) mutable {
        if (!first) {
          first = time;
          start = c.clock.Monotonic();
        }
        const auto wait = std::chrono::duration_cast<std::chrono::milliseconds>(
            (time - *first) - (c.clock.Monotonic() - start));
        if (wait.count() > 0) poll(nullptr, 0, static_cast<int>(wait.count()));
      };
    }
    c.exit_code = Report(Replay(c.replay, c.files, std::cout, std::cerr).status());
  });
}

void AddTrain(CLI::App& app, Commands& c) {
  CLI::App* train =
      app.add_subcommand("train", "Train the direction model on recorded or simulated books");
  c.train.registry = DefaultDataDir() + "/models";
  c.train.code_version = runtime::BuildId();
  train->add_option("FILE", c.train.captures, "Captures, as for replay")->check(CLI::ExistingFile);
  train->add_option("--journal", c.train.journals, "Journal folders of earlier runs (DATA/journal)")
      ->check(CLI::ExistingDirectory);
  train->add_option("--registry", c.train.registry, "Folder of models; a new version is added")
      ->type_name("DIR")
      ->capture_default_str();
  train->add_option("--name", c.train.name, "Name of the model")->capture_default_str();
  train->add_option("--alias", c.train.alias, "Move this alias to the new version, e.g. champion");
  train
      ->add_option("--simulate", c.train.simulated_seeds,
                   "Markets of venue-sim with these seeds, made for this on virtual time")
      ->delimiter(',')
      ->type_name("SEED");
  AddDuration(train, "--length", c.train.simulated_length,
              "How long each simulated market runs (default 30m)");
  AddDuration(train, "--horizon", c.train.horizon, "How far ahead it predicts (default 10s)");
  train->footer(
      "Prints accuracy, log loss and Brier score of a purged walk-forward beside the class prior "
      "and persistence,\n"
      "and the Brier skill with its 95 % interval: whatever they are. The new version is "
      "immutable.");
  train->callback([&c] {
    if (c.train.captures.empty() && c.train.journals.empty() && c.train.simulated_seeds.empty())
      throw CLI::ValidationError("train", "name captures, --journal folders or --simulate seeds");
    c.exit_code = Report(Train(c.train, c.files, std::cout));
  });
}

void AddNews(CLI::App& app, Commands& c) {
  CLI::App* news =
      app.add_subcommand("news", "Headlines: read feeds, score and train the classifier");
  news->require_subcommand(1);
  CLI::App* ingest =
      news->add_subcommand("ingest", "Print items and signals of feeds and files as JSON lines");
  ingest
      ->add_option("FILE|URL", c.news_ingest.inputs,
                   "RSS, Atom or JSON lines, plain or gzip; or an http(s) address")
      ->required();
  ingest->add_flag("!--signals-only", c.news_ingest.items, "Leave the items out");
  ingest->callback([&c] {
    c.exit_code = Report(IngestNews(c.news_ingest, c.files, c.clock, std::cout, std::cerr));
  });
  CLI::App* eval = news->add_subcommand(
      "eval", "Score the classifier on labelled headlines beside the majority class");
  eval->add_option("FILE", c.news_eval.table, "Headlines with labels (docs/news.md), plain or gzip")
      ->required()
      ->check(CLI::ExistingFile);
  eval->add_option("--events", c.news_eval.events, "Event labels by hash of the headline")
      ->check(CLI::ExistingFile);
  eval->add_option("--from", c.news_eval.from_date, "Only rows of this date or later")
      ->type_name("YYYY-MM-DD");
  eval->add_flag("--errors", c.news_eval.errors, "Print each headline that was read wrongly");
  eval->add_option("--model", c.news_eval.model, "Another model file than the one built in")
      ->check(CLI::ExistingFile);
  eval->callback([&c] { c.exit_code = Report(EvaluateNews(c.news_eval, c.files, std::cout)); });
  CLI::App* train = news->add_subcommand(
      "train", "Train the classifier; without more it reproduces the one built in");
  train->add_option("--out", c.news_train.out, "The model file")
      ->type_name("FILE")
      ->capture_default_str();
  train
      ->add_option("--labelled", c.news_train.labelled,
                   "A table whose sentiment labels are added, for your own use")
      ->check(CLI::ExistingFile);
  train->add_option("--before", c.news_train.before_date, "Of the table only rows before this date")
      ->type_name("YYYY-MM-DD");
  train->callback([&c] { c.exit_code = Report(TrainNews(c.news_train, c.files, std::cout)); });
}

CLI::App* AddJournalCommand(CLI::App* journal, const std::string& name, const std::string& help,
                            Commands& c) {
  CLI::App* command = journal->add_subcommand(name, help);
  command->add_option("DIR", c.journal_dir, "Data folder of `gannet run`, or the journal in it")
      ->check(CLI::ExistingDirectory)
      ->capture_default_str();
  return command;
}

void AddJournalDump(CLI::App* journal, Commands& c) {
  CLI::App* dump =
      AddJournalCommand(journal, "dump", "Print its records, one JSON object a line", c);
  dump->add_option("--after", c.journal_dump.after, "Begin behind this sequence number");
  dump->add_option("--limit", c.journal_dump.limit, "Print at most so many records");
  dump->add_option("--channel", c.journal_dump.channel,
                   "Only this topic or input port, e.g. exec.reports.v1");
  dump->add_option_function<std::string>(
          "--type", [&c](const std::string& name) { c.journal_dump.type = ParseRecordType(name); },
          "Only input, fact, versions or gap")
      ->check(CLI::IsMember({"input", "fact", "versions", "gap"}));
  dump->add_flag("--segments", c.journal_dump.segments,
                 "Also a line where a program began to write: build, configuration, versions");
  dump->footer(
      "Fields are those of proto/; amounts are exact decimal strings, prices and quantities the "
      "integers of the\n"
      "instrument's scale (docs/journal.md). Damage ends the output with exit code 1 after the "
      "records before it.\n\n"
      "  gannet journal dump DIR --type fact --channel exec.reports.v1 | jq .event.value.kind\n"
      "  gannet journal dump DIR --segments --limit 1    what wrote it");
  dump->callback([&c] {
    c.exit_code = Report(DumpJournal(c.files, c.journal_dir, c.journal_dump, std::cout));
  });
}

void AddJournalPrune(CLI::App* journal, Commands& c) {
  CLI::App* prune = AddJournalCommand(
      journal, "prune", "Remove what is older or more than is to be kept, as a run does itself", c);
  AddDuration(prune, "--keep", c.journal_keep, "Age up to which segments stay (default 168h)");
  prune
      ->add_option("--max-bytes", c.journal_max_bytes,
                   "Bytes that stay in all, oldest go first; also as 500MB or 2GiB")
      ->transform(CLI::AsSizeValue(false))
      ->capture_default_str();
  prune->footer(
      "A segment goes only when two verified snapshots cover it, and the last one always stays: no "
      "state is ever lost.\n"
      "Refused while a process has the journal open. What is gone cannot be decided again.\n\n"
      "  gannet journal prune DIR --keep 24h --max-bytes 1GiB");
  prune->callback([&c] {
    c.exit_code = Report(PruneJournal(c.files, c.journal_dir, c.clock.Now(), c.journal_keep,
                                      c.journal_max_bytes, std::cout));
  });
}

void AddJournalFetch(CLI::App* journal, Commands& c) {
  CLI::App* fetch = journal->add_subcommand(
      "fetch", "Put the journal of news-signal or ml-inference together from the bus");
  fetch->add_option("PROGRAM", c.journal_fetch.program, "Whose: news-signal, ml-inference")
      ->required();
  CLI::Option* recorded =
      fetch->add_option("--recorded", c.journal_fetch.recorded, "From the recorder's folder")
          ->type_name("DIR")
          ->check(CLI::ExistingDirectory);
  fetch
      ->add_option("--bus", c.journal_fetch.bus_file,
                   "From Kafka itself: YAML file that names the cluster")
      ->check(CLI::ExistingFile)
      ->excludes(recorded);
  fetch->add_option("--out", c.journal_fetch.out_folder, "Folder to make")
      ->type_name("DIR")
      ->required();
  fetch
      ->add_option_function<std::string>(
          "--run",
          [&c](const std::string& text) {
            uint64_t run = 0;
            const auto [end, error] =
                std::from_chars(text.data(), text.data() + text.size(), run, 16);
            if (error != std::errc() || end != text.data() + text.size())
              throw CLI::ValidationError("--run", "'" + text + "' is no run; 16 hex digits");
            c.journal_fetch.run = run;
          },
          "The journal of this run (hex, as `dump --segments` shows it; default the newest)")
      ->type_name("RUN");
  fetch->footer(
      "These two may run anywhere: their journals go to ops.journals.v1, byte for byte, before "
      "what "
      "they decided\n"
      "leaves. What is put together here is the journal as it was on their disk; verify, dump and "
      "replay take it.\n"
      "Exit code 1: a part of it is no longer kept there.\n\n"
      "  gannet journal fetch news-signal --bus bus.yaml --out fetched\n"
      "  gannet journal fetch ml-inference --recorded DIR --out fetched && gannet journal replay "
      "fetched");
  fetch->callback([&c] {
    if (c.journal_fetch.recorded.empty() && c.journal_fetch.bus_file.empty())
      throw CLI::RequiredError("--recorded or --bus");
    c.exit_code = Report(FetchJournal(c.files, c.journal_fetch, std::cout));
  });
}

void AddJournal(CLI::App& app, Commands& c) {
  c.journal_dir = DefaultDataDir();
  CLI::App* journal = app.add_subcommand(
      "journal", "The record of every input and decision: check, print, decide again, prune");
  journal->require_subcommand(1);
  CLI::App* verify = AddJournalCommand(
      journal, "verify", "Check every byte: frames, sequence, hash chain, snapshots", c);
  verify->footer(
      "Names the first bad record by file and byte, and the longest valid prefix; prints the last "
      "value of the hash\n"
      "chain, which proves that nothing was changed if it is kept elsewhere. Changes nothing. Exit "
      "code 0: valid, or\n"
      "only with the unfinished tail that a crash leaves; 1: damaged.\n\n"
      "  gannet journal verify ~/.local/share/gannet");
  verify->callback(
      [&c] { c.exit_code = Report(VerifyJournal(c.files, c.journal_dir, std::cout)); });
  AddJournalDump(journal, c);
  CLI::App* replay = AddJournalCommand(
      journal, "replay", "Decide again from the recorded inputs and compare every fact", c);
  replay->footer(
      "The journal of a `gannet run` states the configuration, services and models it had; nothing "
      "else is needed and\n"
      "no key is read. Prints the counts of each topic, the hash of intents, verdicts and "
      "execution reports, and the\n"
      "first fact that is not the same, with both sides. Exit code 0: all equal; 1: a difference, "
      "or the journal cannot\n"
      "be decided again (pruned, damaged, records dropped on a full disk).\n\n"
      "  gannet journal replay ~/.local/share/gannet");
  replay->callback([&c] {
    c.exit_code = Report(CompareJournal(c.files, c.journal_dir, runtime::BuildId(), std::cout));
  });
  AddJournalPrune(journal, c);
  AddJournalFetch(journal, c);
  journal->footer(
      "DIR is the data folder of `gannet run` (--data) or a journal itself; without it the default "
      "data folder.\n"
      "Each has its own help: gannet journal verify --help. What a journal is: docs/journal.md.");
}

CLI::App* AddTopicsCommand(CLI::App* topics, const std::string& name, const std::string& help,
                           Commands& c, std::function<absl::Status()> run) {
  CLI::App* command = topics->add_subcommand(name, help);
  bus::KafkaCluster& cluster = c.topics.cluster;
  command->add_option("--brokers", cluster.brokers, "host:port, separated by commas")->required();
  command->add_option("--prefix", c.topics.prefix, "Before the name of every topic");
  command
      ->add_option("--ca-file", cluster.ca_file,
                   "Certificates to trust: TLS, needed beyond this machine")
      ->type_name("FILE");
  command->add_option("--cert-file", cluster.certificate_file, "This client's own certificate")
      ->type_name("FILE");
  command->add_option("--key-file", cluster.key_file, "and its key")->type_name("FILE");
  command->add_option("--user", cluster.user, "SASL SCRAM-SHA-512, with --password-file");
  command->add_option("--password-file", c.topics_password_file)->check(CLI::ExistingFile);
  command->callback([&c, run = std::move(run)] {
    if (!c.topics_password_file.empty()) {
      const auto password = c.files.Read(c.topics_password_file);
      if (!password.ok()) {
        c.exit_code = Report(password.status());
        return;
      }
      c.topics.cluster.password = password->substr(0, password->find_last_not_of("\r\n") + 1);
    }
    c.exit_code = Report(run());
  });
  return command;
}

void AddTopicsResolve(CLI::App* topics, Commands& c) {
  CLI::App* resolve = AddTopicsCommand(
      topics, "resolve", "Let an order partition go on that stands still at a record", c,
      [&c] { return ResolveTopic(c.topics, c.resolve, c.clock, std::cout); });
  resolve->add_option("TOPIC", c.resolve.topic)->required();
  resolve->add_option("--partition", c.resolve.position.partition)->required();
  resolve->add_option("--offset", c.resolve.position.offset)->required();
  resolve->add_option("--group", c.resolve.group, "Only for this group of consumers");
  resolve->add_option("--by", c.resolve.person, "Who decides; kept with the decision")->required();
  resolve->add_option("--reason", c.resolve.reason, "Why; kept with the decision")->required();
  auto* how = resolve->add_option_group("decision");
  how->add_flag_callback(
      "--skip", [&c] { c.resolve.resolution = bus::Resolution::kSkip; },
      "The record never has an effect");
  how->add_flag_callback(
      "--retry", [&c] { c.resolve.resolution = bus::Resolution::kRetry; },
      "Try it once more, after what it needs is there");
  how->require_option(1);
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

void AddTopics(CLI::App& app, Commands& c) {
  CLI::App* topics = app.add_subcommand("topics", "Topics of a Kafka cluster");
  topics->require_subcommand(1);
  topics->add_subcommand("table", "Print the table of topics (docs/topics.md)")->callback([] {
    PrintTopicTable(std::cout);
  });
  const auto replication = [&c](CLI::App* command) {
    command
        ->add_option_function<uint32_t>(
            "--replication", [&c](uint32_t copies) { c.topics.replication = copies; },
            "Copies of each partition (default 3, or as many as there are brokers)")
        ->type_name("UINT");
  };
  replication(AddTopicsCommand(topics, "plan", "Compare the cluster with the table", c,
                               [&c] { return PlanTopics(c.topics, std::cout); }));
  replication(AddTopicsCommand(topics, "apply", "Make the topics that are missing; refuses drift",
                               c, [&c] { return ApplyTopics(c.topics, std::cout); }));
  CLI::App* letters = AddTopicsCommand(
      topics, "letters", "What was put aside, and what was decided about it", c,
      [&c] { return ListLetters(c.topics, c.resolve.topic, c.letters_limit, std::cout); });
  letters->add_option("TOPIC", c.resolve.topic)->required();
  letters->add_option("--limit", c.letters_limit, "Newest of each partition")
      ->capture_default_str();
  AddTopicsCommand(topics, "halted", "What stands still and waits for a decision", c, [&c] {
    return ListHalted(c.topics, c.resolve.topic, std::cout);
  })->add_option("TOPIC", c.resolve.topic, "Only of this topic");
  AddTopicsResolve(topics, c);
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
  add("disable", "Shut a person out, within seconds", true,
      [&c] { return DisableUser(c.user, c.files, std::cout); });
  add("enable", "Let a person in again", true,
      [&c] { return EnableUser(c.user, c.files, std::cout); });
  add("list", "All of them, with role and state", false,
      [&c] { return ListUsers(c.user, c.files, std::cout); });
  user->footer(
      "The first user, admin, is made by the first start of `gannet run`, which shows the "
      "password\non a terminal, or writes it to first-password (0600) in the data folder.\n"
      "viewer looks; trader also sends, cancels and kills; risk also resumes; admin also adds "
      "users.");
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
      "it. What was\n"
      "applied stands in gannet.schema_versions. Safe to repeat, and to start many times at once: "
      "an advisory\n"
      "lock lets one at a time. The role must own the schema gannet, or be allowed to create it. "
      "Without\n"
      "PostgreSQL there is nothing to do: the encrypted file of the embedded shape brings itself "
      "up to date.\n\n"
      "  gannet migrate --store reporting.yaml --plan\n"
      "  gannet migrate --store reporting.yaml --status\n"
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
      "  gannet trace g1-9Z1K8D2Q-7 --data strategy risk execution");
  trace->callback([&c] { c.exit_code = Report(TraceOrder(c.files, c.trace, std::cout)); });
}

int Main(int argc, char** argv) {
  CLI::App app("Gannet, a trading platform that can explain every order.", "gannet");
  app.formatter(runtime::HelpFormatter());
  app.require_subcommand(1);
  app.set_version_flag("--version", "gannet " + runtime::BuildId());
  app.footer(
      "Each command has its own help: gannet COMMAND --help. Exit codes: 0 done,\n"
      "1 failed, 2 wrong command line, 3 ran but did not end cleanly.");
  Commands commands;
  AddRun(app, commands);
  commands.control.control.data_dir = DefaultDataDir();
  AddControl(app, commands.control, commands.files, std::cout, std::cerr,
             [&commands](int code) { commands.exit_code = code; });
  AddVenue(app, commands.venue, commands.files, std::cout, std::cerr,
           [&commands](int code) { commands.exit_code = code; });
  AddReplay(app, commands);
  AddTrain(app, commands);
  AddNews(app, commands);
  AddJournal(app, commands);
  AddRisk(app, commands);
  AddTrace(app, commands);
  AddTopics(app, commands);
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
  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& success) {  // --help, --version
    return app.exit(success);
  } catch (const CLI::ParseError& error) {
    app.exit(error);
    return kExitUsage;
  }
  return commands.exit_code;
}

}  // namespace
}  // namespace gannet::app

int main(int argc, char** argv) { return gannet::app::Main(argc, argv); }
