#include "runs/extra.h"

namespace runs {
namespace {

using base::Json;

/// As AWS's price lists count a month.
constexpr double hours_a_month = 730;

struct Item {
  std::string kind, name;          ///< kind: instance, storage, snapshot
  std::optional<double> quantity;  ///< instances, or GiB; nothing: not known
};

/// Those of the same kind and name are one.
class Items {
 public:
  /// `gib` of the source.
  explicit Items(std::optional<std::int64_t> gib) {
    if (gib) gib_ = static_cast<double>(*gib);
  }

  void add_call(const Json& call) {
    const auto operation = call.at("operation").get<std::string>();
    const Json& input = call.at("input");
    if (operation == "CopyDBSnapshot") add("snapshot", "", gib_);
    if (operation.starts_with("RestoreDBCluster")) add("storage", input.value("StorageType", "aurora"), {});
    const bool alone =
        operation.starts_with("RestoreDBInstance") || operation == "CreateDBInstanceReadReplica";
    if (!alone && operation != "CreateDBInstance") return;
    const double copies = input.value("MultiAZ", false) ? 2 : 1;
    add("instance", input.value("DBInstanceClass", "unknown"), copies);
    type_ = input.value("StorageType", type_);
    if (alone) add("storage", type_, gib_ ? std::optional(*gib_ * copies) : std::nullopt);
  }
  const std::vector<Item>& all() const { return all_; }

 private:
  void add(const std::string& kind, const std::string& name, std::optional<double> quantity) {
    for (Item& each : all_)
      if (each.kind == kind && each.name == name) {
        each.quantity = each.quantity && quantity ? std::optional(*each.quantity + *quantity) : std::nullopt;
        return;
      }
    all_.push_back({kind, name, quantity});
  }

  std::optional<double> gib_;
  std::string type_ = "gp2";  ///< a replica has its source's
  std::vector<Item> all_;
};

std::optional<double> price_of(const Item& item, const std::optional<Prices>& prices) {
  if (!prices) return std::nullopt;
  if (item.kind == "snapshot") return prices->snapshot;
  const auto& list = item.kind == "instance" ? prices->classes : prices->storage;
  const auto found = list.find(item.name);
  return found == list.end() ? std::nullopt : std::optional(found->second);
}

std::optional<double> per_hour(const Item& item, const std::optional<double>& price) {
  if (!price || !item.quantity) return std::nullopt;
  return *price * *item.quantity / (item.kind == "instance" ? 1 : hours_a_month);
}

Json or_null(const std::optional<double>& value) {
  return value ? Json(*value) : Json();
}

}  // namespace

Json extra(World& world, const Planned& planned, const std::optional<Prices>& prices) {
  if (!planned.rehearsed || planned.plan.old_status.empty()) return nullptr;
  const auto& names = planned.file.names;
  Items items(names.kind == provider::Kind::instance ? world.storage_gib(names.source) : std::nullopt);
  for (const Json& call : planned.rehearsed->calls) items.add_call(call);
  std::optional<double> hours, sum = prices ? std::optional(0.0) : std::nullopt;
  if (planned.estimate.is_object() && planned.estimate.at("seconds").is_number())
    hours = planned.estimate["seconds"].get<double>() / 3600;
  Json list = Json::array();
  for (const auto& each : items.all()) {
    const auto price = price_of(each, prices), rate = per_hour(each, price);
    sum = sum && rate ? std::optional(*sum + *rate) : std::nullopt;
    list.push_back({{"kind", each.kind},
                    {"name", each.name.empty() ? Json() : Json(each.name)},
                    {"quantity", or_null(each.quantity)},
                    {"price", or_null(price)},
                    {"perHour", or_null(rate)}});
  }
  return {{"hours", or_null(hours)},
          {"items", list},
          {"currency", prices ? Json(prices->currency) : Json()},
          {"perHour", or_null(sum)},
          {"cost", or_null(sum && hours ? std::optional(*sum * *hours) : std::nullopt)}};
}

}  // namespace runs
