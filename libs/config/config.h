// Strict YAML into structs. A key that is unknown, repeated or missing, a value of
// the wrong form, a number without its unit or outside its range: each is found,
// and all of a file's errors are reported together, with file, line, key path,
// value and what is allowed. Nothing is started on a file with an error. Anchors,
// aliases, tags and further documents are refused.
//
//   struct FeedConfig {
//     std::string url;
//     base::Duration timeout = 10s;
//     Mode mode = Mode::kLive;
//     std::vector<SymbolConfig> symbols;
//   };
//   constexpr config::Name<Mode> kModes[] = {{"live", Mode::kLive}, {"delayed", Mode::kDelayed}};
//
//   void Read(config::Section& in, FeedConfig& out) {
//     in.Required("url", out.url);
//     in.Optional("timeout", out.timeout, config::Between(100ms, 60s));
//     in.Optional("mode", out.mode, kModes);
//     in.Items("symbols", out.symbols, [](config::Section& item, SymbolConfig& symbol) {
//       item.Required("name", symbol.name);
//     });
//     if (out.timeout < out.retry) in.Problem("timeout", "must not be below retry");
//   }
//
//   absl::StatusOr<FeedConfig> feed = config::LoadFile<FeedConfig>(files, "feed.yaml", Read);
//
// Forms of values: true/false; 42; 0.5; text; durations "90s" "250ms" "1.5h"
// (base::ParseDuration); market::Money "1000.50", exact, its scale the digits
// written; Ppm "5%" "25bp" "300ppm"; ByteSize "64MiB" "512KiB" "100B"; names of an
// enum; lists and maps of these. Defaults are what the struct holds before reading.
//
// Single-threaded; a Section is valid only inside the function it was handed to.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "libs/base/files.h"
#include "libs/base/text_id.h"
#include "libs/base/time.h"
#include "libs/market/money.h"

namespace gannet::config {

inline constexpr size_t kMaxFileBytes = 1u << 20;
inline constexpr size_t kMaxNodes = 100'000;
inline constexpr size_t kMaxDepth = 16;
inline constexpr size_t kMaxProblemsShown = 50;

// A ratio in parts per million, written "5%", "25bp" or "300ppm".
struct Ppm {
  int64_t value = 0;
  auto operator<=>(const Ppm&) const = default;
};

// Written with a unit: B, KiB, MiB, GiB.
struct ByteSize {
  uint64_t value = 0;
  auto operator<=>(const ByteSize&) const = default;
};

// What a value may be. Build with Between, AtLeast, AtMost.
template <class T>
struct Limits {
  std::optional<T> min, max;  // both included
};

template <class A, class B>
struct Bounds {
  std::optional<A> min;
  std::optional<B> max;
  template <class T>
  operator Limits<T>() const {  // NOLINT: meant to be implicit
    Limits<T> limits;
    if (min) limits.min = T(*min);
    if (max) limits.max = T(*max);
    return limits;
  }
};
template <class A, class B>
Bounds<A, B> Between(A min, B max) {
  return {std::move(min), std::move(max)};
}
template <class A>
Bounds<A, A> AtLeast(A min) {
  return {std::move(min), std::nullopt};
}
template <class A>
Bounds<A, A> AtMost(A max) {
  return {std::nullopt, std::move(max)};
}

// One value of an enum as it is written.
template <class E>
struct Name {
  std::string_view text;
  E value;
};

// How many entries a list or map may have.
struct Count {
  size_t min = 0;  // above 0: the key is required
  size_t max = 10'000;
};

namespace internal {

struct Node;
struct Document;

// Text to value; false when the text is not of that form.
bool Parse(const std::string& text, bool& out);
bool Parse(const std::string& text, int64_t& out);
bool Parse(const std::string& text, uint64_t& out);
bool Parse(const std::string& text, double& out);
bool Parse(const std::string& text, std::string& out);
bool Parse(const std::string& text, base::Duration& out);
bool Parse(const std::string& text, market::Money& out);
bool Parse(const std::string& text, Ppm& out);
bool Parse(const std::string& text, ByteSize& out);
// Value to text, for messages.
std::string Show(int64_t value);
std::string Show(uint64_t value);
std::string Show(double value);
std::string Show(base::Duration value);
std::string Show(const market::Money& value);
std::string Show(Ppm value);
std::string Show(ByteSize value);
// What is expected where T stands: "a duration such as 250ms or 10s".
template <class T>
std::string_view Form();
template <>
std::string_view Form<bool>();
template <>
std::string_view Form<int64_t>();
template <>
std::string_view Form<uint64_t>();
template <>
std::string_view Form<double>();
template <>
std::string_view Form<std::string>();
template <>
std::string_view Form<base::Duration>();
template <>
std::string_view Form<market::Money>();
template <>
std::string_view Form<Ppm>();
template <>
std::string_view Form<ByteSize>();

template <class T>
struct IsTextId : std::false_type {};
template <class Tag>
struct IsTextId<base::TextId<Tag>> : std::true_type {};

// The type that a field of type T is parsed as.
template <class T>
using Parsed = std::conditional_t<
    IsTextId<T>::value, std::string,
    std::conditional_t<std::integral<T> && !std::same_as<T, bool>,
                       std::conditional_t<std::is_signed_v<T>, int64_t, uint64_t>, T>>;

template <class T>
std::string Allowed(const Limits<T>& limits) {
  if constexpr (requires(const T& value) { Show(value); }) {
    if (limits.min && limits.max) return " from " + Show(*limits.min) + " to " + Show(*limits.max);
    if (limits.min) return " of at least " + Show(*limits.min);
    if (limits.max) return " of at most " + Show(*limits.max);
  }
  return std::string();
}

}  // namespace internal

class Section {
 public:
  // A scalar: bool, integer, double, text or TextId, Duration, Money, Ppm, ByteSize.
  template <class T>
    requires(!std::is_enum_v<T>)
  void Required(std::string_view key, T& out,
                std::type_identity_t<Limits<internal::Parsed<T>>> limits = {}) {
    ReadScalar(key, true, out, limits);
  }
  template <class T>
    requires(!std::is_enum_v<T>)
  void Optional(std::string_view key, T& out,
                std::type_identity_t<Limits<internal::Parsed<T>>> limits = {}) {
    ReadScalar(key, false, out, limits);
  }
  // An optional without a default.
  template <class T>
  void Optional(std::string_view key, std::optional<T>& out,
                std::type_identity_t<Limits<internal::Parsed<T>>> limits = {}) {
    if (!Has(key)) return Skip(key);
    T value{};
    ReadScalar(key, false, value, limits);
    out = std::move(value);
  }

