#include "libs/config/config.h"

#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>
#include <limits>
#include <string>
#include <vector>

#include "libs/market/ids.h"

namespace gannet::config {
namespace {

using namespace std::chrono_literals;
using Catch::Matchers::ContainsSubstring;

enum class Mode { kLive, kDelayed };
constexpr Name<Mode> kModes[] = {{"live", Mode::kLive}, {"delayed", Mode::kDelayed}};

struct Symbol {
  std::string name;
  uint16_t depth = 20;
};

struct Limit {
  market::Money max_notional;
};

struct Feed {
  std::string url;
  market::AssetId quote;
  base::Duration timeout = 10s;
  Mode mode = Mode::kLive;
  bool tls = true;
  int8_t level = 3;
  double weight = 0.5;
  Ppm collar{50'000};
  ByteSize buffer{1u << 20};
  std::optional<uint32_t> seed;
  std::vector<std::string> hosts = {"default"};
  std::map<std::string, int> ports;
  std::vector<Symbol> symbols;
  std::map<std::string, Limit> accounts;
  Symbol main;
};

void ReadSymbol(Section& in, Symbol& out) {
  in.Required("name", out.name);
  in.Optional("depth", out.depth, Between(1, 5000));
}

void ReadFeed(Section& in, Feed& out) {
  in.Required("url", out.url);
  in.Optional("quote", out.quote);
  in.Optional("timeout", out.timeout, Between(100ms, 60s));
  in.Optional("mode", out.mode, kModes);
  in.Optional("tls", out.tls);
  in.Optional("level", out.level);
  in.Optional("weight", out.weight, Between(0, 1));
  in.Optional("collar", out.collar, AtMost(Ppm{100'000}));
  in.Optional("buffer", out.buffer, AtLeast(ByteSize{1024}));
  in.Optional("seed", out.seed);
  in.List("hosts", out.hosts, {.min = 0, .max = 3});
  in.Map("ports", out.ports, {}, Between(1, 65535));
  in.Items("symbols", out.symbols, ReadSymbol);
  in.Sections("accounts", out.accounts, [](Section& section, Limit& limit) {
    section.Required("max_notional", limit.max_notional, AtLeast(market::Money(0, 0)));
  });
  in.OptionalSection("main", out.main, ReadSymbol);
}

absl::StatusOr<Feed> Load(std::string_view text) {
  return LoadText<Feed>(text, "feed.yaml", ReadFeed);
}

std::string ErrorOf(std::string_view text) {
  const auto loaded = Load(text);
  REQUIRE_FALSE(loaded.ok());
  CHECK(loaded.status().code() == absl::StatusCode::kInvalidArgument);
  return std::string(loaded.status().message());
}

TEST_CASE("Config fills a struct with every form of value") {
  const auto feed = Load(R"(
url: "wss://example"
quote: USDT
timeout: 1.5s
mode: delayed
tls: false
level: -128
weight: 0.25
collar: 25bp
buffer: 64MiB
seed: 4294967295
hosts: [a, b]
ports: {http: 80, https: 443}
symbols:
  - name: BTCUSDT
  - name: ETHUSDT
    depth: 100
accounts:
  main/paper:
    max_notional: 1000.50
  main/test:
    max_notional: 7
main:
  name: BTCUSDT
)");
  REQUIRE(feed.ok());
  CHECK(feed->url == "wss://example");
  CHECK(feed->quote == market::AssetId("USDT"));
  CHECK(feed->timeout == 1500ms);
  CHECK(feed->mode == Mode::kDelayed);
  CHECK_FALSE(feed->tls);
  CHECK(feed->level == -128);
  CHECK(feed->weight == 0.25);
  CHECK(feed->collar.value == 2500);
  CHECK(feed->buffer.value == 64u << 20);
  CHECK(feed->seed == 4294967295u);
  CHECK(feed->hosts == std::vector<std::string>{"a", "b"});
  CHECK(feed->ports == std::map<std::string, int>{{"http", 80}, {"https", 443}});
  REQUIRE(feed->symbols.size() == 2);
  CHECK(feed->symbols[0].depth == 20);
  CHECK(feed->symbols[1].depth == 100);
  CHECK(feed->accounts.at("main/paper").max_notional == market::Money(10005, 1));
  CHECK(feed->accounts.at("main/paper").max_notional.scale() == 2);
  CHECK(feed->accounts.at("main/test").max_notional == market::Money(7, 0));
  CHECK(feed->main.name == "BTCUSDT");
}

TEST_CASE("Config keeps the defaults of keys that are absent") {
  const auto feed = Load("url: x");
  REQUIRE(feed.ok());
  CHECK(feed->timeout == 10s);
  CHECK(feed->hosts == std::vector<std::string>{"default"});
  CHECK_FALSE(feed->seed.has_value());
  CHECK(feed->symbols.empty());
}

TEST_CASE("Config names an unknown key, its line and what is allowed") {
  CHECK_THAT(
      ErrorOf("url: x\ntimeot: 1s"),
      ContainsSubstring(
          "feed.yaml:2: timeot: is not known; did you mean timeout? allowed here: url, quote"));
  CHECK_THAT(
      ErrorOf("url: x\nsymbols:\n  - name: a\n    colour: red"),
      ContainsSubstring("feed.yaml:4: symbols[0].colour: is not known; allowed here: name, depth"));
}

TEST_CASE("Config names a missing key") {
  CHECK_THAT(ErrorOf("timeout: 1s"), ContainsSubstring("feed.yaml:1: url: is missing"));
  CHECK_THAT(ErrorOf(""), ContainsSubstring("feed.yaml:1: url: is missing"));
  CHECK_THAT(ErrorOf("url: x\naccounts:\n  main/paper:\n"),
             ContainsSubstring("feed.yaml:3: accounts.main/paper.max_notional: is missing"));
}

TEST_CASE("Config refuses a repeated key") {
  CHECK_THAT(ErrorOf("url: x\ntls: true\nurl: y"),
             ContainsSubstring("feed.yaml:3: url: is here a second time; the first is at line 1"));
  CHECK_THAT(ErrorOf("url: x\nmain:\n  name: a\n  name: b"),
             ContainsSubstring("feed.yaml:4: main.name: is here a second time"));
}

TEST_CASE("Config refuses values of the wrong form, naming what is allowed") {
  struct Case {
    const char* line;
    const char* what;
  };
  const Case cases[] = {
      {"timeout: 10", "timeout: '10' is not a duration such as 250ms or 10s from 100ms to 1m"},
      {"timeout: 10 parsecs", "'10 parsecs' is not a duration"},
      {"timeout: 5ms", "'5ms' is not a duration such as 250ms or 10s from 100ms to 1m"},
      {"timeout: 61s", "'61s' is not"},
      {"timeout: [1s]", "timeout: is a list or section; expected is a duration"},
      {"timeout:", "timeout: has no value; expected is a duration"},
      {"mode: fast", "mode: 'fast' is not one of live, delayed"},
      {"tls: yes", "tls: 'yes' is not true or false"},
      {"level: 128", "level: '128' is not a whole number from -128 to 127"},
      {"level: 1.0", "level: '1.0' is not a whole number"},
      {"weight: nan", "weight: 'nan' is not a number from 0 to 1"},
      {"weight: 1.1", "weight: '1.1' is not a number from 0 to 1"},
      {"collar: 0.05", "collar: '0.05' is not a ratio such as 5%, 25bp or 300ppm of at most 10%"},
      {"collar: 11%", "collar: '11%' is not"},
      {"collar: 0.5ppm", "collar: '0.5ppm' is not"},
      {"buffer: 64MB", "buffer: '64MB' is not a size such as 64MiB or 512KiB of at least 1KiB"},
      {"buffer: 99999999999GiB", "buffer: '99999999999GiB' is not"},
      {"seed: -1", "seed: '-1' is not a whole number"},
      {"quote: ''", "quote: '' is not text"},
      {"hosts: a", "hosts: is not a list"},
      {"hosts: [a, b, c, d]", "hosts: has 4 entries; allowed are 0 to 3"},
      {"hosts: [a, {}]", "hosts[1]: is a list or section"},
      {"ports: {http: 0}", "ports.http: '0' is not a whole number from 1 to 65535"},
      {"ports: [80]", "ports: is not a section"},
      {"symbols: [a]", "symbols[0]: is not a section"},
      {"accounts: {a: {max_notional: -1}}", "'-1' is not an amount such as 1000.50 of at least 0"},
      {"accounts: {a: {max_notional: 1e6}}", "'1e6' is not an amount"},
      {"accounts: {a: {max_notional: 1000000000000000000}}", "is not an amount"},
      {"accounts: {a: {max_notional: 0.1234567890123456789}}", "is not an amount"},
      {"main: 3", "main: is not a section"},
  };
  for (const Case& c : cases) {
    CAPTURE(c.line);
    CHECK_THAT(ErrorOf(std::string("url: x\n") + c.line), ContainsSubstring("feed.yaml:2: "));
    CHECK_THAT(ErrorOf(std::string("url: x\n") + c.line), ContainsSubstring(c.what));
  }
}

TEST_CASE("Config reports all errors of a file, by line") {
  const std::string error = ErrorOf("tls: maybe\nspeed: 3\ntimeout: 1h\nmode: 7");
  const std::vector<const char*> parts = {"feed.yaml:1: url", "feed.yaml:1: tls",
                                          "feed.yaml:2: speed", "feed.yaml:3: timeout",
                                          "feed.yaml:4: mode"};
  for (const char* part : parts) CHECK_THAT(error, ContainsSubstring(part));
  CHECK(error.find("feed.yaml:2") < error.find("feed.yaml:3"));
  CHECK(error.find("feed.yaml:3") < error.find("feed.yaml:4"));
}

TEST_CASE("Config shows so many errors and counts the rest") {
  std::string text = "url: x\n";
  for (size_t i = 0; i < kMaxProblemsShown + 7; ++i)
    text += "unknown_key_" + std::to_string(i) + ": 1\n";
  CHECK_THAT(ErrorOf(text), ContainsSubstring("… and 7 more"));
}

TEST_CASE("Config refuses what is not plain YAML") {
  CHECK_THAT(ErrorOf("url: x\n\tkey: [unclosed"), ContainsSubstring("not YAML"));
  CHECK_THAT(ErrorOf("url: x\nquote: [unclosed"), ContainsSubstring("feed.yaml:"));
  CHECK_THAT(ErrorOf("url: &a x\nquote: *a"), ContainsSubstring("feed.yaml:1: url: has an anchor"));
  CHECK_THAT(ErrorOf("url: &a x\nquote: *a"), ContainsSubstring("feed.yaml:2: quote: is an alias"));
  CHECK_THAT(ErrorOf("url: !!binary aGk="), ContainsSubstring("has the tag"));
  CHECK_THAT(ErrorOf("url: x\n---\nurl: y"), ContainsSubstring("second document"));
  CHECK_THAT(ErrorOf("just text"), ContainsSubstring("key: value"));
  CHECK_THAT(ErrorOf("? [a, b]\n: c"), ContainsSubstring("a key is a word"));
  CHECK_THAT(ErrorOf("url: \xFF\xFE"), ContainsSubstring("not UTF-8"));
}

TEST_CASE("Config bounds the size and depth of a file") {
  CHECK_THAT(ErrorOf("url: " + std::string(kMaxFileBytes, 'x')), ContainsSubstring("the limit is"));
  CHECK_THAT(ErrorOf("url: " + std::string(5000, 'x')),
             ContainsSubstring("is not text of 1 to 4096 bytes"));
  CHECK_THAT(ErrorOf("url: " + std::string(kMaxDepth + 1, '[') + std::string(kMaxDepth + 1, ']')),
             ContainsSubstring("is nested deeper than"));
  CHECK_THAT(ErrorOf("url: " + std::string(100'000, '[')), ContainsSubstring("not YAML"));
  std::string many = "hosts: [";
  for (size_t i = 0; i < kMaxNodes; ++i) many += "a,";
  CHECK_THAT(ErrorOf(many + "a]"), ContainsSubstring("more than"));
}

TEST_CASE("Config takes problems that the caller finds, at the key's line") {
  const absl::Status status = LoadText("low: 5\nhigh: 3", "range.yaml", [](Section& in) {
    int low = 0, high = 0;
    in.Required("low", low);
    in.Required("high", high);
    if (high < low) in.Problem("high", "must not be below low");
  });
  CHECK(status.message() == "range.yaml:2: high: must not be below low");
}

TEST_CASE("Check says OK or repeats the errors with exit code 2") {
  CHECK(Check("feed.yaml", absl::OkStatus()).text == "feed.yaml: OK\n");
  CHECK(Check("feed.yaml", absl::OkStatus()).exit_code == 0);
  const CheckResult bad = Check("feed.yaml", Load("").status());
  CHECK(bad.exit_code == 2);
  CHECK_THAT(bad.text, ContainsSubstring("url: is missing"));
}

}  // namespace
}  // namespace gannet::config
