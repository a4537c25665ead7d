// Instances of clusters, and replicas.
#include <fmt/format.h>

#include "base/error.h"
#include "os/port.h"
#include "provider/local/copies.h"

namespace provider::local {

using base::Error;

Work<Row> Copies::make_writer(const CreateRequest& request, const Row& storage) {
  Row row{.id = new_id(Kind::instance),
          .name = must_be_name(request.name),
          .engine = storage.engine,
          .version = storage.version,
          .status = "available",
          .port = storage.port,
          .master_user = storage.master_user,
          .db_name = storage.db_name,
          .tags = request.tags,
          .open = storage.open,
          .settings = base::Json::object(),
          .cluster = storage.id,
          .writer = true,
          .token = request.token};
  if (!fleet_.rows().add(row)) return Pending{std::chrono::seconds(1), {}};
  return row;
}

void Copies::replicate_now(Row row, const Row& source, const Budget& budget) {
  const auto primary = fleet_.server(source);
  const auto made = fleet_.server(row);
  row.settings["replica"] = made->follow(*primary);
  // It holds the same data and opens by the same passwords; and it reads its primary's log by its socket.
  const auto copied = copy_running(fleet_, made->folder(), source, budget, primary->account());
  if (row.open) made->certify(budget.clock.now());
  made->configure(row.open, row.settings);
  made->start(budget);
  made->begin_replication(*primary, copied);
  fleet_.rows().change(row.id, [&](Row& now) {
    now.settings = row.settings;
    be_available(now);
  });
}

Work<Row> Copies::make_replica(const CreateRequest& request, const Row& source, const Budget& budget) {
  if (!is_ours(source))
    throw Error("InvalidDBInstanceState",
                fmt::format("{} is not ours; no replica is made of it", source.name));
  if (!fleet_.server(source)->process())
    throw Error("InvalidDBInstanceState",
                fmt::format("{} is {}", source.name, supervisor_.status_of(source)));
  Row row{.id = new_id(Kind::instance),
          .name = must_be_name(request.name),
          .status = "creating",
          .port = request.shape.port != 0 ? request.shape.port : fleet_.any_port(listening_of(source)),
          .tags = request.tags,
          .open = source.open,
          .settings = base::Json::object(),
          .cluster = source.kind == Kind::cluster ? source.id : "",
          .replica_of = source.id,
          .token = request.token};
  if (source.settings.contains("listen")) row.settings["listen"] = source.settings["listen"];
  const auto address = listening_of(source).address;
  if (row.open && !os::port_is_free(row.port, address) && !os::port_is_fading(row.port))
    throw Error("PortTaken", fmt::format("port {} of {} is taken", row.port, address));
  return make(
      row, source,
      [this, source](const Row& mine, const Budget& long_one) { replicate_now(mine, source, long_one); },
      budget);
}

Work<Database> Copies::create(const CreateRequest& request, const Budget& budget) {
  if (request.token.empty()) throw Error("InvalidParameterValue", "a request for a database needs a token");
  auto work = find_made(request.token, budget);
  if (!work) {
    const Row of = fleet_.must_get(request.of);
    work = of.kind == Kind::cluster && fleet_.rows().members(of.id).empty()
               ? make_writer(request, of)
               : make_replica(request, fleet_.storage_of(of), budget);
  }
  if (const auto* pending = std::get_if<Pending>(&*work)) return *pending;
  const Row row = std::get<Row>(*work);
  if (row.writer || supervisor_.is_down(row))
    if (auto pending = supervisor_.bring_to(row, {.running = true}, budget)) return *pending;
  return supervisor_.describe(row, true);
}

}  // namespace provider::local