  // The path of a file or folder; a relative one starts at the folder of this
  // file, and so does a default.
  void RequiredPath(std::string_view key, std::string& out) { ReadPath(key, true, out); }
  void OptionalPath(std::string_view key, std::string& out) { ReadPath(key, false, out); }

  // An enum by its names.
  template <class E, size_t count>
    requires std::is_enum_v<E>
  void Required(std::string_view key, E& out, const Name<E> (&names)[count]) {
    ReadName(key, true, out, names);
  }
  template <class E, size_t count>
    requires std::is_enum_v<E>
  void Optional(std::string_view key, E& out, const Name<E> (&names)[count]) {
    ReadName(key, false, out, names);
  }

  // A list of scalars; replaces what `out` holds when the key is there.
  template <class T>
  void List(std::string_view key, std::vector<T>& out, Count count = {},
            std::type_identity_t<Limits<internal::Parsed<T>>> limits = {}) {
    if (const internal::Node* node = TakeList(key, count)) {
      out.clear();
      ForEach(*node, [&](const std::string& path, const internal::Node& item) {
        T value{};
        Convert(path, item, value, limits);
        out.push_back(std::move(value));
      });
    }
  }
  // A map from text to scalars.
  template <class T>
  void Map(std::string_view key, std::map<std::string, T>& out, Count count = {},
           std::type_identity_t<Limits<internal::Parsed<T>>> limits = {}) {
    Entries(
        key,
        [&](Section& entries) {
          out.clear();
          for (const std::string& name : entries.Keys())
            entries.ReadScalar(name, true, out[name], limits);
        },
        count);
  }

  // A section inside this one; `read(Section&)`, or `read(Section&, T&)` with the
  // part of the struct. When the key is absent an optional one is left alone.
  void RequiredSection(std::string_view key, const std::function<void(Section&)>& read) {
    Inner(key, true, read);
  }
  void OptionalSection(std::string_view key, const std::function<void(Section&)>& read) {
    Inner(key, false, read);
  }
  template <class T, class Read>
  void RequiredSection(std::string_view key, T& out, Read read) {
    Inner(key, true, [&](Section& inner) { read(inner, out); });
  }
  template <class T, class Read>
  void OptionalSection(std::string_view key, T& out, Read read) {
    Inner(key, false, [&](Section& inner) { read(inner, out); });
  }

  // A list of sections.
  template <class T, class Read>
  void Items(std::string_view key, std::vector<T>& out, Read read, Count count = {}) {
    if (const internal::Node* node = TakeList(key, count)) {
      out.clear();
      ForEach(*node, [&](const std::string& path, const internal::Node& item) {
        T value{};
        Enter(path, item, [&](Section& section) { read(section, value); });
        out.push_back(std::move(value));
      });
    }
  }
  // A map from a name to a section: `read(Section&, T&)` for each name. `refuse` (may be
  // null) says why a name may not stand there; empty: it may.
  template <class T, class Read>
  void Sections(std::string_view key, std::map<std::string, T>& out, Read read, Count count = {},
                const std::function<std::string(const std::string&)>& refuse = nullptr) {
    Entries(
        key,
        [&](Section& entries) {
          out.clear();
          for (const std::string& name : entries.Keys()) {
            if (refuse) {
              if (std::string why = refuse(name); !why.empty())
                entries.Problem(name, std::move(why));
            }
            entries.RequiredSection(name, out[name], read);
          }
        },
        count);
  }

