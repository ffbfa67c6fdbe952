#include "libs/venue/binance/error_codes.h"

#include <catch2/catch_test_macros.hpp>
#include <fstream>
#include <map>
#include <set>
#include <string>

#include "libs/base/posix_files.h"
#include "libs/venue/binance/outcomes.h"

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
    {-1002, kTurnedAway, kRefused, kRefused}, {-1013, kTurnedAway, kUnknown, kUnknown},
    {-1014, kRefused, kRefused, kRefused},    {-1020, kRefused, kRefused, kRefused},
    {-1021, kTurnedAway, kRefused, kRefused}, {-1022, kRefused, kRefused, kRefused},
    {-1100, kRefused, kRefused, kRefused},    {-1101, kRefused, kRefused, kRefused},
    {-1102, kRefused, kRefused, kRefused},    {-1103, kRefused, kRefused, kRefused},
    {-1104, kRefused, kRefused, kRefused},    {-1105, kRefused, kRefused, kRefused},
    {-1106, kRefused, kRefused, kRefused},    {-1108, kRefused, kRefused, kRefused},
    {-1111, kRefused, kRefused, kRefused},    {-1114, kRefused, kRefused, kRefused},
    {-1115, kRefused, kRefused, kRefused},    {-1116, kRefused, kRefused, kRefused},
    {-1117, kRefused, kRefused, kRefused},    {-1118, kRefused, kRefused, kRefused},
    {-1119, kRefused, kRefused, kRefused},    {-1121, kRefused, kRefused, kRefused},
    {-1128, kRefused, kRefused, kRefused},    {-1130, kRefused, kRefused, kRefused},
    {-1135, kRefused, kRefused, kRefused},    {-1145, kUnknown, kRefused, kUnknown},
    {-2010, kTurnedAway, kRefused, kUnknown}, {-2011, kUnknown, kRefused, kUnknown},
    {-2013, kUnknown, kUnknown, kNotFound},   {-2014, kRefused, kRefused, kRefused},
    {-2015, kTurnedAway, kRefused, kRefused}, {-2039, kRefused, kRefused, kRefused},
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
  std::set<int64_t> seen;
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
  for (const OutcomeRow& row : SpotOutcomes()) {
    CAPTURE(row.code);
    CHECK(seen.contains(row.code));
  }
  CHECK(seen.size() == SpotOutcomes().size());
}

TEST_CASE("An error code without a row proves nothing") {
  for (const int code : {0, -1, -999, -1004, -1010, -2008, -2012, -3000, -9999}) {
    CHECK(Find(SpotOutcomes(), code) == nullptr);
    for (const RequestKind kind : {kP, kC, kQ}) CHECK(ProofOf(kind, 400, code, "x") == kUnknown);
  }
}

TEST_CASE("A status that leaves the fate open overrules every error code") {
  for (const int status : {0, 100, 200, 302, 403, 404, 408, 409, 418, 429, 500, 502, 503, 504}) {
    CAPTURE(status);
    CHECK(StatusProvesNothing(status));
    for (const OutcomeRow& row : SpotOutcomes()) {
      for (const RequestKind kind : {kP, kC, kQ})
        CHECK(ProofOf(kind, status, row.code, "x") == kUnknown);
    }
  }
  CHECK(ProofOf(kP, 401, -2015, "Invalid API-key, IP, or permissions for action.") == kTurnedAway);
  CHECK(ProofOf(kP, 401, -2014, "API-key format invalid.") == kRefused);
}

TEST_CASE("A duplicate client order id is no refusal: the order that has it may be ours") {
  CHECK(ProofOf(kP, 400, -2010, "Duplicate order sent.") == kUnknown);
  // Nor is what its own reservation explains.
  CHECK(ProofOf(kP, 400, -2010, "Account has insufficient balance for requested action.") ==
        kTurnedAway);
}

TEST_CASE("A cancel of an order that the venue does not know is refused as not found") {
  CHECK(ProofOf(kC, 400, -2011, "Unknown order sent.") == kNotFound);
  CHECK(ProofOf(kC, 400, -2011, "Order was not canceled due to cancel restrictions.") == kRefused);
}

