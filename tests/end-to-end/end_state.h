// The end of a refresh on the bed, held against a document that says what is right.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>

#include "base/json.h"
#include "os/files.h"

namespace tests {
namespace end_state {

using base::Json;

/// '#' in a shape is a digit, '~' a digit or a letter from a to z, all else itself.
inline bool fits(std::string_view text, std::string_view shape) {
  const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
  return text.size() >= shape.size() &&
         std::equal(shape.begin(), shape.end(), text.begin(), [&](char s, char c) {
           return s == '#' ? is_digit(c) : s == '~' ? is_digit(c) || (c >= 'a' && c <= 'z') : s == c;
         });
}

inline std::string with_word(const std::string& text, std::string_view shape, std::string_view word) {
  std::string out;
  for (std::size_t at = 0; at < text.size();) {
    const bool found = fits(std::string_view(text).substr(at), shape);
    out += found ? std::string(word) : text.substr(at, 1);
    at += found ? shape.size() : 1;
  }
  return out;
}

class Words {
 public:
  Words(const Json& state, const Json& made) {
    for (const auto& [name, id] : made.at("security_groups").items())
      known_.emplace_back(id, "group " + name);
    for (const auto& [name, arn] : made.at("keys").items()) known_.emplace_back(arn, "key " + name);
    for (const Json& place : state.at("places"))
      for (const char* kind : {"instances", "clusters"})
        for (const auto& [name, each] : place.at(kind).items()) learn_endpoint(name, each);
  }

  Json operator()(const Json& value) const {
    if (value.is_string()) return said(value.get<std::string>());
    if (!value.is_structured()) return value;
    Json out = value.is_object() ? Json::object() : Json::array();
    for (const auto& [key, each] : value.items())
      if (value.is_object())
        out[said(key)] = (*this)(each);
      else
        out.push_back((*this)(each));
    return out;
  }

 private:
  void learn_endpoint(const std::string& name, const Json& database) {
    const Json endpoint = database.value("Endpoint", Json());
    const Json& address = endpoint.is_object() ? endpoint["Address"] : endpoint;
    const Json& port = endpoint.is_object() ? endpoint["Port"] : database.value("Port", Json());
    if (!address.is_string()) return;
    const auto host = address.get<std::string>();
    known_.emplace_back(host + ":" + port.dump(), "endpoint of " + name);
    known_.emplace_back(host, "host of " + name);
  }
  std::string said(std::string text) const {
    for (const auto& [what, word] : known_)
      for (std::size_t at = 0; (at = text.find(what, at)) != std::string::npos; at += word.size())
        text.replace(at, what.size(), word);
    for (const auto& [shape, word] : {std::pair{"##############-~~~~~~", "RUN"},
                                      {"####-##-##T##:##:##.###Z", "TIME"},
                                      {"####-##-## ##:##:##", "TIME"},
                                      {"~~~~~~~~-~~~~-~~~~-~~~~-~~~~~~~~~~~~", "UUID"},
                                      {"Took:     #:##:##", "Took:     DURATION"},
                                      {"\"seconds\":###,", "\"seconds\":SECONDS,"},
                                      {"\"seconds\":##,", "\"seconds\":SECONDS,"},
                                      {"\"seconds\":#,", "\"seconds\":SECONDS,"}})
      text = with_word(text, shape, word);
    return text;
  }

