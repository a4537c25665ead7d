// Databases that people make: new ones, and servers that run already and are taken as sources.
#pragma once

#include "provider/local/copies.h"

namespace provider::local {

/// What `dbrefresh local create` asks for.
struct NewDatabase {
  std::string name;
  std::string engine = "mariadb";  ///< with an aurora engine a cluster is made, and `writer` in it
  std::string writer;              ///< "": <name>-1
  int port = 0;                    ///< 0: any free one
  Listening listening;
  std::string master_user = "admin";
  base::Secret master_password;
  std::string db_name;
  Tags tags;
  int retention_days = 7;  ///< for how long it can be restored to a point in time; 0: not at all
};

/// A server that runs already and is to be a source.
struct AdoptRequest {
  std::string name;
  std::string engine = "mariadb";
  std::string socket, host;
  int port = 0;
  std::string user;  ///< may replicate; MariaDB on another host: may also read all (docs/adopting.md)
  base::Secret password;
  std::string master_user;  ///< of its copies; "": PostgreSQL, the owner of the database; else `user`
  int retention_days = 0;   ///< as for NewDatabase: a copy is put by, and its log received from then on
  std::string db_name;      ///< that scripts run in; "": the only one there is
};

/// In the thread of who asks, within the budget. Thread-safe.
class Creation {
 public:
  Creation(Fleet& fleet, Copies& copies, Snapshots& snapshots, Removal& removal)
      : fleet_(fleet), copies_(copies), snapshots_(snapshots), removal_(removal) {}

  /// The id of the new database.
  std::string create(const NewDatabase& request, const Budget& budget);
  /// Throws AmbiguousDatabase if it has more than one database and none is named, NoSuchDatabase if the named
  /// one is not there.
  std::string adopt(const AdoptRequest& request, const Budget& budget);

 private:
  void make(Row& row, const base::Secret& password, const Budget& budget);

  Fleet& fleet_;
  Copies& copies_;
  Snapshots& snapshots_;
  Removal& removal_;
};

/// A word of the engine for the CREATE commands: mariadb, postgres, aurora-mysql, aurora-postgresql.
std::string normal_engine(const std::string& engine);

}  // namespace provider::local
