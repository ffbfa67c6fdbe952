#include "apps/gannet/news_flags.h"

#include <CLI/CLI.hpp>

namespace gannet::app {

void AddNews(CLI::App& app, NewsFlags& f, const CommandDeps& d) {
  CLI::App* news =
      app.add_subcommand("news", "Headlines: read feeds, score and train the classifier");
  news->require_subcommand(1);
  CLI::App* ingest =
      news->add_subcommand("ingest", "Print items and signals of feeds and files as JSON lines");
  ingest
      ->add_option("FILE|URL", f.ingest.inputs,
                   "RSS, Atom, JSON lines or a table (CSV), plain or gzip; or an http(s) address")
      ->required();
  ingest->add_flag_callback(
      "--signals-only", [&f] { f.ingest.items = false; }, "Leave the items out");
  ingest->callback([&f, &d] { d.done(IngestNews(f.ingest, d.files, d.clock, d.out, d.err)); });
  CLI::App* eval = news->add_subcommand(
      "eval", "Score the classifier on labelled headlines beside the majority class");
  eval->add_option("FILE", f.eval.table, "Headlines with labels (docs/news.md), plain or gzip")
      ->required()
      ->check(CLI::ExistingFile);
  eval->add_option("--events", f.eval.events, "Event labels by hash of the headline")
      ->check(CLI::ExistingFile);
  eval->add_option("--from", f.eval.from_date, "Only rows of this date or later")
      ->type_name("YYYY-MM-DD");
  eval->add_flag("--errors", f.eval.errors, "Print each headline that was read wrongly");
  eval->add_option("--model", f.eval.model, "Another model file than the one built in")
      ->check(CLI::ExistingFile);
  eval->callback([&f, &d] { d.done(EvaluateNews(f.eval, d.files, d.out)); });
  CLI::App* train = news->add_subcommand(
      "train", "Train the classifier; without more it reproduces the one built in");
  train->add_option("--out", f.train.out, "The model file")
      ->type_name("FILE")
      ->capture_default_str();
  train
      ->add_option("--labelled", f.train.labelled,
                   "A table whose sentiment labels are added, for your own use")
      ->check(CLI::ExistingFile);
  train->add_option("--before", f.train.before_date, "Of the table only rows before this date")
      ->type_name("YYYY-MM-DD");
  train->callback([&f, &d] { d.done(TrainNews(f.train, d.files, d.out)); });
}

}  // namespace gannet::app
