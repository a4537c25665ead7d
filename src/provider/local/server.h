// One database server of ours in its folder: made, configured, started, stopped. It outlives us.
#pragma once

#include "os/process.h"
#include "provider/local/home.h"
#include "provider/provider.h"

namespace provider::local {

/// A server to copy from: one of ours, or one that runs by itself, here or on another host.
struct CopySource {
  sql::Endpoint administrator;           ///< may back up; its password never goes by the command line
  os::fs::path data;                     ///< "" if its files cannot be read from here
  bool ours = false;                     ///< a server of ours, which its account may read
  std::optional<os::ProcessId> process;  ///< of a server that we supervise; may be frozen for a moment
};

struct Copied {
  base::Time data_time{};  ///< everything committed before this is in the copy
  std::string method;      ///< for people
  base::Json position;     ///< MariaDB: where in the binary log it ends: {gtid, file, offset}
  base::Json settings;     ///< settings_of() the source
  std::string superuser;   ///< superuser_of() the source
};

/// The log of a server, and from where on it is wanted.
struct LogSource {
  os::fs::path data;     ///< the server's data folder; it may be running. Of one that is not ours: archive
  os::fs::path archive;  ///< PostgreSQL: where finished segments go; of one that is not ours: all we have
  os::fs::path base;     ///< data folder of the copy that the log continues
  base::Json base_position;             ///< its Copied::position
  std::string superuser;                ///< its Copied::superuser
  std::optional<sql::Endpoint> origin;  ///< of one that is not ours: where the newest of its log is to be had
};

/// A server's folder: data/, server.cnf, server.log, socket, pid. Mode 0700, of its own account. Both
/// families have the same verbs; those that speak to the server throw what sql::Connection throws.
class Server {
 public:
  Server(const Home& home, std::string id, int port, Listening listening = {})
      : home_(home),
        id_(std::move(id)),
        port_(port),
        listening_(meant(std::move(listening))),
        folder_(home.instance(id_)) {}
  /// In a folder of its own.
  Server(const Home& home, os::fs::path folder, std::string id, int port)
      : home_(home),
        id_(std::move(id)),
        port_(port),
        listening_(meant(Listening{})),
        folder_(std::move(folder)) {}
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;
  virtual ~Server() = default;

  const os::fs::path& folder() const { return folder_; }
  os::fs::path data() const { return folder() / "data"; }
  /// As whom it runs; its folder, which must be there, is this account's.
  os::Ids account() const { return home_.accounts().of(folder()); }

  /// The process that serves this very folder: one that works in our data folder. A stale pid file never
  /// makes us touch somebody else's process, and a server that has not written one yet is found all the same.
  std::optional<os::ProcessId> process() const;

  /// Programs of this family that this host lacks.
  virtual std::vector<std::string> missing_programs() const = 0;
  /// Makes an empty data folder; `settings` as for configure().
  virtual void initialise(const base::Json& settings, const Budget& budget) const = 0;
  /// Writes the server's configuration. Closed: no TCP, only the socket in a folder of mode 0700. Of
  /// `settings`: `server` is what settings_of() gave, `replica` what follow() gave, `retention_days` for how
  /// long the log is kept, if it is.
  virtual void configure(bool open, const base::Json& settings) const = 0;
  /// Before configure() for users: the key and the certificate that it shows, made, renewed or taken from the
  /// files that people gave. True if they are others than before. Throws as Authority::issue(), and FileError
  /// where given files cannot be read and none of before are there.
  bool certify(base::Time now) const;
  /// Has a server that runs show what certify() made.
  virtual void show_certificate() const = 0;
  /// When what it shows ends; nothing where it shows nothing.
  std::optional<base::Time> certificate_until() const;

  /// Starts it and waits until it answers. Throws `ServerFailed` with the end of its log.
  virtual void start(const Budget& budget) const = 0;
  /// The first start of new data or of a copy: makes ourselves administrator. `superuser` is what
  /// superuser_of() said of the source, "" for new data.
  virtual void start_first(const std::string& superuser, const Budget& budget) const = 0;
  /// Stops it and waits until its process is gone. Nothing running is no error. One that does not answer
  /// or does not end in time is ended as by a crash.
  void stop(const Budget& budget) const;
  /// Ends it at once: for a server whose data is to be thrown away.
  void kill(const Budget& budget) const;