  bool Has(std::string_view key) const;
  // All keys of this section, in the file's order. They still have to be read.
  std::vector<std::string> Keys() const;
  // An error found by the caller, at the line of `key` (or of the section).
  void Problem(std::string_view key, std::string what);

 private:
  friend struct internal::Document;
  Section(internal::Document& document, std::string path, const internal::Node* node)
      : document_(document), path_(std::move(path)), node_(node) {}

  template <class T, class L>
  void ReadScalar(std::string_view key, bool required, T& out, const L& limits) {
    if (const internal::Node* node = Take(key, required)) Convert(PathOf(key), *node, out, limits);
  }

  template <class T, class L>
  void Convert(const std::string& path, const internal::Node& node, T& out, const L& limits) {
    using P = internal::Parsed<T>;
    const std::string* text = ScalarText(path, node, internal::Form<P>());
    if (text == nullptr) return;
    L effective = limits;
    if constexpr (std::integral<T> && !std::same_as<T, bool>) {
      if (!effective.min) effective.min = std::numeric_limits<T>::min();
      if (!effective.max) effective.max = std::numeric_limits<T>::max();
    }
    P value{};
    const bool fits = internal::Parse(*text, value) &&
                      (!effective.min || !(value < *effective.min)) &&
                      (!effective.max || !(*effective.max < value));
    if (!fits) {
      // The type's own range is worth words only to who has left it.
      return Refuse(
          path, node, internal::Form<P>(),
          limits.min || limits.max ? internal::Allowed(limits) : internal::Allowed(effective));
    }
    if constexpr (std::same_as<T, P>) {
      out = std::move(value);
    } else {
      out = T(std::move(value));
    }
  }

  void ReadPath(std::string_view key, bool required, std::string& out);

  template <class E, size_t count>
  void ReadName(std::string_view key, bool required, E& out, const Name<E> (&names)[count]) {
    const internal::Node* node = Take(key, required);
    if (node == nullptr) return;
    std::vector<std::string_view> texts;
    for (const Name<E>& name : names) texts.push_back(name.text);
    if (const std::optional<size_t> index = FindName(PathOf(key), *node, texts))
      out = names[*index].value;
  }

  // The node of a key, which counts as known from now on; null when absent.
  const internal::Node* Take(std::string_view key, bool required);
  void Skip(std::string_view key) { Take(key, false); }
  const internal::Node* TakeList(std::string_view key, Count count);
  void Entries(std::string_view key, const std::function<void(Section&)>& read, Count count);
  void Inner(std::string_view key, bool required, const std::function<void(Section&)>& read);
  void Enter(const std::string& path, const internal::Node& node,
             const std::function<void(Section&)>& read);
  void ForEach(
      const internal::Node& list,
      const std::function<void(const std::string& path, const internal::Node&)>& each) const;
  // Null, and a problem, when the node is no scalar or empty.
  const std::string* ScalarText(const std::string& path, const internal::Node& node,
                                std::string_view form);
  std::optional<size_t> FindName(const std::string& path, const internal::Node& node,
                                 const std::vector<std::string_view>& names);
  void Refuse(const std::string& path, const internal::Node& node, std::string_view form,
              const std::string& limits);
  std::string PathOf(std::string_view key) const;
  // Reports what nobody has asked for.
  void Finish();

  internal::Document& document_;
  std::string path_;  // "accounts.main"; empty at the top
  const internal::Node* node_;
  std::vector<std::string> known_;  // keys asked for, in that order
};

// INVALID_ARGUMENT with every error of the text, one a line, each beginning
// "name:line: key.path: ". An empty text is an empty section.
absl::Status LoadText(std::string_view text, std::string_view name,
                      const std::function<void(Section&)>& read);
// The same for a file; or what Files::Read says.
absl::Status LoadFile(base::Files& files, const std::string& path,
                      const std::function<void(Section&)>& read);

template <class T, class Read>
absl::StatusOr<T> LoadText(std::string_view text, std::string_view name, Read read,
                           T defaults = {}) {
  absl::Status status = LoadText(text, name, [&](Section& in) { read(in, defaults); });
  if (!status.ok()) return status;
  return defaults;
}
template <class T, class Read>
absl::StatusOr<T> LoadFile(base::Files& files, const std::string& path, Read read,
                           T defaults = {}) {
  absl::Status status = LoadFile(files, path, [&](Section& in) { read(in, defaults); });
  if (!status.ok()) return status;
  return defaults;
}

// What --check-config prints and exits with: "path: OK" and 0, or the errors and 2.
struct CheckResult {
  int exit_code = 0;
  std::string text;
};
CheckResult Check(std::string_view path, const absl::Status& loaded);

}  // namespace gannet::config
