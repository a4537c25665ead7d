#include "sql/server_error.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <set>
#include <utility>

#include "base/text.h"

namespace sql {
namespace {

/// A server's condition, and whether its words are about names alone, never about values.
struct Condition {
  std::string_view state;
  std::string_view name;
  bool names = false;
};

/// PostgreSQL 15 manual, appendix A.
constexpr Condition postgres_conditions[] = {
    {"08P01", "protocol_violation"},
    {"0A000", "feature_not_supported"},
    {"21000", "cardinality_violation"},
    {"22001", "string_data_right_truncation"},
    {"22003", "numeric_value_out_of_range"},
    {"22004", "null_value_not_allowed"},
    {"22007", "invalid_datetime_format"},
    {"22008", "datetime_field_overflow"},
    {"22012", "division_by_zero"},
    {"22021", "character_not_in_repertoire"},
    {"22023", "invalid_parameter_value"},
    {"22025", "invalid_escape_sequence"},
    {"22P02", "invalid_text_representation"},
    {"22P03", "invalid_binary_representation"},
    {"22P04", "bad_copy_file_format"},
    {"22P05", "untranslatable_character"},
    {"2200N", "invalid_xml_content"},
    {"2201B", "invalid_regular_expression"},
    {"22030", "duplicate_json_object_key_value"},
    {"22032", "invalid_json_text"},
    {"23000", "integrity_constraint_violation"},
    {"23001", "restrict_violation"},
    {"23502", "not_null_violation"},
    {"23503", "foreign_key_violation"},
    {"23505", "unique_violation"},
    {"23514", "check_violation"},
    {"23P01", "exclusion_violation"},
    {"25001", "active_sql_transaction", true},
    {"25006", "read_only_sql_transaction", true},
    {"25P02", "in_failed_sql_transaction"},
    {"2BP01", "dependent_objects_still_exist"},
    {"34000", "invalid_cursor_name"},
    {"3D000", "invalid_catalog_name", true},
    {"3F000", "invalid_schema_name", true},
    {"40001", "serialization_failure"},
    {"40P01", "deadlock_detected"},
    {"42501", "insufficient_privilege", true},
    {"42601", "syntax_error"},
    {"42602", "invalid_name"},
    {"42611", "invalid_column_definition"},
    {"42622", "name_too_long"},
    {"42701", "duplicate_column", true},
    {"42702", "ambiguous_column", true},
    {"42703", "undefined_column", true},
    {"42704", "undefined_object", true},
    {"42710", "duplicate_object", true},
    {"42712", "duplicate_alias", true},
    {"42723", "duplicate_function", true},
    {"42725", "ambiguous_function", true},
    {"42803", "grouping_error", true},
    {"42804", "datatype_mismatch"},
    {"42809", "wrong_object_type", true},
    {"42830", "invalid_foreign_key"},
    {"42846", "cannot_coerce"},
    {"42883", "undefined_function", true},
    {"42P01", "undefined_table", true},
    {"42P02", "undefined_parameter"},
    {"42P06", "duplicate_schema", true},
    {"42P07", "duplicate_table", true},
    {"42P10", "invalid_column_reference", true},
    {"42P16", "invalid_table_definition", true},
    {"428C9", "generated_always", true},
    {"53100", "disk_full"},
    {"53200", "out_of_memory"},
    {"53300", "too_many_connections"},
    {"54000", "program_limit_exceeded"},
    {"55000", "object_not_in_prerequisite_state"},
    {"55006", "object_in_use"},
    {"55P03", "lock_not_available"},
    {"57014", "query_canceled"},
    {"57P01", "admin_shutdown"},
    {"57P02", "crash_shutdown"},
    {"57P03", "cannot_connect_now"},
    {"57P05", "idle_session_timeout"},
    {"58030", "io_error"},
    {"P0001", "raise_exception"},
    {"P0002", "no_data_found"},
    {"P0003", "too_many_rows"},
    {"P0004", "assert_failure"},
    {"XX000", "internal_error"},
    {"XX001", "data_corrupted"},
    {"XX002", "index_corrupted"},
};

struct MariaDbError {
  unsigned code;
  std::string_view name;
  bool names = false;
};

/// MariaDB Server 10.11, sql/share/errmsg-utf8.txt.
constexpr MariaDbError mariadb_errors[] = {
    {1007, "ER_DB_CREATE_EXISTS", true},
    {1008, "ER_DB_DROP_EXISTS", true},
    {1021, "ER_DISK_FULL"},
    {1022, "ER_DUP_KEY"},
    {1030, "ER_GET_ERRNO"},
    {1036, "ER_OPEN_AS_READONLY", true},
    {1044, "ER_DBACCESS_DENIED_ERROR"},
    {1045, "ER_ACCESS_DENIED_ERROR"},
    {1046, "ER_NO_DB_ERROR", true},
    {1048, "ER_BAD_NULL_ERROR", true},
    {1049, "ER_BAD_DB_ERROR", true},
    {1050, "ER_TABLE_EXISTS_ERROR", true},
    {1051, "ER_BAD_TABLE_ERROR", true},
    {1052, "ER_NON_UNIQ_ERROR", true},
    {1053, "ER_SERVER_SHUTDOWN"},
    {1054, "ER_BAD_FIELD_ERROR", true},
    {1060, "ER_DUP_FIELDNAME", true},
    {1061, "ER_DUP_KEYNAME", true},
    {1062, "ER_DUP_ENTRY"},
    {1064, "ER_PARSE_ERROR"},
    {1065, "ER_EMPTY_QUERY", true},
    {1091, "ER_CANT_DROP_FIELD_OR_KEY", true},
    {1114, "ER_RECORD_FILE_FULL", true},
    {1118, "ER_TOO_BIG_ROWSIZE"},
    {1136, "ER_WRONG_VALUE_COUNT_ON_ROW"},
    {1142, "ER_TABLEACCESS_DENIED_ERROR"},
    {1143, "ER_COLUMNACCESS_DENIED_ERROR"},
    {1146, "ER_NO_SUCH_TABLE", true},
    {1153, "ER_NET_PACKET_TOO_LARGE"},
    {1166, "ER_WRONG_COLUMN_NAME"},
    {1205, "ER_LOCK_WAIT_TIMEOUT"},
    {1213, "ER_LOCK_DEADLOCK"},
    {1216, "ER_NO_REFERENCED_ROW"},
    {1217, "ER_ROW_IS_REFERENCED"},
    {1226, "ER_USER_LIMIT_REACHED"},
    {1227, "ER_SPECIFIC_ACCESS_DENIED_ERROR"},
    {1231, "ER_WRONG_VALUE_FOR_VAR"},
    {1242, "ER_SUBQUERY_NO_1_ROW"},
    {1264, "ER_WARN_DATA_OUT_OF_RANGE", true},
    {1265, "WARN_DATA_TRUNCATED", true},
    {1267, "ER_CANT_AGGREGATE_2COLLATIONS"},
    {1290, "ER_OPTION_PREVENTS_STATEMENT"},
    {1292, "ER_TRUNCATED_WRONG_VALUE"},
    {1300, "ER_INVALID_CHARACTER_STRING"},
    {1305, "ER_SP_DOES_NOT_EXIST", true},
    {1317, "ER_QUERY_INTERRUPTED"},
    {1364, "ER_NO_DEFAULT_FOR_FIELD", true},
    {1365, "ER_DIVISION_BY_ZERO"},
    {1366, "ER_TRUNCATED_WRONG_VALUE_FOR_FIELD"},
    {1370, "ER_PROCACCESS_DENIED_ERROR"},
    {1406, "ER_DATA_TOO_LONG", true},
    {1407, "ER_SP_BAD_SQLSTATE"},
    {1411, "ER_WRONG_VALUE_FOR_TYPE"},
    {1418, "ER_BINLOG_UNSAFE_ROUTINE"},
    {1419, "ER_BINLOG_CREATE_ROUTINE_NEED_SUPER"},
    {1442, "ER_CANT_UPDATE_USED_TABLE_IN_SF_OR_TRG"},
    {1451, "ER_ROW_IS_REFERENCED_2"},
    {1452, "ER_NO_REFERENCED_ROW_2"},
    {1526, "ER_NO_PARTITION_FOR_GIVEN_VALUE"},
    {1586, "ER_DUP_ENTRY_WITH_KEY_NAME"},
    {1615, "ER_NEED_REPREPARE"},
    {1644, "ER_SIGNAL_EXCEPTION"},
    {1690, "ER_DATA_OUT_OF_RANGE"},
    {1698, "ER_ACCESS_DENIED_NO_PASSWORD_ERROR"},
    {1748, "ER_ROW_DOES_NOT_MATCH_GIVEN_PARTITION_SET"},
    {1792, "ER_CANT_EXECUTE_IN_READ_ONLY_TRANSACTION"},
    {1969, "ER_STATEMENT_TIMEOUT"},
    {4025, "ER_CONSTRAINT_FAILED"},
    {4035, "ER_BAD_DATA"},
    {4038, "ER_JSON_SYNTAX"},
};

/// The servers' own words in messages that are about names, in English. Those in other languages are left
/// out.
const std::set<std::string, std::less<>> server_words = {
    "a",          "access",      "aggregate", "already",    "ambiguous", "an",        "and",
    "appear",     "argument",    "as",        "at",         "be",        "by",        "cannot",
    "can",        "cast",        "cause",     "check",      "clause",    "column",    "constraint",
    "conversion", "create",      "data",      "database",   "default",   "defined",   "delete",
    "denied",     "doesn",       "does",      "drop",       "duplicate", "error",     "exist",
    "exists",     "extension",   "field",     "for",        "from",      "full",      "function",
    "group",      "has",         "have",      "in",         "index",     "insert",    "into",
    "is",         "it",          "key",       "language",   "list",      "long",      "materialized",
    "more",       "must",        "name",      "no",         "not",       "null",      "number",
    "of",         "on",          "one",       "only",       "operator",  "or",        "order",
    "out",        "owner",       "parameter", "permission", "privilege", "procedure", "query",
    "range",      "read",        "reference", "relation",   "role",      "row",       "schema",
    "select",     "selected",    "sequence",  "server",     "set",       "specified", "statement",
    "superuser",  "t",           "table",     "than",       "that",      "the",       "to",
    "too",        "transaction", "trigger",   "truncated",  "type",      "unique",    "unknown",
    "update",     "used",        "user",      "value",      "view",      "was",       "where",
    "with",       "you",         "your",      "block",      "run",       "inside",    "bigint",
    "boolean",    "character",   "date",      "double",     "integer",   "json",      "jsonb",
    "numeric",    "precision",   "smallint",  "text",       "time",      "timestamp", "uuid",
    "varying",    "without",     "zone"};

bool is_name(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '$' || c == '.';
}

/// Calls `take` with each word of `text`, lower case; false if a character stands between words that the
/// servers' messages about names do not have, or `take` returns false.
template <class Take>
bool each_word(std::string_view text, bool any_separator, const Take& take) {
  std::string word;
  auto flush = [&] {
    const std::string whole = base::lower(std::exchange(word, {}));
    const auto dot = whole.find_last_of('.');
    const bool ends_in_dot = dot != std::string::npos && dot + 1 == whole.size();
    return whole.empty() || take(ends_in_dot ? whole.substr(0, dot) : whole);
  };
  for (const char c : text) {
    if (is_name(c)) {
      word += c;
      continue;
    }
    if (!any_separator && std::string_view(" \t\n\"'`,;:()").find(c) == std::string_view::npos) return false;
    if (!flush()) return false;
  }
  return flush();
}

/// Each part of `name` is among the words of the statement; what stands before a dot may be the schema that
/// the session is in.
bool stands_in(const std::string& name, const std::set<std::string, std::less<>>& words) {
  const auto dot = name.find_last_of('.');
  return words.contains(name) || (dot != std::string::npos && words.contains(name.substr(dot + 1)));
}

/// A statement without what stands between `quotes`, the signs around its literals.
std::string without_literals(std::string_view statement, std::string_view quotes) {
  std::string out;
  char within = '\0';
  for (std::size_t i = 0; i < statement.size(); ++i) {
    const char c = statement[i];
    if (within == '\0') {
      out += c;
      if (quotes.find(c) != std::string_view::npos) within = c;
    } else if (c == '\\') {
      ++i;
    } else if (c == within) {
      within = '\0';
      out += c;
    }
  }
  return out;
}

/// `message` if every word of it is one of the server's or a name that stands in the statement; else "".
std::string if_known(std::string_view message, std::string_view statement, std::string_view quotes) {
  std::set<std::string, std::less<>> words;
  each_word(without_literals(statement, quotes), true, [&](const std::string& word) {
    words.insert(word);
    for (const auto& part : base::split_list(word, '.')) words.insert(part);
    return true;
  });
  std::string before;
  const bool known = each_word(message, false, [&](const std::string& word) {
    const bool row_number = std::exchange(before, word) == "row" && base::is_digits(word);
    return row_number || server_words.contains(word) || stands_in(word, words);
  });
  return known ? std::string(base::trim(message)) : "";
}

/// `line 2, character 14` of a statement, of the server's count of characters from 1; "" without one.
std::string place(std::string_view position, std::string_view statement) {
  std::size_t left = 0;
  if (std::from_chars(position.data(), position.data() + position.size(), left).ec != std::errc{}) return "";
  std::size_t line = 1, character = 1;
  for (const char c : statement) {
    if ((static_cast<unsigned char>(c) & 0xC0U) == 0x80U) continue;  // the rest of a character
    if (--left == 0) break;
    ++character;
    if (c == '\n') ++line, character = 1;
  }
  return fmt::format("line {}, character {} of the statement", line, character);
}

}  // namespace

std::string describe(const PostgresFailure& failure, std::string_view statement) {
  const auto* const found = std::ranges::find(postgres_conditions, failure.state, &Condition::state);
  const bool known = found != std::end(postgres_conditions);
  const std::string words = known && found->names ? if_known(failure.message, statement, "'") : "";
  std::string text = words.empty() ? std::string(known ? found->name : "error") : words;
  if (!failure.table.empty())
    text += fmt::format(", table {}{}{}", failure.schema, failure.schema.empty() ? "" : ".", failure.table);
  if (!failure.column.empty()) text += fmt::format(", column {}", failure.column);
  if (!failure.constraint.empty()) text += fmt::format(", constraint {}", failure.constraint);
  if (!failure.datatype.empty()) text += fmt::format(", type {}", failure.datatype);
  if (const auto where = place(failure.position, statement); !where.empty()) text += ", at " + where;
  return fmt::format("{} (SQLSTATE {})", text, failure.state);
}

std::string describe_mariadb(unsigned code, std::string_view state, std::string_view message,
                             std::string_view statement) {
  const auto* const found = std::ranges::find(mariadb_errors, code, &MariaDbError::code);
  const bool known = found != std::end(mariadb_errors);
  const std::string words = known && found->names ? if_known(message, statement, "'\"") : "";
  const std::string name = known ? fmt::format("{} ", found->name) : "";
  return fmt::format("{}{}({}error {}, SQLSTATE {})", words, words.empty() ? "" : " ", name, code, state);
}

std::string describe_mariadb_client(std::string_view output) {
  for (const auto& line : base::split_list(std::string(output), '\n')) {
    constexpr std::string_view begins = "ERROR ", in_line = " at line ";
    if (!line.starts_with(begins)) continue;
    const auto words = base::split_list(line, ' ');
    unsigned code = 0;
    const bool has_state = words.size() > 2 && (words[2].ends_with(")") || words[2].ends_with("):")) &&
                           words[2].size() <= 8 && words[2].starts_with("(") && words[2].size() >= 7;
    const auto& number = words.size() > 1 ? words[1] : line;
    std::from_chars(number.data(), number.data() + number.size(), code);
    if (code == 0) continue;
    const auto said = describe_mariadb(code, has_state ? words[2].substr(1, 5) : "HY000", "", "");
    const auto at = line.find(in_line), end = line.find(':');
    return at < end && end != std::string::npos ? fmt::format("{}{}", said, line.substr(at, end - at)) : said;
  }
  return {};
}

}  // namespace sql
