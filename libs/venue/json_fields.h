// Reading a venue's JSON objects with errors that name the field. Included by
// codec sources only: it pulls in simdjson.
#pragma once

#include <simdjson.h>

#include <array>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "libs/base/concat.h"
#include "libs/base/time.h"

namespace gannet::venue {

// The first thing that was wrong; later ones do not replace it.
class FieldErrors {
 public:
  void Add(std::string_view field, std::string_view what) {
    if (status_.ok())
      status_ = absl::InvalidArgumentError(base::Concat({"field ", field, ": ", what}));
  }
  bool ok() const { return status_.ok(); }
  const absl::Status& status() const { return status_; }

 private:
  absl::Status status_;
};

using Element = simdjson::dom::element;

inline std::string_view AsText(const Element& element, std::string_view field,
                               FieldErrors& errors) {
  std::string_view text;
  if (element.get(text) != simdjson::SUCCESS) errors.Add(field, "must be a string");
  return text;
}
inline uint64_t AsUnsigned(const Element& element, std::string_view field, FieldErrors& errors) {
  uint64_t value = 0;
  if (element.get(value) != simdjson::SUCCESS)
    errors.Add(field, "must be a whole number of at most 64 bits, not negative");
  return value;
}
inline bool AsBool(const Element& element, std::string_view field, FieldErrors& errors) {
  bool value = false;
  if (element.get(value) != simdjson::SUCCESS) errors.Add(field, "must be true or false");
  return value;
}
inline base::Time AsMillis(const Element& element, std::string_view field, FieldErrors& errors) {
  constexpr uint64_t kLastMillisecond = 9'223'372'036'854;  // that fits nanoseconds in int64
  const uint64_t ms = AsUnsigned(element, field, errors);
  if (ms > kLastMillisecond) {
    errors.Add(field, "must be milliseconds since 1970");
    return {};
  }
  return base::FromUnixMillis(static_cast<int64_t>(ms));
}

// The fields of one object by name, out of a fixed list; each at most once.
template <size_t kCount>
class NamedFields {
 public:
  NamedFields(const simdjson::dom::object& object,
              const std::array<std::string_view, kCount>& names, FieldErrors& errors)
      : names_(names), errors_(errors) {
    for (const auto& [key, value] : object) {
      for (size_t i = 0; i < kCount; ++i) {
        if (key != names_[i]) continue;
        if (values_[i]) errors_.Add(key, "appears twice");
        values_[i] = value;
        break;
      }
    }
  }
  bool has(size_t index) const { return values_[index].has_value(); }
  std::string_view Text(size_t index) { return Read<std::string_view>(index, AsText); }
  uint64_t Unsigned(size_t index) { return Read<uint64_t>(index, AsUnsigned); }
  base::Time Millis(size_t index) { return Read<base::Time>(index, AsMillis); }
  std::optional<Element> at(size_t index) const { return values_[index]; }

 private:
  template <class T>
  T Read(size_t index, T (*read)(const Element&, std::string_view, FieldErrors&)) {
    if (!values_[index]) {
      errors_.Add(names_[index], "is missing");
      return T{};
    }
    return read(*values_[index], names_[index], errors_);
  }

  const std::array<std::string_view, kCount>& names_;
  FieldErrors& errors_;
  std::array<std::optional<Element>, kCount> values_;
};

// The fields of a stream event: their names are single ASCII letters, and "pu".
class EventFields {
 public:
  EventFields(const simdjson::dom::object& object, FieldErrors& errors) : errors_(errors) {
    for (const auto& [key, value] : object) {
      if (key.size() == 1) {
        Put(static_cast<unsigned char>(key[0]), key, value);
      } else if (key == "pu") {
        Put(kPrevious, key, value);
      }
    }
  }
  bool has(char letter) const { return Seen(static_cast<unsigned char>(letter)); }
  bool has_previous() const { return Seen(kPrevious); }
  std::string_view Text(char letter) { return Read<std::string_view>(letter, AsText); }
  uint64_t Unsigned(char letter) { return Read<uint64_t>(letter, AsUnsigned); }
  bool Bool(char letter) { return Read<bool>(letter, AsBool); }
  base::Time Millis(char letter) { return Read<base::Time>(letter, AsMillis); }
  uint64_t Previous() { return AsUnsigned(values_[kPrevious], "pu", errors_); }
  std::optional<Element> at(char letter) const {
    if (!has(letter)) return std::nullopt;
    return values_[static_cast<unsigned char>(letter)];
  }

 private:
  static constexpr size_t kPrevious = 0;  // no field is named by a NUL
  static constexpr size_t kSlots = 128;

  bool Seen(size_t slot) const {
    return slot < kSlots && (seen_[slot / 64] >> (slot % 64) & 1) != 0;
  }
  void Put(size_t slot, std::string_view key, const Element& value) {
    if (slot >= kSlots || (slot == kPrevious && key != "pu")) return;
    if (Seen(slot)) errors_.Add(key, "appears twice");
    seen_[slot / 64] |= uint64_t{1} << (slot % 64);
    values_[slot] = value;
  }
  template <class T>
  T Read(char letter, T (*read)(const Element&, std::string_view, FieldErrors&)) {
    const std::string_view name(&letter, 1);
    if (!has(letter)) {
      errors_.Add(name, "is missing");
      return T{};
    }
    return read(values_[static_cast<unsigned char>(letter)], name, errors_);
  }

  FieldErrors& errors_;
  std::array<uint64_t, 2> seen_{};
  std::array<Element, kSlots> values_;  // those seen are set
};

}  // namespace gannet::venue
