#include "services/ingest/feed_parser.h"

#include <algorithm>
#include <array>
#include <initializer_list>
#include <pugixml.hpp>
#include <sstream>

#include "absl/status/status.h"
#include "libs/base/digest.h"
#include "services/ingest/feed_dates.h"
#include "services/ingest/feed_html.h"
#include "services/ingest/feed_text.h"
#include "services/ingest/feed_url.h"
#include "services/ingest/feed_xml.h"

namespace gannet::ingest {
namespace {

using pugi::xml_node;

// Values beyond this are cut before they are looked at.
constexpr size_t kMaxValueBytes = 1u << 20;

std::string_view LocalName(std::string_view name) {
  const size_t colon = name.rfind(':');
  return colon == std::string_view::npos ? name : name.substr(colon + 1);
}

// The vocabulary that an element belongs to, by its namespace where one is
// declared and by the customary prefix where the declaration is missing.
enum class Space : uint8_t { kNone, kAtom, kRss, kRdf, kDc, kDcTerms, kContent, kXhtml, kOther };

struct KnownSpace {
  std::string_view uri, prefix;
  Space space;
};
constexpr std::array<KnownSpace, 13> kSpaces = {{
    {"http://www.w3.org/2005/Atom", "atom", Space::kAtom},
    {"http://purl.org/atom/ns#", "atom03", Space::kAtom},
    {"http://purl.org/rss/1.0/", "rss", Space::kRss},
    {"http://my.netscape.com/rdf/simple/0.9/", "rss", Space::kRss},
    {"http://channel.netscape.com/rdf/simple/0.9/", "rss", Space::kRss},
    {"http://my.netscape.com/publish/formats/rss-0.91.dtd", "rss", Space::kRss},
    {"http://backend.userland.com/rss", "rss", Space::kRss},
    {"http://backend.userland.com/rss2", "rss", Space::kRss},
    {"http://www.w3.org/1999/02/22-rdf-syntax-ns#", "rdf", Space::kRdf},
    {"http://purl.org/dc/elements/1.1/", "dc", Space::kDc},
    {"http://purl.org/dc/terms/", "dcterms", Space::kDcTerms},
    {"http://purl.org/rss/1.0/modules/content/", "content", Space::kContent},
    {"http://www.w3.org/1999/xhtml", "xhtml", Space::kXhtml},
}};

// The URI that `prefix` is bound to at `node`; empty when it is not.
std::string_view UriOf(xml_node node, std::string_view prefix) {
  const std::string attribute = prefix.empty() ? "xmlns" : "xmlns:" + std::string(prefix);
  for (; node; node = node.parent()) {
    if (const pugi::xml_attribute found = node.attribute(attribute.c_str())) return found.value();
  }
  return {};
}

Space SpaceOf(xml_node node, std::string_view home) {
  const std::string_view name = node.name();
  const size_t colon = name.find(':');
  const std::string_view prefix =
      colon == std::string_view::npos ? std::string_view() : name.substr(0, colon);
  const std::string_view uri = UriOf(node, prefix);
  for (const KnownSpace& known : kSpaces) {
    if (!uri.empty() ? LowerAscii(uri) == LowerAscii(known.uri)
                     : !prefix.empty() && prefix == known.prefix) {
      return known.space;
    }
  }
  // Unprefixed names in the root's own namespace, whatever it calls itself.
  if (prefix.empty() && uri == home) return Space::kNone;
  return Space::kOther;
}

bool InHome(Space space) {
  return space == Space::kNone || space == Space::kAtom || space == Space::kRss;
}

std::string Attribute(xml_node node, const char* name) {
  return std::string(StripAscii(node.attribute(name).value()));
}

// --- values -----------------------------------------------------------------

// Text and CDATA directly inside `node`.
std::string OwnText(xml_node node) {
  std::string text;
  for (const xml_node child : node.children()) {
    if (child.type() == pugi::node_pcdata || child.type() == pugi::node_cdata)
      text += child.value();
    if (text.size() > kMaxValueBytes) break;
  }
  return text;
}

bool HasElements(xml_node node) {
  return std::any_of(node.begin(), node.end(),
                     [](xml_node child) { return child.type() == pugi::node_element; });
}

// The markup inside `node`, as HTML would write it.
std::string InnerMarkup(xml_node node) {
  std::ostringstream out;
  for (const xml_node child : node.children()) {
    child.print(out, "", pugi::format_raw);
    if (out.tellp() > static_cast<std::streamoff>(kMaxValueBytes)) break;
  }
  return out.str();
}

// Does text that is called plain hold markup all the same? Feeds that forget to
// say type="html" are common; a lone "<" or "&" does not count.
bool LooksLikeHtml(std::string_view text) {
  for (size_t at = text.find('<'); at != std::string_view::npos; at = text.find('<', at + 1)) {
    const std::string_view rest = text.substr(at, 3);
    if (rest.size() == 3 && rest[1] == '/' && ((rest[2] | 0x20) >= 'a' && (rest[2] | 0x20) <= 'z'))
      return true;
    if (LowerAscii(text.substr(at, 3)) == "<br" || LowerAscii(text.substr(at, 5)) == "<img ")
      return true;
  }
  for (size_t at = text.find('&'); at != std::string_view::npos; at = text.find('&', at + 1)) {
    const size_t end = text.substr(0, at + 12).find(';', at);
    if (end != std::string_view::npos && CharacterReference(text.substr(at + 1, end - at - 1)))
      return true;
  }
  return false;
}

// The plain text of a text construct of any of the formats: inline markup,
// escaped HTML, base64, or text.
std::string TextOf(xml_node node, bool atom, size_t limit) {
  const std::string type = LowerAscii(Attribute(node, "type"));
  const std::string mode = LowerAscii(Attribute(node, "mode"));
  if (HasElements(node) && mode != "escaped") return HtmlToText(InnerMarkup(node), limit);
  std::string text = OwnText(node);
  // Atom 1.0 content of a media type that is no text (RFC 4287 section 4.1.3.3).
  const bool media = atom && type.find('/') != std::string::npos && type.substr(0, 5) != "text/" &&
                     type.find("xml") == std::string::npos &&
                     type.find("html") == std::string::npos;
  if (mode == "base64" || (media && mode.empty())) {
    std::string packed;
    for (const char c : text) {
      if (static_cast<uint8_t>(c) > ' ') packed.push_back(c);
    }
    const std::optional<std::string> decoded = base::FromBase64(packed);
    if (!decoded || !IsValidUtf8(*decoded)) return {};
    return HtmlToText(RepairUtf8(*decoded), limit);
  }
  const bool html =
      type == "html" || type == "text/html" || type == "xhtml" || type == "application/xhtml+xml";
  const bool plain = atom && !html && !LooksLikeHtml(text);
  return plain ? PlainText(text, limit) : HtmlToText(text, limit);
}

// Value of `name` on the nearest element that has it, from `node` up.
std::string Inherited(xml_node node, const char* name) {
  for (; node; node = node.parent()) {
    if (const pugi::xml_attribute found = node.attribute(name))
      return std::string(StripAscii(found.value()));
  }
  return {};
}

// The base address in force at `node`: xml:base attributes, innermost last.
std::string BaseOf(xml_node node, const std::string& document) {
  std::vector<std::string> bases;
  for (; node; node = node.parent()) {
    if (const pugi::xml_attribute found = node.attribute("xml:base"))
      bases.emplace_back(found.value());
  }
  std::string base = document;
  for (auto it = bases.rbegin(); it != bases.rend(); ++it) {
    const std::string resolved = ResolveUrl(*it, base);
    if (!CanonicalUrl(resolved).empty()) base = resolved;
  }
  return base;
}

class Parser {
 public:
  Parser(const FeedContext& context, const FeedLimits& limits, Feed& feed)
      : limits_(limits), feed_(feed), document_(ResolveUrl(context.content_location, context.url)) {
    if (CanonicalUrl(document_).empty()) document_ = context.url;
    language_ = context.content_language;
  }