  /// Of a server that was killed and will not be started again: removes what it left outside of its folder.
  virtual void remove_remains(const Budget& budget) const = 0;

  /// Where it answers on this host, without user and password.
  virtual sql::Endpoint socket_endpoint() const = 0;
  /// As administrator: the operating system says who we are.
  virtual sql::Endpoint administrator_endpoint() const = 0;
  std::unique_ptr<sql::Connection> administrate() const;
  /// The end of its log, for messages.
  std::string log_tail() const;

  /// For log files that grow for ever: what a big one holds is set aside, the server running or not.
  void rotate_log() const;

  virtual void create_database(const std::string& name, const std::string& owner) const = 0;
  /// Gives the master user its password and the rights that RDS gives one. The password goes as its hash: no
  /// statement, and so no log, holds it.
  virtual void set_master_login(const std::string& user, const base::Secret& password,
                                const Budget& budget) const = 0;
  /// Makes a fresh copy harmless: locks every login but the master user's and ours, because production
  /// passwords must not open it; ends subscriptions and forgets the credentials of foreign servers, because a
  /// script that masks must not reach other servers through them. Then reads what it holds, before anyone
  /// relies on it: the largest tables, or with `strict` every table and index, whole. Returns what was done,
  /// for people; throws `CopyDamaged`.
  virtual std::string vet(const std::string& master, bool strict, const Budget& budget) const = 0;

  /// Where scripts log in to a copy that is closed: as an account of ours that may read, change and grant all
  /// in the databases of users, whoever owns it, and that leads nowhere outside of them: no files, no
  /// programs, no other server. It names no database; no user where there is no such account. What it needs
  /// is made here; forget_past() takes it away again.
  virtual sql::Endpoint admit_scripts(const std::string& master) const;

  /// Before a copy is opened for the first time: removes logs and statistics in which data from before its
  /// masking could be read, and what admit_scripts() gave.
  virtual void forget_past() const = 0;
  /// After it was opened for the first time: what forget_past() removed and queries need. Users work already.
  virtual void gather_statistics(const Budget&) const {}

  /// Settings without which a server could not read the data files of `source`, or would read them otherwise.
  virtual base::Json settings_of(sql::Connection& source) const = 0;
  /// A role that exists in every copy of `source` and may do all; "" where none is needed to become
  /// administrator.
  virtual std::string superuser_of(sql::Connection& source) const = 0;
  /// What of `source` lies outside of its data folder, by name: a copy would share those files with it, and
  /// the two servers would write to the same ones. For sources that are copied by their files.
  virtual std::vector<std::string> outside_of_data(sql::Connection& source) const = 0;
  /// What else the plan says of `from`, whose administrator `session` is: what keeps a copy from being made,
  /// or would be missing in it, by name; as warnings what will be otherwise in it. Messages go on from the
  /// name of the source; paths are the caller's.
  virtual std::vector<base::Problem> objections(sql::Connection& session, const CopySource& from) const;
  /// Copies the data of `source` into `target` (made here, and whoever owns its folder is
  /// given it by Home::build()), consistent and ready to be
  /// started by this server. Nothing committed before the call is missing. Throws UnsupportedOperation for
  /// data outside of the data folder. Where the file system shares blocks and the server is ours, copy on
  /// write; otherwise the engine's own hot copy.
  Copied copy(const CopySource& source, const os::fs::path& target, const Budget& budget) const;

  /// The program that copies the log of `source`, which is not ours, into its working folder as it grows, for
  /// ever: with the right to replicate, over the network.
  virtual os::Command receiver(const sql::Endpoint& source) const = 0;
  /// Bytes of data in `source`, about.
  virtual std::uint64_t size_of(sql::Connection& source) const = 0;

