#include "libs/venue/json_parser.h"

#include <cstring>

#include "libs/base/concat.h"
#include "libs/base/status.h"

namespace gannet::venue {

using base::Concat;
using simdjson::dom::array;

absl::StatusOr<Element> JsonParser::Parse(std::string_view bytes, size_t limit) {
  if (bytes.size() > limit) {
    return absl::InvalidArgumentError(
        Concat({"a message of ", std::to_string(bytes.size()),
                " bytes is longer than the limit of ", std::to_string(limit)}));
  }
  if (bytes.size() > capacity_ || capacity_ == 0) {
    capacity_ = bytes.size() + bytes.size() / 2 + 4096;
    if (parser_.allocate(capacity_, kMaxNesting) != simdjson::SUCCESS) {
      capacity_ = 0;
      return absl::ResourceExhaustedError(
          "no memory to parse a message; lower the depth limit or add memory");
    }
    padded_.resize(capacity_ + simdjson::SIMDJSON_PADDING);
  }
  if (!bytes.empty()) std::memcpy(padded_.data(), bytes.data(), bytes.size());
  Element root;
  const simdjson::error_code error = parser_.parse(padded_.data(), bytes.size(), false).get(root);
  if (error != simdjson::SUCCESS) {
    return absl::InvalidArgumentError(
        Concat({"not the JSON we can read: ", simdjson::error_message(error)}));
  }
  return root;
}

absl::StatusOr<simdjson::dom::object> JsonParser::ParseObject(std::string_view bytes, size_t limit,
                                                              std::string_view what) {
  GANNET_ASSIGN_OR_RETURN(const Element root, Parse(bytes, limit));
  simdjson::dom::object fields;
  if (root.get(fields) != simdjson::SUCCESS)
    return absl::InvalidArgumentError(Concat({what, ": must be an object"}));
  return fields;
}

void ReadLevels(std::optional<Element> element, std::string_view field, std::vector<TextLevel>& out,
                FieldErrors& errors) {
  out.clear();
  array list;
  if (!element) return errors.Add(field, "is missing");
  if (element->get(list) != simdjson::SUCCESS) return errors.Add(field, "must be a list of levels");
  for (const Element item : list) {
    array pair;
    if (item.get(pair) != simdjson::SUCCESS)
      return errors.Add(field, "must hold [price, quantity] pairs");
    TextLevel level;
    size_t index = 0;
    for (const Element part : pair) {
      if (index > 1) break;  // early spot frames carry a third, empty member
      std::string_view& target = index++ == 0 ? level.price : level.quantity;
      if (part.get(target) != simdjson::SUCCESS)
        return errors.Add(field, "must hold prices and quantities as strings");
    }
    if (index < 2) return errors.Add(field, "must hold [price, quantity] pairs");
    if (out.size() >= kMaxLevels)
      return errors.Add(field, Concat({"has more than ", std::to_string(kMaxLevels), " levels"}));
    out.push_back(level);
  }
}

}  // namespace gannet::venue
