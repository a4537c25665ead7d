// A MariaDB server of ours. Also what mysql, aurora and aurora-mysql mean on this host.
#pragma once

#include "provider/local/server.h"

namespace provider::local {

class MariaDbServer final : public Server {
 public:
  using Server::Server;

  std::vector<std::string> missing_programs() const override;
  void initialise(const base::Json& settings, const Budget& budget) const override;
  void configure(bool open, const base::Json& settings) const override;
  void show_certificate() const override;
  void start(const Budget& budget) const override;
  void start_first(const std::string& superuser, const Budget& budget) const override;
  void remove_remains(const Budget&) const override {}
  sql::Endpoint socket_endpoint() const override;
  sql::Endpoint administrator_endpoint() const override;
  void create_database(const std::string& name, const std::string& owner) const override;
  sql::Endpoint admit_scripts(const std::string& master) const override;
  void set_master_login(const std::string& user, const base::Secret& password,
                        const Budget& budget) const override;
  std::string vet(const std::string& master, bool strict, const Budget& budget) const override;
  void forget_past() const override;
  base::Json settings_of(sql::Connection& source) const override;
  std::string superuser_of(sql::Connection& source) const override;
  os::Command receiver(const sql::Endpoint& source) const override;
  std::uint64_t size_of(sql::Connection& source) const override;
  std::vector<std::string> outside_of_data(sql::Connection& source) const override;
  std::vector<base::Problem> objections(sql::Connection& session, const CopySource& from) const override;
  bool has_log(const LogSource& log) const override;
  void drop_log_before(const LogSource& log) const override;
  void start_replaying(const LogSource& log, base::Time until, const base::Json& settings,
                       const Budget& budget) const override;
  base::Json follow(const Server& primary) const override;
  void begin_replication(const Server& primary, const Copied& copied) const override;
  void end_replication(const Server& primary) const override;
  bool in_step_with(const Server& primary) const override;

 private:
  const char* program() const override { return "mariadbd"; }
  int stop_signal() const override;
  bool is_error(const std::string& log_line) const override;
  bool is_child(const std::string&) const override { return false; }

  os::Command server_command() const;
  std::string network_settings() const;
  os::fs::path socket() const { return folder() / "socket"; }
  /// For temporary tables; never a shared folder, because every mariadbd that starts removes what it finds
  /// there.
  os::fs::path scratch() const { return folder() / "tmp"; }
  /// The one folder that SQL may write files to and read them from: empty, and nobody's who has not FILE.
  os::fs::path exchange() const { return folder() / "files"; }
  /// Empty: what is built in is all that is loaded, whatever a copy's mysql.plugin names.
  os::fs::path plugins() const { return folder() / "plugins"; }
  static std::string left_behind(sql::Connection& source);
  os::fs::path fetch_log(const LogSource& log, const Budget& budget) const;
  /// hot_copy() of a server whose files cannot be read: its contents, as statements.
  Copied dump(const CopySource& source, const os::fs::path& target, const Budget& budget) const;
  void load(const std::vector<os::fs::path>& dumps, const base::Json& settings, const Budget& budget) const;
  /// Starts it with our administrator made anew; its password is in a file that only we can read.
  void start_as_administrator(const Budget& budget) const;
  std::string administrator_name() const { return "dbrefresh_admin_" + id_; }
  os::fs::path administrator_password() const { return folder() / "administrator"; }
  Copied clone(sql::Connection& session, const CopySource& source, const os::fs::path& target,
               const Budget& budget) const override;
  Copied hot_copy(const CopySource& source, const os::fs::path& target, const Budget& budget) const override;
};

/// A client program of MariaDB that logs in there; the password goes by its environment: for programs that
/// end soon.
os::Command client_command(const std::string& program, const sql::Endpoint& login);

/// For one that stays: the password stands in `file`, which the owner of its folder alone can read.
os::Command lasting_client_command(const std::string& program, const sql::Endpoint& login,
                                   const os::fs::path& file);

}  // namespace provider::local
