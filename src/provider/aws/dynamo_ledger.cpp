#include <algorithm>

#include "base/error.h"
#include "provider/aws/stores.h"

namespace provider::aws {
namespace {

struct Column {
  const char* name;
  std::string LedgerRow::*member;
};
/// Those of the original, and ours behind them. restoredate is a part of the key, and written by itself.
constexpr Column columns[] = {{"dbinstance", &LedgerRow::dbinstance},
                              {"restoredate", &LedgerRow::restoredate},
                              {"appname", &LedgerRow::appname},
                              {"environment", &LedgerRow::environment},
                              {"source", &LedgerRow::source},
                              {"restoretype", &LedgerRow::restoretype},
                              {"snapshot", &LedgerRow::snapshot},
                              {"status", &LedgerRow::status},
                              {"recordingtime", &LedgerRow::recordingtime},
                              {"run", &LedgerRow::run},
                              {"datatime", &LedgerRow::datatime},
                              {"durations", &LedgerRow::durations},
                              {"reason", &LedgerRow::reason},
                              {"masked", &LedgerRow::masked}};

Json text(const std::string& value) {
  return {{"S", value}};
}

std::string named(const std::string& table) {
  return table.empty() ? std::string(usual_ledger) : table;
}

/// An attribute that is not there, or is no text, is "".
std::string text_of(const Json& item, const char* name) {
  return item.value(name, Json::object()).value("S", "");
}

}  // namespace

/// False if the key is another run's.
bool DynamoLedger::put(const std::string& table, const LedgerRow& row, const std::string& date) {
  Json item = Json::object();
  for (const Column& each : columns)
    if (!(row.*each.member).empty()) item[each.name] = text(row.*each.member);
  item["restoredate"] = text(date);
  const bool written = asker_
                           .ask_unless({"ConditionalCheckFailedException"}, "dynamodb", "PutItem",
                                       {{"TableName", table},
                                        {"Item", item},
                                        {"ConditionExpression", "attribute_not_exists(dbinstance)"}})
                           .has_value();
  if (written) return true;
  const Json there =
      asker_.ask("dynamodb", "GetItem",
                 {{"TableName", table},
                  {"Key", {{"dbinstance", item["dbinstance"]}, {"restoredate", item["restoredate"]}}},
                  {"ConsistentRead", true}});
  return text_of(there.value("Item", Json::object()), "run") == row.run;
}

/// A key is never empty (DynamoDB): what a refused file does not say is called so.
void DynamoLedger::record(const std::string& table, const LedgerRow& row) {
  const std::string name = named(table);
  LedgerRow whole = row;
  if (whole.dbinstance.empty()) whole.dbinstance = "unknown";
  if (put(name, whole, row.restoredate) || put(name, whole, row.restoredate + " " + row.run)) return;
  throw base::Error("LedgerTaken", "the ledger has other rows under the key of run " + row.run);
}

std::string DynamoLedger::objection(const std::string& table) {
  std::string why;
  const auto name = named(table);
  const auto found = asker_.look("dynamodb", "DescribeTable", {{"TableName", name}}, why);
  if (!found) return why;
  std::map<std::string, std::string> keys;
  for (const Json& each : part(part(*found, "Table"), "KeySchema"))
    keys[provider::aws::text(each, "KeyType")] = provider::aws::text(each, "AttributeName");
  if (keys == std::map<std::string, std::string>{{"HASH", "dbinstance"}, {"RANGE", "restoredate"}}) return {};
  return "the table " + name + " has not the key of a ledger: dbinstance (hash), restoredate (range)";
}

std::vector<LedgerRow> DynamoLedger::rows(const std::string& table) {
  std::vector<LedgerRow> all;
  Json input = {{"TableName", named(table)}, {"ConsistentRead", true}};
  do {
    const Json page = asker_.ask("dynamodb", "Scan", input);
    for (const Json& item : page.value("Items", Json::array())) {
      LedgerRow row;
      for (const Column& each : columns) row.*each.member = text_of(item, each.name);
      all.push_back(std::move(row));
    }
    input["ExclusiveStartKey"] = page.value("LastEvaluatedKey", Json::object());
  } while (!input["ExclusiveStartKey"].empty());
  std::ranges::stable_sort(all, {}, &LedgerRow::recordingtime);
  return all;
}

}  // namespace provider::aws