  absl::Status Run(xml_node root) {
    const std::string name = LowerAscii(LocalName(root.name()));
    home_ = std::string(UriOf(root, {}));
    if (name == "feed") {
      feed_.format = FeedFormat::kAtom;
      AtomVersion(root);
      ReadHead(root);
      ReadEntries(root, "entry");
    } else if (name == "rss") {
      feed_.format = FeedFormat::kRss;
      RssVersion(root);
      ReadRss(root);
    } else if (name == "rdf") {
      feed_.format = FeedFormat::kRdf;
      feed_.version = RdfVersion(root);
      ReadRss(root);
    } else {
      return absl::InvalidArgumentError("not a feed: the document starts with <" +
                                        std::string(root.name()).substr(0, 40) +
                                        ">; the address must lead to RSS or Atom");
    }
    return absl::OkStatus();
  }

 private:
  void AtomVersion(xml_node root) {
    const std::string_view uri = UriOf(root, {});
    const std::string version = Attribute(root, "version");
    feed_.version = uri == "http://www.w3.org/2005/Atom"                    ? "atom10"
                    : version == "0.3" || uri == "http://purl.org/atom/ns#" ? "atom03"
                                                                            : "atom";
  }

  void RssVersion(xml_node root) {
    std::string digits;
    for (const char c : Attribute(root, "version")) {
      if (c >= '0' && c <= '9') digits.push_back(c);
    }
    if (digits.size() == 3 && digits.front() == '2') digits.resize(2);  // 2.01, 2.0.1
    if (digits == "2") digits = "20";
    feed_.version = "rss" + digits.substr(0, 4);
  }

