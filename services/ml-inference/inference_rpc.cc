#include "services/ml-inference/inference_rpc.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gannet/ml/v1/inference_service.pb.h"
#include "gannet/ml/v1/model_service.pb.h"
#include "inference/open_inference.pb.h"
#include "libs/base/status.h"
#include "libs/rpc/error.h"
#include "libs/signal/features.h"

namespace gannet::ml_inference {
namespace {

namespace pb = ::gannet::ml::v1;
using signal::kBookFeatureCount;

constexpr char kPlatform[] = "onnxruntime_onnx";
constexpr char kService[] = "gannet.ml.v1.ModelService/";
static_assert(std::endian::native == std::endian::little);  // raw tensors are

std::string Bytes(const base::Sha256Digest& digest) { return {digest.begin(), digest.end()}; }

absl::StatusOr<signal::FeatureRow> RowOf(const float* values) {
  signal::FeatureRow row;
  for (size_t i = 0; i < kBookFeatureCount; ++i) {
    if (!std::isfinite(values[i]))
      return rpc::BadField("features", absl::StrCat("value ", i, " is not finite"));
    row.values[i] = static_cast<double>(values[i]);
  }
  return row;
}

pb::ModelVersion ToProto(const Manifest& manifest) {
  pb::ModelVersion out;
  out.set_model(manifest.info.name);
  out.set_version(manifest.info.version);
  if (const auto hash = base::FromHex(manifest.model_sha256)) out.set_artifact_hash(*hash);
  out.set_feature_schema_hash(Bytes(manifest.info.feature_schema));
  out.set_training_start_ns(base::UnixNanos(manifest.first));
  out.set_training_end_ns(base::UnixNanos(manifest.last));
  for (const NamedScore& score : manifest.walk_forward) {
    pb::ModelScore& row = *out.add_scores();
    row.set_measure(score.name);
    row.set_value(score.model);
    row.set_persistence_baseline(score.persistence);
    row.set_class_prior_baseline(score.class_prior);
    row.set_rows(static_cast<uint64_t>(manifest.rows));
  }
  return out;
}

absl::StatusOr<pb::ModelVersion> Describe(Registry& registry, const std::string& name,
                                          const std::string& version) {
  GANNET_ASSIGN_OR_RETURN(const Manifest manifest, registry.ReadManifest(name, version));
  GANNET_ASSIGN_OR_RETURN(const auto aliases, registry.Aliases(name));
  GANNET_ASSIGN_OR_RETURN(const auto retired, registry.Retired(name));
  pb::ModelVersion out = ToProto(manifest);
  for (const auto& [alias, target] : aliases) {
    if (target == manifest.info.version) out.add_aliases(alias);
  }
  out.set_retired(std::find(retired.begin(), retired.end(), manifest.info.version) !=
                  retired.end());
  return out;
}

// The rows of the one input that these models have.
absl::StatusOr<std::vector<float>> Features(const inference::ModelInferRequest& request) {
  if (request.inputs_size() != 1 || request.inputs(0).name() != InferenceRpc::kInput)
    return rpc::BadField("inputs", absl::StrCat("give one, named '", InferenceRpc::kInput, "'"));
  const auto& input = request.inputs(0);
  if (input.datatype() != "FP32") return rpc::BadField("inputs.datatype", "must be FP32");
  if (input.shape_size() != 2 || input.shape(0) < 1 ||
      input.shape(0) > static_cast<int64_t>(InferenceRpc::kMaxRows) ||
      input.shape(1) != static_cast<int64_t>(kBookFeatureCount)) {
    return rpc::BadField("inputs.shape", absl::StrCat("must be [1 to ", InferenceRpc::kMaxRows,
                                                      ", ", kBookFeatureCount, "]"));
  }
  const auto count = static_cast<size_t>(input.shape(0)) * kBookFeatureCount;
  std::vector<float> values(count);
  const bool in_message = input.has_contents() && input.contents().ByteSizeLong() > 0;
  if (in_message && request.raw_input_contents_size() > 0)
    return rpc::BadField("raw_input_contents", "and contents both hold the tensor; send one");
  if (request.raw_input_contents_size() == 1) {
    const std::string& raw = request.raw_input_contents(0);
    if (raw.size() != count * sizeof(float))
      return rpc::BadField("raw_input_contents", "is not as long as the shape says");
    std::memcpy(values.data(), raw.data(), raw.size());
  } else if (request.raw_input_contents_size() == 0 &&
             static_cast<size_t>(input.contents().fp32_contents_size()) == count) {
    values.assign(input.contents().fp32_contents().begin(), input.contents().fp32_contents().end());
  } else {
    return rpc::BadField("inputs.contents", "is not as long as the shape says");
  }
  return values;
}

}  // namespace

InferenceRpc::InferenceRpc(rpc::Server& server, base::Files& files, const base::Clock& clock,
                           MlInferenceConfig config, const InferenceEngine& engine)
    : clock_(clock),
      config_(std::move(config)),
      engine_(engine),
      registry_(files, config_.registry) {
  ServeModels(server);
  ServeModelChanges(server);
  ServePredict(server);
  ServeFeatures(server);
  ServeOpenInference(server);
}

absl::StatusOr<Model*> InferenceRpc::Load(const std::string& name, const std::string& version) {
  if (config_.registry.empty())
    return absl::FailedPreconditionError("no registry of models is configured");
  const std::string wanted = version.empty() ? config_.version : version;
  // The name reaches the file system: nothing but a name may come through.
  for (const std::string* part : {&name, &wanted}) {
    if (part->empty() || part->size() > 64 || part->find_first_of("/\\.") != std::string::npos)
      return rpc::BadField("model", "or its version is no name of a model");
  }
  GANNET_ASSIGN_OR_RETURN(const Manifest manifest, registry_.ReadManifest(name, wanted));
  const std::pair key{name, manifest.info.version};
  if (const auto found = loaded_.find(key); found != loaded_.end()) return found->second.get();
  if (loaded_.size() >= kMaxLoaded) loaded_.erase(loaded_.begin());
  GANNET_ASSIGN_OR_RETURN(auto model, registry_.Load(name, manifest.info.version));
  return (loaded_[key] = std::move(model)).get();
}

void InferenceRpc::ServeModels(rpc::Server& server) {
  server.Handle<pb::GetModelVersionRequest>(
      absl::StrCat(kService, "GetModelVersion"),
      [this](const rpc::CallPtr& call, const pb::GetModelVersionRequest& request) {
        if (config_.registry.empty())
          return call->End(absl::FailedPreconditionError("no registry of models is configured"));
        auto version = Describe(registry_, request.model(),
                                request.version().empty() ? config_.version : request.version());
        if (!version.ok()) return call->End(version.status());
        pb::GetModelVersionResponse response;
        *response.mutable_model_version() = *std::move(version);
        call->Reply(response);
      });
  server.Handle<pb::ListModelVersionsRequest>(
      absl::StrCat(kService, "ListModelVersions"),
      [this](const rpc::CallPtr& call, const pb::ListModelVersionsRequest& request) {
        if (config_.registry.empty())
          return call->End(absl::FailedPreconditionError("no registry of models is configured"));
        const std::string name = request.model().empty() ? config_.model : request.model();
        // Says whether it is a name: it reaches the file system.
        if (const auto retired = registry_.Retired(name); !retired.ok())
          return call->End(retired.status());
        const auto versions = registry_.Versions(name);
        if (!versions.ok()) return call->End(versions.status());
        pb::ListModelVersionsResponse response;
        for (const std::string& version : *versions) {
          auto described = Describe(registry_, name, version);
          if (described.ok() && (request.include_retired() || !described->retired()))
            *response.add_model_versions() = *std::move(described);
        }
        call->Reply(response);
      });
}

// An alias moves for who asks here from the next call on; the model that trades is
// the one that the process was started with, as its journal states.
void InferenceRpc::ServeModelChanges(rpc::Server& server) {
  server.Handle<pb::SetModelAliasRequest>(
      absl::StrCat(kService, "SetModelAlias"),
      [this](const rpc::CallPtr& call, const pb::SetModelAliasRequest& request) {
        // Loading verifies the file and the feature schema.
        const auto model = Load(request.model(), request.version());
        if (!model.ok()) return call->End(model.status());
        const auto aliases = registry_.Aliases(request.model());
        if (!aliases.ok()) return call->End(aliases.status());
        const auto found = aliases->find(request.alias());
        const std::string current = found == aliases->end() ? "" : found->second;
        if (!request.expected_version().empty() && request.expected_version() != current) {
          return call->End(
              absl::AbortedError(absl::StrCat("alias ", request.alias(), " points at '", current,
                                              "'; look at it and decide again")));
        }
        const std::string version = (*model)->info().version;
        if (absl::Status set = registry_.SetAlias(request.model(), request.alias(), version);
            !set.ok()) {
          return call->End(set);
        }
        auto described = Describe(registry_, request.model(), version);
        if (!described.ok()) return call->End(described.status());
        pb::SetModelAliasResponse response;
        *response.mutable_model_version() = *std::move(described);
        response.set_serving_since_ns(base::UnixNanos(clock_.Now()));
        call->Reply(response);
      });
  server.Handle<pb::RetireModelVersionRequest>(
      absl::StrCat(kService, "RetireModelVersion"),
      [this](const rpc::CallPtr& call, const pb::RetireModelVersionRequest& request) {
        if (config_.registry.empty())
          return call->End(absl::FailedPreconditionError("no registry of models is configured"));
        if (request.version().empty())
          return call->End(rpc::BadField("version", "name the version"));
        if (absl::Status retired = registry_.Retire(request.model(), request.version());
            !retired.ok()) {
          return call->End(retired);
        }
        auto described = Describe(registry_, request.model(), request.version());
        if (!described.ok()) return call->End(described.status());
        loaded_.erase({request.model(), described->version()});
        pb::RetireModelVersionResponse response;
        *response.mutable_model_version() = *std::move(described);
        call->Reply(response);
      });
}

void InferenceRpc::ServeFeatures(rpc::Server& server) {
  server.Handle<pb::GetFeaturesRequest>(
      "gannet.ml.v1.InferenceService/GetFeatures",
      [this](const rpc::CallPtr& call, const pb::GetFeaturesRequest& request) {
        if (!request.model().empty() && request.model() != config_.model)
          return call->End(absl::NotFoundError("that model does not run here"));
        const market::InstrumentId instrument(request.instrument());
        if (!engine_.Knows(instrument)) {
          return call->End(absl::NotFoundError(
              absl::StrCat("nothing has been heard of '", request.instrument(), "' here")));
        }
        pb::GetFeaturesResponse response;
        response.set_feature_schema_hash(Bytes(signal::BookFeatureSchema()));
        if (const auto row = engine_.NewestRow(instrument)) {
          response.set_warm(true);
          response.set_as_of_ns(base::UnixNanos(row->time));
          for (size_t i = 0; i < kBookFeatureCount; ++i) {
            pb::Feature& feature = *response.add_features();
            feature.set_name(std::string(signal::BookFeatures()[i].name));
            feature.set_unit(std::string(signal::BookFeatures()[i].unit));
            feature.set_value(static_cast<float>(row->values[i]));
          }
        }
        call->Reply(response);
      });
}

void InferenceRpc::ServePredict(rpc::Server& server) {
  server.Handle<pb::PredictRequest>(
      "gannet.ml.v1.InferenceService/Predict",
      [this](const rpc::CallPtr& call, const pb::PredictRequest& request) {
        const auto model = Load(request.model(), request.version());
        if (!model.ok()) return call->End(model.status());
        if (!request.feature_schema_hash().empty() &&
            request.feature_schema_hash() != Bytes((*model)->info().feature_schema)) {
          return call->End(absl::FailedPreconditionError(
              "the model was trained on other features; ask for its feature_schema_hash"));
        }
        if (request.features_size() != static_cast<int>(kBookFeatureCount)) {
          return call->End(
              rpc::BadField("features", absl::StrCat("give ", kBookFeatureCount, " of them")));
        }
        const auto row = RowOf(request.features().data());
        if (!row.ok()) return call->End(row.status());
        const auto scores = (*model)->Score(*row);
        if (!scores.ok()) return call->End(scores.status());
        pb::PredictResponse response;
        response.set_version((*model)->info().version);
        response.set_down_ppm(scores->down_ppm);
        response.set_flat_ppm(scores->flat_ppm);
        response.set_up_ppm(scores->up_ppm);
        call->Reply(response);
      });
}

void InferenceRpc::ServeOpenInference(rpc::Server& server) {
  server.Handle<inference::ServerLiveRequest>(
      "inference.GRPCInferenceService/ServerLive",
      [](const rpc::CallPtr& call, const inference::ServerLiveRequest&) {
        inference::ServerLiveResponse response;
        response.set_live(true);
        call->Reply(response);
      });
  server.Handle<inference::ServerReadyRequest>(
      "inference.GRPCInferenceService/ServerReady",
      [this](const rpc::CallPtr& call, const inference::ServerReadyRequest&) {
        inference::ServerReadyResponse response;
        response.set_ready(config_.model.empty() || Load(config_.model, "").ok());
        call->Reply(response);
      });
  server.Handle<inference::ModelReadyRequest>(
      "inference.GRPCInferenceService/ModelReady",
      [this](const rpc::CallPtr& call, const inference::ModelReadyRequest& request) {
        inference::ModelReadyResponse response;
        response.set_ready(Load(request.name(), request.version()).ok());
        call->Reply(response);
      });
  server.Handle<inference::ServerMetadataRequest>(
      "inference.GRPCInferenceService/ServerMetadata",
      [](const rpc::CallPtr& call, const inference::ServerMetadataRequest&) {
        inference::ServerMetadataResponse response;
        response.set_name("gannet");
        response.set_version("1");
        call->Reply(response);
      });
  server.Handle<inference::ModelMetadataRequest>(
      "inference.GRPCInferenceService/ModelMetadata",
      [this](const rpc::CallPtr& call, const inference::ModelMetadataRequest& request) {
        const auto model = Load(request.name(), request.version());
        if (!model.ok()) return call->End(model.status());
        inference::ModelMetadataResponse response;
        response.set_name(request.name());
        if (const auto versions = registry_.Versions(request.name()); versions.ok()) {
          for (const std::string& version : *versions) response.add_versions(version);
        }
        response.set_platform(kPlatform);
        auto& input = *response.add_inputs();
        input.set_name(kInput);
        input.set_datatype("FP32");
        input.add_shape(-1);
        input.add_shape(static_cast<int64_t>(kBookFeatureCount));
        auto& output = *response.add_outputs();
        output.set_name(kOutput);
        output.set_datatype("FP32");
        output.add_shape(-1);
        output.add_shape(3);
        call->Reply(response);
      });
  server.Handle<inference::ModelInferRequest>(
      "inference.GRPCInferenceService/ModelInfer",
      [this](const rpc::CallPtr& call, const inference::ModelInferRequest& request) {
        const auto model = Load(request.model_name(), request.model_version());
        if (!model.ok()) return call->End(model.status());
        const auto values = Features(request);
        if (!values.ok()) return call->End(values.status());
        for (const auto& output : request.outputs()) {
          if (output.name() != kOutput)
            return call->End(rpc::BadField("outputs", absl::StrCat("there is only ", kOutput)));
        }
        const size_t rows = values->size() / kBookFeatureCount;
        std::vector<float> scores;
        for (size_t i = 0; i < rows; ++i) {
          const auto row = RowOf(values->data() + i * kBookFeatureCount);
          if (!row.ok()) return call->End(row.status());
          const auto score = (*model)->Score(*row);
          if (!score.ok()) return call->End(score.status());
          for (const uint32_t ppm : {score->down_ppm, score->flat_ppm, score->up_ppm})
            scores.push_back(static_cast<float>(ppm) / 1e6F);
        }
        inference::ModelInferResponse response;
        response.set_model_name(request.model_name());
        response.set_model_version((*model)->info().version);
        response.set_id(request.id());
        auto& output = *response.add_outputs();
        output.set_name(kOutput);
        output.set_datatype("FP32");
        output.add_shape(static_cast<int64_t>(rows));
        output.add_shape(3);
        std::string& raw = *response.add_raw_output_contents();
        raw.resize(scores.size() * sizeof(float));
        std::memcpy(raw.data(), scores.data(), raw.size());
        call->Reply(response);
      });
}

}  // namespace gannet::ml_inference
