// libFuzzer: any text as a headline, and any bytes as a dictionary or a model.
// Build with clang: `cmake --preset clang && ninja -C build/clang gannet_headline_fuzz`.
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "libs/base/check.h"
#include "libs/base/utf8.h"
#include "services/news-signal/classifier.h"
#include "services/news-signal/embedded.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace gannet::news_signal;
  static const Classifier classifier(*Dictionary::Parse(EmbeddedDictionary()),
                                     *Model::Parse(EmbeddedModel()));
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const std::string title = gannet::base::ReplaceBadUtf8(bytes);
  const Reading reading = classifier.Read(title);
  GANNET_CHECK(reading.type_probability_ppm <= 1'000'000 && reading.confidence_ppm <= 1'000'000,
               "a score out of range");
  for (const Mention& mention : reading.mentions) {
    GANNET_CHECK(mention.first_token + mention.token_count <= reading.tokens.size(),
                 "a name outside its title");
  }
  (void)Dictionary::Parse(bytes);
  (void)Lexicon::Parse(bytes);
  (void)Model::Parse(bytes);
  return 0;
}