  static std::string RdfVersion(xml_node root) {
    for (const pugi::xml_attribute attribute : root.attributes()) {
      const std::string_view value = attribute.value();
      if (value == "http://purl.org/rss/1.0/") return "rss10";
      if (value.find("rdf/simple/0.9/") != std::string_view::npos) return "rss090";
    }
    return "rss";
  }

  // RSS keeps items inside the channel, RDF beside it; both are read.
  void ReadRss(xml_node root) {
    bool channel_seen = false;
    for (const xml_node child : root.children()) {
      if (LocalName(child.name()) != "channel" || !InHome(SpaceOf(child))) continue;
      if (!channel_seen) ReadHead(child);
      channel_seen = true;
      ReadEntries(child, "item");
    }
    ReadEntries(root, "item");
  }

  void ReadEntries(xml_node parent, std::string_view name) {
    for (const xml_node child : parent.children()) {
      if (LocalName(child.name()) != name || !InHome(SpaceOf(child))) continue;
      if (feed_.entries.size() >= limits_.max_entries) {
        ++feed_.entries_dropped;
        continue;
      }
      FeedEntry entry = ReadEntry(child);
      if (entry.title.empty() && entry.summary.empty()) ++feed_.entries_empty;
      feed_.entries.push_back(std::move(entry));
    }
  }

  bool atom() const { return feed_.format == FeedFormat::kAtom; }

  // The first non-empty of the dates that these elements state, best name first.
  std::optional<base::Time> DateOf(xml_node parent, std::initializer_list<std::string_view> names) {
    for (const std::string_view name : names) {
      for (const xml_node child : parent.children()) {
        if (LocalName(child.name()) != name) continue;
        const Space space = SpaceOf(child);
        if (!InHome(space) && space != Space::kDc && space != Space::kDcTerms) continue;
        const std::string text = OwnText(child);
        if (StripAscii(text).empty()) continue;
        if (const std::optional<FeedDate> date = ParseFeedDate(text)) return date->time;
        ++feed_.dates_unreadable;
      }
    }
    return std::nullopt;
  }

  std::string LanguageOf(xml_node node) {
    std::string language = Inherited(node, "xml:lang");
    for (xml_node at = node; language.empty() && at; at = at.parent()) {
      for (const xml_node child : at.children()) {
        if (LocalName(child.name()) != "language") continue;
        const Space space = SpaceOf(child);
        if (InHome(space) || space == Space::kDc)
          language = std::string(StripAscii(OwnText(child)));
      }
    }
    if (language.empty()) language = language_;
    std::replace(language.begin(), language.end(), '_', '-');
    return std::string(CutUtf8(language, 35));  // RFC 5646 section 4.4.1
  }

  std::string Resolve(const std::string& reference, xml_node at) {
    return reference.empty() ? reference : ResolveUrl(reference, BaseOf(at, document_));
  }

