#include "libs/venue/bybit/outcomes.h"

#include <catch2/catch_test_macros.hpp>
#include <cstdint>
#include <set>
#include <string>

#include "libs/base/posix_files.h"

namespace gannet::venue::bybit {
namespace {

constexpr RequestKind kP = RequestKind::kPlace, kC = RequestKind::kCancel,
                      kQ = RequestKind::kQueryOrder;

// The codes that prove the copy of a placement that is answered, or a change, not to have
// been taken. Every other documented code leaves it open.
constexpr int64_t kBybitPlace[] = {
    -2015,  -1,     400,    10001,  10002,  10003,  10004,  10005,   10007,   10008,   10009,
    10010,  10017,  10024,  10027,  10028,  10029,  10404,  30133,   30134,   30208,   30209,
    30228,  30256,  33004,  100028, 110003, 110004, 110006, 110007,  110009,  110012,  110017,
    110018, 110019, 110020, 110021, 110023, 110032, 110040, 110042,  110044,  110045,  110049,
    110050, 110051, 110052, 110053, 110057, 110061, 110066, 110068,  110069,  110070,  110074,
    110080, 110088, 110089, 110090, 110092, 110093, 110094, 110095,  110097,  110098,  110099,
    110100, 110101, 110102, 110103, 110104, 110105, 110106, 110107,  110108,  110109,  110116,
    110118, 110119, 110120, 110121, 110123, 110124, 110125, 110131,  110132,  110135,  110136,
    110137, 170010, 170011, 170019, 170031, 170033, 170034, 170036,  170037,  170105,  170115,
    170116, 170117, 170121, 170124, 170130, 170131, 170132, 170133,  170134,  170136,  170137,
    170140, 170148, 170151, 170157, 170159, 170192, 170193, 170194,  170195,  170196,  170197,
    170198, 170199, 170200, 170201, 170202, 170203, 170204, 170206,  170207,  170209,  170210,
    170215, 170216, 170217, 170218, 170219, 170220, 170221, 170223,  170224,  170226,  170227,
    170228, 170229, 170230, 170241, 170341, 170344, 170346, 170348,  170355,  170358,  170359,
    170360, 170371, 170372, 170381, 170382, 170709, 170810, 3100181, 3100197, 3100326, 3200403,
    3400139};
// Of these, the ones that hold for every copy: they lie in the bytes of the request.
constexpr int64_t kBybitEveryCopy[] = {
    400,    10001,  10004,  10017,  10029,  10404,  110019, 110049, 110050, 110108,  110109,
    170105, 170115, 170116, 170117, 170121, 170130, 170201, 170202, 170221, 3100181, 3100326};
constexpr int64_t kBybitChange[] = {
    -2015,  -1,     400,    10001,  10002,  10003,  10004,  10005,   10007,  10008,  10009,  10010,
    10017,  10024,  10028,  10029,  10404,  33004,  34040,  100028,  110001, 110008, 110010, 110018,
    110019, 110022, 110049, 110050, 110059, 110060, 110064, 110088,  110108, 110109, 110115, 110117,
    170105, 170115, 170116, 170117, 170121, 170130, 170139, 170142,  170143, 170144, 170145, 170190,
    170201, 170202, 170210, 170213, 170221, 170312, 170313, 3100181, 3100326};

OutcomeClass Of(RequestKind kind, int64_t code) {
  return ProofOfCode(Outcomes(), kind, code).outcome;
}

TEST_CASE("Each code of Bybit proves what its row says") {
  const std::set<int64_t> place(std::begin(kBybitPlace), std::end(kBybitPlace));
  const std::set<int64_t> change(std::begin(kBybitChange), std::end(kBybitChange));
  const std::set<int64_t> every_copy(std::begin(kBybitEveryCopy), std::end(kBybitEveryCopy));
  int64_t last = INT64_MIN;
  for (const OutcomeRow& row : Outcomes()) {
    CAPTURE(row.code);
    CHECK(row.code > last);
    last = row.code;
    const bool processing = row.code == 170035 || row.code == 170212;
    const OutcomeClass open = processing ? OutcomeClass::kAcknowledged : OutcomeClass::kUnknown;
    CHECK(Of(kP, row.code) == (every_copy.contains(row.code) ? OutcomeClass::kRefused
                               : place.contains(row.code)    ? OutcomeClass::kTurnedAway
                                                             : open));
    CHECK(Of(kC, row.code) == (change.contains(row.code) ? OutcomeClass::kRefused : open));
  }
  for (const int64_t code : place) CHECK(Find(Outcomes(), code) != nullptr);
}

TEST_CASE(
    "A request that expired or a key that did was not taken; an address too busy says nothing") {
  for (const int64_t code : {-1, -2015}) {
    CAPTURE(code);
    CHECK(Of(kP, code) == OutcomeClass::kTurnedAway);
    CHECK(Of(kC, code) == OutcomeClass::kRefused);
  }
  CHECK(Of(kP, 10018) == OutcomeClass::kUnknown);
  REQUIRE(Find(Outcomes(), 10018) != nullptr);
}

TEST_CASE("What may have been taken stays unknown, and an unknown order proves no fill") {
  for (const int64_t code : {10000, 10006, 10014, 10016, 110072, 170007, 170141, 170146, 0, 99}) {
    CAPTURE(code);
    CHECK(Of(kP, code) == OutcomeClass::kUnknown);
  }
  for (const int64_t code : {110001, 170213}) {
    CHECK(ProofOfCode(Outcomes(), kC, code).not_found);
    CHECK(ProofOfCode(Outcomes(), kQ, code).not_found);
    CHECK(Of(kP, code) == OutcomeClass::kUnknown);
  }
}

TEST_CASE("Every documented code of Bybit has a row") {
  const std::string path = "../shared/data/oracle-exchange-docs/bybit-error-codes.csv";
  base::PosixFiles files;
  if (!files.Exists(path)) SKIP("SKIPPED: ../shared/data/oracle-exchange-docs not present");
  const auto text = files.Read(path);
  REQUIRE(text.ok());
  std::set<int64_t> codes;
  bool quoted = false;
  size_t line = text->find('\n') + 1;
  for (size_t at = line; at < text->size(); ++at) {
    if ((*text)[at] == '"') quoted = !quoted;
    if ((*text)[at] != '\n' || quoted) continue;
    const std::string row = text->substr(line, at - line);
    line = at + 1;
    if (!row.empty()) codes.insert(std::stoll(row));
  }
  for (const int64_t code : codes) {
    CAPTURE(code);
    CHECK(Find(Outcomes(), code) != nullptr);
  }
  // Of the page's section UTA; the list that is at hand has neither.
  for (const int64_t code : {-2015, -1, 10018}) {
    CHECK_FALSE(codes.contains(code));
    codes.insert(code);
  }
  CHECK(codes.size() == Outcomes().size());
}

}  // namespace
}  // namespace gannet::venue::bybit
