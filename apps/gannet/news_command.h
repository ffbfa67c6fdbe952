// `gannet news ingest | eval | train`: what the news path makes of feeds, files
// and labelled headlines, without a running platform.
#pragma once

#include <iosfwd>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "libs/base/clock.h"
#include "libs/base/files.h"

namespace gannet::app {

struct NewsIngestOptions {
  std::vector<std::string>
      inputs;  // files (RSS, Atom, JSON lines, tables; plain or gzip) and http or https addresses
  std::string dictionary;  // empty: the one built in
  std::string model;       // empty: the one built in
  bool items = true;       // print them, or only the signals
};

// Prints each item and the signal made of it as one JSON object a line
// (docs/news.md, "Output"); a line of counts for each input goes to `diagnostics`.
// An input that cannot be read does not stop the others; its error is returned.
absl::Status IngestNews(const NewsIngestOptions& options, base::Files& files,
                        const base::Clock& clock, std::ostream& out, std::ostream& diagnostics);

struct NewsEvalOptions {
  std::string table;   // headlines with labels (services/news-signal/corpus.h), plain or gzip
  std::string events;  // event labels by hash of the headline; empty: the table's own labels
  std::string dictionary, model;
  std::string from_date;  // only rows of this date or later; empty: all
  bool errors = false;    // print each headline that was read wrongly
};

// Accuracy, macro-F1, per-class figures and confusion beside the majority class.
absl::Status EvaluateNews(const NewsEvalOptions& options, base::Files& files, std::ostream& out);

struct NewsTrainOptions {
  std::string out = "headlines.gnm";
  std::string labelled;     // a table whose sentiment labels are added: for your own use of them
  std::string before_date;  // of the table only rows before this date
  std::string dictionary;   // empty: the one built in
};

// Trains on the built-in corpus (and `labelled`), writes the model file, prints
// held-out scores and whether the file is the built-in model bit for bit.
absl::Status TrainNews(const NewsTrainOptions& options, base::Files& files, std::ostream& out);

}  // namespace gannet::app
