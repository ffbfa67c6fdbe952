// The dictionary, lexicon, corpus and model of this source tree, inside the
// binary: a process needs no data folder to read headlines.
#pragma once

#include <string_view>
#include <vector>

namespace gannet::news_signal {

std::string_view EmbeddedDictionary();           // dictionary.tsv
std::string_view EmbeddedLexicon();              // lexicon.tsv
std::string_view EmbeddedModel();                // models/headlines.gnm
std::vector<std::string_view> EmbeddedCorpus();  // corpus/*.tsv, in order of name

}  // namespace gannet::news_signal
