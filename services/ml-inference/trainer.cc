#include "services/ml-inference/trainer.h"

#define ONNX_ML 1
#define ONNX_NAMESPACE onnx
#include <onnx/onnx_pb.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <optional>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "libs/base/rng.h"
#include "libs/base/status.h"
#include "services/ml-inference/onnx_model.h"

namespace gannet::ml_inference {
namespace {

constexpr size_t kFeatures = signal::kBookFeatureCount;
constexpr size_t kClasses = 3;
constexpr size_t kLeastRows = 300;
constexpr int kFolds = 5;
constexpr size_t kLeastBlocks = 10;
constexpr double kFirstTrainShare = 0.4;  // of the rows, before the first fold
constexpr int kIterations = 400;
constexpr double kRidge = 1e-3;
constexpr double kParityLimit = 1e-5;
constexpr int kBootstrapRounds = 1'000;
constexpr double kLeastProbability = 1e-6;

constexpr base::Duration kSampleInterval = signal::BookFeatureEngine::kSampleInterval;

using Probabilities = std::array<double, kClasses>;

Move MoveOf(double from, double to, double spread) {
  const double change = to - from;
  if (change > spread / 2) return Move::kUp;
  return change < -spread / 2 ? Move::kDown : Move::kFlat;
}

// What one way of predicting scored on the test rows, in order.
struct Tally {
  std::vector<double> brier;
  double log_loss = 0;
  int64_t right = 0;
  void Add(const Probabilities& p, Move label) {
    double error = 0;
    for (size_t c = 0; c < kClasses; ++c) {
      const double hit = c == static_cast<size_t>(label) ? 1 : 0;
      error += (p[c] - hit) * (p[c] - hit);
    }
    brier.push_back(error);
    log_loss -= std::log(std::max(p[static_cast<size_t>(label)], kLeastProbability));
    if (std::max_element(p.begin(), p.end()) - p.begin() == static_cast<ptrdiff_t>(label)) ++right;
  }
  double rows() const { return static_cast<double>(brier.size()); }
  double MeanBrier() const {
    double sum = 0;
    for (const double value : brier) sum += value;
    return sum / rows();
  }
};

Probabilities ClassPrior(const std::vector<const LabelledRow*>& rows) {
  Probabilities p{1, 1, 1};  // Laplace: a class never seen is not impossible
  for (const LabelledRow* row : rows) p[static_cast<size_t>(row->label)] += 1;
  const double total = p[0] + p[1] + p[2];
  for (double& value : p) value /= total;
  return p;
}

// How often each class followed each class: persistence as probabilities.
class Persistence {
 public:
  explicit Persistence(const std::vector<const LabelledRow*>& rows) {
    for (auto& from : counts_) from = {1, 1, 1};
    for (const LabelledRow* row : rows)
      counts_[static_cast<size_t>(row->previous)][static_cast<size_t>(row->label)] += 1;
  }
  Probabilities After(Move previous) const {
    Probabilities p = counts_[static_cast<size_t>(previous)];
    const double total = p[0] + p[1] + p[2];
    for (double& value : p) value /= total;
    return p;
  }