  // Atom links by relation, or the text of an RSS <link>.
  std::string LinkOf(xml_node parent) {
    std::string plain, alternate, first;
    for (const xml_node child : parent.children()) {
      if (LocalName(child.name()) != "link" || !InHome(SpaceOf(child))) continue;
      const std::string href = Attribute(child, "href");
      const std::string text(StripAscii(OwnText(child)));
      const std::string rel = LowerAscii(Attribute(child, "rel"));
      const std::string target = Resolve(href.empty() ? text : href, child);
      if (target.empty()) continue;
      if (rel.empty() && href.empty() && plain.empty()) plain = target;
      const bool is_alternate = rel.empty() || rel == "alternate" ||
                                rel == "http://www.iana.org/assignments/relation/alternate";
      if (is_alternate && alternate.empty()) alternate = target;
    }
    if (!plain.empty() && !atom()) return plain;
    return alternate.empty() ? plain : alternate;
  }

  void ReadHead(xml_node head) {
    feed_.link = LinkOf(head);
    feed_.language = LanguageOf(head);
    feed_.updated = DateOf(head, {"updated", "modified", "lastBuildDate", "pubDate", "date"});
    for (const xml_node child : head.children()) {
      const std::string_view name = LocalName(child.name());
      const Space space = SpaceOf(child);
      if (!InHome(space) && space != Space::kDc) continue;
      if (name == "title" && feed_.title.empty()) {
        feed_.title = TextOf(child, atom(), limits_.max_title_bytes);
      } else if ((name == "description" || name == "tagline" || name == "subtitle") &&
                 feed_.description.empty()) {
        feed_.description = TextOf(child, atom(), limits_.max_summary_bytes);
      } else if (name == "id" && feed_.id.empty() && atom()) {
        feed_.id = BoundedId(Resolve(std::string(StripAscii(OwnText(child))), child));
      }
    }
  }

  std::string BoundedId(std::string id) const {
    if (id.size() <= limits_.max_id_bytes) return id;
    return "sha256:" + base::Hex(base::Sha256(id));
  }

  void ReadId(xml_node item, FeedEntry& entry) {
    bool permalink = false;
    for (const xml_node child : item.children()) {
      const std::string_view name = LocalName(child.name());
      const bool is_id = (name == "guid" && !atom()) || (name == "id" && atom());
      if (!is_id || !InHome(SpaceOf(child)) || !entry.id.empty()) continue;
      const std::string text(StripAscii(OwnText(child)));
      const bool stated_false = LowerAscii(Attribute(child, "isPermaLink")) == "false";
      permalink = name == "guid" && !stated_false && !CanonicalUrl(Resolve(text, child)).empty();
      // Ids are compared as written; only a path is no id without its feed.
      const bool relative = text.substr(0, 1) == "/";
      entry.id = BoundedId(permalink || relative ? Resolve(text, child) : text);
    }
    if (entry.id.empty())
      entry.id = BoundedId(std::string(StripAscii(item.attribute("rdf:about").value())));
    entry.id_stated = !entry.id.empty();
    if (entry.link.empty() && permalink) entry.link = entry.id;
    if (entry.id.empty()) entry.id = BoundedId(entry.link);
  }

  // The first element of the best kind that holds text.
  FeedEntry ReadEntry(xml_node item) {
    FeedEntry entry;
    entry.link = LinkOf(item);
    ReadId(item, entry);
    if (entry.link.size() > kMaxUrlLength) entry.link.clear();
    entry.url = CanonicalUrl(entry.link);
    entry.language = LanguageOf(item);
    entry.published = DateOf(item, {"published", "issued", "pubDate", "created"});
    entry.updated = DateOf(item, {"updated", "modified", "date"});
    std::string dc_title;
    for (const xml_node child : item.children()) {
      const std::string_view name = LocalName(child.name());
      const Space space = SpaceOf(child);
      if (name == "title" && InHome(space) && entry.title.empty()) {
        entry.title = TextOf(child, atom(), limits_.max_title_bytes);
        entry.language = LanguageOf(child);
      } else if (name == "title" && space == Space::kDc && dc_title.empty()) {
        dc_title = TextOf(child, atom(), limits_.max_title_bytes);
      } else if ((name == "summary" || name == "description" || name == "abstract") &&
                 (InHome(space) || space == Space::kDc) && entry.summary.empty()) {
        entry.summary = TextOf(child, atom(), limits_.max_summary_bytes);
      } else if (IsContent(name, space) && entry.content.empty()) {
        entry.content = TextOf(child, atom() && space != Space::kXhtml, limits_.max_summary_bytes);
      }
    }
    if (entry.title.empty()) entry.title = dc_title;
    if (entry.summary.empty()) entry.summary = entry.content;
    return entry;
  }

