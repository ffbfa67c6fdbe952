#include "libs/venue/binance/error_codes.h"

#include <algorithm>
#include <array>

namespace gannet::venue::binance {
namespace {

using P = Proof;

// kRefused only where the documentation says that the request was turned away
// before or by the matching engine, and only for codes that requests of this
// program can meet: order lists, pegged orders, FIX, SBE and market data stay
// unknown, since such an answer would not be about what we sent.
constexpr ErrorRow kTable[] = {
    {-1000, "UNKNOWN", P::kUnknown, P::kUnknown, P::kUnknown},
    {-1001, "DISCONNECTED", P::kUnknown, P::kUnknown, P::kUnknown},
    {-1002, "UNAUTHORIZED", P::kRefused, P::kRefused, P::kRefused},
    {-1003, "TOO_MANY_REQUESTS", P::kUnknown, P::kUnknown, P::kUnknown},
    {-1006, "UNEXPECTED_RESP", P::kUnknown, P::kUnknown, P::kUnknown},
    {-1007, "TIMEOUT", P::kUnknown, P::kUnknown, P::kUnknown},
    {-1008, "SERVER_BUSY", P::kUnknown, P::kUnknown, P::kUnknown},
    {-1013, "INVALID_MESSAGE", P::kRefused, P::kRefused, P::kRefused},
    {-1014, "UNKNOWN_ORDER_COMPOSITION", P::kRefused, P::kRefused, P::kRefused},
    {-1015, "TOO_MANY_ORDERS", P::kUnknown, P::kUnknown, P::kUnknown},
    {-1016, "SERVICE_SHUTTING_DOWN", P::kUnknown, P::kUnknown, P::kUnknown},
    {-1020, "UNSUPPORTED_OPERATION", P::kRefused, P::kRefused, P::kRefused},
    {-1021, "INVALID_TIMESTAMP", P::kRefused, P::kRefused, P::kRefused},
    {-1022, "INVALID_SIGNATURE", P::kRefused, P::kRefused, P::kRefused},
    {-1033, "COMP_ID_IN_USE", P::kUnknown, P::kUnknown, P::kUnknown},
    {-1034, "TOO_MANY_CONNECTIONS", P::kUnknown, P::kUnknown, P::kUnknown},
    {-1035, "LOGGED_OUT", P::kUnknown, P::kUnknown, P::kUnknown},
    {-1100, "ILLEGAL_CHARS", P::kRefused, P::kRefused, P::kRefused},
    {-1101, "TOO_MANY_PARAMETERS", P::kRefused, P::kRefused, P::kRefused},
    {-1102, "MANDATORY_PARAM_EMPTY_OR_MALFORMED", P::kRefused, P::kRefused, P::kRefused},
    {-1103, "UNKNOWN_PARAM", P::kRefused, P::kRefused, P::kRefused},
    {-1104, "UNREAD_PARAMETERS", P::kRefused, P::kRefused, P::kRefused},
    {-1105, "PARAM_EMPTY", P::kRefused, P::kRefused, P::kRefused},
    {-1106, "PARAM_NOT_REQUIRED", P::kRefused, P::kRefused, P::kRefused},
    {-1108, "PARAM_OVERFLOW", P::kRefused, P::kRefused, P::kRefused},
    {-1111, "BAD_PRECISION", P::kRefused, P::kRefused, P::kRefused},
    {-1112, "NO_DEPTH", P::kUnknown, P::kUnknown, P::kUnknown},
    {-1114, "TIF_NOT_REQUIRED", P::kRefused, P::kRefused, P::kRefused},
    {-1115, "INVALID_TIF", P::kRefused, P::kRefused, P::kRefused},
    {-1116, "INVALID_ORDER_TYPE", P::kRefused, P::kRefused, P::kRefused},
    {-1117, "INVALID_SIDE", P::kRefused, P::kRefused, P::kRefused},
    {-1118, "EMPTY_NEW_CL_ORD_ID", P::kRefused, P::kRefused, P::kRefused},
    {-1119, "EMPTY_ORG_CL_ORD_ID", P::kRefused, P::kRefused, P::kRefused},
    {-1120, "BAD_INTERVAL", P::kUnknown, P::kUnknown, P::kUnknown},
    {-1121, "BAD_SYMBOL", P::kRefused, P::kRefused, P::kRefused},
    {-1122, "INVALID_SYMBOLSTATUS", P::kUnknown, P::kUnknown, P::kUnknown},
    {-1125, "INVALID_LISTEN_KEY", P::kUnknown, P::kUnknown, P::kUnknown},
    {-1127, "MORE_THAN_XX_HOURS", P::kUnknown, P::kUnknown, P::kUnknown},
    {-1128, "OPTIONAL_PARAMS_BAD_COMBO", P::kRefused, P::kRefused, P::kRefused},
    {-1130, "INVALID_PARAMETER", P::kRefused, P::kRefused, P::kRefused},
    {-1134, "BAD_STRATEGY_TYPE", P::kUnknown, P::kUnknown, P::kUnknown},
    {-1135, "INVALID_JSON", P::kRefused, P::kRefused, P::kRefused},
    {-1139, "INVALID_TICKER_TYPE", P::kUnknown, P::kUnknown, P::kUnknown},
    {-1145, "INVALID_CANCEL_RESTRICTIONS", P::kUnknown, P::kRefused, P::kUnknown},
    {-1151, "DUPLICATE_SYMBOLS", P::kUnknown, P::kUnknown, P::kUnknown},
    {-1152, "INVALID_SBE_HEADER", P::kUnknown, P::kUnknown, P::kUnknown},
    {-1153, "UNSUPPORTED_SCHEMA_ID", P::kUnknown, P::kUnknown, P::kUnknown},
    {-1155, "SBE_DISABLED", P::kUnknown, P::kUnknown, P::kUnknown},
    {-1158, "OCO_ORDER_TYPE_REJECTED", P::kUnknown, P::kUnknown, P::kUnknown},
    {-1160, "OCO_ICEBERGQTY_TIMEINFORCE", P::kUnknown, P::kUnknown, P::kUnknown},
    {-1161, "DEPRECATED_SCHEMA", P::kUnknown, P::kUnknown, P::kUnknown},
    {-1165, "BUY_OCO_LIMIT_MUST_BE_BELOW", P::kUnknown, P::kUnknown, P::kUnknown},
    {-1166, "SELL_OCO_LIMIT_MUST_BE_ABOVE", P::kUnknown, P::kUnknown, P::kUnknown},
    {-1168, "BOTH_OCO_ORDERS_CANNOT_BE_LIMIT", P::kUnknown, P::kUnknown, P::kUnknown},
    {-1169, "INVALID_TAG_NUMBER", P::kUnknown, P::kUnknown, P::kUnknown},
    {-1170, "TAG_NOT_DEFINED_IN_MESSAGE", P::kUnknown, P::kUnknown, P::kUnknown},
    {-1171, "TAG_APPEARS_MORE_THAN_ONCE", P::kUnknown, P::kUnknown, P::kUnknown},
    {-1172, "TAG_OUT_OF_ORDER", P::kUnknown, P::kUnknown, P::kUnknown},
    {-1173, "GROUP_FIELDS_OUT_OF_ORDER", P::kUnknown, P::kUnknown, P::kUnknown},
    {-1174, "INVALID_COMPONENT", P::kUnknown, P::kUnknown, P::kUnknown},
    {-1175, "RESET_SEQ_NUM_SUPPORT", P::kUnknown, P::kUnknown, P::kUnknown},
    {-1176, "ALREADY_LOGGED_IN", P::kUnknown, P::kUnknown, P::kUnknown},
    {-1177, "GARBLED_MESSAGE", P::kUnknown, P::kUnknown, P::kUnknown},
    {-1178, "BAD_SENDER_COMPID", P::kUnknown, P::kUnknown, P::kUnknown},
    {-1179, "BAD_SEQ_NUM", P::kUnknown, P::kUnknown, P::kUnknown},
    {-1180, "EXPECTED_LOGON", P::kUnknown, P::kUnknown, P::kUnknown},
    {-1181, "TOO_MANY_MESSAGES", P::kUnknown, P::kUnknown, P::kUnknown},
    {-1182, "PARAMS_BAD_COMBO", P::kUnknown, P::kUnknown, P::kUnknown},
    {-1183, "NOT_ALLOWED_IN_DROP_COPY_SESSIONS", P::kUnknown, P::kUnknown, P::kUnknown},
    {-1184, "DROP_COPY_SESSION_NOT_ALLOWED", P::kUnknown, P::kUnknown, P::kUnknown},
    {-1185, "DROP_COPY_SESSION_REQUIRED", P::kUnknown, P::kUnknown, P::kUnknown},
    {-1186, "NOT_ALLOWED_IN_ORDER_ENTRY_SESSIONS", P::kUnknown, P::kUnknown, P::kUnknown},
    {-1187, "NOT_ALLOWED_IN_MARKET_DATA_SESSIONS", P::kUnknown, P::kUnknown, P::kUnknown},
    {-1188, "INCORRECT_NUM_IN_GROUP_COUNT", P::kUnknown, P::kUnknown, P::kUnknown},
    {-1189, "DUPLICATE_ENTRIES_IN_A_GROUP", P::kUnknown, P::kUnknown, P::kUnknown},
    {-1190, "INVALID_REQUEST_ID", P::kUnknown, P::kUnknown, P::kUnknown},
    {-1191, "TOO_MANY_SUBSCRIPTIONS", P::kUnknown, P::kUnknown, P::kUnknown},
    {-1194, "INVALID_TIME_UNIT", P::kUnknown, P::kUnknown, P::kUnknown},
    {-1196, "BUY_OCO_STOP_LOSS_MUST_BE_ABOVE", P::kUnknown, P::kUnknown, P::kUnknown},
    {-1197, "SELL_OCO_STOP_LOSS_MUST_BE_BELOW", P::kUnknown, P::kUnknown, P::kUnknown},
    {-1198, "BUY_OCO_TAKE_PROFIT_MUST_BE_BELOW", P::kUnknown, P::kUnknown, P::kUnknown},
    {-1199, "SELL_OCO_TAKE_PROFIT_MUST_BE_ABOVE", P::kUnknown, P::kUnknown, P::kUnknown},
    {-1210, "INVALID_PEG_PRICE_TYPE", P::kUnknown, P::kUnknown, P::kUnknown},
    {-1211, "INVALID_PEG_OFFSET_TYPE", P::kUnknown, P::kUnknown, P::kUnknown},
    {-1220, "SYMBOL_DOES_NOT_MATCH_STATUS", P::kUnknown, P::kUnknown, P::kUnknown},
    {-1221, "INVALID_SBE_MESSAGE_FIELD", P::kUnknown, P::kUnknown, P::kUnknown},
    {-1222, "OPO_WORKING_MUST_BE_BUY", P::kUnknown, P::kUnknown, P::kUnknown},
    {-1223, "OPO_PENDING_MUST_BE_SELL", P::kUnknown, P::kUnknown, P::kUnknown},
    {-1224, "WORKING_PARAM_REQUIRED", P::kUnknown, P::kUnknown, P::kUnknown},
    {-1225, "PENDING_PARAM_NOT_REQUIRED", P::kUnknown, P::kUnknown, P::kUnknown},
    {-2010, "NEW_ORDER_REJECTED", P::kRefused, P::kRefused, P::kUnknown},
    {-2011, "CANCEL_REJECTED", P::kUnknown, P::kRefused, P::kUnknown},
    {-2013, "NO_SUCH_ORDER", P::kUnknown, P::kUnknown, P::kNotFound},
    {-2014, "BAD_API_KEY_FMT", P::kRefused, P::kRefused, P::kRefused},
    {-2015, "REJECTED_MBX_KEY", P::kRefused, P::kRefused, P::kRefused},
    {-2016, "NO_TRADING_WINDOW", P::kUnknown, P::kUnknown, P::kUnknown},
    {-2021, "ORDER_CANCEL_REPLACE_PARTIALLY_FAILED", P::kUnknown, P::kUnknown, P::kUnknown},
    {-2022, "ORDER_CANCEL_REPLACE_FAILED", P::kUnknown, P::kUnknown, P::kUnknown},
    {-2026, "ORDER_ARCHIVED", P::kUnknown, P::kUnknown, P::kUnknown},
    {-2035, "SUBSCRIPTION_ACTIVE", P::kUnknown, P::kUnknown, P::kUnknown},
    {-2036, "SUBSCRIPTION_INACTIVE", P::kUnknown, P::kUnknown, P::kUnknown},
    {-2039, "CLIENT_ORDER_ID_INVALID", P::kRefused, P::kRefused, P::kRefused},
    {-2042, "MAXIMUM_SUBSCRIPTION_IDS", P::kUnknown, P::kUnknown, P::kUnknown},
    {-2043, "NO_REFERENCE_PRICE", P::kUnknown, P::kUnknown, P::kUnknown},
};

// Texts that say more than their code. Source: errors.md, "Messages for -1010
// ERROR_MSG_RECEIVED, -2010 NEW_ORDER_REJECTED, and -2011 CANCEL_REJECTED".
constexpr std::string_view kDuplicate = "Duplicate order sent.";
constexpr std::string_view kUnknownOrder = "Unknown order sent.";

Proof Column(const ErrorRow& row, RequestKind kind) {
  switch (kind) {
    case RequestKind::kPlace:
      return row.place;
    case RequestKind::kCancel:
      return row.cancel;
    default:
      return row.query;
  }
}

}  // namespace

std::span<const ErrorRow> ErrorTable() { return kTable; }

const ErrorRow* FindError(int code) {
  const auto* found = std::find_if(std::begin(kTable), std::end(kTable),
                                   [code](const ErrorRow& row) { return row.code == code; });
  return found == std::end(kTable) ? nullptr : found;
}

bool StatusProvesNothing(int status) { return status != 400 && status != 401; }

Proof ProofOf(RequestKind kind, int status, int code, std::string_view message) {
  if (StatusProvesNothing(status)) return Proof::kUnknown;
  const ErrorRow* row = FindError(code);
  if (row == nullptr) return Proof::kUnknown;
  // The id is in use: the order that has it may be this very one, sent before.
  if (kind == RequestKind::kPlace && code == -2010 && message == kDuplicate) return Proof::kUnknown;
  if (kind == RequestKind::kCancel && code == -2011 && message == kUnknownOrder)
    return Proof::kNotFound;
  return Column(*row, kind);
}

}  // namespace gannet::venue::binance
