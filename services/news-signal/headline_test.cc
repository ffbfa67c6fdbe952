#include "services/news-signal/headline.h"

#include <catch2/catch_test_macros.hpp>
#include <string>

#include "libs/base/property_suite.h"
#include "libs/base/utf8.h"
#include "services/news-signal/dictionary.h"
#include "services/news-signal/embedded.h"

namespace gannet::news_signal {
namespace {

std::string Folded(std::string_view title) {
  std::string all;
  for (const Token& token : Tokenize(title)) all += (all.empty() ? "" : " ") + token.folded;
  return all;
}

std::string Kinds(std::string_view title) {
  std::string all;
  for (const Token& token : Tokenize(title)) {
    constexpr std::string_view kNames = "?WMPNYE";
    all.push_back(kNames[static_cast<size_t>(token.kind)]);
  }
  return all;
}

const Dictionary& Shipped() {
  static const Dictionary dictionary = *Dictionary::Parse(EmbeddedDictionary());
  return dictionary;
}

std::string Names(const Dictionary& dictionary, std::string_view title) {
  const std::vector<Token> tokens = Tokenize(title);
  std::string all;
  for (const Mention& mention : dictionary.Find(tokens))
    all += (all.empty() ? "" : " ") + mention.entry->id;
  return all;
}

}  // namespace

TEST_CASE("Tokenize folds case, accents, typography and possessives") {
  CHECK(Folded("Coinbase’s CEO “can’t” wait") == "coinbase ceo cant wait");
  CHECK(Folded("SOCIÉTÉ GÉNÉRALE") == "societe generale");
  CHECK(Folded("U.S. SEC sues U.K. firm") == "us sec sues uk firm");
  CHECK(Folded("Mt. Gox pays St. Louis") == "mt gox pays st louis");
  CHECK(Folded("fetch.ai — up") == "fetch ai | up");
  CHECK(Folded("layer-2, proof-of-stake: why?") == "layer 2 | proof of stake | why ?");
  CHECK(Folded("AT&T") == "at&t");
  CHECK(Folded("") == "");
  CHECK(Folded("!!! ...") == "");
}

TEST_CASE("Tokenize tells amounts from words") {
  CHECK(Kinds("$10.5M 25bps 3.5% 1,000 2024 21st 1inch 5 million") == "MPPNYNWNW");
  CHECK(Kinds("€5bn") == "M");
  const std::vector<Token> tokens = Tokenize("Buy $LINK and #BTC, not LINK");
  CHECK(tokens[1].tagged);
  CHECK(tokens[3].tagged);
  CHECK_FALSE(tokens.back().tagged);
  CHECK(tokens[1].offset == 5);
  CHECK(tokens[1].text == "LINK");
}

TEST_CASE("Tokenize takes any text and points into it") {
  CHECK(base::Holds("Tokenize takes any text", [](const std::string& bytes) {
    const std::string title = base::ReplaceBadUtf8(bytes);
    const std::vector<Token> tokens = Tokenize(title);
    RC_ASSERT(tokens.size() <= kMaxTokens);
    for (const Token& token : tokens) {
      RC_ASSERT(title.substr(token.offset, token.text.size()) == token.text);
      RC_ASSERT(base::IsUtf8(token.folded));
    }
  }));
}

TEST_CASE("Dictionary holds what a news desk needs") {
  std::map<std::string, size_t> kinds;
  for (const DictionaryEntry& entry : Shipped().entries())
    ++kinds[entry.id.substr(0, entry.id.find(':'))];
  CHECK(kinds["coin"] >= 150);
  CHECK(kinds["company"] + kinds["exchange"] + kinds["protocol"] >= 80);
  CHECK(kinds["bank"] + kinds["fund"] + kinds["central-bank"] + kinds["regulator"] +
            kinds["institution"] + kinds["government"] >=
        60);
  CHECK(kinds["person"] >= 60);
}

TEST_CASE("Dictionary finds names, the longest first") {
  const Dictionary& d = Shipped();
  CHECK(Names(d, "Bitcoin Cash forks from bitcoin") ==
        "coin:BCH");  // a veto: "bitcoin cash" speaks of another coin
  CHECK(Names(d, "Ethereum Classic miners") == "coin:ETC");
  CHECK(Names(d, "SEC chair Gary Gensler warns Coinbase") ==
        "regulator:sec person:gary-gensler exchange:coinbase");
  CHECK(Names(d, "Powell: Fed may hike") == "person:jerome-powell central-bank:fed");
  CHECK(Names(d, "Mt. Gox creditors get $BTC") == "exchange:mt-gox coin:BTC");
}

TEST_CASE("Dictionary believes doubtful names only beside crypto words") {
  const Dictionary& d = Shipped();
  CHECK(Names(d, "NEAR token rallies") == "coin:NEAR");
  CHECK(Names(d, "Peace talks NEAR completion") == "");
  CHECK(Names(d, "Police find LINK between fires") == "");
  CHECK(Names(d, "LINK and BTC rise") == "coin:LINK coin:BTC");
  CHECK(Names(d, "$LINK jumps") == "coin:LINK");
  CHECK(Names(d, "The ONE reason stocks fell") == "");
  CHECK(Names(d, "Harmony ONE bridge drained") == "coin:ONE");
  CHECK(Names(d, "Ethereum GAS fees spike") == "coin:ETH");
  CHECK(Names(d, "UK opens regulatory Sandbox for blockchain firms") == "country:uk");
  CHECK(Names(d, "Sandbox token doubles") == "coin:SAND");
  CHECK(Names(d, "ripple effects of rate hikes") == "");
}

TEST_CASE("Dictionary::Parse names the line that is wrong") {
  const auto problem = [](std::string_view text) {
    return std::string(Dictionary::Parse(text).status().message());
  };
  CHECK(problem("") == "the dictionary has no entries");
  CHECK(problem("version\t1\ncoin:A\tcoin\tA") ==
        "dictionary line 2: it has 3 columns; wanted: id, role, name, aliases, separated by tabs");
  CHECK(problem("coin:A\tcoin\tA\ta\ncoin:A\tcoin\tA\ta")
            .find("line 2: the id \"coin:A\" stands twice") != std::string::npos);
  CHECK(problem("coin:A\tcoin\tA\ta b c d e f g").find("no name of one to 6 words") !=
        std::string::npos);
  CHECK(problem("coin\tcoin\tA\ta").find("must not be empty") != std::string::npos);
  CHECK(Dictionary::Parse("version\t7\ncoin:A\tcoin\tA\talpha")->version().substr(0, 2) == "7-");
}

}  // namespace gannet::news_signal