 private:
  std::array<Probabilities, kClasses> counts_{};
};

struct WalkForward {
  Tally model, prior, persistence;
  int folds = 0;  // with enough rows before them
};

absl::StatusOr<WalkForward> RunWalkForward(const std::vector<LabelledRow>& rows) {
  // Folds of equally many rows, cut between two moments: recordings may lie days apart.
  const auto boundary = [&rows](int fold) {
    if (fold == kFolds) return rows.back().features.time + base::Duration(1);
    const double share = kFirstTrainShare + (1 - kFirstTrainShare) * fold / kFolds;
    return rows[static_cast<size_t>(static_cast<double>(rows.size()) * share)].features.time;
  };
  WalkForward result;
  for (int fold = 0; fold < kFolds; ++fold) {
    const base::Time from = boundary(fold), to = boundary(fold + 1);
    std::vector<const LabelledRow*> train;
    for (const LabelledRow& row : rows) {
      if (row.known < from) train.push_back(&row);  // purged: its label was known
    }
    if (train.size() < kLeastRows / 4) continue;
    ++result.folds;
    const LinearModel model = Fit(train);
    const Probabilities prior = ClassPrior(train);
    const Persistence persistence(train);
    for (const LabelledRow& row : rows) {
      if (row.features.time < from || row.features.time >= to) continue;
      result.model.Add(model.Probabilities(row.features), row.label);
      result.prior.Add(prior, row.label);
      result.persistence.Add(persistence.After(row.previous), row.label);
    }
  }
  if (result.model.brier.empty())
    return absl::InvalidArgumentError("the rows cover too little time to be scored; record longer");
  return result;
}

double Skill(const std::vector<double>& model, const std::vector<double>& reference,
             const std::vector<size_t>& rows) {
  double ours = 0, theirs = 0;
  for (const size_t row : rows) {
    ours += model[row];
    theirs += reference[row];
  }
  return theirs > 0 ? 1 - ours / theirs : 0;
}

// Brier skill against the class prior with a block-bootstrap 95 % interval:
// labels overlap within the horizon, so blocks of it are drawn, not rows. A handful
// of blocks is the same sample again and again: no interval then.
void ScoreSkill(const WalkForward& walk, size_t block, Manifest& manifest) {
  const size_t n = walk.model.brier.size();
  std::vector<size_t> all(n);
  for (size_t i = 0; i < n; ++i) all[i] = i;
  manifest.brier_skill = Skill(walk.model.brier, walk.prior.brier, all);
  if (n < kLeastBlocks * block) return;
  base::Rng rng(1);
  std::vector<double> draws;
  for (int round = 0; round < kBootstrapRounds; ++round) {
    std::vector<size_t> drawn;
    while (drawn.size() < n) {
      const size_t start = rng.Below(n - block + 1);
      for (size_t i = 0; i < block; ++i) drawn.push_back(start + i);
    }
    draws.push_back(Skill(walk.model.brier, walk.prior.brier, drawn));
  }
  std::sort(draws.begin(), draws.end());
  manifest.brier_interval_95 =
      Interval{draws[draws.size() * 25 / 1000], draws[draws.size() * 975 / 1000]};
}

// Rows of several instruments share a moment: a block spans twice the horizon in all.
size_t BlockLength(const std::vector<LabelledRow>& rows, base::Duration horizon) {
  size_t moments = 1;
  for (size_t i = 1; i < rows.size(); ++i) {
    if (rows[i].features.time != rows[i - 1].features.time) ++moments;
  }
  const double rows_a_moment = static_cast<double>(rows.size()) / static_cast<double>(moments);
  const double moments_a_block =
      2.0 * static_cast<double>(horizon.count()) / static_cast<double>(kSampleInterval.count());
  return static_cast<size_t>(std::ceil(moments_a_block * rows_a_moment));
}

std::vector<LabelledRow> LabelAll(const std::vector<Recording>& recordings,
                                  base::Duration horizon) {
  std::vector<LabelledRow> all;
  for (const Recording& recording : recordings) {
    const std::vector<LabelledRow> rows = LabelRows(recording, horizon);
    all.insert(all.end(), rows.begin(), rows.end());
  }
  std::stable_sort(all.begin(), all.end(), [](const LabelledRow& a, const LabelledRow& b) {
    return a.features.time < b.features.time;
  });
  return all;
}

absl::Status CheckParity(const LinearModel& model, const std::string& onnx,
                         const std::vector<LabelledRow>& rows, Manifest& manifest) {
  GANNET_ASSIGN_OR_RETURN(const std::unique_ptr<Model> served, LoadOnnxModel(onnx, manifest.info));
  const size_t step = std::max<size_t>(1, rows.size() / 1'000);
  for (size_t i = 0; i < rows.size(); i += step) {
    GANNET_ASSIGN_OR_RETURN(const Scores scores, served->Score(rows[i].features));
    const Probabilities ours = model.Probabilities(rows[i].features);
    const Probabilities theirs{scores.down_ppm / 1e6, scores.flat_ppm / 1e6, scores.up_ppm / 1e6};
    for (size_t c = 0; c < kClasses; ++c) {
      manifest.parity_max_difference =
          std::max(manifest.parity_max_difference, std::fabs(ours[c] - theirs[c]));
    }
    ++manifest.parity_rows;
  }
  if (manifest.parity_max_difference > kParityLimit) {
    return absl::FailedPreconditionError(
        absl::StrCat("ONNX Runtime and the trainer differ by ", manifest.parity_max_difference,
                     ", more than ", kParityLimit, "; the model is not published"));
  }
  return absl::OkStatus();
}

}  // namespace

std::vector<LabelledRow> LabelRows(const Recording& rows, base::Duration horizon) {
  std::map<market::InstrumentId, std::map<base::Time, const signal::FeatureRow*>> by_instrument;
  for (const auto& row : rows) by_instrument[row.instrument][row.features.time] = &row.features;
  std::vector<LabelledRow> labelled;
  for (const auto& row : rows) {
    const auto& series = by_instrument[row.instrument];
    const auto future = series.find(row.features.time + horizon),
               past = series.find(row.features.time - horizon);
    if (future == series.end() || past == series.end()) continue;
    labelled.push_back({row.features,
                        MoveOf(row.features.mid, future->second->mid, row.features.spread),
                        MoveOf(past->second->mid, row.features.mid, past->second->spread),
                        row.features.time + horizon});
  }
  std::stable_sort(
      labelled.begin(), labelled.end(),
      [](const LabelledRow& a, const LabelledRow& b) { return a.features.time < b.features.time; });
  return labelled;
}

std::array<double, 3> LinearModel::Probabilities(const signal::FeatureRow& row) const {
  std::array<double, kClasses> logits = bias;
  for (size_t f = 0; f < kFeatures; ++f) {
    const double z = (row.values[f] - mean[f]) / deviation[f];
    for (size_t c = 0; c < kClasses; ++c) logits[c] += weight[f][c] * z;
  }
  const double most = *std::max_element(logits.begin(), logits.end());
  double total = 0;
  for (double& value : logits) total += value = std::exp(value - most);
  for (double& value : logits) value /= total;
  return logits;
}

// Full-batch gradient descent with Nesterov momentum on the ridge-penalised
// log-loss: convex, so the start and the order of rows do not matter.
LinearModel Fit(const std::vector<const LabelledRow*>& rows) {
  LinearModel model;
  const double n = static_cast<double>(rows.size());
  for (size_t f = 0; f < kFeatures; ++f) {
    double sum = 0, squares = 0;
    for (const LabelledRow* row : rows) sum += row->features.values[f];
    model.mean[f] = sum / n;
    for (const LabelledRow* row : rows) {
      const double d = row->features.values[f] - model.mean[f];
      squares += d * d;
    }
    model.deviation[f] = std::sqrt(squares / n);
    if (!(model.deviation[f] > 1e-9)) model.deviation[f] = 1;  // a constant feature says nothing
  }
  LinearModel velocity{}, ahead = model;
  const double rate = 1.0, momentum = 0.9;
  for (int step = 0; step < kIterations; ++step) {
    for (size_t c = 0; c < kClasses; ++c) {
      ahead.bias[c] = model.bias[c] + momentum * velocity.bias[c];
      for (size_t f = 0; f < kFeatures; ++f)
        ahead.weight[f][c] = model.weight[f][c] + momentum * velocity.weight[f][c];
    }
    LinearModel gradient{};
    for (const LabelledRow* row : rows) {
      const Probabilities p = ahead.Probabilities(row->features);
      for (size_t c = 0; c < kClasses; ++c) {
        const double error = (p[c] - (c == static_cast<size_t>(row->label) ? 1 : 0)) / n;
        gradient.bias[c] += error;
        for (size_t f = 0; f < kFeatures; ++f) {
          gradient.weight[f][c] +=
              error * (row->features.values[f] - model.mean[f]) / model.deviation[f];
        }
      }
    }
    for (size_t c = 0; c < kClasses; ++c) {
      velocity.bias[c] = momentum * velocity.bias[c] - rate / kFeatures * gradient.bias[c];
      model.bias[c] += velocity.bias[c];
      for (size_t f = 0; f < kFeatures; ++f) {
        const double slope = gradient.weight[f][c] + kRidge * ahead.weight[f][c];
        velocity.weight[f][c] = momentum * velocity.weight[f][c] - rate / kFeatures * slope;
        model.weight[f][c] += velocity.weight[f][c];
      }
    }
  }
  return model;
}

absl::StatusOr<std::string> ExportOnnx(const LinearModel& model) {
  onnx::ModelProto proto;
  proto.set_ir_version(8);
  proto.set_producer_name("gannet");
  onnx::OperatorSetIdProto* opset = proto.add_opset_import();
  opset->set_domain("");
  opset->set_version(13);
  onnx::GraphProto* graph = proto.mutable_graph();
  graph->set_name("direction");

  const auto value = [](onnx::ValueInfoProto* info, const char* name, int64_t width) {
    info->set_name(name);
    auto* tensor = info->mutable_type()->mutable_tensor_type();
    tensor->set_elem_type(onnx::TensorProto::DOUBLE);
    tensor->mutable_shape()->add_dim()->set_dim_param("N");
    tensor->mutable_shape()->add_dim()->set_dim_value(width);
  };
  value(graph->add_input(), "features", kFeatures);
  value(graph->add_output(), "probabilities", kClasses);

  onnx::TensorProto* weight = graph->add_initializer();
  weight->set_name("weight");
  weight->set_data_type(onnx::TensorProto::DOUBLE);
  weight->add_dims(kFeatures);
  weight->add_dims(kClasses);
  onnx::TensorProto* bias = graph->add_initializer();
  bias->set_name("bias");
  bias->set_data_type(onnx::TensorProto::DOUBLE);
  bias->add_dims(kClasses);
  std::array<double, kClasses> shifted = model.bias;
  for (size_t f = 0; f < kFeatures; ++f) {
    for (size_t c = 0; c < kClasses; ++c) {
      const double scaled = model.weight[f][c] / model.deviation[f];
      weight->add_double_data(scaled);
      shifted[c] -= scaled * model.mean[f];
    }
  }
  for (const double b : shifted) bias->add_double_data(b);

  onnx::NodeProto* gemm = graph->add_node();
  gemm->set_op_type("Gemm");
  gemm->set_name("linear");
  for (const char* input : {"features", "weight", "bias"}) gemm->add_input(input);
  gemm->add_output("logits");
  onnx::NodeProto* softmax = graph->add_node();
  softmax->set_op_type("Softmax");
  softmax->set_name("softmax");
  softmax->add_input("logits");
  softmax->add_output("probabilities");
  onnx::AttributeProto* axis = softmax->add_attribute();
  axis->set_name("axis");
  axis->set_type(onnx::AttributeProto::INT);
  axis->set_i(1);

  std::string bytes;
  if (!proto.SerializeToString(&bytes))
    return absl::InternalError("the model could not be written as ONNX");
  return bytes;
}

absl::StatusOr<TrainingResult> Train(const std::string& name,
                                     const std::vector<Recording>& recordings,
                                     base::Duration horizon) {
  if (horizon <= base::Duration(0) || horizon % kSampleInterval != base::Duration(0)) {
    return absl::InvalidArgumentError(
        absl::StrCat("--horizon: ", base::FormatDuration(horizon), " is no whole number of times ",
                     base::FormatDuration(kSampleInterval), ", from one row to the next"));
  }
  const std::vector<LabelledRow> labelled = LabelAll(recordings, horizon);
  if (labelled.size() < kLeastRows) {
    size_t rows = 0;
    for (const Recording& recording : recordings) rows += recording.size();
    return absl::InvalidArgumentError(
        absl::StrCat("only ", labelled.size(), " of ", rows, " rows have a label ",
                     base::FormatDuration(horizon), " ahead; ", kLeastRows,
                     " are needed: record longer, or shorten --horizon"));
  }
  GANNET_ASSIGN_OR_RETURN(const WalkForward walk, RunWalkForward(labelled));
  std::vector<const LabelledRow*> all;
  for (const LabelledRow& row : labelled) all.push_back(&row);
  const LinearModel model = Fit(all);

  TrainingResult result;
  Manifest& m = result.manifest;
  m.info = {name, "", horizon, signal::BookFeatureSchema(), model.mean, model.deviation};
  m.rows = static_cast<int64_t>(labelled.size());
  m.first = labelled.front().features.time;
  m.last = labelled.back().features.time;
  const double n = walk.model.rows();
  const auto share = [n](const Tally& tally) { return static_cast<double>(tally.right) / n; };
  m.walk_forward = {
      {"accuracy", share(walk.model), share(walk.prior), share(walk.persistence)},
      {"log_loss", walk.model.log_loss / n, walk.prior.log_loss / n, walk.persistence.log_loss / n},
      {"brier", walk.model.MeanBrier(), walk.prior.MeanBrier(), walk.persistence.MeanBrier()},
  };
  m.folds = walk.folds;
  ScoreSkill(walk, BlockLength(labelled, horizon), m);
  GANNET_ASSIGN_OR_RETURN(result.onnx, ExportOnnx(model));
  GANNET_RETURN_IF_ERROR(CheckParity(model, result.onnx, labelled, m));
  return result;
}

std::string ScoreTable(const Manifest& m) {
  const bool skipped = m.folds > 0 && m.folds < kFolds;
  std::string out = absl::StrFormat(
      "walk-forward, %s%d folds%s, purged by the horizon of %s\n%-12s %10s %12s %12s\n",
      skipped ? absl::StrCat(m.folds, " of ") : "", kFolds,
      skipped ? " (too few rows before the others)" : "", base::FormatDuration(m.info.horizon), "",
      "model", "class prior", "persistence");
  for (const NamedScore& score : m.walk_forward) {
    out += absl::StrFormat("%-12s %10.4f %12.4f %12.4f\n", score.name, score.model,
                           score.class_prior, score.persistence);
  }
  out += absl::StrFormat("Brier skill against the class prior: %+.4f, ", m.brier_skill);
  if (const auto& interval = m.brier_interval_95) {
    out += absl::StrFormat("95 %% interval [%+.4f, %+.4f]: %s\n", interval->low, interval->high,
                           interval->low > 0    ? "better than the prior"
                           : interval->high < 0 ? "worse than the prior"
                                                : "no skill shown");
  } else {
    out +=
        "which says nothing: too few rows apart by twice the horizon; record longer or "
        "shorten --horizon\n";
  }
  out += absl::StrFormat("parity with ONNX Runtime: %.1e at most over %d rows\n",
                         m.parity_max_difference, m.parity_rows);
  return out;
}

}  // namespace gannet::ml_inference
