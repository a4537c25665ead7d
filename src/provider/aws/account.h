// What all parts of the provider on RDS work with.
#pragma once

#include "provider/aws/quarantine.h"
#include "provider/aws/reader.h"
#include "provider/aws/source_account.h"

namespace provider::aws {

using sql::Connect;

/// All must outlive whoever holds it.
struct Account {
  Service& service;
  Reader& reader;
  Quarantine& quarantine;
  const Settings& settings;
  const Connect& connect;
  SourceAccount* source = nullptr;  ///< nullptr: sources are in this account as well
};

/// The database with this id. Throws DBInstanceNotFound.
const Json& must_get(const Fleet& fleet, const std::string& id);
/// The same of what a restore is made of, in its own account.
Json must_get_source(Account& account, const Fleet& fleet, const std::string& id, const Budget& budget);
/// Refuses what does not carry the tag refresh=true.
void must_be_ours(const std::string& verb, const Json& database);
/// Throws DatabaseFailed for a terminal status; what is still waited for otherwise.
std::optional<Pending> wait_until_settled(Account& account, const Json& database, const Budget& budget);

/// A call that changes something. What it changes shows late: whoever asked looks again, and an answer of RDS
/// that means "not now" is explained by that next look, so it is no error.
/// `about` as for Reader::now().
Pending change(Account& account, const std::string& about, const std::string& operation, Json input,
               const Budget& budget);
/// The same with "DBInstance" or "DBCluster" after the verb, and the database's own name in the input.
Pending change(Account& account, const char* verb, const Json& database, Json input, const Budget& budget);

/// Adds tags, and waits until Describe shows them: what is written on a database decides what is done next.
/// Pending where the budget is spent before.
std::optional<Pending> add_tags(Account& account, const std::string& id, const Tags& tags,
                                const Budget& budget);

/// The key for a copy of what another account shares; `model` is what the copy is to be like.
std::string key_for(const Account& account, const Json& model);

/// A change was asked for, and shows soon.
Pending soon(std::string what);
/// What takes minutes.
Pending later(std::string what);

}  // namespace provider::aws
