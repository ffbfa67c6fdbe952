// JSON objects as records: a struct of optional fields and a table that names them.
// One table reads and writes, so what was read can be written again; fields that the
// table does not name are kept as JSON text on request, the proof that nothing of a
// message is lost. Includes simdjson: for .cc files of codecs only.
//
// A known field of the wrong type, or twice, is INVALID_ARGUMENT naming it. Integers
// are exact over int64; decimals stay text.
#pragma once

#include <simdjson.h>

#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "libs/base/concat.h"
#include "libs/venue/parameters.h"
#include "libs/venue/record.h"

namespace gannet::venue {

namespace dom = simdjson::dom;

inline constexpr size_t kMaxMessageBytes = 32u << 20;

// Parser and padded buffer, reused from message to message.
class JsonDocument {
 public:
  absl::StatusOr<dom::element> Parse(std::string_view text) {
    if (text.size() > kMaxMessageBytes) {
      return absl::InvalidArgumentError(base::Concat(
          {"message of ", std::to_string(text.size()), " bytes, more than any real one"}));
    }
    if (buffer_.size() < text.size() + simdjson::SIMDJSON_PADDING) {
      buffer_.resize(text.size() * 2 + simdjson::SIMDJSON_PADDING);
    }
    if (!text.empty()) std::memcpy(buffer_.data(), text.data(), text.size());
    dom::element root;
    const auto error = parser_.parse(buffer_.data(), text.size(), false).get(root);
    if (error) {
      return absl::InvalidArgumentError(
          base::Concat({"not JSON: ", simdjson::error_message(error)}));
    }
    return root;
  }

 private:
  dom::parser parser_;
  std::vector<char> buffer_;
};

template <class T>
struct Field {
  std::string_view name;
  std::variant<Text T::*, Integer T::*, Flag T::*> member;
  bool required = false;
};

inline absl::Status FieldError(std::string_view what, std::string_view name,
                               std::string_view problem) {
  return absl::InvalidArgumentError(base::Concat({what, ": field ", name, " ", problem}));
}

template <class T>
absl::Status ReadField(const Field<T>& field, dom::element value, std::string_view what, T& out) {
  if (const auto* text = std::get_if<Text T::*>(&field.member)) {
    std::string_view read;
    if (value.get(read)) return FieldError(what, field.name, "is not text");
    if (out.**text) return FieldError(what, field.name, "appears twice");
    out.** text = std::string(read);
  } else if (const auto* number = std::get_if<Integer T::*>(&field.member)) {
    int64_t read = 0;
    if (value.get(read)) return FieldError(what, field.name, "is not a whole number");
    if (out.**number) return FieldError(what, field.name, "appears twice");
    out.** number = read;
  } else {
    bool read = false;
    if (value.get(read)) return FieldError(what, field.name, "is not true or false");
    Flag& flag = out.*std::get<Flag T::*>(field.member);
    if (flag) return FieldError(what, field.name, "appears twice");
    flag = read;
  }
  return absl::OkStatus();
}

template <class T>
bool IsSet(const Field<T>& field, const T& value) {
  return std::visit([&](auto member) { return (value.*member).has_value(); }, field.member);
}

// `what` names the record in errors. `keep`: what the table does not name goes to
// `other`, null values of named fields too.
template <class T>
absl::StatusOr<T> ReadRecord(dom::element element, std::span<const Field<T>> fields,
                             std::string_view what, bool keep) {
  dom::object object;
  if (element.get(object))
    return absl::InvalidArgumentError(base::Concat({what, " is not an object"}));
  T out;
  for (const auto [key, value] : object) {
    const Field<T>* known = nullptr;
    for (const Field<T>& field : fields) {
      if (field.name == key) known = &field;
    }
    if (known != nullptr && !value.is_null()) {
      if (absl::Status status = ReadField(*known, value, what, out); !status.ok()) return status;
    } else if (keep) {
      out.other.emplace_back(std::string(key), simdjson::minify(value));
    }
  }
  for (const Field<T>& field : fields) {
    if (field.required && !IsSet(field, out)) return FieldError(what, field.name, "is missing");
  }
  return out;
}

template <class T>
absl::StatusOr<std::vector<T>> ReadRecords(dom::element element, std::span<const Field<T>> fields,
                                           std::string_view what, bool keep) {
  dom::array array;
  if (element.get(array))
    return absl::InvalidArgumentError(base::Concat({"a list of ", what, " is not a list"}));
  std::vector<T> out;
  for (const dom::element member : array) {
    absl::StatusOr<T> record = ReadRecord(member, fields, what, keep);
    if (!record.ok()) return record.status();
    out.push_back(*std::move(record));
  }
  return out;
}

template <class T>
std::string WriteRecord(const T& value, std::span<const Field<T>> fields) {
  std::string out = "{";
  const auto name = [&out](std::string_view text) {
    if (out.size() > 1) out += ',';
    AppendJsonString(out, text);
    out += ':';
  };
  for (const Field<T>& field : fields) {
    if (!IsSet(field, value)) continue;
    name(field.name);
    if (const auto* text = std::get_if<Text T::*>(&field.member)) {
      AppendJsonString(out, *(value.**text));
    } else if (const auto* number = std::get_if<Integer T::*>(&field.member)) {
      out += std::to_string(*(value.**number));
    } else {
      out += *(value.*std::get<Flag T::*>(field.member)) ? "true" : "false";
    }
  }
  for (const auto& [key, text] : value.other) {
    name(key);
    out += text;
  }
  return out + "}";
}

}  // namespace gannet::venue
