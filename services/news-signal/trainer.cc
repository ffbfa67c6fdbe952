#include "services/news-signal/trainer.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>
#include <set>

#include "absl/status/status.h"
#include "libs/base/digest.h"
#include "libs/base/status.h"
#include "libs/market/names.h"
#include "services/news-signal/exact_math.h"

namespace gannet::news_signal {
namespace {

constexpr int kUnlabelled = -1;

struct Example {
  std::vector<uint32_t> features;  // dense indices of kept features
  size_t feature_count = 0;        // of all features, kept or not: what serving divides by
  size_t line = 0;
  int type = kUnlabelled, sentiment = kUnlabelled;
};

// One head: weights of `classes` per feature, bias last.
struct Head {
  size_t classes = 0;
  std::vector<double> weights;  // feature × class
  std::array<double, kClasses> bias{};
};

// 1 / sqrt(n) as serving has it.
double Norm(size_t n) { return static_cast<double>(InverseRoot(n)) / 65536.0; }

void Logits(const Head& head, const Example& example, double* out) {
  std::array<double, kClasses> sum{};
  for (const uint32_t feature : example.features) {
    const double* row = &head.weights[feature * head.classes];
    for (size_t c = 0; c < head.classes; ++c) sum[c] += row[c];
  }
  const double norm = Norm(example.feature_count);
  for (size_t c = 0; c < head.classes; ++c) out[c] = sum[c] * norm + head.bias[c];
}

void Probabilities(const double* logits, size_t classes, double temperature, double* out) {
  const double largest = *std::max_element(logits, logits + classes);
  double sum = 0;
  for (size_t c = 0; c < classes; ++c) {
    out[c] = Exp((logits[c] - largest) / temperature);
    sum += out[c];
  }
  for (size_t c = 0; c < classes; ++c) out[c] /= sum;
}

using LabelOf = int Example::*;

struct Fit {
  LabelOf label;
  size_t classes;
  std::vector<double> class_weight;
};

int FoldOf(const Example& example, const TrainOptions& options) {
  return static_cast<int>(example.line % static_cast<size_t>(options.folds));
}

// `skip_fold` < 0: every example is used.
Head TrainHead(const std::vector<Example>& examples, size_t features, const Fit& fit, int skip_fold,
               const TrainOptions& options, base::Rng rng) {
  Head head;
  head.classes = fit.classes;
  head.weights.assign(features * fit.classes, 0.0);
  std::vector<size_t> order;
  for (size_t i = 0; i < examples.size(); ++i) {
    const bool held_out = skip_fold >= 0 && FoldOf(examples[i], options) == skip_fold;
    if (examples[i].*fit.label != kUnlabelled && !held_out) order.push_back(i);
  }
  std::array<double, kClasses> logits{}, probability{};
  for (int epoch = 0; epoch < options.epochs; ++epoch) {
    for (size_t i = order.size(); i > 1; --i) std::swap(order[i - 1], order[rng.Below(i)]);
    const double rate = options.rate / (1 + 0.25 * epoch);
    for (const size_t index : order) {
      const Example& example = examples[index];
      Logits(head, example, logits.data());
      Probabilities(logits.data(), fit.classes, 1.0, probability.data());
      const auto label = static_cast<size_t>(example.*fit.label);
      const double step = rate * fit.class_weight[label];
      const double norm = Norm(example.feature_count);
      std::array<double, kClasses> change{};
      for (size_t c = 0; c < fit.classes; ++c) {
        const double error = (c == label ? 1.0 : 0.0) - probability[c];
        head.bias[c] += 0.05 * step * error;
        change[c] = step * error * norm;
      }
      for (const uint32_t feature : example.features) {
        double* row = &head.weights[feature * fit.classes];
        for (size_t c = 0; c < fit.classes; ++c) row[c] += change[c];
      }
    }
    for (double& weight : head.weights) weight *= 1 - options.decay;
  }
  return head;
}

// Held-out logits of every labelled example, fold by fold.
struct HeldOut {
  std::vector<size_t> examples;
  std::vector<std::array<double, kClasses>> logits;
};

HeldOut PredictFolds(const std::vector<Example>& examples, size_t features, const Fit& fit,
                     const TrainOptions& options, base::Rng& rng) {
  HeldOut held_out;
  for (int fold = 0; fold < options.folds; ++fold) {
    const Head head = TrainHead(examples, features, fit, fold, options, rng.Fork());
    for (size_t i = 0; i < examples.size(); ++i) {
      if (FoldOf(examples[i], options) != fold || examples[i].*fit.label == kUnlabelled) continue;
      held_out.examples.push_back(i);
      held_out.logits.emplace_back();
      Logits(head, examples[i], held_out.logits.back().data());
    }
  }
  return held_out;
}

// The temperature of a fixed grid with the smallest weighted log-loss.
double FindTemperature(const HeldOut& held_out, const std::vector<Example>& examples,
                       const Fit& fit) {
  double best = 1, best_loss = 0;
  for (int step = 0; step <= 40; ++step) {
    const double temperature = 0.3 + 0.1 * step;
    double loss = 0;
    for (size_t i = 0; i < held_out.examples.size(); ++i) {
      const auto label = static_cast<size_t>(examples[held_out.examples[i]].*fit.label);
      std::array<double, kClasses> p{};
      Probabilities(held_out.logits[i].data(), fit.classes, temperature, p.data());
      loss -= fit.class_weight[label] * Log(std::max(p[label], 1e-12));
    }
    if (step == 0 || loss < best_loss) {
      best = temperature;
      best_loss = loss;
    }
  }
  return best;
}

struct Outcome {
  double probability = 0, weight = 0;
  bool right = false;
  int fold = 0;
};

std::vector<Outcome> Outcomes(const HeldOut& held_out, const std::vector<Example>& examples,
                              const Fit& fit, double temperature, const TrainOptions& options,
                              std::vector<int>& labels, std::vector<int>& predictions) {
  std::vector<Outcome> outcomes;
  for (size_t i = 0; i < held_out.examples.size(); ++i) {
    std::array<double, kClasses> p{};
    Probabilities(held_out.logits[i].data(), fit.classes, temperature, p.data());
    const auto best =
        std::max_element(p.begin(), p.begin() + static_cast<ptrdiff_t>(fit.classes)) - p.begin();
    const int label = examples[held_out.examples[i]].*fit.label;
    labels.push_back(label);
    predictions.push_back(static_cast<int>(best));
    outcomes.push_back({p[static_cast<size_t>(best)], fit.class_weight[static_cast<size_t>(label)],
                        label == best, FoldOf(examples[held_out.examples[i]], options)});
  }
  return outcomes;
}

// Share of right answers near each knot, made monotone (pool adjacent violators),
// with two imaginary outcomes at the knot itself to steady empty places.
std::array<uint32_t, kCalibrationKnots> Calibrate(const std::vector<Outcome>& outcomes) {
  std::array<double, kCalibrationKnots> right{}, weight{};
  for (size_t k = 0; k < kCalibrationKnots; ++k) {
    const double score = static_cast<double>(k) / (kCalibrationKnots - 1);
    weight[k] = 2;
    right[k] = 2 * score;
  }
  for (const Outcome& outcome : outcomes) {
    const double position = outcome.probability * (kCalibrationKnots - 1);
    const auto knot =
        static_cast<size_t>(std::min(position + 0.5, static_cast<double>(kCalibrationKnots - 1)));
    weight[knot] += outcome.weight;
    right[knot] += outcome.right ? outcome.weight : 0;
  }
  struct Block {
    double right, weight;
    size_t knots;
  };
  std::vector<Block> blocks;
  for (size_t k = 0; k < kCalibrationKnots; ++k) {
    blocks.push_back({right[k], weight[k], 1});
    while (blocks.size() > 1) {
      Block& last = blocks.back();
      Block& before = blocks[blocks.size() - 2];
      if (before.right / before.weight <= last.right / last.weight) break;
      before = {before.right + last.right, before.weight + last.weight, before.knots + last.knots};
      blocks.pop_back();
    }
  }
  std::array<uint32_t, kCalibrationKnots> knots{};
  size_t k = 0;
  for (const Block& block : blocks) {
    for (size_t i = 0; i < block.knots; ++i)
      knots[k++] = static_cast<uint32_t>(block.right / block.weight * 1'000'000 + 0.5);
  }
  return knots;
}

// Of each fold with what the other folds were calibrated to: what the model ships with has seen
// them all.
double CalibrationError(const std::vector<Outcome>& outcomes, int folds) {
  std::vector<std::array<uint32_t, kCalibrationKnots>> calibrated;
  for (int fold = 0; fold < folds; ++fold) {
    std::vector<Outcome> others;
    std::copy_if(outcomes.begin(), outcomes.end(), std::back_inserter(others),
                 [fold](const Outcome& outcome) { return outcome.fold != fold; });
    calibrated.push_back(Calibrate(others));
  }
  std::array<double, 10> said{}, right{}, weight{};
  for (const Outcome& outcome : outcomes) {
    const auto& knots = calibrated[static_cast<size_t>(outcome.fold)];
    const double position = outcome.probability * (kCalibrationKnots - 1);
    const auto knot = std::min<size_t>(static_cast<size_t>(position), kCalibrationKnots - 2);
    const double confidence = (knots[knot] + (static_cast<double>(knots[knot + 1]) - knots[knot]) *
                                                 (position - static_cast<double>(knot))) /
                              1e6;
    const auto bin = std::min<size_t>(static_cast<size_t>(confidence * 10), 9);
    said[bin] += outcome.weight * confidence;
    right[bin] += outcome.right ? outcome.weight : 0;
    weight[bin] += outcome.weight;
  }
  double error = 0, all = 0;
  for (size_t bin = 0; bin < 10; ++bin) {
    error += std::abs(said[bin] - right[bin]);
    all += weight[bin];
  }
  return all > 0 ? error / all : 0;
}

int8_t Rounded(double weight) {
  const double scaled = weight * kWeightsPerUnit;
  const double clamped = std::clamp(scaled, -127.0, 127.0);
  return static_cast<int8_t>(clamped < 0 ? clamped - 0.5 : clamped + 0.5);
}

struct Prepared {
  std::vector<Example> examples;
  std::vector<uint32_t> buckets;  // dense index → bucket, ascending
};

Prepared Prepare(const std::vector<LabelledHeadline>& headlines, const Dictionary& dictionary,
                 const Lexicon& lexicon, const TrainOptions& options) {
  base::Rng rng(options.seed);
  Prepared prepared;
  std::vector<std::vector<uint32_t>> raw;
  std::map<uint32_t, std::pair<size_t, size_t>> lines_of;  // bucket → (lines, last line)
  for (size_t line = 0; line < headlines.size(); ++line) {
    const LabelledHeadline& headline = headlines[line];
    const bool template_line = headline.text.find('{') != std::string::npos;
    for (int i = 0; i < (template_line ? options.expansions : 1); ++i) {
      const std::string text =
          template_line ? FillPlaceholders(headline.text, dictionary, rng) : headline.text;
      const std::vector<Token> tokens = Tokenize(text);
      raw.push_back(MakeFeatures(tokens, dictionary.Find(tokens), lexicon));
      Example example;
      example.line = line;
      example.feature_count = raw.back().size();
      if (headline.type) example.type = static_cast<int>(ClassOf(*headline.type));
      if (headline.sentiment) example.sentiment = *headline.sentiment + 1;
      prepared.examples.push_back(std::move(example));
      for (const uint32_t bucket : raw.back()) {
        auto& [lines, last] = lines_of[bucket];
        if (lines == 0 || last != line) ++lines;
        last = line;
      }
    }
  }
  for (const auto& [bucket, lines] : lines_of) {
    if (lines.first >= options.min_lines) prepared.buckets.push_back(bucket);
  }
  for (size_t i = 0; i < raw.size(); ++i) {
    for (const uint32_t bucket : raw[i]) {
      const auto found = std::lower_bound(prepared.buckets.begin(), prepared.buckets.end(), bucket);
      if (found != prepared.buckets.end() && *found == bucket) {
        prepared.examples[i].features.push_back(
            static_cast<uint32_t>(found - prepared.buckets.begin()));
      }
    }
  }
  return prepared;
}

// Weights that give each class its share, whatever the corpus has of it.
absl::StatusOr<std::vector<double>> ClassWeights(const std::vector<Example>& examples,
                                                 LabelOf label, const std::vector<double>& share) {
  std::vector<double> count(share.size(), 0);
  double all = 0;
  for (const Example& example : examples) {
    if (example.*label == kUnlabelled) continue;
    ++count[static_cast<size_t>(example.*label)];
    ++all;
  }
  std::vector<double> weights;
  for (size_t c = 0; c < share.size(); ++c) {
    if (count[c] == 0)
      return absl::InvalidArgumentError("training needs headlines of every class; class " +
                                        std::to_string(c) + " has none");
    weights.push_back(share[c] * all / count[c]);
  }
  return weights;
}

std::string CorpusHash(const std::vector<LabelledHeadline>& headlines) {
  base::Sha256Stream hash;
  for (const LabelledHeadline& headline : headlines) {
    hash.Update(headline.type ? market::Name(*headline.type) : "?");
    hash.Update("\t" + (headline.sentiment ? std::to_string(*headline.sentiment) : "?") + "\t" +
                headline.text + "\n");
  }
  return base::Hex(hash.Peek());
}

// Half of the corpus's own shares and half of equal ones.
std::vector<double> SentimentShares(const std::vector<Example>& examples) {
  std::vector<double> share(kSentimentClasses, 0);
  double all = 0;
  for (const Example& example : examples) {
    if (example.sentiment == kUnlabelled) continue;
    ++share[static_cast<size_t>(example.sentiment)];
    ++all;
  }
  for (double& s : share) s = 0.5 * s / std::max(all, 1.0) + 0.5 / kSentimentClasses;
  return share;
}

void PutHead(const Head& head, size_t first_class, const std::vector<uint32_t>& buckets,
             ModelParts& parts) {
  for (size_t feature = 0; feature < buckets.size(); ++feature) {
    for (size_t c = 0; c < head.classes; ++c) {
      parts.rows[feature].weights[first_class + c] =
          Rounded(head.weights[feature * head.classes + c]);
    }
  }
  for (size_t c = 0; c < head.classes; ++c) {
    const double scaled = head.bias[c] * 65536.0;
    parts.bias_q16[first_class + c] =
        static_cast<int32_t>(scaled < 0 ? scaled - 0.5 : scaled + 0.5);
  }
}

uint32_t Ppm(double value) { return static_cast<uint32_t>(value * 1'000'000 + 0.5); }

double Accuracy(const std::vector<int>& labels, const std::vector<int>& predictions) {
  size_t right = 0;
  for (size_t i = 0; i < labels.size(); ++i) right += labels[i] == predictions[i] ? 1 : 0;
  return labels.empty() ? 0 : static_cast<double>(right) / static_cast<double>(labels.size());
}

}  // namespace

double MacroF1(const std::vector<int>& labels, const std::vector<int>& predictions, int classes) {
  double sum = 0;
  int counted = 0;
  for (int c = 0; c < classes; ++c) {
    double hit = 0, said = 0, meant = 0;
    for (size_t i = 0; i < labels.size(); ++i) {
      hit += labels[i] == c && predictions[i] == c ? 1 : 0;
      said += predictions[i] == c ? 1 : 0;
      meant += labels[i] == c ? 1 : 0;
    }
    if (said + meant == 0) continue;
    ++counted;
    sum += 2 * hit / (said + meant);
  }
  return counted > 0 ? sum / counted : 0;
}

absl::StatusOr<TrainResult> TrainModel(const std::vector<LabelledHeadline>& headlines,
                                       const Dictionary& dictionary,
                                       const std::string& lexicon_text,
                                       const TrainOptions& options) {
  if (options.folds < 2 || options.epochs < 1 || options.expansions < 1) {
    return absl::InvalidArgumentError("training needs at least 2 folds, 1 epoch and 1 expansion");
  }
  GANNET_ASSIGN_OR_RETURN(const Lexicon lexicon, Lexicon::Parse(lexicon_text));
  const Prepared prepared = Prepare(headlines, dictionary, lexicon, options);
  Fit type{&Example::type, kTypeClasses, {}}, sentiment{&Example::sentiment, kSentimentClasses, {}};
  GANNET_ASSIGN_OR_RETURN(type.class_weight,
                          ClassWeights(prepared.examples, type.label,
                                       {options.type_prior.begin(), options.type_prior.end()}));
  GANNET_ASSIGN_OR_RETURN(sentiment.class_weight, ClassWeights(prepared.examples, sentiment.label,
                                                               SentimentShares(prepared.examples)));

  base::Rng rng(options.seed + 1);
  TrainResult result;
  ModelParts& parts = result.parts;
  parts.name = options.name;
  parts.lexicon = lexicon_text;
  parts.corpus_hash = CorpusHash(headlines);
  parts.dictionary_version = dictionary.version();
  parts.seed = options.seed;
  for (const uint32_t bucket : prepared.buckets) parts.rows.push_back({bucket, {}});

  const size_t features = prepared.buckets.size();
  const HeldOut type_held = PredictFolds(prepared.examples, features, type, options, rng);
  const HeldOut sentiment_held = PredictFolds(prepared.examples, features, sentiment, options, rng);
  const double type_temperature = FindTemperature(type_held, prepared.examples, type);
  const double sentiment_temperature =
      FindTemperature(sentiment_held, prepared.examples, sentiment);
  parts.type_temperature_ppm = Ppm(type_temperature);
  parts.sentiment_temperature_ppm = Ppm(sentiment_temperature);

  std::vector<int> labels, predictions;
  const std::vector<Outcome> outcomes =
      Outcomes(type_held, prepared.examples, type, type_temperature, options, labels, predictions);
  parts.confidence_ppm = Calibrate(outcomes);
  result.scores.calibration_error = CalibrationError(outcomes, options.folds);
  result.scores.type_accuracy = Accuracy(labels, predictions);
  result.scores.type_macro_f1 = MacroF1(labels, predictions, kTypeClasses);
  labels.clear();
  predictions.clear();
  Outcomes(sentiment_held, prepared.examples, sentiment, sentiment_temperature, options, labels,
           predictions);
  result.scores.sentiment_accuracy = Accuracy(labels, predictions);
  result.scores.sentiment_macro_f1 = MacroF1(labels, predictions, kSentimentClasses);

  PutHead(TrainHead(prepared.examples, features, type, -1, options, rng.Fork()), 0,
          prepared.buckets, parts);
  PutHead(TrainHead(prepared.examples, features, sentiment, -1, options, rng.Fork()), kTypeClasses,
          prepared.buckets, parts);
  std::erase_if(parts.rows, [](const WeightRow& row) {
    return std::all_of(row.weights.begin(), row.weights.end(), [](int8_t w) { return w == 0; });
  });
  return result;
}

}  // namespace gannet::news_signal
