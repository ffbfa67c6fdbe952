#include "apps/gannet/replay_flags.h"

#include <poll.h>

#include <CLI/CLI.hpp>
#include <optional>

namespace gannet::app {

void AddReplay(CLI::App& app, ReplayFlags& f, const CommandDeps& d) {
  CLI::App* replay =
      app.add_subcommand("replay", "Run recorded market data through the engines that trade");
  CLI::Option* captures = replay->add_option("FILE", f.replay.captures,
                                             "Captures, gzip or plain, of Binance spot or USD-M");
  captures->check(CLI::ExistingFile);
  CLI::Option* recorded =
      replay
          ->add_option("--recorded", f.replay.recorded,
                       "Instead of captures: market.* and news.raw from the recorder's folder")
          ->type_name("DIR")
          ->check(CLI::ExistingDirectory)
          ->excludes(captures);
  AddTime(replay, "--from", f.replay.from, "With --recorded: events from this time on");
  AddTime(replay, "--to", f.replay.to, "With --recorded: events before this time");
  replay->get_option("--from")->needs(recorded);
  replay->get_option("--to")->needs(recorded);
  replay
      ->add_option("--scratch", f.replay.scratch,
                   "With --recorded: folder for events that do not fit into memory")
      ->type_name("DIR")
      ->capture_default_str();
  replay->add_option("--speed", f.speed, "max, or real: as fast as it happened")
      ->check(CLI::IsMember({"max", "real"}))
      ->capture_default_str();
  replay
      ->add_option("--emit", f.emit,
                   "jsonl: print each normalised event on standard output (docs/events-jsonl.md)")
      ->check(CLI::IsMember({"jsonl", "none"}))
      ->capture_default_str();
  replay->add_option("--strategies", f.replay.strategies, "Only these, separated by commas")
      ->delimiter(',');
  replay->add_option("--strategies-file", f.replay.strategies_file, "Strategies and playbooks")
      ->type_name("FILE")
      ->capture_default_str();
  replay->add_option("--limits-file", f.replay.limits_file, "Limits of the risk gate")
      ->type_name("FILE")
      ->capture_default_str();
  replay->add_option("--models", f.replay.model_registry, "Folder of models; \"\" predicts nothing")
      ->type_name("DIR")
      ->capture_default_str();
  replay
      ->add_option("--instruments", f.replay.instruments,
                   "exchangeInfo answers (JSON): tick, lot and scales as the venue states them")
      ->check(CLI::ExistingFile);
  replay
      ->add_option("--news", f.replay.news_file,
                   "Headlines (JSON lines, CSV or RSS) to mix in by receive time")
      ->excludes(recorded)
      ->check(CLI::ExistingFile);
  AddDuration(replay, "--news-shift", f.replay.news_shift,
              "Move the headlines by this time; part of the hash");
  replay
      ->add_option("--out", f.replay.out_folder,
                   "Write orders, fills, positions and P&L as CSV and JSON here; below "
                   "DATA/backtests the page lists it")
      ->type_name("DIR");
  replay->add_flag("--accept-truncated", f.replay.accept_truncated,
                   "Use what can be read of a file that ends in the middle");
  replay->add_flag("--wire-mode", f.replay.wire_mode,
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
  replay->callback([&f, &d] {
    if (f.replay.captures.empty() && f.replay.recorded.empty())
      RequireArgument("FILE, or --recorded DIR,");
    f.replay.emit_jsonl = f.emit == "jsonl";
    f.replay.made = d.clock.Now();
    f.replay.build = "gannet " + d.build;
    if (f.speed == "real") {
      f.replay.pace = [&d, first = std::optional<base::Time>(),
                       start = base::Duration(0)](base::Time time) mutable {
        if (!first) {
          first = time;
          start = d.clock.Monotonic();
        }
        const auto wait = std::chrono::duration_cast<std::chrono::milliseconds>(
            (time - *first) - (d.clock.Monotonic() - start));
        if (wait.count() > 0) poll(nullptr, 0, static_cast<int>(wait.count()));
      };
    }
    d.done(Replay(f.replay, d.files, d.out, d.err).status());
  });
}

void AddTrain(CLI::App& app, TrainOptions& f, const CommandDeps& d) {
  CLI::App* train =
      app.add_subcommand("train", "Train the direction model on recorded or simulated books");
  f.registry = d.data_dir + "/models";
  f.code_version = d.build;
  train->add_option("FILE", f.captures, "Captures, as for replay")->check(CLI::ExistingFile);
  train->add_option("--journal", f.journals, "Journal folders of earlier runs (DATA/journal)")
      ->check(CLI::ExistingDirectory);
  train->add_option("--registry", f.registry, "Folder of models; a new version is added")
      ->type_name("DIR")
      ->capture_default_str();
  train->add_option("--name", f.name, "Name of the model")->capture_default_str();
  train->add_option("--alias", f.alias, "Move this alias to the new version, e.g. champion");
  train
      ->add_option("--simulate", f.simulated_seeds,
                   "Markets of venue-sim with these seeds, made for this on virtual time")
      ->delimiter(',')
      ->type_name("SEED");
  AddDuration(train, "--length", f.simulated_length,
              "How long each simulated market runs (default 30m)");
  AddDuration(train, "--horizon", f.horizon, "How far ahead it predicts (default 10s)");
  train->footer(
      "Prints accuracy, log loss and Brier score of a purged walk-forward beside the class prior "
      "and persistence,\n"
      "and the Brier skill with its 95 % interval: whatever they are. Where too few rows lie "
      "apart\nby twice the horizon there is no interval. The new version is immutable.");
  train->callback([&f, &d] {
    if (f.captures.empty() && f.journals.empty() && f.simulated_seeds.empty())
      RefuseArgument("train", "name captures, --journal folders or --simulate seeds");
    d.done(Train(f, d.files, d.out));
  });
}

}  // namespace gannet::app
