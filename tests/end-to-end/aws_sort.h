// A kind of database on the test bed, with a world that has one of it in production and one to replace, and
// a file that refreshes the latter.
#pragma once

#include <algorithm>

#include "base/json.h"
#include "base/text.h"
#include "os/files.h"

namespace tests {

struct Sort {
  const char* name;
  const char* engine;
  const char* group;  ///< its default parameter group
  const char* restore_type;
  bool cluster() const { return std::string_view(engine).starts_with("aurora"); }
  bool postgres() const { return std::string_view(engine).find("postgres") != std::string_view::npos; }
  const char* target() const { return cluster() ? "devclu" : "mysqlinstd"; }
  const char* source() const { return cluster() ? "prodclu" : "mysqlinstp"; }
};

inline std::string replaced(std::string text, std::string_view word, std::string_view with) {
  for (std::size_t at = 0; (at = text.find(word, at)) != std::string::npos; at += with.size())
    text.replace(at, word.size(), with);
  return text;
}

inline base::Json filled(const std::string& name, const Sort& sort) {
  const std::string text = os::read_file(SOURCE_DIR "/tests/end-to-end/" + name);
  return base::Json::parse(replaced(replaced(text, "ENGINE", sort.engine), "GROUP", sort.group));
}

inline base::Json world_of(const Sort& sort) {
  if (sort.cluster()) return filled("aws-cluster-world.json", sort);
  base::Json world = filled("aws-world.json", sort);
  for (base::Json& each : world["instances"]) {
    each["engine"] = sort.engine;
    each.erase("parameter_group");
  }
  world["parameter_groups"] = base::Json::array();
  world["marker"]["postgres"] = world["marker"]["mariadb"];
  world["snapshots"] = {{{"name", "monthly"}, {"of", "mysqlinstp"}, {"type", "manual"}}};
  return world;
}

/// `made` is what the bed answered to the world; points in time are a day before `now`.
inline base::Json file_of(const Sort& sort, const base::Json& made, base::Time now) {
  base::Json file = filled(sort.cluster() ? "aws-cluster-refresh.json" : "aws-refresh.json", sort);
  if (!sort.cluster()) {
    file["restore"]["dbparamgrp"] = sort.group;
    file["runscripts"]["engine"] = sort.engine;
  }
  const auto yesterday = base::ledger_utc(now - std::chrono::hours(24));
  file["restore"].update({{"restoretype", sort.restore_type},
                          {"secgrpids", made.at("security_groups").at("developers")},
                          {"cwalogs", sort.postgres() ? "postgresql" : "error,slowquery"},
                          {"restoretime", yesterday},
                          {"snapshot", "monthly"}});
  file["sendmsg"].update({{"restoretype", sort.restore_type}, {"topicarn", made.at("topics").at("refresh")}});
  file["updatedynamodb"].update(
      {{"restoretype", sort.restore_type}, {"restoretime", yesterday}, {"snapshot", "monthly"}});
  return file;
}

}  // namespace tests
