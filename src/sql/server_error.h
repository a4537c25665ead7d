// What a server says about a failed statement, without what it quotes: its messages show values of rows
// (`Duplicate entry 'real.person@corp.example'`), and ours go to the journal, the ledger, mails and
// terminals.
#pragma once

#include <string>
#include <string_view>

#include "base/error.h"

namespace sql {

/// The fields of an answer of PostgreSQL (its manual, 55.8), "" where it gave none.
struct PostgresFailure {
  std::string_view state, message, schema, table, column, datatype, constraint, position;
};

/// The text for a failure: the condition's name, the SQLSTATE, and names that come as fields. The server's
/// own words are added where the condition is about names alone and each of them is known or stands in
/// `statement`.
std::string describe(const PostgresFailure& failure, std::string_view statement);

/// The same for an error of MariaDB, which has no fields.
std::string describe_mariadb(unsigned code, std::string_view state, std::string_view message,
                             std::string_view statement);

/// What MariaDB's client said of a script that failed (`ERROR 1062 (23000) at line 7: Duplicate …`): the same
/// text, and the line. "" if it names no error.
std::string describe_mariadb_client(std::string_view output);

}  // namespace sql
