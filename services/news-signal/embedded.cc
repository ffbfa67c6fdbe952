#include "services/news-signal/embedded.h"

// The assembler includes the files: no generated source, and the compiler never
// sees their bytes. GANNET_NEWS_DATA is this folder; CMakeLists.txt lists the
// files as what this object depends on.
#define GANNET_EMBED(name, file)                      \
  __asm__(                                            \
      ".pushsection .rodata\n"                        \
      ".balign 16\n" #name                            \
      "_begin:\n"                                     \
      ".incbin \"" GANNET_NEWS_DATA file "\"\n" #name \
      "_end:\n"                                       \
      ".popsection\n");                               \
  extern "C" __attribute__((visibility("hidden"))) const char name##_begin[], name##_end[]

GANNET_EMBED(gannet_news_dictionary, "/dictionary.tsv");
GANNET_EMBED(gannet_news_lexicon, "/lexicon.tsv");
GANNET_EMBED(gannet_news_model, "/models/headlines.gnm");
GANNET_EMBED(gannet_news_corpus_fed, "/corpus/fed_speech.tsv");
GANNET_EMBED(gannet_news_corpus_hack, "/corpus/hack.tsv");
GANNET_EMBED(gannet_news_corpus_none, "/corpus/none.tsv");
GANNET_EMBED(gannet_news_corpus_partnership, "/corpus/partnership.tsv");
GANNET_EMBED(gannet_news_corpus_political, "/corpus/political_post.tsv");
GANNET_EMBED(gannet_news_corpus_regulation, "/corpus/regulation.tsv");
GANNET_EMBED(gannet_news_corpus_technical, "/corpus/technical.tsv");

namespace gannet::news_signal {
namespace {

std::string_view Between(const char* begin, const char* end) {
  return {begin, static_cast<size_t>(end - begin)};
}

}  // namespace

std::string_view EmbeddedDictionary() {
  return Between(gannet_news_dictionary_begin, gannet_news_dictionary_end);
}
std::string_view EmbeddedLexicon() {
  return Between(gannet_news_lexicon_begin, gannet_news_lexicon_end);
}
std::string_view EmbeddedModel() { return Between(gannet_news_model_begin, gannet_news_model_end); }

std::vector<std::string_view> EmbeddedCorpus() {
  return {Between(gannet_news_corpus_fed_begin, gannet_news_corpus_fed_end),
          Between(gannet_news_corpus_hack_begin, gannet_news_corpus_hack_end),
          Between(gannet_news_corpus_none_begin, gannet_news_corpus_none_end),
          Between(gannet_news_corpus_partnership_begin, gannet_news_corpus_partnership_end),
          Between(gannet_news_corpus_political_begin, gannet_news_corpus_political_end),
          Between(gannet_news_corpus_regulation_begin, gannet_news_corpus_regulation_end),
          Between(gannet_news_corpus_technical_begin, gannet_news_corpus_technical_end)};
}

}  // namespace gannet::news_signal
