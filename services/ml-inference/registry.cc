#include "services/ml-inference/registry.h"

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "libs/base/status.h"
#include "services/ml-inference/onnx_model.h"

namespace gannet::ml_inference {
namespace {

using nlohmann::json;

bool IsName(const std::string& text) {
  return !text.empty() && text.size() <= 64 && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
  });
}

bool IsNumber(const std::string& text) {
  return !text.empty() && text.size() < 10 &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

json ToJson(const Manifest& m) {
  json scores = json::array();
  for (const NamedScore& score : m.walk_forward) {
    scores.push_back({{"name", score.name},
                      {"model", score.model},
                      {"class_prior", score.class_prior},
                      {"persistence", score.persistence}});
  }
  json features = json::array();
  for (size_t i = 0; i < signal::kBookFeatureCount; ++i) {
    features.push_back({{"name", signal::BookFeatures()[i].name},
                        {"mean", m.info.feature_mean[i]},
                        {"deviation", m.info.feature_deviation[i]}});
  }
  return {{"format", 1},
          {"name", m.info.name},
          {"version", m.info.version},
          {"horizon_ns", m.info.horizon.count()},
          {"feature_schema_sha256", base::Hex(m.info.feature_schema)},
          {"features", features},
          {"model_sha256", m.model_sha256},
          {"code_version", m.code_version},
          {"training",
           {{"on", m.trained_on},
            {"rows", m.rows},
            {"first", base::FormatTime(m.first)},
            {"last", base::FormatTime(m.last)}}},
          {"walk_forward", scores},
          {"folds", m.folds},
          {"brier_skill",
           {{"value", m.brier_skill},
            {"low_95", m.brier_interval_95 ? json(m.brier_interval_95->low) : json(nullptr)},
            {"high_95", m.brier_interval_95 ? json(m.brier_interval_95->high) : json(nullptr)}}},
          {"parity", {{"rows", m.parity_rows}, {"max_difference", m.parity_max_difference}}}};
}

absl::StatusOr<base::Sha256Digest> DigestFromHex(const std::string& text) {
  const auto bytes = base::FromHex(text);
  if (!bytes || bytes->size() != 32) return absl::InvalidArgumentError("not a SHA-256 in hex");
  base::Sha256Digest digest;
  std::copy(bytes->begin(), bytes->end(), digest.begin());
  return digest;
}

absl::StatusOr<Manifest> FromJson(const std::string& text) {
  try {
    const json j = json::parse(text);
    if (j.at("format").get<int>() != 1)
      return absl::FailedPreconditionError("manifest format is newer than this build");
    Manifest m;
    m.info.name = j.at("name");
    m.info.version = j.at("version");
    m.info.horizon = base::Duration(j.at("horizon_ns").get<int64_t>());
    GANNET_ASSIGN_OR_RETURN(m.info.feature_schema, DigestFromHex(j.at("feature_schema_sha256")));
    const json& features = j.at("features");
    if (features.size() == signal::kBookFeatureCount) {  // of another schema: refused at loading
      for (size_t i = 0; i < features.size(); ++i) {
        m.info.feature_mean[i] = features[i].at("mean");
        m.info.feature_deviation[i] = features[i].at("deviation");
      }
    }
    m.model_sha256 = j.at("model_sha256");
    m.code_version = j.at("code_version");
    m.trained_on = j.at("training").at("on");
    m.rows = j.at("training").at("rows");
    m.first =
        base::ParseRfc3339(j.at("training").at("first").get<std::string>()).value_or(base::Time{});
    m.last =
        base::ParseRfc3339(j.at("training").at("last").get<std::string>()).value_or(base::Time{});
    for (const json& score : j.at("walk_forward")) {
      m.walk_forward.push_back(
          {score.at("name"), score.at("model"), score.at("class_prior"), score.at("persistence")});
    }
    m.folds = j.value("folds", 0);  // earlier builds wrote none
    const json& skill = j.at("brier_skill");
    m.brier_skill = skill.at("value");
    if (!skill.at("low_95").is_null())
      m.brier_interval_95 = Interval{skill.at("low_95"), skill.at("high_95")};
    m.parity_rows = j.at("parity").at("rows");
    m.parity_max_difference = j.at("parity").at("max_difference");
    return m;
  } catch (const json::exception& error) {
    return absl::DataLossError(absl::StrCat("not a manifest: ", error.what()));
  }
}

}  // namespace

absl::StatusOr<std::map<std::string, std::string>> Registry::Aliases(const std::string& name) {
  const std::string path = absl::StrCat(root_, "/", name, "/aliases.json");
  if (!files_.Exists(path)) return std::map<std::string, std::string>{};
  GANNET_ASSIGN_OR_RETURN(const std::string text, files_.Read(path));
  try {
    return json::parse(text).get<std::map<std::string, std::string>>();
  } catch (const json::exception& error) {
    return absl::DataLossError(
        absl::StrCat(path, ": ", error.what(), "; write {\"champion\": \"<version>\"} anew"));
  }
}

absl::StatusOr<std::vector<std::string>> Registry::Versions(const std::string& name) {
  GANNET_ASSIGN_OR_RETURN(std::vector<std::string> names,
                          files_.List(absl::StrCat(root_, "/", name)));
  std::erase_if(names, [](const std::string& entry) { return !IsNumber(entry); });
  std::sort(names.begin(), names.end(), [](const std::string& a, const std::string& b) {
    return a.size() != b.size() ? a.size() < b.size() : a < b;
  });
  return names;
}

