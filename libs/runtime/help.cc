#include "libs/runtime/help.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <memory>
#include <sstream>
#include <string>

namespace gannet::runtime {
namespace {

constexpr size_t kColumns = 80, kLeftColumn = 28;

// Lines of at most `width` bytes; a longer word has a line of its own.
std::string Wrap(const std::string& text, size_t width) {
  std::string out;
  size_t line = 0;
  for (size_t at = 0; at < text.size();) {
    const size_t end = std::min(text.find_first_of(" \n", at), text.size());
    const size_t word = end - at;
    if (line > 0 && line + 1 + word > width) {
      out += '\n';
      line = 0;
    } else if (line > 0) {
      out += ' ';
      ++line;
    }
    out.append(text, at, word);
    line += word;
    if (end < text.size() && text[end] == '\n') {
      out += '\n';
      line = 0;
    }
    at = end + 1;
  }
  return out;
}

// Paragraphs are filled anew; lines that begin with a space stay as they are.
std::string Fill(const std::string& text) {
  std::string out, paragraph;
  const auto end_paragraph = [&] {
    out += Wrap(paragraph, kColumns);
    if (!paragraph.empty()) out += '\n';
    paragraph.clear();
  };
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    if (line.empty() || line.front() == ' ') {
      end_paragraph();
      out += line + '\n';
    } else {
      paragraph += (paragraph.empty() ? "" : " ") + line;
    }
  }
  end_paragraph();
  return out;
}

class Wrapped : public CLI::Formatter {
 public:
  Wrapped() { column_width(kLeftColumn); }

  std::string make_option_desc(const CLI::Option* option) const override {
    return Wrap(CLI::Formatter::make_option_desc(option), kColumns - kLeftColumn);
  }
  std::string make_description(const CLI::App* app) const override {
    return Wrap(CLI::Formatter::make_description(app), kColumns);
  }
  std::string make_footer(const CLI::App* app) const override {
    return Fill(CLI::Formatter::make_footer(app));
  }
  std::string make_subcommand(const CLI::App* sub) const override {
    std::stringstream out;
    CLI::detail::format_help(out, sub->get_name(),
                             Wrap(sub->get_description(), kColumns - kLeftColumn), kLeftColumn);
    return out.str();
  }
};

void RefuseNegativeCounts(CLI::App& app) {
  for (CLI::Option* option : app.get_options()) {
    if (option->get_type_name().find("UINT") == std::string::npos) continue;
    option->check(CLI::Validator(
        [](const std::string& text) {
          return text.starts_with('-') ? "'" + text + "' is below 0; write 0 or more" : "";
        },
        ""));
  }
  for (CLI::App* command : app.get_subcommands([](const CLI::App*) { return true; }))
    RefuseNegativeCounts(*command);
}

}  // namespace

void SetConventions(CLI::App& app) {
  app.formatter(std::make_shared<Wrapped>());
  app.preparse_callback([&app](size_t) { RefuseNegativeCounts(app); });  // all options are there
}

}  // namespace gannet::runtime