  static bool IsContent(std::string_view name, Space space) {
    if (name == "content" || name == "fullitem") return InHome(space);
    if (name == "encoded") return space == Space::kContent;
    return name == "body" && (InHome(space) || space == Space::kXhtml);
  }

  Space SpaceOf(xml_node node) const { return ingest::SpaceOf(node, home_); }

  const FeedLimits& limits_;
  Feed& feed_;
  std::string document_;
  std::string language_;  // of the HTTP response
  std::string home_;      // the root's namespace
};

// Walks without recursion: depth is the attacker's choice.
absl::Status CheckShape(xml_node root, const FeedLimits& limits) {
  size_t depth = 1, elements = 1;
  xml_node node = root;
  for (;;) {
    if (node.first_child()) {
      node = node.first_child();
      ++depth;
    } else {
      while (node != root && !node.next_sibling()) {
        node = node.parent();
        --depth;
      }
      if (node == root) return absl::OkStatus();
      node = node.next_sibling();
    }
    if (++elements > limits.max_elements) {
      return absl::InvalidArgumentError("the document has more than " +
                                        std::to_string(limits.max_elements) +
                                        " elements; ask the source for a shorter feed");
    }
    if (depth > limits.max_depth + 1) {
      return absl::InvalidArgumentError("the document is nested deeper than " +
                                        std::to_string(limits.max_depth) +
                                        " elements; no feed needs that");
    }
  }
}

constexpr unsigned kParseFlags = pugi::parse_cdata | pugi::parse_escapes |
                                 pugi::parse_wconv_attribute | pugi::parse_eol |
                                 pugi::parse_ws_pcdata_single;

}  // namespace

absl::StatusOr<Feed> ParseFeed(std::string_view bytes, const FeedContext& context,
                               const FeedLimits& limits) {
  if (bytes.size() > limits.max_bytes) {
    return absl::InvalidArgumentError(
        "the feed has " + std::to_string(bytes.size()) + " bytes, more than the limit of " +
        std::to_string(limits.max_bytes) + "; raise max_feed_bytes or ask for fewer items");
  }
  absl::StatusOr<FeedText> text = DecodeFeed(bytes, context.content_type);
  if (!text.ok()) return text.status();
  if (StripAscii(text->utf8).empty()) return absl::InvalidArgumentError("the feed is empty");
  absl::StatusOr<GuardedXml> guarded = GuardXml(text->utf8);
  if (!guarded.ok()) return guarded.status();

  Feed feed;
  feed.encoding = text->encoding;
  feed.repaired = text->repaired || guarded->repaired;
  pugi::xml_document document;
  pugi::xml_parse_result parsed = document.load_buffer(guarded->text.data(), guarded->text.size(),
                                                       kParseFlags, pugi::encoding_utf8);
  if (!parsed || !document.document_element()) {
    const std::string reason = parsed.description();
    feed.repaired = true;
    const BalancedXml balanced = BalanceXml(guarded->text);
    feed.entries_cut = balanced.item_cut ? 1 : 0;
    parsed = document.load_buffer(balanced.text.data(), balanced.text.size(), kParseFlags,
                                  pugi::encoding_utf8);
    if (!parsed || !document.document_element()) {
      return absl::InvalidArgumentError("not XML, and beyond repair (" + reason + " at byte " +
                                        std::to_string(parsed.offset) +
                                        "); the address must lead to RSS or Atom");
    }
  }
  const xml_node root = document.document_element();
  if (absl::Status status = CheckShape(root, limits); !status.ok()) return status;
  if (absl::Status status = Parser(context, limits, feed).Run(root); !status.ok()) return status;
  return feed;
}

}  // namespace gannet::ingest