TEST_CASE("The error table is sorted and has each code once") {
  int64_t last = 0;
  for (const OutcomeRow& row : SpotOutcomes()) {
    CHECK(row.code < last);
    CHECK_FALSE(row.name.empty());
    CHECK(Find(SpotOutcomes(), row.code) == &row);
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
    const OutcomeRow* row = Find(SpotOutcomes(), code);
    REQUIRE(row != nullptr);
    if (code != -2021 && code != -2022) CHECK(row->name == name.substr(0, name.find('\r')));
    ++rows;
    if (text->find('\n', at) == std::string::npos) break;
  }
  CHECK(rows == SpotOutcomes().size());
}

// USD-M: the codes that prove the copy of a placement that is answered, or a change, not to
// have been taken. Every other documented code leaves it open.
constexpr int64_t kUsdmPlace[] = {
    -1002, -1011, -1013, -1014, -1020, -1021, -1022, -1023, -1100, -1101, -1102, -1103,
    -1104, -1105, -1106, -1108, -1109, -1110, -1111, -1114, -1115, -1116, -1117, -1118,
    -1119, -1121, -1128, -1130, -1136, -2010, -2014, -2015, -2017, -2018, -2019, -2021,
    -2022, -2023, -2024, -2025, -2026, -2027, -4001, -4002, -4003, -4004, -4005, -4006,
    -4007, -4013, -4014, -4015, -4016, -4020, -4022, -4023, -4024, -4031, -4045, -4060,
    -4061, -4062, -4082, -4084, -4087, -4088, -4109, -4118, -4120, -4131, -4135, -4137,
    -4138, -4139, -4140, -4141, -4142, -4164, -4183, -4184, -4192, -4210, -4211, -4400,
    -4401, -4402, -5021, -5022, -5028, -5037, -5038, -5039, -5040, -5041};
// Of these, the ones that hold for every copy: they lie in the bytes of the request.
constexpr int64_t kUsdmEveryCopy[] = {-1014, -1020, -1022, -1023, -1100, -1101, -1102, -1103,
                                      -1104, -1105, -1106, -1108, -1109, -1110, -1111, -1114,
                                      -1115, -1116, -1117, -1118, -1119, -1121, -1128, -1130,
                                      -1136, -2014, -4015, -4031, -4060, -4082, -4084};
constexpr int64_t kUsdmChange[] = {
    -1002, -1011, -1014, -1020, -1021, -1022, -1023, -1100, -1101, -1102, -1103, -1104,
    -1105, -1106, -1108, -1109, -1110, -1111, -1114, -1115, -1116, -1117, -1118, -1119,
    -1121, -1128, -1130, -1136, -2010, -2011, -2014, -2015, -2017, -4015, -4031, -4032,
    -4060, -4082, -4084, -5024, -5025, -5026, -5027, -5028, -5029, -5043};

TEST_CASE("Each error code of USD-M proves what its row says") {
  const std::set<int64_t> place(std::begin(kUsdmPlace), std::end(kUsdmPlace));
  const std::set<int64_t> every_copy(std::begin(kUsdmEveryCopy), std::end(kUsdmEveryCopy));
  const std::set<int64_t> change(std::begin(kUsdmChange), std::end(kUsdmChange));
  const auto proof = [](RequestKind kind, int64_t code) {
    return ProofOf(kind, 400, static_cast<int>(code), "x", Product::kUsdm);
  };
  int64_t last = 0;
  for (const OutcomeRow& row : UsdmOutcomes()) {
    CAPTURE(row.code);
    CHECK(row.code < last);
    last = row.code;
    CHECK(proof(kP, row.code) == (every_copy.contains(row.code) ? kRefused
                                  : place.contains(row.code)    ? kTurnedAway
                                                                : kUnknown));
    CHECK(proof(kC, row.code) == (change.contains(row.code) ? kRefused : kUnknown));
    CHECK(ProofOf(kP, 503, static_cast<int>(row.code), "x", Product::kUsdm) == kUnknown);
  }
  CHECK(proof(kQ, -2013) == kNotFound);
  CHECK(ProofOf(kC, 400, -2011, "Unknown order sent.", Product::kUsdm) == kNotFound);
  for (const int64_t code : place) CHECK(Find(UsdmOutcomes(), code) != nullptr);
  for (const int64_t code : every_copy) CHECK(place.contains(code));
  for (const int64_t code : {-4116, -1007, -1008, -1015, -2020, -9999})
    CHECK(proof(kP, code) == kUnknown);
}

}  // namespace
}  // namespace gannet::venue::binance