  /// Is the whole log there, from the base on?
  virtual bool has_log(const LogSource& log) const = 0;
  /// Removes what of the kept log is older than the base.
  virtual void drop_log_before(const LogSource& log) const = 0;
  /// Instead of start_first(), for a copy of `log.base`: replays the log up to the beginning of the second
  /// `until`, and leaves a server like any other.
  virtual void start_replaying(const LogSource& log, base::Time until, const base::Json& settings,
                               const Budget& budget) const = 0;

  /// Before the first start of a copy of `primary`: what configure() needs so that it becomes a replica.
  virtual base::Json follow(const Server& primary) const = 0;
  /// After it: begins to replicate, if that takes an order.
  virtual void begin_replication(const Server& primary, const Copied& copied) const = 0;
  /// Before it is deleted: takes back what begin_replication() left in `primary`, which runs.
  virtual void end_replication(const Server& primary) const = 0;
  /// Does it replicate, and has it all that `primary` had when asked?
  virtual bool in_step_with(const Server& primary) const = 0;

 protected:
  int port() const { return port_; }
  const Listening& listening() const { return listening_; }
  static const Listening& listening_of(const Server& other) { return other.listening_; }
  static int port_of(const Server& other) { return other.port_; }
  virtual const char* program() const = 0;  ///< for messages
  virtual int stop_signal() const = 0;
  virtual bool is_error(const std::string& log_line) const = 0;
  /// Is a process in our data folder that calls itself so not the server, but one that it started?
  virtual bool is_child(const std::string& title) const = 0;
  /// copy(), copy on write: of a running server of ours, whose administrator `session` is, on one file system
  /// that shares blocks.
  virtual Copied clone(sql::Connection& session, const CopySource& source, const os::fs::path& target,
                       const Budget& budget) const = 0;
  /// copy(), by the engine's own tool.
  virtual Copied hot_copy(const CopySource& source, const os::fs::path& target,
                          const Budget& budget) const = 0;
  /// As whom the engine's tool copies: the server's own account; of one that is not ours, its receiver's.
  os::Ids copier(const CopySource& source) const;
  /// Its key and its certificate, one after the other in PEM.
  os::fs::path certificate_file() const { return folder() / "tls.pem"; }
  /// Writes a file that only its account may read, anew before every start.
  void write_own(const os::fs::path& path, const std::string& text) const;
  /// Waits until a server that was started answers.
  void await_start(const os::ProcessId& server, const std::function<void()>& log_in,
                   const Budget& budget) const;
  const Home& home_;
  std::string id_;
  int port_;
  const Listening listening_;  ///< with what it means

 private:
  /// hot_copy(), again where the engine's tool crashes.
  Copied patient_copy(const CopySource& source, const os::fs::path& target, const Budget& budget) const;
  os::fs::path folder_;
  bool await_end(const os::ProcessId& server, std::chrono::seconds patience, const Budget& budget) const;
  bool await_answer(const os::ProcessId& server, std::chrono::seconds patience, const Budget& budget) const;
};

/// Why a folder is not cloned into `target`, which is there: no blocks shared between its file system's
/// files, another file system, or so many extents that reading its bytes is faster. "" if it is to be cloned.
std::string why_not_clone(const os::fs::path& from, const os::fs::path& target);

/// Copies a tree that nobody writes to: shares blocks where it can. `tell` hears bytes done.
void copy_tree(const os::fs::path& from, const os::fs::path& to,
               const std::function<void(std::uintmax_t)>& tell);

/// `family` as provider::family_of() says. Throws UnsupportedEngine for those that we do not serve.
std::unique_ptr<Server> make_server(const Home& home, const std::string& family, const std::string& id,
                                    int port, Listening listening = {});

/// Clones every regular file below `from`, copy on write, for `owner`; `skip` hears of each path relative to
/// `from`. Throws CloneFailed where a file cannot be cloned.
void clone_tree(const os::fs::path& from, const os::fs::path& to, const os::Ids& owner,
                const std::function<bool(const os::fs::path&)>& skip);

}  // namespace provider::local