absl::StatusOr<std::string> Registry::Resolve(const std::string& name, const std::string& version) {
  if (!IsName(name) || !IsName(version)) {
    return absl::InvalidArgumentError(absl::StrCat(
        "'", name, "/", version, "' is no model name; use lower-case letters, digits, - and _"));
  }
  if (IsNumber(version)) return version;
  GANNET_ASSIGN_OR_RETURN(const auto aliases, Aliases(name));
  const auto found = aliases.find(version);
  if (found != aliases.end()) return found->second;
  const auto versions = Versions(name);
  return absl::NotFoundError(absl::StrCat(
      "model ", name, " has no alias '", version, "' under ", root_,
      " (versions: ", versions.ok() && !versions->empty() ? absl::StrJoin(*versions, ", ") : "none",
      "); set one with gannet train --alias, or name a version"));
}

absl::StatusOr<Manifest> Registry::ReadManifest(const std::string& name,
                                                const std::string& version) {
  GANNET_ASSIGN_OR_RETURN(const std::string number, Resolve(name, version));
  const std::string path = Folder(name, number) + "/manifest.json";
  GANNET_ASSIGN_OR_RETURN(const std::string text, files_.Read(path));
  auto manifest = FromJson(text);
  if (!manifest.ok()) return base::Annotate(manifest.status(), path);
  return manifest;
}

absl::StatusOr<std::vector<std::string>> Registry::Retired(const std::string& name) {
  if (!IsName(name))
    return absl::InvalidArgumentError(absl::StrCat("'", name, "' is no model name"));
  const std::string path = absl::StrCat(root_, "/", name, "/retired.json");
  if (!files_.Exists(path)) return std::vector<std::string>{};
  GANNET_ASSIGN_OR_RETURN(const std::string text, files_.Read(path));
  try {
    return json::parse(text).get<std::vector<std::string>>();
  } catch (const json::exception& error) {
    return absl::DataLossError(
        absl::StrCat(path, ": ", error.what(), "; write the retired versions anew, [] for none"));
  }
}

absl::Status Registry::Retire(const std::string& name, const std::string& version) {
  GANNET_ASSIGN_OR_RETURN(const Manifest manifest, ReadManifest(name, version));
  const std::string& number = manifest.info.version;
  GANNET_ASSIGN_OR_RETURN(const auto aliases, Aliases(name));
  for (const auto& [alias, target] : aliases) {
    if (target != number) continue;
    return absl::FailedPreconditionError(absl::StrCat("alias ", alias, " points at version ",
                                                      number, "; point it at another one first"));
  }
  GANNET_ASSIGN_OR_RETURN(auto retired, Retired(name));
  if (std::find(retired.begin(), retired.end(), number) != retired.end()) return absl::OkStatus();
  retired.push_back(number);
  return files_.WriteAtomically(absl::StrCat(root_, "/", name, "/retired.json"),
                                json(retired).dump() + "\n");
}

absl::StatusOr<std::unique_ptr<Model>> Registry::Load(const std::string& name,
                                                      const std::string& version) {
  GANNET_ASSIGN_OR_RETURN(Manifest manifest, ReadManifest(name, version));
  GANNET_ASSIGN_OR_RETURN(const auto retired, Retired(name));
  if (std::find(retired.begin(), retired.end(), manifest.info.version) != retired.end()) {
    return absl::FailedPreconditionError(absl::StrCat(
        "model ", name, " version ", manifest.info.version, " is retired; name another"));
  }
  const std::string path = Folder(name, manifest.info.version) + "/model.onnx";
  GANNET_ASSIGN_OR_RETURN(const std::string bytes, files_.Read(path));
  if (base::Hex(base::Sha256(bytes)) != manifest.model_sha256) {
    return absl::DataLossError(absl::StrCat(path,
                                            " is not the file that was registered (SHA-256 "
                                            "differs); restore it or train a new version"));
  }
  return LoadOnnxModel(bytes, std::move(manifest.info));
}

absl::StatusOr<std::string> Registry::Publish(Manifest manifest, std::string_view onnx) {
  const std::string& name = manifest.info.name;
  if (!IsName(name))
    return absl::InvalidArgumentError(absl::StrCat("'", name, "' is no model name"));
  GANNET_RETURN_IF_ERROR(files_.MakeDirs(absl::StrCat(root_, "/", name)));
  GANNET_ASSIGN_OR_RETURN(const std::vector<std::string> versions, Versions(name));
  int last = 0;
  if (!versions.empty())
    std::from_chars(versions.back().data(), versions.back().data() + versions.back().size(), last);
  manifest.info.version = std::to_string(last + 1);
  manifest.model_sha256 = base::Hex(base::Sha256(onnx));
  const std::string folder = Folder(name, manifest.info.version);
  GANNET_RETURN_IF_ERROR(files_.MakeDirs(folder));
  GANNET_RETURN_IF_ERROR(files_.WriteAtomically(folder + "/model.onnx", onnx));
  GANNET_RETURN_IF_ERROR(
      files_.WriteAtomically(folder + "/manifest.json", ToJson(manifest).dump(2) + "\n"));
  return manifest.info.version;
}

absl::Status Registry::SetAlias(const std::string& name, const std::string& alias,
                                const std::string& version) {
  if (!IsName(alias) || IsNumber(alias))
    return absl::InvalidArgumentError(absl::StrCat("'", alias, "' is no alias"));
  GANNET_RETURN_IF_ERROR(ReadManifest(name, version).status());
  GANNET_ASSIGN_OR_RETURN(const auto retired, Retired(name));
  if (std::find(retired.begin(), retired.end(), version) != retired.end())
    return absl::FailedPreconditionError(absl::StrCat("version ", version, " is retired"));
  GANNET_ASSIGN_OR_RETURN(auto aliases, Aliases(name));
  aliases[alias] = version;
  return files_.WriteAtomically(absl::StrCat(root_, "/", name, "/aliases.json"),
                                json(aliases).dump(2) + "\n");
}

}  // namespace gannet::ml_inference
