// JSON of a venue's messages into simdjson's elements, in buffers that are reused. Included
// by codec sources only: it pulls in simdjson.
#pragma once

#include <simdjson.h>

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "libs/venue/json_fields.h"
#include "libs/venue/market_data.h"

namespace gannet::venue {

class JsonParser {
 public:
  // Valid until the next call. INVALID_ARGUMENT: longer than `limit` bytes, or no JSON.
  absl::StatusOr<Element> Parse(std::string_view bytes, size_t limit);
  // The same, of an object; `what` begins the message when it is none.
  absl::StatusOr<simdjson::dom::object> ParseObject(std::string_view bytes, size_t limit,
                                                    std::string_view what);

 private:
  simdjson::dom::parser parser_;
  size_t capacity_ = 0;
  std::vector<uint8_t> padded_;
};

// [["price","quantity"],…], at most kMaxLevels; further members of a level are not read.
void ReadLevels(std::optional<Element> element, std::string_view field, std::vector<TextLevel>& out,
                FieldErrors& errors);

}  // namespace gannet::venue
