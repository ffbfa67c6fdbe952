// Any bytes as a configuration file: refused with INVALID_ARGUMENT or taken, never
// a crash or a hang.
//   cmake --preset clang && ninja -C build/clang gannet_config_fuzz
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "libs/base/check.h"
#include "libs/config/config.h"

using namespace gannet;

namespace {

struct Item {
  std::string name;
  market::Money amount;
};

void ReadItem(config::Section& in, Item& out) {
  in.Required("name", out.name);
  in.Optional("amount", out.amount, config::AtLeast(market::Money(0, 0)));
}

void ReadAll(config::Section& in) {
  std::vector<int> list;
  std::map<std::string, double> map;
  std::vector<Item> items;
  std::map<std::string, Item> named;
  base::Duration wait{};
  config::Ppm ratio;
  config::ByteSize size;
  bool flag = false;
  in.List("list", list, {.max = 10}, config::Between(0, 100));
  in.Map("map", map);
  in.Items("items", items, ReadItem);
  in.Sections("named", named, ReadItem);
  in.Optional("wait", wait);
  in.Optional("ratio", ratio);
  in.Optional("size", size);
  in.Optional("flag", flag);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string text(data, data + size);
  const absl::Status status = config::LoadText(text, "fuzz.yaml", ReadAll);
  GANNET_CHECK(status.ok() || status.code() == absl::StatusCode::kInvalidArgument,
               "a configuration is taken or refused");
  return 0;
}
