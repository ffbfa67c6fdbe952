#include "services/news-signal/model.h"

#include <catch2/catch_approx.hpp>
#include <catch2/catch_test_macros.hpp>
#include <cmath>
#include <numeric>
#include <string>

#include "services/news-signal/embedded.h"
#include "services/news-signal/exact_math.h"
#include "services/news-signal/trainer.h"

namespace gannet::news_signal {
namespace {

ModelParts Parts() {
  ModelParts parts;
  parts.name = "test";
  parts.lexicon = "breach\thack|flash loan\n";
  for (size_t i = 0; i < kCalibrationKnots; ++i)
    parts.confidence_ppm[i] = static_cast<uint32_t>(100'000 * i);
  parts.rows.push_back({7, {0, 0, 0, 80, 0, 0, 0, 40, 0, 0}});
  return parts;
}

}  // namespace

TEST_CASE("Exp and Log agree with the C library") {
  for (double x = -30; x <= 30; x += 0.37)
    CHECK(Exp(x) == Catch::Approx(std::exp(x)).epsilon(1e-12));
  for (double x = 1e-6; x < 1e6; x *= 1.7)
    CHECK(Log(x) == Catch::Approx(std::log(x)).epsilon(1e-12).margin(1e-13));
}

TEST_CASE("Softmax gives parts per million that sum to one million") {
  const std::array<int64_t, 3> logits = {0, 65'536, -65'536 * 40};
  std::array<uint32_t, 3> ppm{};
  Softmax(logits.data(), 3, 1'000'000, ppm.data());
  CHECK(std::accumulate(ppm.begin(), ppm.end(), 0u) == 1'000'000);
  CHECK(ppm[1] == Catch::Approx(1e6 * std::exp(1.0) / (1 + std::exp(1.0))).margin(3));
  CHECK(InverseRoot(1) == 65'536);
  CHECK(InverseRoot(4) == 32'768);
  CHECK(InverseRoot(300) == 3'783);
}

TEST_CASE("A model file reads back and refuses damage") {
  const std::string bytes = FormatModel(Parts());
  const absl::StatusOr<Model> model = Model::Parse(bytes);
  REQUIRE(model.ok());
  CHECK(model->parts() == Parts());
  CHECK(model->version().substr(0, 5) == "test-");
  CHECK(model->Score({7}).type_ppm[3] > 900'000);
  CHECK(model->Score({8}).type_ppm[3] == Catch::Approx(1e6 / 7).margin(10));
  CHECK(model->Confidence(550'000) == 550'000);

  std::string damaged = bytes;
  damaged[damaged.size() / 2] ^= 1;
  CHECK(Model::Parse(damaged).status().code() == absl::StatusCode::kDataLoss);
  CHECK(Model::Parse("hello").status().message().find("not a model file") != std::string::npos);
  ModelParts falling = Parts();
  falling.confidence_ppm[5] = 0;
  CHECK_FALSE(Model::Make(falling).ok());
  ModelParts unordered = Parts();
  unordered.rows.push_back({3, {}});
  CHECK_FALSE(Model::Parse(FormatModel(unordered)).ok());
}

TEST_CASE("FillPlaceholders names only what the dictionary or chance gives") {
  const absl::StatusOr<Dictionary> dictionary =
      Dictionary::Parse("coin:A\tcoin\tAlpha\talpha\ncountry:x\tcountry\tXland\txland\n");
  REQUIRE(dictionary.ok());
  base::Rng rng(1);
  const std::string filled =
      FillPlaceholders("{country} taxes {coin} at {percent}", *dictionary, rng);
  CHECK(filled.find("Xland taxes ") == 0);
  CHECK(filled.back() == '%');
  CHECK(FillPlaceholders("no marks {", *dictionary, rng) == "no marks {");
}

TEST_CASE("ParseLabelledTable reads quotes and refuses ragged rows") {
  const auto rows = ParseLabelledTable(
      "id,date,news,final_manual_labelling\n1,2021-01-02,\"a, \"\"b\"\"\",-1\r\n2,2021-01-03,c,1\n",
      TableLabels::kRequired);
  REQUIRE(rows.ok());
  REQUIRE(rows->size() == 2);
  CHECK((*rows)[0].text == "a, \"b\"");
  CHECK((*rows)[0].sentiment == -1);
  CHECK((*rows)[1].date == "2021-01-03");
  CHECK(ParseLabelledTable("news,sentiment\na,b,c\n", TableLabels::kRequired)
            .status()
            .message()
            .find("row 2 has 3 cells") != std::string::npos);
  CHECK(ParseLabelledTable("news,sentiment\na,7\n", TableLabels::kRequired)
            .status()
            .message()
            .find("row 2: \"7\" is no sentiment") != std::string::npos);
  CHECK_FALSE(ParseLabelledTable("x,y\n1,2\n", TableLabels::kRequired).ok());
  CHECK(ParseLabelledTable("date;sentiment;title\n1;?;a, b\n", TableLabels::kIgnored)->at(0).text ==
        "a, b");
}

TEST_CASE("ParseCorpus names the line that is wrong") {
  CHECK(ParseCorpus("HACK\t-1\ttext\n")->size() == 1);
  CHECK(ParseCorpus("# c\nHACKED\t-1\ttext\n").status().message() ==
        "corpus line 2: no event type \"HACKED\"");
  CHECK(ParseCorpus("HACK\t2\ttext\n").status().message() ==
        "corpus line 1: the sentiment must be -1, 0 or 1");
  CHECK(ParseCorpus("HACK -1 text\n").status().message().find("separated by tabs") !=
        std::string::npos);
}

TEST_CASE("MacroF1 is the mean over classes") {
  CHECK(MacroF1({0, 0, 1, 1}, {0, 0, 1, 1}, 2) == Catch::Approx(1));
  CHECK(MacroF1({0, 0, 0, 1}, {0, 0, 0, 0}, 2) == Catch::Approx(0.5 * 6 / 7));
}

}  // namespace gannet::news_signal
