#include "services/ml-inference/onnx_model.h"

#include <onnxruntime_cxx_api.h>

#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"

namespace gannet::ml_inference {
namespace {

constexpr int64_t kFeatures = signal::kBookFeatureCount;
constexpr int64_t kClasses = 3;

// One environment a process, as ONNX Runtime wants it; it outlives all models.
Ort::Env& Environment() {
  static Ort::Env environment(ORT_LOGGING_LEVEL_ERROR, "gannet");
  return environment;
}

class OnnxModel : public Model {
 public:
  OnnxModel(std::string_view bytes, ModelInfo info)
      : info_(std::move(info)), session_(Environment(), bytes.data(), bytes.size(), Options()) {}

  // Must be OK before the first score.
  absl::Status CheckShape() {
    if (session_.GetInputCount() != 1 || session_.GetOutputCount() != 1) {
      return absl::InvalidArgumentError("the model must have one input and one output");
    }
    const Ort::TypeInfo in_type = session_.GetInputTypeInfo(0),
                        out_type = session_.GetOutputTypeInfo(0);
    const int64_t in = Width(in_type), out = Width(out_type);
    if (in != kFeatures || out != kClasses) {
      return absl::InvalidArgumentError(absl::StrCat("the model maps ", in, " features to ", out,
                                                     " classes; wanted are ", kFeatures, " and ",
                                                     kClasses));
    }
    element_ = ElementOf(in_type);
    if (element_ != ElementOf(out_type) || (element_ != ONNX_TENSOR_ELEMENT_DATA_TYPE_FLOAT &&
                                            element_ != ONNX_TENSOR_ELEMENT_DATA_TYPE_DOUBLE)) {
      return absl::InvalidArgumentError(
          "features and probabilities must both be float or both be double; export the model so");
    }
    return absl::OkStatus();
  }

  const ModelInfo& info() const override { return info_; }

  absl::StatusOr<Scores> Score(const signal::FeatureRow& row) override {
    return element_ == ONNX_TENSOR_ELEMENT_DATA_TYPE_DOUBLE ? Run<double>(row) : Run<float>(row);
  }

 private:
  static Ort::SessionOptions Options() {
    Ort::SessionOptions options;
    options.SetIntraOpNumThreads(1);
    options.SetInterOpNumThreads(1);
    options.AddConfigEntry("session.intra_op.allow_spinning", "0");
    options.SetGraphOptimizationLevel(GraphOptimizationLevel::ORT_ENABLE_ALL);
    return options;
  }

  static int64_t Width(const Ort::TypeInfo& type) {
    if (type.GetONNXType() != ONNX_TYPE_TENSOR) return -1;
    const auto shape = type.GetTensorTypeAndShapeInfo().GetShape();
    return shape.size() == 2 ? shape[1] : -1;
  }
  static ONNXTensorElementDataType ElementOf(const Ort::TypeInfo& type) {
    return type.GetTensorTypeAndShapeInfo().GetElementType();
  }

  template <class T>
  absl::StatusOr<Scores> Run(const signal::FeatureRow& row) {
    static const char* const kInputs[] = {"features"};
    static const char* const kOutputs[] = {"probabilities"};
    std::array<T, kFeatures> input;
    for (size_t i = 0; i < input.size(); ++i) input[i] = static_cast<T>(row.values[i]);
    std::array<T, kClasses> output{};
    const std::array<int64_t, 2> in_shape{1, kFeatures}, out_shape{1, kClasses};
    try {
      const Ort::Value in =
          Ort::Value::CreateTensor<T>(memory_, input.data(), input.size(), in_shape.data(), 2);
      Ort::Value out =
          Ort::Value::CreateTensor<T>(memory_, output.data(), output.size(), out_shape.data(), 2);
      session_.Run(Ort::RunOptions{nullptr}, kInputs, &in, 1, kOutputs, &out, 1);
    } catch (const Ort::Exception& error) {
      return absl::InternalError(
          absl::StrCat("model ", info_.name, "/", info_.version, ": ", error.what()));
    }
    return QuantiseScores({static_cast<double>(output[0]), static_cast<double>(output[1]),
                           static_cast<double>(output[2])});
  }

  const ModelInfo info_;
  Ort::Session session_;
  ONNXTensorElementDataType element_ = ONNX_TENSOR_ELEMENT_DATA_TYPE_UNDEFINED;
  Ort::MemoryInfo memory_ = Ort::MemoryInfo::CreateCpu(OrtArenaAllocator, OrtMemTypeDefault);
};

}  // namespace

absl::StatusOr<std::unique_ptr<Model>> LoadOnnxModel(std::string_view bytes, ModelInfo info) {
  const std::string label = absl::StrCat("model ", info.name, "/", info.version);
  if (info.feature_schema != signal::BookFeatureSchema()) {
    return absl::FailedPreconditionError(absl::StrCat(
        label,
        " was trained on other features than this build computes; train it anew (gannet train)"));
  }
  try {
    auto model = std::make_unique<OnnxModel>(bytes, std::move(info));
    if (absl::Status shape = model->CheckShape(); !shape.ok()) return shape;
    // One call now: a graph with other names or operators fails here, not while trading.
    if (const auto scores = model->Score(signal::FeatureRow{}); !scores.ok())
      return scores.status();
    return model;
  } catch (const Ort::Exception& error) {
    return absl::InvalidArgumentError(absl::StrCat(label, " cannot be loaded: ", error.what()));
  }
}

}  // namespace gannet::ml_inference