  std::vector<std::pair<std::string, std::string>> known_;  ///< text, word
};

/// What a refresh says of a database, or must not change.
inline Json database(const Json& shown) {
  Json out;
  for (const char* name : {"DBInstanceStatus",
                           "Status",
                           "Engine",
                           "EngineVersion",
                           "DBInstanceClass",
                           "StorageType",
                           "MultiAZ",
                           "StorageEncrypted",
                           "KmsKeyId",
                           "DeletionProtection",
                           "BackupRetentionPeriod",
                           "EnabledCloudwatchLogsExports",
                           "IAMDatabaseAuthenticationEnabled",
                           "CopyTagsToSnapshot",
                           "AutoMinorVersionUpgrade",
                           "PubliclyAccessible",
                           "PreferredBackupWindow",
                           "PreferredMaintenanceWindow",
                           "MasterUsername",
                           "DBName",
                           "DatabaseName",
                           "DBParameterGroups",
                           "DBClusterParameterGroup",
                           "DBClusterIdentifier",
                           "DBClusterMembers",
                           "ReadReplicaDBInstanceIdentifiers",
                           "Tags"})
    if (shown.contains(name) && !shown[name].is_null()) out[name] = shown[name];
  const Json& subnets = shown.at("DBSubnetGroup");
  out["DBSubnetGroup"] = subnets.is_object() ? subnets.at("DBSubnetGroupName") : subnets;
  for (const Json& group : shown.at("VpcSecurityGroups"))
    out["VpcSecurityGroups"].push_back(group.at("VpcSecurityGroupId"));
  out["managed password"] = shown.contains("MasterUserSecret") && !shown["MasterUserSecret"].is_null();
  const Json pending = shown.value("PendingModifiedValues", Json());
  if (!pending.empty()) out["pending"] = pending;
  for (const char* name : {"unmasked", "reachable_by_users"})
    if (shown.at("bed").contains(name)) out[name] = shown["bed"][name];
  return out;
}

/// Versions are ids; a value is shown by its members alone.
inline Json secret(const Json& shown) {
  Json out = shown.at("stages");
  for (Json& stage : out) {
    stage.erase("version");
    stage.erase("port");
  }
  if (shown.contains("rotation")) out["rotation"] = shown["rotation"];
  return out;
}

inline Json place(const Json& shown) {
  Json out = {{"snapshots", Json::array()}};
  for (const char* kind : {"instances", "clusters"})
    for (const auto& [name, each] : shown.at(kind).items()) out[kind][name] = database(each);
  for (const char* kind : {"snapshots", "cluster_snapshots"})
    for (const auto& [name, each] : shown.at(kind).items())
      if (each.at("SnapshotType") == "manual") out["snapshots"].push_back(name);
  for (const auto& [name, each] : shown.at("secrets").items()) out["secrets"][name] = secret(each);
  out["retained backups"] = shown.at("retained_backups").size();
  return out;
}

inline std::string value_at(const Json& document, const Json::json_pointer& path) {
  return document.contains(path) ? document.at(path).dump() : "nothing";
}

}  // namespace end_state

/// What is left of the bed's state (tests/aws-bed/README.md, GET /_bed/state) once ids, times, endpoints and
/// durations are words: databases with what a refresh is to give them, snapshots, secrets, rows, messages.
/// `made` is what the bed answered to the world.
inline base::Json in_words(const base::Json& state, const base::Json& made) {
  using base::Json;
  Json out = {{"tables", state.at("tables")}, {"messages", state.at("messages")}};
  for (const auto& [name, each] : state.at("places").items()) out["places"][name] = end_state::place(each);
  return end_state::Words(state, made)(out);
}

/// Fails for every member that is not as tests/end-to-end/expected/NAME.json says.
inline void expect_as_written(const std::string& name, const base::Json& words) {
  using base::Json;
  const os::fs::path file = SOURCE_DIR "/tests/end-to-end/expected/" + name + ".json";
  if (!os::fs::exists(file)) {
    ADD_FAILURE() << file << " is not there, and the end was\n" << words.dump(1);
    return;
  }
  const Json expected = Json::parse(os::read_file(file));
  for (const Json& each : Json::diff(expected, words)) {
    const Json::json_pointer path(each.at("path").get<std::string>());
    ADD_FAILURE() << name << ".json " << path << "\n  is to be " << end_state::value_at(expected, path)
                  << "\n  and is    " << end_state::value_at(words, path);
  }
}

}  // namespace tests
