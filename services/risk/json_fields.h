// Strict reading of one JSON object: each key once asked for, every other refused;
// decimals exact and as text. The first error is kept, with the place and the field.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "libs/base/time.h"
#include "libs/market/decimal.h"

namespace gannet::risk {

class JsonFields {
 public:
  JsonFields(const nlohmann::json& object, std::string place)
      : object_(object), place_(std::move(place)) {
    if (!object_.is_object()) Refuse("", "must be an object {...}");
  }

  bool Has(const char* key) const { return object_.is_object() && object_.contains(key); }

  std::string Text(const char* key, std::optional<std::string> otherwise = std::nullopt) {
    const nlohmann::json* value = Find(key, otherwise.has_value());
    if (value == nullptr) return otherwise.value_or("");
    if (!value->is_string()) return Refuse(key, "must be a text"), "";
    return value->get<std::string>();
  }
  bool Flag(const char* key, bool otherwise) {
    const nlohmann::json* value = Find(key, true);
    if (value == nullptr) return otherwise;
    if (!value->is_boolean()) return Refuse(key, "must be true or false"), false;
    return value->get<bool>();
  }
  uint64_t Number(const char* key, uint64_t otherwise, uint64_t most = INT64_MAX) {
    const nlohmann::json* value = Find(key, true);
    if (value == nullptr) return otherwise;
    if (!value->is_number_unsigned() || value->get<uint64_t>() > most)
      return Refuse(key, absl::StrCat("must be a whole number from 0 to ", most)), 0;
    return value->get<uint64_t>();
  }
  // Exact; `otherwise` null: required.
  market::Int128 Decimal128(const char* key, int scale, const char* otherwise = nullptr) {
    const nlohmann::json* value = Find(key, otherwise != nullptr);
    if (value == nullptr && otherwise == nullptr) return 0;
    if (value != nullptr && !value->is_string())
      return Refuse(key, "must be a decimal as text, such as \"0.25\""), 0;
    const std::string text = value != nullptr ? value->get<std::string>() : otherwise;
    const auto parsed = market::ParseDecimal128(text, scale);
    if (!parsed) {
      Refuse(key, absl::StrCat("'", text, "' is no decimal with at most ", scale,
                               " digits after the point"));
    }
    return parsed.value_or(0);
  }
  int64_t Decimal(const char* key, int scale, const char* otherwise = nullptr) {
    const market::Int128 value = Decimal128(key, scale, otherwise);
    if (value > INT64_MAX || value < INT64_MIN)
      return Refuse(key, "is larger than 64 bits hold"), 0;
    return static_cast<int64_t>(value);
  }
  base::Time Time(const char* key, std::optional<base::Time> otherwise = std::nullopt) {
    const nlohmann::json* value = Find(key, otherwise.has_value());
    if (value == nullptr) return otherwise.value_or(base::Time());
    const auto time = value->is_string() ? base::ParseRfc3339(value->get<std::string>())
                                         : std::optional<base::Time>();
    if (!time) Refuse(key, "must be a time such as \"2026-01-02T03:04:05.678Z\"");
    return time.value_or(base::Time());
  }
  // By market::Name of the values from `first` to `last`, in any case.
  template <class E>
  E Choice(const char* key, E first, E last, std::optional<E> otherwise = std::nullopt) {
    const nlohmann::json* value = Find(key, otherwise.has_value());
    if (value == nullptr) return otherwise.value_or(first);
    const std::string text = value->is_string() ? Upper(value->get<std::string>()) : "";
    std::string allowed;
    for (int i = static_cast<int>(first); i <= static_cast<int>(last); ++i) {
      const std::string name = Name(static_cast<E>(i));
      if (text == Upper(name)) return static_cast<E>(i);
      absl::StrAppend(&allowed, allowed.empty() ? "" : ", ", name);
    }
    return Refuse(key, absl::StrCat("must be one of ", allowed)), first;
  }
  const nlohmann::json& Array(const char* key) {
    static const nlohmann::json kEmpty = nlohmann::json::array();
    const nlohmann::json* value = Find(key, true);
    if (value == nullptr) return kEmpty;
    if (!value->is_array()) return Refuse(key, "must be a list [...]"), kEmpty;
    return *value;
  }
  const nlohmann::json* Object(const char* key) {
    const nlohmann::json* value = Find(key, false);
    return value;
  }

  void Refuse(std::string_view key, std::string_view what) {
    if (!status_.ok()) return;
    status_ = absl::InvalidArgumentError(
        absl::StrCat(place_, key.empty() ? "" : ": ", std::string(key), ": ", std::string(what)));
  }
  // After everything was read: the first error, or that a key has no meaning.
  absl::Status Done() {
    if (object_.is_object()) {
      for (const auto& [key, value] : object_.items()) {
        if (!asked_.contains(key)) Refuse(key, "there is no such field; see docs/risk-check.md");
      }
    }
    return status_;
  }

 private:
  const nlohmann::json* Find(const char* key, bool optional) {
    asked_.insert(key);
    if (!object_.is_object()) return nullptr;
    const auto found = object_.find(key);
    if (found != object_.end() && !found->is_null()) return &*found;
    if (!optional) Refuse(key, "is missing");
    return nullptr;
  }
  static std::string Upper(std::string text) {
    for (char& c : text) {
      if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
    }
    return text;
  }

  const nlohmann::json& object_;
  const std::string place_;
  std::set<std::string> asked_;
  absl::Status status_;
};

}  // namespace gannet::risk
