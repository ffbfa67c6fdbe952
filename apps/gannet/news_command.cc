#include "apps/gannet/news_command.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <map>
#include <memory>
#include <optional>
#include <ostream>
#include <utility>

#include "apps/gannet/news_ingest_run.h"
#include "libs/base/concat.h"
#include "libs/base/digest.h"
#include "libs/base/line_reader.h"
#include "libs/base/status.h"
#include "libs/base/time.h"
#include "libs/market/names.h"
#include "services/ingest/feed_text.h"
#include "services/news-signal/app.h"
#include "services/news-signal/embedded.h"
#include "services/news-signal/training.h"

namespace gannet::app {
namespace {

using news_signal::LabelledHeadline;
using news_signal::TableLabels;

constexpr size_t kMaxTableBytes = 256u << 20;
constexpr size_t kMaxTableLine = 1u << 20;

// A text file, plain or gzip.
absl::StatusOr<std::string> ReadText(base::Files& files, const std::string& path) {
  GANNET_ASSIGN_OR_RETURN(const std::unique_ptr<base::LineReader> lines,
                          base::LineReader::Open(files, path, kMaxTableLine));
  std::string text;
  for (;;) {
    GANNET_ASSIGN_OR_RETURN(const std::optional<base::Line> line, lines->Next());
    if (!line) return text;
    text.append(line->text).push_back('\n');
    if (text.size() > kMaxTableBytes)
      return absl::InvalidArgumentError(path + " is larger than any table of headlines");
  }
}

std::string Fixed(double value, int digits) {
  std::array<char, 32> buffer{};
  std::snprintf(buffer.data(), buffer.size(), "%.*f", digits, value);
  return buffer.data();
}

std::string Padded(const std::string& text, size_t width) {
  return text.size() >= width ? text : text + std::string(width - text.size(), ' ');
}

// Labels and predictions of one question, by class.
struct Answers {
  std::vector<std::string> classes;
  std::vector<int> labels, predictions;
};

double Accuracy(const std::vector<int>& labels, const std::vector<int>& predictions) {
  size_t right = 0;
  for (size_t i = 0; i < labels.size(); ++i) right += labels[i] == predictions[i] ? 1 : 0;
  return static_cast<double>(right) / static_cast<double>(std::max<size_t>(labels.size(), 1));
}

size_t Count(const std::vector<int>& values, int value) {
  return static_cast<size_t>(std::count(values.begin(), values.end(), value));
}

void PrintScores(const std::string& title, const Answers& answers, std::ostream& out) {
  const int classes = static_cast<int>(answers.classes.size());
  int majority = 0;
  for (int c = 1; c < classes; ++c) {
    if (Count(answers.labels, c) > Count(answers.labels, majority)) majority = c;
  }
  const std::vector<int> always(answers.labels.size(), majority);
  out << title << ": " << answers.labels.size() << " headlines\n"
      << "  accuracy " << Fixed(Accuracy(answers.labels, answers.predictions), 3) << "   macro-F1 "
      << Fixed(news_signal::MacroF1(answers.labels, answers.predictions, classes), 3)
      << "   (always " << answers.classes[static_cast<size_t>(majority)] << ": accuracy "
      << Fixed(Accuracy(answers.labels, always), 3) << "   macro-F1 "
      << Fixed(news_signal::MacroF1(answers.labels, always, classes), 3) << ")\n  "
      << Padded("class", 16) << "labelled  predicted  precision  recall  F1\n";
  for (int c = 0; c < classes; ++c) {
    size_t hit = 0;
    for (size_t i = 0; i < answers.labels.size(); ++i)
      hit += answers.labels[i] == c && answers.predictions[i] == c ? 1 : 0;
    const double labelled = static_cast<double>(Count(answers.labels, c)),
                 predicted = static_cast<double>(Count(answers.predictions, c));
    const double h = static_cast<double>(hit);
    out << "  " << Padded(answers.classes[static_cast<size_t>(c)], 16)
        << Padded(Fixed(labelled, 0), 10) << Padded(Fixed(predicted, 0), 11)
        << Padded(predicted > 0 ? Fixed(h / predicted, 3) : "-", 11)
        << Padded(labelled > 0 ? Fixed(h / labelled, 3) : "-", 8)
        << (labelled + predicted > 0 ? Fixed(2 * h / (labelled + predicted), 3) : "-") << "\n";
  }
}

// Mean gap between what was claimed and what was right, over 15 bins.
double CalibrationError(const std::vector<double>& confidence, const std::vector<bool>& right) {
  constexpr size_t kBins = 15;
  std::array<double, kBins> said{}, correct{}, count{};
  for (size_t i = 0; i < confidence.size(); ++i) {
    const size_t bin = std::min<size_t>(static_cast<size_t>(confidence[i] * kBins), kBins - 1);
    said[bin] += confidence[i];
    correct[bin] += right[i] ? 1 : 0;
    count[bin] += 1;
  }
  double error = 0;
  for (size_t bin = 0; bin < kBins; ++bin)
    error += said[bin] > correct[bin] ? said[bin] - correct[bin] : correct[bin] - said[bin];
  return confidence.empty() ? 0 : error / static_cast<double>(confidence.size());
}

// "<first 16 hex digits of the SHA-256 of the headline>, tab, event type" a line:
// labels that can be published where the headlines cannot.
absl::StatusOr<std::map<std::string, market::NewsEventType>> ReadEventLabels(
    base::Files& files, const std::string& path) {
  GANNET_ASSIGN_OR_RETURN(const std::unique_ptr<base::LineReader> lines,
                          base::LineReader::Open(files, path, kMaxTableLine));
  std::map<std::string, market::NewsEventType> labels;
  for (;;) {
    GANNET_ASSIGN_OR_RETURN(const std::optional<base::Line> line, lines->Next());
    if (!line) return labels;
    if (line->text.empty() || line->text.front() == '#') continue;
    const size_t tab = line->text.find('\t');
    const auto type =
        tab == 16 ? news_signal::ParseEventType(line->text.substr(tab + 1)) : std::nullopt;
    if (!type) {
      return absl::InvalidArgumentError(path + " line " + std::to_string(line->number) +
                                        ": wanted 16 hex digits, a tab and an event type");
    }
    labels[std::string(line->text.substr(0, tab))] = *type;
  }
}

bool IsDay(std::string_view text) {
  constexpr size_t kDayBytes = 10;
  return text.size() == kDayBytes &&
         base::ParseRfc3339(base::Concat({text, "T00:00:00Z"})).has_value();
}

absl::Status CheckDay(std::string_view option, std::string_view day) {
  if (day.empty() || IsDay(day)) return absl::OkStatus();
  return absl::InvalidArgumentError(
      base::Concat({option, ": '", day, "' is no day; write YYYY-MM-DD"}));
}

// Of the row's date only the day counts, which must be written as the option's is: days
// of any other form do not compare as texts.
absl::StatusOr<bool> IsBefore(const LabelledHeadline& row, std::string_view day,
                              std::string_view option) {
  const std::string_view date = std::string_view(row.date).substr(0, day.size());
  if (IsDay(date)) return date < day;
  return absl::InvalidArgumentError(base::Concat(
      {"row ", std::to_string(row.row), ": the date '", row.date,
       "' does not begin with YYYY-MM-DD, so that ", option, " cannot be told of it"}));
}

absl::StatusOr<std::vector<LabelledHeadline>> ReadTable(const NewsEvalOptions& options,
                                                        base::Files& files, std::ostream& out) {
  GANNET_RETURN_IF_ERROR(CheckDay("--from", options.from_date));
  GANNET_ASSIGN_OR_RETURN(const std::string text, ReadText(files, options.table));
  absl::StatusOr<std::vector<LabelledHeadline>> rows = ParseLabelledTable(
      text, options.events.empty() ? TableLabels::kRequired : TableLabels::kIgnored);
  if (!rows.ok()) return base::Annotate(rows.status(), options.table);
  if (!options.events.empty()) {
    GANNET_ASSIGN_OR_RETURN(auto labels, ReadEventLabels(files, options.events));
    for (LabelledHeadline& row : *rows) {
      const auto found = labels.find(base::Hex(base::Sha256(row.text)).substr(0, 16));
      if (found == labels.end()) continue;
      row.type = found->second;
      labels.erase(found);  // a headline that stands twice counts once
    }
  }
  std::vector<LabelledHeadline> scored;
  size_t without_text = 0;
  for (LabelledHeadline& row : *rows) {
    if (!row.type && !row.sentiment) continue;
    if (!options.from_date.empty()) {
      const absl::StatusOr<bool> before = IsBefore(row, options.from_date, "--from");
      if (!before.ok()) return base::Annotate(before.status(), options.table);
      if (*before) continue;
    }
    if (row.text.empty()) {
      ++without_text;
      continue;
    }
    scored.push_back(std::move(row));
  }
  if (scored.empty())
    return absl::InvalidArgumentError(options.table + ": no labelled headline to score");
  if (without_text > 0) out << without_text << " rows without a headline are left out\n";
  return scored;
}

absl::StatusOr<std::shared_ptr<const news_signal::Classifier>> Load(const std::string& dictionary,
                                                                    const std::string& model,
                                                                    base::Files& files) {
  news_signal::NewsSignalConfig config;
  config.dictionary_file = dictionary;
  config.model_file = model;
  return news_signal::LoadClassifier(config, files);
}

// Three classes by the larger of the two tails, as the model's head decides.
int SentimentClass(const news_signal::Classifier& classifier, const news_signal::Reading& reading) {
  const auto scores = classifier.model().Score(
      news_signal::MakeFeatures(reading.tokens, reading.mentions, classifier.model().lexicon()));
  return static_cast<int>(
      std::max_element(scores.sentiment_ppm.begin(), scores.sentiment_ppm.end()) -
      scores.sentiment_ppm.begin());
}

}  // namespace

absl::Status IngestNews(const NewsIngestOptions& options, base::Files& files,
                        const base::Clock& clock, std::ostream& out, std::ostream& diagnostics) {
  NewsIngestRun run(options, files, clock, out, diagnostics);
  GANNET_RETURN_IF_ERROR(run.Open());
  absl::Status first_problem;
  for (const std::string& input : options.inputs) {
    const absl::Status status = run.Take(input);
    if (!status.ok()) diagnostics << status.message() << "\n";
    if (first_problem.ok()) first_problem = status;
  }
  run.Report();
  return first_problem;
}

absl::Status EvaluateNews(const NewsEvalOptions& options, base::Files& files, std::ostream& out) {
  GANNET_ASSIGN_OR_RETURN(const auto classifier, Load(options.dictionary, options.model, files));
  GANNET_ASSIGN_OR_RETURN(const std::vector<LabelledHeadline> rows, ReadTable(options, files, out));
  Answers sentiment{{"negative", "neutral", "positive"}, {}, {}}, types{{}, {}, {}};
  for (size_t c = 0; c < news_signal::kTypeClasses; ++c)
    types.classes.emplace_back(market::Name(news_signal::TypeOf(c)));
  std::vector<double> confidence;
  std::vector<bool> right;
  for (const LabelledHeadline& row : rows) {
    const std::string title = ingest::RepairUtf8(row.text);
    const news_signal::Reading reading = classifier->Read(title);
    if (row.sentiment) {
      sentiment.labels.push_back(*row.sentiment + 1);
      sentiment.predictions.push_back(SentimentClass(*classifier, reading));
    }
    if (row.type) {
      types.labels.push_back(static_cast<int>(news_signal::ClassOf(*row.type)));
      types.predictions.push_back(static_cast<int>(news_signal::ClassOf(reading.type)));
      confidence.push_back(reading.confidence_ppm / 1e6);
      right.push_back(*row.type == reading.type);
      if (options.errors && *row.type != reading.type) {
        out << market::Name(*row.type) << " read as " << market::Name(reading.type) << " ("
            << Fixed(confidence.back(), 2) << "): " << title << "\n";
      }
    }
  }
  out << "model " << classifier->model().version() << ", dictionary "
      << classifier->dictionary().version() << "\n";
  if (!sentiment.labels.empty()) PrintScores("sentiment", sentiment, out);
  if (!types.labels.empty()) {
    PrintScores("event type", types, out);
    out << "  calibration error of the confidence (15 bins): "
        << Fixed(CalibrationError(confidence, right), 3) << "\n";
  }
  return absl::OkStatus();
}

absl::Status TrainNews(const NewsTrainOptions& options, base::Files& files, std::ostream& out) {
  GANNET_RETURN_IF_ERROR(CheckDay("--before", options.before_date));
  std::string dictionary_text(news_signal::EmbeddedDictionary());
  if (!options.dictionary.empty()) {
    GANNET_ASSIGN_OR_RETURN(dictionary_text, files.Read(options.dictionary));
  }
  GANNET_ASSIGN_OR_RETURN(const news_signal::Dictionary dictionary,
                          news_signal::Dictionary::Parse(dictionary_text));
  GANNET_ASSIGN_OR_RETURN(std::vector<LabelledHeadline> headlines, news_signal::ShippedCorpus());
  out << "corpus: " << headlines.size() << " lines written for this project\n";
  news_signal::TrainOptions train;
  if (!options.labelled.empty()) {
    GANNET_ASSIGN_OR_RETURN(const std::string text, ReadText(files, options.labelled));
    absl::StatusOr<std::vector<LabelledHeadline>> rows =
        ParseLabelledTable(text, TableLabels::kRequired);
    if (!rows.ok()) return base::Annotate(rows.status(), options.labelled);
    size_t added = 0;
    for (LabelledHeadline& row : *rows) {
      if (!options.before_date.empty()) {
        const absl::StatusOr<bool> before = IsBefore(row, options.before_date, "--before");
        if (!before.ok()) return base::Annotate(before.status(), options.labelled);
        if (!*before) continue;
      }
      row.text = ingest::RepairUtf8(row.text);
      headlines.push_back(std::move(row));
      ++added;
    }
    out << "added: " << added << " labelled headlines of " << options.labelled
        << " (a model trained on them is yours to use as their licence permits)\n";
    train.name = "headlines-private";
  }
  GANNET_ASSIGN_OR_RETURN(
      const news_signal::TrainResult result,
      TrainModel(headlines, dictionary, std::string(news_signal::EmbeddedLexicon()), train));
  const std::string bytes = FormatModel(result.parts);
  GANNET_RETURN_IF_ERROR(files.WriteAtomically(options.out, bytes));
  GANNET_ASSIGN_OR_RETURN(const news_signal::Model model, news_signal::Model::Parse(bytes));
  const news_signal::FoldScores& s = result.scores;
  out << "held-out folds of what it was trained on, which say little of other headlines (see "
         "docs/news.md):\n"
      << "  event type   accuracy " << Fixed(s.type_accuracy, 3) << "   macro-F1 "
      << Fixed(s.type_macro_f1, 3) << "   calibration error " << Fixed(s.calibration_error, 3)
      << "\n"
      << "  sentiment    accuracy " << Fixed(s.sentiment_accuracy, 3) << "   macro-F1 "
      << Fixed(s.sentiment_macro_f1, 3) << "\n"
      << "wrote " << options.out << ": " << model.version() << ", " << result.parts.rows.size()
      << " features, " << bytes.size() << " bytes\n"
      << "the same as the built-in model, bit for bit: "
      << (bytes == news_signal::EmbeddedModel() ? "yes" : "no") << "\n";
  return absl::OkStatus();
}

}  // namespace gannet::app
