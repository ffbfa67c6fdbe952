#include "services/news-signal/model.h"

#include <algorithm>

#include "absl/status/status.h"
#include "libs/base/check.h"
#include "libs/base/digest.h"
#include "libs/base/status.h"
#include "libs/wire/canonical.h"
#include "services/news-signal/exact_math.h"

namespace gannet::news_signal {
namespace {

constexpr std::string_view kMagic = "GNTNEWS1";
constexpr uint32_t kMinTemperaturePpm = 50'000, kMaxTemperaturePpm = 50'000'000;

uint64_t IntegerRoot(uint64_t value) {
  uint64_t root = 0;
  for (uint64_t bit = 1ULL << 31; bit > 0; bit >>= 1) {
    if ((root + bit) * (root + bit) <= value) root += bit;
  }
  return root;
}

absl::Status Unusable(const std::string& what) {
  return absl::InvalidArgumentError(
      "news model: " + what +
      "; train one with `gannet news train` or leave `model` out for the one built in");
}

absl::Status Check(const ModelParts& parts) {
  if (parts.name.empty() || parts.name.size() > 64) return Unusable("no name");
  for (const uint32_t t : {parts.type_temperature_ppm, parts.sentiment_temperature_ppm}) {
    if (t < kMinTemperaturePpm || t > kMaxTemperaturePpm)
      return Unusable("a temperature out of range");
  }
  for (size_t i = 0; i < kCalibrationKnots; ++i) {
    const bool falls = i > 0 && parts.confidence_ppm[i] < parts.confidence_ppm[i - 1];
    if (falls || parts.confidence_ppm[i] > 1'000'000)
      return Unusable("a calibration that does not rise to 1 at most");
  }
  for (size_t i = 0; i < parts.rows.size(); ++i) {
    const bool sorted = i == 0 || parts.rows[i].bucket > parts.rows[i - 1].bucket;
    if (!sorted || parts.rows[i].bucket >= kBuckets) return Unusable("weights out of order");
  }
  return absl::OkStatus();
}

}  // namespace

uint32_t InverseRoot(size_t n) {
  // floor(2^16 / sqrt(n)) = floor(sqrt(2^32 / n)).
  return static_cast<uint32_t>(IntegerRoot((1ULL << 32) / std::max<size_t>(n, 1)));
}

void Softmax(const int64_t* logits_q16, size_t count, uint32_t temperature_ppm, uint32_t* out_ppm) {
  const int64_t largest = *std::max_element(logits_q16, logits_q16 + count);
  std::array<double, kClasses> weight{};
  double sum = 0;
  for (size_t i = 0; i < count; ++i) {
    const double difference = static_cast<double>(logits_q16[i] - largest) / 65536.0;
    weight[i] = Exp(difference * 1'000'000.0 / temperature_ppm);
    sum += weight[i];
  }
  uint32_t total = 0;
  for (size_t i = 0; i < count; ++i) {
    out_ppm[i] = static_cast<uint32_t>(weight[i] / sum * 1'000'000.0);
    total += out_ppm[i];
  }
  *std::max_element(out_ppm, out_ppm + count) += 1'000'000 - total;
}

std::string FormatModel(const ModelParts& parts) {
  wire::CanonicalWriter out;
  out.Fixed(kMagic);
  out.U32(kFeatureVersion);
  out.Bytes(parts.name);
  out.Bytes(parts.lexicon);
  out.Bytes(parts.corpus_hash);
  out.Bytes(parts.dictionary_version);
  out.U64(parts.seed);
  for (const int32_t bias : parts.bias_q16) out.U32(static_cast<uint32_t>(bias));
  out.U32(parts.type_temperature_ppm);
  out.U32(parts.sentiment_temperature_ppm);
  for (const uint32_t knot : parts.confidence_ppm) out.U32(knot);
  out.U32(static_cast<uint32_t>(parts.rows.size()));
  for (const WeightRow& row : parts.rows) {
    out.U32(row.bucket);
    for (const int8_t weight : row.weights) out.U8(static_cast<uint8_t>(weight));
  }
  out.Digest(base::Sha256(out.bytes()));
  return out.Take();
}

absl::StatusOr<Model> Model::Parse(std::string_view bytes) {
  constexpr size_t kDigestBytes = 32;
  if (bytes.size() > kMaxModelBytes) return Unusable("the file is larger than any model");
  if (bytes.size() < kMagic.size() + kDigestBytes || bytes.substr(0, kMagic.size()) != kMagic) {
    return Unusable("this is not a model file");
  }
  const std::string_view body = bytes.substr(0, bytes.size() - kDigestBytes);
  const base::Sha256Digest digest = base::Sha256(body);
  if (!std::equal(digest.begin(), digest.end(), bytes.substr(body.size()).begin(),
                  [](uint8_t a, char b) { return a == static_cast<uint8_t>(b); })) {
    return absl::DataLossError(
        "news model: the file is damaged (its hash is wrong); restore it or train it again");
  }
  wire::CanonicalReader in(body.substr(kMagic.size()));
  const uint32_t version = in.U32();
  if (version != kFeatureVersion) {
    return Unusable("it was trained for features of version " + std::to_string(version) +
                    ", this build makes version " + std::to_string(kFeatureVersion));
  }
  ModelParts parts;
  parts.name = in.Bytes();
  parts.lexicon = in.Bytes();
  parts.corpus_hash = in.Bytes();
  parts.dictionary_version = in.Bytes();
  parts.seed = in.U64();
  for (int32_t& bias : parts.bias_q16) bias = static_cast<int32_t>(in.U32());
  parts.type_temperature_ppm = in.U32();
  parts.sentiment_temperature_ppm = in.U32();
  for (uint32_t& knot : parts.confidence_ppm) knot = in.U32();
  const uint32_t rows = in.U32();
  if (rows > kBuckets) return Unusable("more weights than features");
  parts.rows.reserve(rows);
  for (uint32_t i = 0; i < rows && in.ok(); ++i) {
    WeightRow row;
    row.bucket = in.U32();
    for (int8_t& weight : row.weights) weight = static_cast<int8_t>(in.U8());
    parts.rows.push_back(row);
  }
  GANNET_RETURN_IF_ERROR(in.status());
  if (!in.done()) return Unusable("bytes after its end");
  return Make(std::move(parts));
}

absl::StatusOr<Model> Model::Make(ModelParts parts) {
  GANNET_RETURN_IF_ERROR(Check(parts));
  Model model;
  GANNET_ASSIGN_OR_RETURN(model.lexicon_, Lexicon::Parse(parts.lexicon));
  model.version_ = parts.name + "-" + base::Hex(base::Sha256(FormatModel(parts))).substr(0, 12);
  model.table_.resize(kBuckets);
  for (const WeightRow& row : parts.rows) model.table_[row.bucket] = row.weights;
  model.parts_ = std::move(parts);
  return model;
}

Scores Model::Score(const std::vector<uint32_t>& features) const {
  std::array<int32_t, kClasses> sum{};
  for (const uint32_t bucket : features) {
    const std::array<int8_t, kClasses>& row = table_[bucket];
    for (size_t c = 0; c < kClasses; ++c) sum[c] += row[c];
  }
  const int64_t norm = InverseRoot(features.size());
  std::array<int64_t, kClasses> logits{};
  for (size_t c = 0; c < kClasses; ++c) {
    logits[c] = static_cast<int64_t>(sum[c]) * norm / kWeightsPerUnit + parts_.bias_q16[c];
  }
  Scores scores;
  Softmax(logits.data(), kTypeClasses, parts_.type_temperature_ppm, scores.type_ppm.data());
  Softmax(logits.data() + kTypeClasses, kSentimentClasses, parts_.sentiment_temperature_ppm,
          scores.sentiment_ppm.data());
  return scores;
}

uint32_t Model::Confidence(uint32_t probability_ppm) const {
  constexpr uint32_t kStep = 1'000'000 / (kCalibrationKnots - 1);
  const uint32_t clamped = std::min<uint32_t>(probability_ppm, 1'000'000);
  const size_t knot = std::min<size_t>(clamped / kStep, kCalibrationKnots - 2);
  const uint64_t low = parts_.confidence_ppm[knot], high = parts_.confidence_ppm[knot + 1];
  const uint64_t above = clamped - knot * kStep;
  return static_cast<uint32_t>(low + (high - low) * above / kStep);
}

}  // namespace gannet::news_signal
