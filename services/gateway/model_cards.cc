#include "services/gateway/model_cards.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "services/gateway/view_rows.h"

namespace gannet::gateway {
namespace {

constexpr size_t kMaxModels = 100, kMaxVersions = 200;
constexpr uint64_t kMaxManifestBytes = 1u << 20;

Json ReadJson(base::Files& files, const std::string& path) {
  const auto text = files.ReadRange(path, 0, kMaxManifestBytes);
  return text.ok() ? Json::parse(*text, nullptr, false) : Json(nullptr);
}

Json Part(const Json& json, const char* name) {
  return json.is_object() && json.contains(name) ? json.at(name) : Json(nullptr);
}

Json CardOf(const std::string& name, const std::string& version, const Json& aliases,
            const Json& manifest) {
  Json card{{"name", name}, {"version", version}, {"aliases", Json::array()}};
  if (aliases.is_object()) {
    for (const auto& [alias, target] : aliases.items()) {
      if (target.is_string() && target.get<std::string>() == version)
        card["aliases"].push_back(alias);
    }
  }
  if (!manifest.is_object()) {
    card["error"] = "its manifest.json cannot be read; restore the folder";
    return card;
  }
  card["features"] = Json::array();
  const Json features = Part(manifest, "features");
  if (features.is_array()) {
    for (const auto& feature : features) card["features"].push_back(Part(feature, "name"));
  }
  for (const char* part : {"horizon_ns", "brier_skill", "walk_forward", "training", "parity",
                           "code_version", "model_sha256", "format"}) {
    card[part] = Part(manifest, part);
  }
  return card;
}

}  // namespace

std::string ModelCardsJson(base::Files& files, const std::string& registry) {
  Json cards = Json::array();
  const auto names = registry.empty() ? std::vector<std::string>()
                                      : files.List(registry).value_or(std::vector<std::string>());
  for (const std::string& name : names) {
    const std::string folder = registry + "/" + name;
    const auto versions = files.List(folder);
    if (!versions.ok() || cards.size() >= kMaxModels) continue;
    const Json aliases = ReadJson(files, folder + "/aliases.json");
    std::vector<std::string> numbers;
    for (const std::string& version : *versions) {
      if (!version.empty() && version.size() < 10 &&
          version.find_first_not_of("0123456789") == std::string::npos) {
        numbers.push_back(version);
      }
    }
    std::sort(numbers.begin(), numbers.end(), [](const std::string& a, const std::string& b) {
      return a.size() != b.size() ? a.size() > b.size() : a > b;
    });
    if (numbers.size() > kMaxVersions) numbers.resize(kMaxVersions);
    for (const std::string& number : numbers) {
      cards.push_back(
          CardOf(name, number, aliases, ReadJson(files, folder + "/" + number + "/manifest.json")));
    }
  }
  return Text(cards);
}

}  // namespace gannet::gateway
