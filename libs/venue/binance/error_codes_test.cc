#include "libs/venue/binance/error_codes.h"

#include <catch2/catch_test_macros.hpp>
#include <fstream>
#include <map>
#include <set>
#include <string>

#include "libs/base/posix_files.h"

namespace gannet::venue::binance {
namespace {

using enum Proof;
constexpr RequestKind kP = RequestKind::kPlace, kC = RequestKind::kCancel,
                      kQ = RequestKind::kQueryOrder;

// What each code means for an order, row by row: placing, cancelling, querying.
struct Expected {
  int code;
  Proof place, cancel, query;
};
constexpr Expected kRefusing[] = {
    {-1002, kRefused, kRefused, kRefused},  {-1013, kRefused, kRefused, kRefused},
    {-1014, kRefused, kRefused, kRefused},  {-1020, kRefused, kRefused, kRefused},
    {-1021, kRefused, kRefused, kRefused},  {-1022, kRefused, kRefused, kRefused},
    {-1100, kRefused, kRefused, kRefused},  {-1101, kRefused, kRefused, kRefused},
    {-1102, kRefused, kRefused, kRefused},  {-1103, kRefused, kRefused, kRefused},
    {-1104, kRefused, kRefused, kRefused},  {-1105, kRefused, kRefused, kRefused},
    {-1106, kRefused, kRefused, kRefused},  {-1108, kRefused, kRefused, kRefused},
    {-1111, kRefused, kRefused, kRefused},  {-1114, kRefused, kRefused, kRefused},
    {-1115, kRefused, kRefused, kRefused},  {-1116, kRefused, kRefused, kRefused},
    {-1117, kRefused, kRefused, kRefused},  {-1118, kRefused, kRefused, kRefused},
    {-1119, kRefused, kRefused, kRefused},  {-1121, kRefused, kRefused, kRefused},
    {-1128, kRefused, kRefused, kRefused},  {-1130, kRefused, kRefused, kRefused},
    {-1135, kRefused, kRefused, kRefused},  {-1145, kUnknown, kRefused, kUnknown},
    {-2010, kRefused, kRefused, kUnknown},  {-2011, kUnknown, kRefused, kUnknown},
    {-2013, kUnknown, kUnknown, kNotFound}, {-2014, kRefused, kRefused, kRefused},
    {-2015, kRefused, kRefused, kRefused},  {-2039, kRefused, kRefused, kRefused},
};
// Documented, and no proof of anything about an order of ours.
constexpr int kOpen[] = {
    -1000, -1001, -1003, -1006, -1007, -1008, -1015, -1016, -1033, -1034, -1035, -1112,
    -1120, -1122, -1125, -1127, -1134, -1139, -1151, -1152, -1153, -1155, -1158, -1160,
    -1161, -1165, -1166, -1168, -1169, -1170, -1171, -1172, -1173, -1174, -1175, -1176,
    -1177, -1178, -1179, -1180, -1181, -1182, -1183, -1184, -1185, -1186, -1187, -1188,
    -1189, -1190, -1191, -1194, -1196, -1197, -1198, -1199, -1210, -1211, -1220, -1221,
    -1222, -1223, -1224, -1225, -2016, -2021, -2022, -2026, -2035, -2036, -2042, -2043};

TEST_CASE("Each error code of Binance proves what its row says, in an answer with status 400") {
  std::set<int> seen;
  for (const Expected& row : kRefusing) {
    CAPTURE(row.code);
    CHECK(ProofOf(kP, 400, row.code, "x") == row.place);
    CHECK(ProofOf(kC, 400, row.code, "x") == row.cancel);
    CHECK(ProofOf(kQ, 400, row.code, "x") == row.query);
    seen.insert(row.code);
  }
  for (const int code : kOpen) {
    CAPTURE(code);
    for (const RequestKind kind : {kP, kC, kQ}) CHECK(ProofOf(kind, 400, code, "x") == kUnknown);
    seen.insert(code);
  }
  for (const ErrorRow& row : ErrorTable()) {
    CAPTURE(row.code);
    CHECK(seen.contains(row.code));
  }
  CHECK(seen.size() == ErrorTable().size());
}

TEST_CASE("An error code without a row proves nothing") {
  for (const int code : {0, -1, -999, -1004, -1010, -2008, -2012, -3000, -9999}) {
    CHECK(FindError(code) == nullptr);
    for (const RequestKind kind : {kP, kC, kQ}) CHECK(ProofOf(kind, 400, code, "x") == kUnknown);
  }
}

TEST_CASE("A status that leaves the fate open overrules every error code") {
  for (const int status : {0, 100, 200, 302, 403, 404, 408, 409, 418, 429, 500, 502, 503, 504}) {
    CAPTURE(status);
    CHECK(StatusProvesNothing(status));
    for (const ErrorRow& row : ErrorTable()) {
      for (const RequestKind kind : {kP, kC, kQ})
        CHECK(ProofOf(kind, status, row.code, "x") == kUnknown);
    }
  }
  CHECK(ProofOf(kP, 401, -2015, "Invalid API-key, IP, or permissions for action.") == kRefused);
}

TEST_CASE("A duplicate client order id is no refusal: the order that has it may be ours") {
  CHECK(ProofOf(kP, 400, -2010, "Duplicate order sent.") == kUnknown);
  CHECK(ProofOf(kP, 400, -2010, "Account has insufficient balance for requested action.") ==
        kRefused);
}

TEST_CASE("A cancel of an order that the venue does not know is refused as not found") {
  CHECK(ProofOf(kC, 400, -2011, "Unknown order sent.") == kNotFound);
  CHECK(ProofOf(kC, 400, -2011, "Order was not canceled due to cancel restrictions.") == kRefused);
}

TEST_CASE("The error table is sorted and has each code once") {
  int last = 0;
  for (const ErrorRow& row : ErrorTable()) {
    CHECK(row.code < last);
    CHECK_FALSE(row.name.empty());
    CHECK(FindError(row.code) == &row);
    last = row.code;
  }
}

TEST_CASE("Every documented error code of Binance has a row") {
  const std::string path = "../shared/data/oracle-exchange-docs/binance-error-codes.csv";
  base::PosixFiles files;
  if (!files.Exists(path)) SKIP("SKIPPED: ../shared/data/oracle-exchange-docs not present");
  const auto text = files.Read(path);
  REQUIRE(text.ok());
  size_t rows = 0;
  for (size_t at = text->find('\n') + 1; at < text->size(); at = text->find('\n', at) + 1) {
    const std::string line = text->substr(at, text->find('\n', at) - at);
    if (line.empty()) break;
    const int code = std::stoi(line);
    const std::string name = line.substr(line.find(',') + 1);
    CAPTURE(line);
    const ErrorRow* row = FindError(code);
    REQUIRE(row != nullptr);
    if (code != -2021 && code != -2022) CHECK(row->name == name.substr(0, name.find('\r')));
    ++rows;
    if (text->find('\n', at) == std::string::npos) break;
  }
  CHECK(rows == ErrorTable().size());
}

}  // namespace
}  // namespace gannet::venue::binance
