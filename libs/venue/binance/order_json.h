// Strict reading of JSON objects for the order codecs. Includes simdjson: for
// .cc files of this folder only.
#pragma once

#include <simdjson.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "libs/venue/binance/order_codec.h"
#include "libs/venue/json_record.h"

namespace gannet::venue::binance {

// Collects the fields of one object; the first wrong one is remembered.
class FieldReader {
 public:
  FieldReader(bool keep_other, OtherFields& other) : other_(keep_other ? &other : nullptr) {}

  void Text(std::string_view name, dom::element value, std::string& out) {
    std::string_view text;
    if (value.get(text)) return Wrong(name, "text");
    out.assign(text);
  }
  void Text(std::string_view name, dom::element value, std::optional<std::string>& out) {
    Text(name, value, out.emplace());
  }
  void Number(std::string_view name, dom::element value, int64_t& out) {
    if (value.get(out)) Wrong(name, "a whole number");
  }
  void Number(std::string_view name, dom::element value, std::optional<int64_t>& out) {
    Number(name, value, out.emplace());
  }
  void Flag(std::string_view name, dom::element value, bool& out) {
    if (value.get(out)) Wrong(name, "true or false");
  }
  void Flag(std::string_view name, dom::element value, std::optional<bool>& out) {
    Flag(name, value, out.emplace());
  }
  // A field that this build does not interpret.
  void Other(std::string_view name, dom::element value) {
    if (other_ != nullptr) other_->emplace_back(std::string(name), simdjson::minify(value));
  }

  void Wrong(std::string_view name, std::string_view expected) {
    if (status_.ok())
      status_ = absl::InvalidArgumentError(
          absl::StrCat("field ", std::string(name), " is not ", std::string(expected)));
  }
  void Missing(std::string_view name) {
    if (status_.ok())
      status_ =
          absl::InvalidArgumentError(absl::StrCat("field ", std::string(name), " is missing"));
  }
  const absl::Status& status() const { return status_; }

 private:
  OtherFields* other_;
  absl::Status status_;
};

inline absl::StatusOr<dom::object> AsObject(dom::element element, std::string_view what) {
  dom::object object;
  if (element.get(object))
    return absl::InvalidArgumentError(absl::StrCat(std::string(what), " is not an object"));
  return object;
}

}  // namespace gannet::venue::binance
